// The backward pass: accumulation, what stays and what is freed, errors that change nothing.
#include "wengert/core/backward.hpp"

#include "support/tensors.hpp"
#include "wengert/extend.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::near;
using support::number;
using support::values;

TEST_CASE("gradients add up until they are dropped") {
  const Tensor x = leaf({1.0, 2.0});
  for (int times = 1; times <= 3; ++times) {
    sum(x * x).backward();
    CHECK(values(x.grad()) == std::vector<double>{2.0 * times, 4.0 * times});
  }
  const Tensor seen = x.grad();
  sum(x * x).backward();
  CHECK(values(seen)[0] == 6.0);  // what was looked at stays
  x.zero_grad();
  CHECK(!x.has_grad());
  sum(x).backward();
  CHECK(values(x.grad()) == std::vector<double>{1, 1});
}

TEST_CASE("a value used twice gets both cotangents; its operations are visited once") {
  const Tensor x = number(1.0);
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y * y;  // 2^60 paths
  y.backward();
  CHECK(x.grad().item() == 0x1p60);
}

TEST_CASE("broadcast inputs get the sum") {
  const Tensor a = leaf({1, 2, 3}, {3, 1}), b = leaf({1, 2}, {2}), c = number(2.0);
  sum(a * b * c).backward();
  CHECK(values(a.grad()) == std::vector<double>{6, 6, 6});
  CHECK(a.grad().shape() == Shape(3, 1));
  CHECK(values(b.grad()) == std::vector<double>{12, 12});
  CHECK(c.grad().item() == 18.0);
  CHECK(c.grad().shape() == Shape());
}

TEST_CASE("what backward() asks of a tensor") {
  const Tensor x = leaf({1.0, 2.0});
  CHECK(message<ShapeError>([&] { (x * x).backward(); }) ==
        "[backward] a tensor of several elements needs a seed of its shape: got shape (2,). Did you mean "
        "sum(y).backward()?");
  CHECK(message<GraphError>([&] { x.detach().backward(); }) ==
        "[backward] this tensor does not depend on any tensor that wants a gradient");
  CHECK(message<GraphError>([&] { sum(x > 0.0).backward(); }) ==
        "[backward] this tensor does not depend on any tensor that wants a gradient");
  CHECK(message<ShapeError>([&] {
          (x * x).backward({.seed = zeros({1, 2}, {.dtype = float64})});
        }) == "[backward] a seed must have its output's shape: got (1, 2) for (2,)");
  CHECK(message<DTypeError>([&] { (x * x).backward({.seed = zeros({2})}); }) ==
        "[backward] a seed must have its output's dtype: got float32 for float64");
  CHECK(!x.has_grad());
  (x * x).backward({.seed = support::vector({1.0, 10.0})});
  CHECK(values(x.grad()) == std::vector<double>{2, 40});
  // A leaf is its own derivative; (1, 1) counts as one element.
  const Tensor one = leaf({3.0}, {1, 1});
  one.backward();
  CHECK(values(one.grad()) == std::vector<double>{1});
}

TEST_CASE("a graph is freed by the pass unless it is retained") {
  const Tensor x = number(3.0);
  const Tensor y = x * x * x;
  y.backward({.retain_graph = true});
  y.backward();
  CHECK(x.grad().item() == 54.0);
  CHECK(message<GraphError>([&] { y.backward(); }) ==
        "[backward] the graph below 'mul' was freed by an earlier backward pass: pass {.retain_graph = true} "
        "to that "
        "one");
  CHECK(x.grad().item() == 54.0);
  CHECK(y.item() == 27.0);
  // Other paths of the same graph: the gradient changes only if all goes well.
  const Tensor h = sin(x), a = h * 2.0, b = x * 5.0 + h * 3.0;
  a.backward();
  x.zero_grad();
  CHECK_THROWS_AS(b.backward(), GraphError);
  CHECK(!x.has_grad());
}

