// The tape's entries: order, what is kept and what is not, operations made by users, the registry.
#include "wengert/core/node.hpp"

#include <thread>

#include "support/tensors.hpp"
#include "wengert/extend.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::values;

namespace {

int attributes_alive = 0;

struct Counted : Attributes {
  Counted() { ++attributes_alive; }
  ~Counted() override { --attributes_alive; }
};

/// The sum of any number of inputs of one shape.
void forward_total(Node& node) {
  auto* to = reinterpret_cast<double*>(allocate_value(node));
  std::fill_n(to, node.size(), 0.0);
  for (std::uint32_t k = 0; k < node.input_count; ++k) {
    const auto x = Tensor(&node.input(k)).array<double>();
    for (std::size_t i = 0; i < x.size(); ++i) to[i] += x.data()[i];
  }
}
constexpr Operation total{.name = "total",
                          .forward = forward_total,
                          .rule_of_input = [](const Call& c, std::size_t) { return c.g; }};
constexpr Operation of_three{.name = "of_three", .forward = forward_total};
constexpr Operation fails{.name = "fails", .forward = [](Node&) { throw ValueError("[fails] always"); }};

Tensor record_total(const std::vector<Tensor>& inputs, Attributes* attributes = nullptr) {
  std::vector<Node*> nodes;
  for (const Tensor& x : inputs) nodes.push_back(&x.node());
  return record(total, nodes.data(), nodes.size(), inputs[0].shape(), float64, {}, attributes);
}

}  // namespace

TEST_CASE("a node's id is greater than those of its inputs, also across threads") {
  const Tensor x = leaf({1, 2});
  Tensor y;
  std::thread([&] { y = x * 2.0; }).join();
  const Tensor z = y + x;
  CHECK(y.node().id > x.node().id);
  CHECK(z.node().id > y.node().id);
  CHECK(x.node().id > x.handle().id);
}

TEST_CASE("operations of many inputs") {
  std::vector<Tensor> inputs;
  for (int i = 0; i < 7; ++i) inputs.push_back(leaf({1.0 * i, 2.0 * i}));
  const Tensor y = record_total(inputs, new Counted);
  CHECK(y.node().input_count == 7);
  CHECK(attributes_alive == 1);
  CHECK(values(y) == std::vector<double>{21, 42});
  sum(square(y)).backward();
  for (const Tensor& x : inputs) CHECK(values(x.grad()) == std::vector<double>{42, 84});
}

TEST_CASE("attributes live as long as the node needs them, and never longer") {
  CHECK(attributes_alive == 0);
  {
    const Tensor constant = record_total({support::vector({1})}, new Counted);
    CHECK(attributes_alive == 0);  // not recorded: not kept
    const Tensor y = record_total({leaf({1})}, new Counted);
    CHECK(attributes_alive == 1);
  }
  CHECK(attributes_alive == 0);
  const Tensor x = leaf({1});
  CHECK(message([&] { record(fails, {&x.node()}, {1}, float64, {}, new Counted); }) == "[fails] always");
  CHECK(message([&] { record(total, {&x.node()}, {-1}, float64, {}, new Counted); }) ==
        "[total] extents must not be negative: got (-1,)");
  CHECK(message<GraphError>([&] {
          record(of_three, {&x.node(), &x.node(), &x.node(), &x.node()}, {1}, float64, {}, new Counted);
        }) == "[of_three] more than three inputs need a rule_of_input: got 4");
  CHECK(attributes_alive == 0);
}

TEST_CASE("shapes that no tensor can have") {
  const std::int64_t huge = std::int64_t{1} << 62;
  CHECK(message<ShapeError>([] { zeros(Dims::filled(33, 1)); }) ==
        "[zeros] a tensor has at most 32 dimensions: got 33");
  CHECK(zeros(Dims::filled(32, 1)).size() == 1);
  CHECK(message<ShapeError>([] { zeros({2, -3}); }) == "[zeros] extents must not be negative: got (2, -3)");
  CHECK(message<ShapeError>([&] {
          zeros({huge, 4});
        }) == "[zeros] the shape is too large: got (4611686018427387904, 4)");
  CHECK(message<ShapeError>([&] {
          zeros({0, huge, huge});
        }) == "[zeros] the shape is too large: got (0, 4611686018427387904, 4611686018427387904)");
  CHECK(message<ShapeError>([&] { zeros({INT64_MIN}); }) ==
        "[zeros] extents must not be negative: got (-9223372036854775808,)");
  const Tensor x = zeros({1});
  CHECK(message<ShapeError>([&] { broadcast_to(x, {huge}); }) ==
        "[broadcast_to] the shape is too large: got (4611686018427387904,)");
}

TEST_CASE("axes") {
  CHECK(normalize_axis("f", -1, 3) == 2);
  CHECK(normalize_axis("f", 2, 3) == 2);
  CHECK(message<IndexError>([] { normalize_axis("f", 3, 3); }) ==
        "[f] an axis must lie within the dimensions: got axis 3 for 3 dimensions");
  CHECK(message<IndexError>([] { normalize_axis("f", INT64_MIN, 1); }) ==
        "[f] an axis must lie within the dimensions: got axis -9223372036854775808 for 1 dimension");
}

namespace {
template <const Operation& operation>
concept CanBeEnrolled = requires {
  typename std::bool_constant<(Enrolled(operation), true)>;
};
constexpr Operation without_samples{.name = "without", .forward = forward_total},
    with_samples{.name = "with", .forward = forward_total, .samples = [] { return std::vector<Sample>(); }};
}  // namespace

TEST_CASE("what is registered without samples does not compile") {
  CHECK(CanBeEnrolled<with_samples>);
  CHECK(!CanBeEnrolled<without_samples>);
}

TEST_CASE("constants and views") {
  const Tensor c = scalar(2.7, int64);
  CHECK(support::whole(c) == std::vector<std::int64_t>{2});
  CHECK(support::whole(scalar(NAN, int64)) == std::vector<std::int64_t>{0});
  CHECK(scalar(0.5, boolean).item() == 1.0);
  const Tensor x = reshape(arange(24, {.dtype = float64}), {2, 3, 4});
  CHECK(is_contiguous(x.node()));
  CHECK(!is_contiguous(transpose(x).node()));
  CHECK(is_contiguous(slice(x, 0, 1, 2).node()));
  CHECK(slice(x, 0, 1, 2).node().data == x.node().data + 12 * 8);
  CHECK(broadcast_to(x, {5, 2, 3, 4}).node().strides == Strides(0, 12, 4, 1));
}
