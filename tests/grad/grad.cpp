// grad(): derivatives for chosen tensors, leaving every .grad() alone.
#include "wengert/grad/grad.hpp"

#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::near;
using support::number;
using support::values;

TEST_CASE("the derivative in each input, and .grad() stays empty") {
  const Tensor x = leaf({1.0, 2.0, 3.0}), w = number(0.5);
  const auto g = grad(sum(w * square(x)), {x, w});
  CHECK(values(g[0]) == std::vector<double>{1, 2, 3});
  CHECK(g[1].item() == 14.0);
  CHECK(g[1].shape() == Shape());
  CHECK(!x.has_grad());
  CHECK(!w.has_grad());
  CHECK(!g[0].requires_grad());
}

TEST_CASE("seeds weigh the outputs") {
  const Tensor x = leaf({1.0, 2.0});
  CHECK(values(grad(x * x, {x}, {.seeds = {support::vector({1.0, -3.0})}})[0]) ==
        std::vector<double>{2, -12});
  const Tensor a = x * 3.0, b = sum(x);
  const auto g =
      grad_of_outputs({a, b}, {x}, {.seeds = {support::vector({1.0, 2.0}), support::tensor({5.0}, {})}});
  CHECK(values(g[0]) == std::vector<double>{8, 11});
  // The same output twice counts twice.
  CHECK(grad_of_outputs({sum(x * x), sum(x * x)}, {x})[0].array<double>()(1) == 8.0);
}

TEST_CASE("what seeds and outputs must be") {
  const Tensor x = leaf({1.0, 2.0});
  CHECK(message<ShapeError>([&] { grad(x * x, {x}); }) ==
        "[grad] an output of several elements needs a seed of its shape: got shape (2,). Did you mean "
        "grad(sum(y), "
        "...)?");
  CHECK(message<ShapeError>([&] { grad(x * x, {x}, {.seeds = {zeros({3}, {.dtype = float64})}}); }) ==
        "[backward] a seed must have its output's shape: got (3,) for (2,)");
  CHECK(message<DTypeError>([&] { grad(x * x, {x}, {.seeds = {zeros({2})}}); }) ==
        "[backward] a seed must have its output's dtype: got float32 for float64");
  CHECK(message<GraphError>([&] {
          grad(x * x, {x}, {.seeds = {x, x}});
        }) == "[backward] there must be a seed for each output: got 2 for 1");
  CHECK(grad(sum(x), {}).empty());
}

TEST_CASE("an input that is not reached") {
  const Tensor x = number(2.0), unused = leaf({1.0, 2.0}), constant = support::vector({1.0});
  CHECK(message<GraphError>([&] {
          grad(x * x, {x, unused});
        }) ==
        "[grad] the output must depend on every input: it does not depend on input 1, of shape (2,). Did you "
        "mean "
        "{.allow_unused = true}?");
  const auto g = grad(x * x, {x, unused}, {.allow_unused = true});
  CHECK(g[0].item() == 4.0);
  CHECK(!g[1].defined());
  CHECK(message<GraphError>([&] { grad(x * x, {constant}); }) ==
        "[grad] an input must want a gradient: got one of shape (1,) that does not. Did you mean "
        "parameter(...)?");
  CHECK(message<GraphError>([&] { grad(sum(constant), {x}); }) ==
        "[grad] the output must depend on every input: it does not depend on input 0, of shape (), as it was "
        "not recorded: it is a constant, or a NoGrad lived. Did you "
        "mean "
        "{.allow_unused = true}?");
  CHECK(message<GraphError>([&] { grad(x, {Tensor()}); }) ==
        "[tensor] an empty tensor has no value: give it one first");
  CHECK(message<GraphError>([&] { grad(Tensor(), {x}); }) ==
        "[tensor] an empty tensor has no value: give it one first");
}

