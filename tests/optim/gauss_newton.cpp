#include "wengert/optim/gauss_newton.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/storage.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::GaussNewton;
using optim::GaussNewtonOptions;
using optim::LevenbergMarquardt;
using optim::LevenbergMarquardtOptions;

namespace {

const double at[] = {0, 0.5, 1, 1.5, 2, 2.5};

/// a exp(b x) - y at six points, and whether the gradient of half the sum of squares is 0, in plain doubles.
struct Decay {
  Tensor a = parameter(expect::tensor({1})), b = parameter(expect::tensor({0}));
  Tensor x = expect::tensor(std::vector<double>(at, at + 6)),
         y = expect::tensor({3.1, 1.7, 1.2, 0.6, 0.45, 0.2});
  Tensor residuals() const { return a * exp(b * x) - y; }
  double half() const { return 0.5 * sum(square(residuals())).item(); }
  bool is_least() const {
    const std::vector<double> r = values(residuals());
    double in_a = 0, in_b = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      const double e = std::exp(values(b)[0] * at[i]);
      in_a += r[i] * e;
      in_b += r[i] * values(a)[0] * at[i] * e;
    }
    return std::abs(in_a) < 1e-9 && std::abs(in_b) < 1e-9;
  }
};

}  // namespace

TEST_CASE("a linear problem takes one step, of any shapes") {
  const Tensor w = parameter(zeros({2, 2}, {.dtype = float64})),
               c = parameter(zeros({2}, {.dtype = float64}));
  const Tensor x = expect::tensor({1, 2, 3, -1, 0.5, 4, 2, 2}, {4, 2});
  const Tensor y = matmul(x, expect::tensor({1, -2, 3, 0.5}, {2, 2})) + expect::tensor({0.3, -0.7});
  GaussNewton optimizer({w, c});
  const auto residuals = [&] { return matmul(x, w) + c - y; };
  const double before = 0.5 * sum(square(y)).item();
  CHECK(near(optimizer.step(residuals), before));
  CHECK(near(w, {1, -2, 3, 0.5}, 1e-11));
  CHECK(near(c, {0.3, -0.7}, 1e-11));
}

TEST_CASE("a decay is fitted to where the gradient is 0") {
  Decay problem;
  GaussNewton gauss({problem.a, problem.b});
  double last = problem.half();
  for (int i = 0; i < 15; ++i) {
    CHECK(near(gauss.step([&] { return problem.residuals(); }), last));
    REQUIRE(problem.half() <= last);
    last = problem.half();
  }
  CHECK(problem.is_least());
  for (const bool scaled : {false, true}) {
    Decay other;
    LevenbergMarquardt marquardt({other.a, other.b}, {.scaled = scaled});
    double now = other.half();
    for (int i = 0; i < 20; ++i) {
      marquardt.step([&] { return other.residuals(); });
      REQUIRE(other.half() <= now);
      now = other.half();
    }
    CHECK(other.is_least());
    CHECK(near(now, last, 1e-12));
  }
}

TEST_CASE("the first step of Levenberg and Marquardt solves the damped normal equations") {
  // r = (p0^2 - 2, p0 p1 - 1, p1), J = ((2 p0, 0), (p1, p0), (0, 1)) at (2, 3).
  for (const bool scaled : {false, true}) {
    const Tensor p = parameter(expect::tensor({2, 3}));
    LevenbergMarquardt optimizer({p}, {.damping = 0.5, .scaled = scaled});
    CHECK(optimizer.damping() == 0.0);
    optimizer.step([&] {
      const Tensor a = slice(p, 0, 0, 1), b = slice(p, 0, 1, 2);
      return concat({square(a) - 2.0, a * b - 1.0, b});
    });
    const double jj00 = 16 + 9, jj01 = 6, jj11 = 4 + 1, g0 = 2 * 4 + 5 * 3, g1 = 5 * 2 + 3;
    const double damped0 = jj00 + (scaled ? 0.5 * jj00 : 0.5 * 25);
    const double damped1 = jj11 + (scaled ? 0.5 * jj11 : 0.5 * 25);
    const double det = damped0 * damped1 - jj01 * jj01;
    CHECK(near(p, {2 - (damped1 * g0 - jj01 * g1) / det, 3 - (damped0 * g1 - jj01 * g0) / det}, 1e-12));
  }
}

