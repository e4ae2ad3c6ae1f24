// straight_through, the one primitive whose derivative is not that of its value, and what is said with it.
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

void forward_straight_through(Node& node) {
  Node& hard = node.input(0);
  share_value(node, hard, 0, hard.strides);
}

/// With one tensor in both places the derivative is the true one, as the laws ask.
std::vector<Sample> straight_through_samples() {
  SampleNumbers numbers(34);
  std::vector<Sample> list;
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{0, 2}})
    list.push_back({to_string(shape), {numbers.uniform(shape, -2.0, 2.0)}, [](const std::vector<Tensor>& in) {
                      return straight_through(in[0], in[0]);
                    }});
  return list;
}

/// Rule: hard: none. soft: g.
constexpr Operation straight_through_operation{.name = "straight_through",
                                               .forward = forward_straight_through,
                                               .rules = {nullptr, [](const Call& c) { return c.g; }},
                                               .samples = straight_through_samples,
                                               .looks_at = {}};
const Registered registered_straight_through(straight_through_operation);

}  // namespace

Tensor straight_through(const Tensor& hard, const Tensor& soft, Location where) {
  require_value("straight_through", hard);
  require_value("straight_through", soft);
  Node &value = hard.node(), &way = soft.node();
  if (value.shape != way.shape)
    fail<ShapeError>("straight_through", "shapes must be equal: got ", value.shape, " and ", way.shape);
  require_same_dtype("straight_through", value.dtype, way.dtype);
  return record(straight_through_operation, {&value, &way}, value.shape, value.dtype, where);
}

Tensor identity(const Tensor& x, Location where) {
  const Scope scope("identity");
  return reshape(x, x.shape(), where);
}

Tensor clone(const Tensor& x, Location where) {
  const Scope scope("clone");
  return reshape(concat({reshape(x, {x.size()}, where)}, 0, where), x.shape(), where);
}

Tensor stop_gradient(const Tensor& x, Location where) {
  const Scope scope("stop_gradient");
  return reshape(x.detach(where), x.shape(), where);
}

Tensor scale_gradient(const Tensor& x, double factor, Location where) {
  const Scope scope("scale_gradient");
  return straight_through(x, mul({x, where}, factor), where);
}

Tensor reverse_gradient(const Tensor& x, double factor, Location where) {
  const Scope scope("reverse_gradient");
  return straight_through(x, mul({x, where}, -factor), where);
}

}  // namespace wengert