TEST_CASE("a derivative that is zero everywhere gives zeros") {
  const Tensor x = leaf({1.5, 2.5});
  CHECK(values(grad(sum(floor(x)), {x})[0]) == std::vector<double>{0, 0});
  CHECK(values(grad(sum(floor(x) + x), {x})[0]) == std::vector<double>{1, 1});
  CHECK(values(grad(sum(sin(floor(x))), {x})[0]) == std::vector<double>{0, 0});
  sum(sign(x)).backward();
  CHECK(values(x.grad()) == std::vector<double>{0, 0});
  sum(x).backward();
  CHECK(values(x.grad()) == std::vector<double>{1, 1});
}

TEST_CASE("results on the way are targets too") {
  const Tensor x = number(3.0), h = x * x, y = h * h;
  CHECK(grad(y, {h}, {.retain_graph = true})[0].item() == 18.0);
  CHECK(grad(y, {h, x}, {.retain_graph = true})[1].item() == 108.0);
  CHECK(grad(y, {y}, {.retain_graph = true})[0].item() == 1.0);  // output and input in one
  CHECK(grad(x, {x})[0].item() == 1.0);
  const auto twice = grad(y, {x, x, h}, {.retain_graph = true});  // the same input twice
  CHECK(twice[0].item() == 108.0);
  CHECK(twice[1].item() == 108.0);
  CHECK(twice[2].item() == 18.0);
  // A target between the output and another target, and one that only one path passes.
  const Tensor a = sin(x), b = a * x;
  const auto g = grad(b + a, {a, x});
  CHECK(near(g[0].item(), 4.0));
  CHECK(near(g[1].item(), std::sin(3.0) + 4.0 * std::cos(3.0)));
}

TEST_CASE("a long graph is freed as the pass goes, and only where the pass goes") {
  const Tensor x = number(1.0), w = number(1.0);
  Tensor y = x;
  for (int i = 0; i < 2000; ++i) y = y * w + x;
  CHECK(grad(y, {x, w})[0].item() == 2001.0);
  const Tensor trunk = sin(x), left = trunk * 2.0, right = trunk * 3.0;
  CHECK(near(grad(left, {x}, {.retain_graph = true})[0].item(), 2 * std::cos(1.0)));
  CHECK(near(grad(right, {x})[0].item(), 3 * std::cos(1.0)));
  CHECK(message<GraphError>([&] { grad(left, {x}); }) ==
        "[grad] the graph below 'sin' was freed by an earlier backward pass: pass {.retain_graph = true} to "
        "that one");
  CHECK(message<GraphError>([&] { right.backward(); }) ==
        "[backward] the graph below 'mul' was freed by an earlier backward pass: pass {.retain_graph = true} "
        "to that "
        "one");
  // A freed node can still be a target: nothing below it is needed.
  CHECK(grad(trunk * 5.0, {trunk})[0].item() == 5.0);
  CHECK(message<GraphError>([&] {
          grad(trunk * 5.0, {trunk, x}, {.allow_unused = true});
        }) ==
        "[grad] the graph below 'sin' was freed by an earlier backward pass: pass {.retain_graph = true} to "
        "that one");
}

TEST_CASE("create_graph: derivatives of any order") {
  const Tensor x = number(0.7);
  const Tensor y = exp(2.0 * x) + pow(x, 5.0);
  const Tensor d1 = grad(y, {x}, {.create_graph = true})[0];
  const Tensor d2 = grad(d1, {x}, {.create_graph = true})[0];
  const Tensor d3 = grad(d2, {x}, {.create_graph = true})[0];
  const Tensor d4 = grad(d3, {x})[0];
  const double e = std::exp(1.4);
  CHECK(near(d1.item(), 2 * e + 5 * std::pow(0.7, 4)));
  CHECK(near(d2.item(), 4 * e + 20 * std::pow(0.7, 3)));
  CHECK(near(d3.item(), 8 * e + 60 * std::pow(0.7, 2)));
  CHECK(near(d4.item(), 16 * e + 120 * 0.7));
  CHECK(d3.requires_grad());
  CHECK(!d4.requires_grad());
  // The derivative in a seed.
  const Tensor seed = leaf({2.0, 3.0}), v = leaf({1.0, 5.0});
  const Tensor g = grad(v * v, {v}, {.create_graph = true, .seeds = {seed}})[0];
  CHECK(values(grad(sum(g), {seed})[0]) == std::vector<double>{2, 10});
}

