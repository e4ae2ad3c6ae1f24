#include "wengert/optim/newton_cg.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/storage.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::NewtonCG;
using optim::NewtonCGOptions;

namespace {

Tensor rosenbrock(const Tensor& p) {
  const Tensor left = slice(p, 0, 0, -1), right = slice(p, 0, 1, p.size());
  return sum(100.0 * square(right - square(left)) + square(1.0 - left));
}

}  // namespace

TEST_CASE("a convex quadratic takes one move where the region is large enough") {
  const Tensor p = parameter(expect::tensor({3, -2, 1}));
  const Tensor scale = expect::tensor({1, 20, 0.1}), least = expect::tensor({1, 2, -4});
  NewtonCG optimizer({p}, {.cg_iterations = 50, .radius = 100.0});
  const auto loss = [&] { return sum(scale * square(p - least)); };
  const double before = loss().item();
  CHECK(near(optimizer.step(loss), before));
  CHECK(loss().item() < 0.3 * before);
  for (int i = 0; i < 4; ++i) optimizer.step(loss);
  CHECK(near(p, {1, 2, -4}, 1e-7));
}

TEST_CASE("no move is longer than the radius, and it grows where the model holds") {
  const Tensor p = parameter(expect::tensor({30.0, -40.0}));
  NewtonCG optimizer({p}, {.radius = 0.5, .max_radius = 2.0});
  const auto loss = [&] { return sum(square(p)); };
  double moves[4] = {};
  for (double& move : moves) {
    const Tensor from = p.detach();
    optimizer.step(loss);
    move = std::sqrt(sum(square(p.detach() - from)).item());
  }
  CHECK(near(std::vector<double>(moves, moves + 4), {0.5, 1, 2, 2}, 1e-9));
  CHECK(optimizer.radius() == 2.0);
}

TEST_CASE("Rosenbrock's function of ten variables: the loss never rises, and falls to its minimum") {
  const Tensor p = parameter(expect::tensor({-1.2, 1, -1.2, 1, -1.2, 1, -1.2, 1, -1.2, 1}));
  NewtonCG optimizer({p});
  double last = rosenbrock(p).item();
  for (int i = 0; i < 100; ++i) {
    optimizer.step([&] { return rosenbrock(p); });
    const double now = rosenbrock(p).item();
    REQUIRE(now <= last + 1e-14);
    last = now;
  }
  CHECK(last < 1e-20);
}

TEST_CASE("it leaves a saddle by its negative curvature") {
  const Tensor p = parameter(expect::tensor({1.0, 1e-3}));
  NewtonCG optimizer({p});
  const auto loss = [&] {
    const Tensor x = slice(p, 0, 0, 1), y = slice(p, 0, 1, 2);
    return sum(square(x) - square(y) + 0.25 * square(square(y)));
  };
  for (int i = 0; i < 15; ++i) optimizer.step(loss);
  CHECK(near(loss().item(), -1.0, 1e-10));
  CHECK(near(std::abs(values(p)[1]), std::sqrt(2.0), 1e-6));
}

TEST_CASE("a linear loss, one that is infinite over there, and one that is flat") {
  const Tensor p = parameter(expect::tensor({1.0}));
  NewtonCG linear({p}, {.radius = 0.5});
  linear.step([&] { return sum(3.0 * p); });
  CHECK(near(p, {0.5}));

  p.assign(expect::tensor({3.0}));
  NewtonCG barrier({p}, {.max_iter = 30, .radius = 10.0});
  barrier.step([&] { return sum(p - log(p)); });  // NaN below 0
  CHECK(near(p, {1.0}, 1e-6));

  NewtonCG flat({p});
  const auto at = values(p);
  flat.step([&] { return sum(0.0 * p); });
  CHECK(values(p) == at);
}

TEST_CASE("float32, several parameters and several moves in a step") {
  const Tensor a = parameter(xt::xarray<float>{-1.2f}), b = parameter(ones({1, 1}));
  NewtonCG optimizer({a, b}, {.max_iter = 60});
  optimizer.step([&] { return sum(100.0 * square(b - square(a)) + square(1.0 - a)); });
  CHECK(near(a, {1}, 1e-3));
  CHECK(near(b, {1}, 1e-3));
}

TEST_CASE("a closure that throws leaves the parameters as they were") {
  const Tensor p = parameter(expect::tensor({3, -4}));
  const auto live = memory_stats().live_nodes;
  {
    NewtonCG optimizer({p}, {.max_iter = 3});
    for (int fails_at = 0; fails_at < 3; ++fails_at) {
      int calls = 0;
      CHECK_THROWS_AS(optimizer.step([&] {
        if (calls++ == fails_at) throw ValueError("no more data");
        return rosenbrock(p);
      }),
                      ValueError);
      CHECK(values(p) == std::vector<double>{3, -4});
      CHECK(optimizer.radius() == 1.0);
    }
  }
  p.assign(expect::tensor({3, -4}));
  CHECK(memory_stats().live_nodes == live);
}

TEST_CASE("errors") {
  const Tensor p = parameter(expect::tensor({1, 2}));
  NewtonCG optimizer({p});
  CHECK(message<ShapeError>([&] { optimizer.step([&] { return square(p); }); }) ==
        "[NewtonCG] the closure must return one element: got shape (2,)");
  CHECK(message<GraphError>([&] { optimizer.step([&] { return sum(p.detach()); }); }) ==
        "[NewtonCG] what the closure returns must depend on the parameters: got a constant");
  CHECK(message<GraphError>([&] { optimizer.lr(); }) ==
        "[NewtonCG] it finds the size of its steps itself: there is no lr");
  CHECK(message<GraphError>([&] { optimizer.set_lr(0.1); }) ==
        "[NewtonCG] it finds the size of its steps itself: there is no lr");
  optim::State state = optimizer.state();
  state["all.radius"] = zeros({}, {.dtype = float64});
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[NewtonCG] the state must fit the optimizer: 'all.radius' must be a positive number of float64, and "
        "nothing else of all parameters");
  const auto refused = [&](const NewtonCGOptions& o) {
    return message<ValueError>([&] { NewtonCG({p}, o); });
  };
  CHECK(refused({.max_iter = 0}) == "[NewtonCG] max_iter must be positive: got 0");
  CHECK(refused({.cg_iterations = -1}) == "[NewtonCG] cg_iterations must not be negative: got -1");
  CHECK(refused({.tolerance_grad = -1}) == "[NewtonCG] tolerance_grad must not be negative: got -1");
  CHECK(refused({.radius = 0}) == "[NewtonCG] radius must be positive: got 0");
  CHECK(refused({.radius = 2, .max_radius = 1}) ==
        "[NewtonCG] max_radius must not be smaller than radius: got 1");
}
