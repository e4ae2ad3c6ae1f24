#include "wengert/ops/selection.hpp"

#include <cmath>
#include <limits>

#include "lib/core/lowering.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert {
namespace {

void forward_where(Node& node) {
  run_blocks(kernel::table().select[index(node.dtype)], node, node.inputs(), 3);
}

bool lower_where(const Node& node, Lowering& lowering) {
  lowering = {.block = kernel::table().select[index(node.dtype)], .in = {0, 1, 2, -1}};
  return true;
}

std::vector<Sample> where_samples() {
  SampleNumbers numbers(11);
  std::vector<Sample> samples;
  for (const auto& [a, b] : broadcasting_pairs()) {
    const Tensor mask = numbers.uniform(a, -1.0, 1.0) > 0.0;
    samples.push_back({to_string(a) + " mask and first with " + to_string(b),
                       {mask, numbers.uniform(a, -2.0, 2.0), numbers.uniform(b, -2.0, 2.0)},
                       [](const std::vector<Tensor>& in) { return where(in[0], in[1], in[2]); }});
  }
  const Tensor mask = numbers.uniform({2, 3}, -1.0, 1.0) > 0.0;
  samples.push_back({"scalars under a wide mask",
                     {mask, numbers.uniform({}, -2.0, 2.0), numbers.uniform({3}, -2.0, 2.0)},
                     [](const std::vector<Tensor>& in) { return where(in[0], in[1], in[2]); }});
  return samples;
}

/// Rule: a: g where the mask is true, else 0. b: g where it is false, else 0.
constexpr Operation where_operation{.name = "where",
                                    .forward = forward_where,
                                    .rules = {nullptr, [](const Call& c) { return where(c.x(0), c.g, 0.0); },
                                              [](const Call& c) { return where(c.x(0), 0.0, c.g); }},
                                    .samples = where_samples,
                                    .lower = lower_where,
                                    .looks_at = {0, 1, 1}};
const Registered registered_where(where_operation);

void require_boolean(const char* operation, const Tensor& x) {
  require_value(operation, x);
  if (x.dtype() != boolean)
    fail<DTypeError>(operation, "takes boolean tensors: got ", x.dtype(), ". Did you mean x != 0?");
}

Tensor mask_of(const char* operation, const Operand& x) {
  if (x.is_number()) return scalar(x.number(), boolean, x.where());
  require_boolean(operation, x.tensor());
  return x.tensor();
}

/// `mask`, and also true where the bound is NaN, which no comparison notices.
Tensor or_is_nan(const Tensor& mask, const Operand& bound) {
  if (bound.is_number()) return std::isnan(bound.number()) ? logical_or(mask, true) : mask;
  return is_float(bound.tensor().dtype()) ? logical_or(mask, isnan(bound.tensor(), bound.where())) : mask;
}

}  // namespace

Tensor where(const Operand& mask, const Operand& a, const Operand& b) {
  const Tensor chosen = mask_of("where", mask);
  const Pair pair("where", a, b);
  Node &m = recorded(chosen), &left = recorded(pair.a), &right = recorded(pair.b);
  const Shape shape = broadcast_shape("where", m.shape, broadcast_shape("where", left.shape, right.shape));
  return record(where_operation, {&m, &left, &right}, shape, left.dtype, mask.where());
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, double value, Location location) {
  const Scope scope("masked_fill");
  require_value("masked_fill", x);
  require_value("masked_fill", mask);
  if (x.dtype() == int64 && value < 0x1p63 && static_cast<double>(whole(value)) == value)
    return where({mask, location}, {whole(value), location}, {x, location});
  return where({mask, location}, {value, location}, {x, location});
}

Tensor clip(const Operand& x, const Operand& low, const Operand& high) {
  const Scope scope("clip");
  const Tensor raised = where({or_is_nan(less(x, low), low), x.where()}, low, x);
  return where({or_is_nan(greater({raised, x.where()}, high), high), x.where()}, high, raised);
}

// On booleans, false < true: comparisons say what logic needs.
Tensor logical_and(const Operand& a, const Operand& b) {
  const Scope scope("logical_and");
  return where(mask_of("logical_and", a), mask_of("logical_and", b), {false, a.where()});
}
Tensor logical_or(const Operand& a, const Operand& b) {
  const Scope scope("logical_or");
  return where(mask_of("logical_or", a), {true, a.where()}, mask_of("logical_or", b));
}
Tensor logical_xor(const Operand& a, const Operand& b) {
  const Scope scope("logical_xor");
  return not_equal({mask_of("logical_xor", a), a.where()}, mask_of("logical_xor", b));
}
Tensor logical_not(const Tensor& x, Location location) {
  require_boolean("logical_not", x);
  return equal({x, location}, {false, location});
}

Tensor isnan(const Tensor& x, Location location) {
  require_value("isnan", x);
  return not_equal({x, location}, {x, location});
}
Tensor isinf(const Tensor& x, Location location) {
  require_value("isinf", x);
  if (!is_float(x.dtype())) return not_equal({x, location}, {x, location});
  return equal({abs(x, location), location}, {std::numeric_limits<double>::infinity(), location});
}
Tensor isfinite(const Tensor& x, Location location) {
  require_value("isfinite", x);
  if (!is_float(x.dtype())) return equal({x, location}, {x, location});
  return less({abs(x, location), location}, {std::numeric_limits<double>::infinity(), location});
}

Tensor isclose(const Operand& a, const Operand& b, double relative, double absolute) {
  const Scope scope("isclose");
  const Pair pair("isclose", a, b);
  const DType dtype = is_float(pair.dtype()) ? pair.dtype() : float64;
  const Tensor left = pair.a.astype(dtype), right = pair.b.astype(dtype);
  const Tensor near = abs(left - right) <= absolute + relative * abs(right);
  // inf - inf is NaN, and inf <= inf would call any number close to infinity.
  return logical_or(left == right, logical_and(near, isfinite(right)));
}

bool allclose(const Operand& a, const Operand& b, double relative, double absolute) {
  return all(isclose(a, b, relative, absolute)).item() != 0.0;
}

}  // namespace wengert