TEST_CASE("a gradient that is its seed does not change with it") {
  const Tensor x = leaf({1.0, 2.0}), seed(xt::xarray<double>{3, 4});
  const Tensor g = grad(x + 1.0, {x}, {.seeds = {seed}})[0];
  x.backward({.seed = seed});
  seed.assign(xt::xarray<double>{0, 0});
  CHECK(values(g) == std::vector<double>{3, 4});
  CHECK(values(x.grad()) == std::vector<double>{3, 4});
}

TEST_CASE("NoGrad stops recording, not differentiation") {
  const Tensor x = number(2.0), y = x * x * x;
  const NoGrad off;
  CHECK(!(x * x).requires_grad());
  const Tensor g = grad(y, {x}, {.create_graph = true})[0];
  CHECK(g.item() == 12.0);
  CHECK(g.requires_grad());
  CHECK(grad(g, {x})[0].item() == 12.0);
  {
    const EnableGrad on;
    CHECK(grad(x * x, {x})[0].item() == 4.0);
  }
  CHECK(!grad_enabled());
}

TEST_CASE("a leaf of another thread, given a value here, is still found") {
  Tensor x;
  for (int i = 0; i < 100; ++i) x = number(1.0 + i);
  double found = 0.0;
  std::thread([&] {
    x.assign(xt::xarray<double>(2.0));
    found = grad(x * x, {x})[0].item();
  }).join();
  CHECK(found == 4.0);
}

TEST_CASE("the derivative in a result leaves the graph below it alone") {
  const Tensor p = parameter(xt::xarray<double>{0.5, -1.0});
  const Tensor h = exp(p), y = sum(h * h);
  CHECK(allclose(grad(y, {h})[0], 2.0 * h));
  sum(h).backward();
  CHECK(allclose(p.grad(), exp(p)));
  CHECK_THROWS_AS(grad(y, {h}), GraphError);  // what lies above it was freed
  // Two steps of descent that are recorded themselves only as far as the first order goes.
  p.zero_grad();
  Tensor x = 2.0 * p;
  for (int step = 0; step < 2; ++step) x = x - 0.25 * grad(sum(square(x)), {x})[0];
  sum(x).backward();
  CHECK(allclose(p.grad(), ones_like(p) * 2.0));
  // Where it leads to another target, what lies between is freed as ever.
  const Tensor a = sin(p), b = a * a;
  CHECK(grad(sum(b), {a, p}).size() == 2);
  CHECK_THROWS_AS(sum(a).backward(), GraphError);
}

TEST_CASE("a result whose graph is gone is no target beside what may have stood below it") {
  const Tensor x = parameter(xt::xarray<double>{2.0}), y = x * x;
  grad(sum(y), {x});
  const Tensor loss = sum(y) + sum(x);
  CHECK(grad(loss, {y}, {.retain_graph = true})[0].item() == 1.0);
  CHECK_THROWS_AS(grad(loss, {x}, {.retain_graph = true}), GraphError);
  CHECK_THROWS_AS(grad(loss, {y, x}, {.retain_graph = true}), GraphError);
  CHECK_THROWS_AS(grad(loss, {x, y}, {.retain_graph = true}), GraphError);
}

TEST_CASE("what was computed while nothing was recorded is said to be so") {
  const Tensor x = parameter(xt::xarray<double>{1.0});
  const Tensor y = [&] {
    const NoGrad guard;
    return sum(x * x);
  }();
  CHECK_THROWS_WITH_AS(
      grad(y, {x}),
      "[grad] the output must depend on every input: it does not depend on input 0, of shape "
      "(1,), as it was not recorded: it is a constant, or a NoGrad lived. Did you mean {.allow_unused = "
      "true}?",
      GraphError);
}