TEST_CASE("an error in a rule leaves every gradient as it was") {
  static constexpr Operation broken{
      .name = "broken",
      .forward = [](Node& node) { share_value(node, node.input(0), 0, node.input(0).strides); },
      .rules = {[](const Call&) -> Tensor { throw ValueError("[broken] no derivative"); }}};
  const Tensor x = leaf({1.0, 2.0}), w = leaf({1.0, 1.0});
  sum(w * x).backward();
  const auto before = values(x.grad()), of_w = values(w.grad());
  const Tensor y = sum(w * exp(record(broken, {&x.node()}, x.shape(), float64, {})));
  CHECK(message<ValueError>([&] { y.backward(); }) == "[broken] no derivative");
  CHECK(values(x.grad()) == before);
  CHECK(values(w.grad()) == of_w);
  CHECK(grad_enabled());
}

TEST_CASE("create_graph makes gradients that can be differentiated") {
  const Tensor x = number(2.0);
  (x * x * x).backward({.create_graph = true});
  const Tensor g = x.grad();
  CHECK(g.requires_grad());
  x.zero_grad();
  g.backward({.create_graph = true});
  CHECK(x.grad().item() == 12.0);
  const Tensor second = x.grad();
  x.zero_grad();
  second.backward();
  CHECK(x.grad().item() == 6.0);
}

TEST_CASE("create_graph loops do not leak, though a leaf's gradient may lead back to the leaf") {
  const std::int64_t nodes = memory_stats().live_nodes, bytes = memory_stats().live_bytes;
  for (int i = 0; i < 1000; ++i) {
    const Tensor x = leaf({1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
    const Tensor y = sum(x * x * x);
    y.backward({.create_graph = true});
    if (i % 3 == 0) sum(square(x.grad())).backward({.create_graph = true});
  }
  CHECK(memory_stats().live_nodes == nodes);
  CHECK(memory_stats().live_bytes == bytes);
  // One leaf, its gradient dropped each time.
  const Tensor x = leaf({1.0, 2.0});
  std::int64_t first = 0;
  for (int i = 0; i < 1000; ++i) {
    sum(x * x * x).backward({.create_graph = true});
    x.zero_grad();
    if (i == 0) first = memory_stats().live_nodes;
  }
  CHECK(memory_stats().live_nodes == first);
  x.backward({.create_graph = true, .seed = ones_like(x)});
}

TEST_CASE("x.backward() a thousand times, the graph of the sum included") {
  const Tensor x = number(1.0);
  for (int i = 0; i < 1000; ++i) x.backward({.create_graph = true});
  CHECK(x.grad().item() == 1000.0);
}

TEST_CASE("run_backward without targets accumulates into leaves, with them it does not") {
  const Tensor x = number(2.0), y = x * x, one = scalar(1.0, float64);
  const auto of_targets = run_backward(std::vector<Tensor>{y}, std::vector<Tensor>{one},
                                       std::vector<Tensor>{x}, {.retain_graph = true});
  CHECK(of_targets.size() == 1);
  CHECK(of_targets[0].item() == 4.0);
  CHECK(!x.has_grad());
  CHECK(run_backward(std::vector<Tensor>{y}, std::vector<Tensor>{one}, std::vector<Tensor>{}, {}).empty());
  CHECK(x.grad().item() == 4.0);
}

TEST_CASE("a gradient is accumulated in place only where nobody can see it") {
  const Tensor x = leaf(std::vector<double>(100, 1.0)), seed = ones_like(x);
  (x * 1.0).backward({.seed = seed});
  const Tensor view = reshape(x.grad(), {10, 10});
  const auto array = x.grad().array<double>();
  (x * 1.0).backward({.seed = seed});
  (x * 1.0).backward({.seed = seed});
  CHECK(values(view)[0] == 1.0);
  CHECK(array(0) == 1.0);
  CHECK(values(seed)[0] == 1.0);
  CHECK(values(x.grad())[99] == 3.0);
}