TEST_CASE("fewer residuals than parameters, and parameters that nothing depends on") {
  const Tensor p = parameter(expect::tensor({1, 2, 3})), idle = parameter(expect::tensor({7}));
  const auto residuals = [&] { return sum(square(p), {}, true) - 4.0; };
  for (const bool scaled : {false, true}) {
    p.assign(expect::tensor({1, 2, 3}));
    LevenbergMarquardt optimizer({p, idle}, {.scaled = scaled});
    for (int i = 0; i < 10; ++i) optimizer.step(residuals);
    CHECK(near(sum(square(p)).item(), 4, 1e-8));
    CHECK(near(idle, {7}));
  }
  CHECK(
      message<ShapeError>([&] { GaussNewton({p}).step(residuals); }) ==
      "[GaussNewton] there must be as many residuals as numbers to train, or more: got 1 for 3. Did you mean "
      "LevenbergMarquardt?");
  CHECK(message<ValueError>([&] {
          GaussNewton({p, idle}).step([&] { return concat({p, p}); });
        }) == "[GaussNewton: lstsq] the matrix must have full rank: it has not");
  CHECK(near(idle, {7}));
}

TEST_CASE("where nothing is gained the parameters stay") {
  const Tensor p = parameter(expect::tensor({0.5}));
  const auto kink = [&] { return concat({p, 1.0 - p}); };  // least at 0.5
  GaussNewton gauss({p});
  gauss.step(kink);
  CHECK(near(p, {0.5}));
  LevenbergMarquardt marquardt({p});
  marquardt.step(kink);
  CHECK(near(p, {0.5}));
  // Away from the one point where it is evaluated first, all is NaN.
  const auto trap = [&] { return where(p == 0.5, p, NAN); };
  gauss.step(trap);
  CHECK(values(p)[0] == 0.5);
  marquardt.step(trap);
  CHECK(values(p)[0] == 0.5);
  CHECK(marquardt.damping() > 1e6);
}

TEST_CASE("a closure that throws leaves the parameters as they were, and no graph is held") {
  const Tensor p = parameter(expect::tensor({3, -4}));
  const auto live = memory_stats().live_nodes;
  {
    GaussNewton gauss({p});
    LevenbergMarquardt marquardt({p});
    for (int fails_at = 0; fails_at < 2; ++fails_at) {
      int calls = 0;
      const auto closure = [&] {
        if (calls++ == fails_at) throw ValueError("no more data");
        return square(p) - 1.0;
      };
      CHECK_THROWS_AS(gauss.step(closure), ValueError);
      calls = 0;
      CHECK_THROWS_AS(marquardt.step(closure), ValueError);
      CHECK(values(p) == std::vector<double>{3, -4});
    }
    gauss.step([&] { return square(p) - 1.0; });
    marquardt.step([&] { return square(p) - 1.0; });
  }
  CHECK(memory_stats().live_nodes == live);
}

TEST_CASE("errors") {
  const Tensor p = parameter(expect::tensor({1}));
  GaussNewton gauss({p});
  LevenbergMarquardt marquardt({p});
  CHECK(message<GraphError>([&] { gauss.step([&] { return p.detach(); }); }) ==
        "[GaussNewton] what the closure returns must depend on the parameters: got a constant");
  CHECK(message<GraphError>([&] { marquardt.set_lr(1); }) ==
        "[LevenbergMarquardt] it finds the size of its steps itself: there is no lr");
  optim::State state = marquardt.state();
  state.erase("all.growth");
  CHECK(message<ValueError>([&] { marquardt.load(state); }) ==
        "[LevenbergMarquardt] the state must fit the optimizer: 'all.growth' must be () of float64");
  state = marquardt.state();
  state["all.scale"] = zeros({2}, {.dtype = float64});
  CHECK(message<ValueError>([&] { marquardt.load(state); }) ==
        "[LevenbergMarquardt] the state must fit the optimizer: 'all.scale' must be (1,) of float64");
  state["all.scale"] = zeros({1}, {.dtype = float64});
  state["all.damping"] = full({}, -1, {.dtype = float64});
  CHECK(message<ValueError>([&] { marquardt.load(state); }) ==
        "[LevenbergMarquardt] the state must fit the optimizer: damping must not be negative: got -1");
  state = gauss.state();
  state["all.damping"] = zeros({});
  CHECK(message<ValueError>([&] { gauss.load(state); }) ==
        "[GaussNewton] the state must fit the optimizer: unknown 'all.damping'");
  CHECK(message<ValueError>([&] { GaussNewton({p}, {.max_halvings = -1}); }) ==
        "[GaussNewton] max_halvings must not be negative: got -1");
  CHECK(message<ValueError>([&] { LevenbergMarquardt({p}, {.damping = 0}); }) ==
        "[LevenbergMarquardt] damping must be finite and positive: got 0");
  CHECK(message<ValueError>([&] { LevenbergMarquardt({p}, {.max_tries = 0}); }) ==
        "[LevenbergMarquardt] max_tries must be positive: got 0");
}
