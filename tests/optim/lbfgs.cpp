// The steps are compared with another implementation's in tests/oracle/optimizers.cpp.
#include "wengert/optim/lbfgs.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/random.hpp"
#include "wengert/core/storage.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::LBFGS;
using optim::LBFGSOptions;

TEST_CASE("a step gives the loss before, and needs no backward()") {
  const Tensor p = parameter(expect::tensor({3, -4}));
  LBFGS optimizer({p});
  CHECK(near(optimizer.step([&] { return sum(square(p)); }), 25));
  CHECK(near(p, {0, 0}, 1e-6));
  CHECK(!p.has_grad());
  const NoGrad recording_off;  // the closure is recorded all the same
  p.assign(expect::tensor({1, 1}));
  CHECK(near(optimizer.step([&] { return sum(square(p)); }), 2));
  CHECK(near(p, {0, 0}, 1e-6));
}

TEST_CASE("a linear model is fitted as exactly as float64 allows") {
  manual_seed(2);
  nn::Linear model(4, 2, {.dtype = float64});
  const Tensor x = randn({30, 4}, {.dtype = float64});
  const Tensor y = nn::Linear(4, 2, {.dtype = float64})(x).detach();
  LBFGS optimizer(model.parameters(), {.max_iter = 100, .tolerance_grad = 1e-10, .tolerance_change = 1e-20});
  const auto loss = [&] { return nn::mse_loss(model(x), y); };
  optimizer.step(loss);
  CHECK(loss().item() < 1e-16);
}

TEST_CASE("the loss never rises with a line search, also from where it overflows") {
  const Tensor p = parameter(expect::tensor({-3.0, 40.0}));
  LBFGS optimizer({p}, {.max_iter = 1, .tolerance_change = 1e-14});
  const auto loss = [&] {
    const Tensor x = slice(p, 0, 0, 1), y = slice(p, 0, 1, 2);
    return sum(exp(square(x)) + exp(0.1 * y) - 0.5 * y + log(y + 5.0));  // NaN for y < -5
  };
  double last = loss().item();
  for (int i = 0; i < 40; ++i) {
    CHECK(near(optimizer.step(loss), last));
    const double now = loss().item();
    REQUIRE(now <= last);
    last = now;
  }
  p.zero_grad();
  loss().backward();
  CHECK(near(p.grad(), {0, 0}, 1e-5));
}

TEST_CASE("a closure that throws leaves the parameters and the memory as they were") {
  const Tensor p = parameter(expect::tensor({3, -4}));
  LBFGS optimizer({p}, {.max_iter = 4});
  const Tensor scale = expect::tensor({1, 7});
  const auto loss = [&] { return sum(square(square(p * scale))); };
  optimizer.step(loss);
  const auto before = values(p);
  const optim::State state = optimizer.state();
  for (int fails_at = 0; fails_at < 3; ++fails_at) {
    int calls = 0;
    CHECK_THROWS_AS(optimizer.step([&] {
      if (calls++ == fails_at) throw ValueError("no more data");
      return loss();
    }),
                    ValueError);
    CHECK(values(p) == before);
    for (const auto& [name, value] : optimizer.state()) CHECK(values(value) == values(state.at(name)));
  }
}

TEST_CASE("the history holds no graph and no more than history_size pairs") {
  const Tensor p = parameter(expect::tensor({3, -4, 1}));
  const auto before = memory_stats().live_nodes;
  {
    LBFGS optimizer({p}, {.max_iter = 5, .history_size = 2});
    const Tensor scale = expect::tensor({1, 7, 30});
    for (int i = 0; i < 3; ++i) optimizer.step([&] { return sum(square(square(p * scale)) + cos(p)); });
    CHECK(optimizer.state().at("all.y").shape() == Shape{2, 3});
  }
  CHECK(memory_stats().live_nodes == before);
}

TEST_CASE("a schedule sets its step size, as any optimizer's") {
  const Tensor p = parameter(expect::tensor({3}));
  LBFGS optimizer({p}, {.max_iter = 1, .strong_wolfe = false});
  optimizer.set_lr(0.25);
  optimizer.step([&] { return sum(2.0 * p); });
  CHECK(near(p, {3 - 0.25 * 0.5 * 2}));
}

TEST_CASE("what the closure must return, and what a step must be given") {
  const Tensor p = parameter(expect::tensor({1, 2})), f = parameter(ones({2}));
  LBFGS optimizer({p});
  CHECK(message<ShapeError>([&] { optimizer.step([&] { return square(p); }); }) ==
        "[LBFGS] the closure must return one element: got shape (2,)");
  CHECK(message<GraphError>([&] { optimizer.step([&] { return sum(square(p.detach())); }); }) ==
        "[LBFGS] what the closure returns must depend on the parameters: got a constant");
  CHECK(message<DTypeError>([&] {
          LBFGS({p, f}).step([&] { return sum(p); });
        }) == "[LBFGS] all parameters must have one dtype: got float64 and float32");
  sum(p).backward();
  optim::Optimizer& base = optimizer;
  CHECK(message<GraphError>([&] { base.step(); }) ==
        "[LBFGS] step() must be given a closure that evaluates the loss: got none");
}

TEST_CASE("a state that does not fit is refused as a whole") {
  const Tensor p = parameter(expect::tensor({3, -4}));
  LBFGS optimizer({p}, {.max_iter = 2, .max_eval = 10});
  const auto loss = [&] { return sum(square(square(p)) + cos(p)); };
  optimizer.step(loss);
  const optim::State own = optimizer.state();
  optim::State state = own;
  state["all.direction"] = zeros({3}, {.dtype = float64});
  state["group.0.lr"] = full({}, 7.0, {.dtype = float64});
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[LBFGS] the state must fit the optimizer: 'all.direction' must be (2,) of float64");
  CHECK(optimizer.lr() == 1.0);
  state = own;
  state.erase("all.s");
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[LBFGS] the state must fit the optimizer: 'all.s' must be (1, 2) of float64");
  state = own;
  state["all.other"] = zeros({});
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[LBFGS] the state must fit the optimizer: it has names that are unknown");
  state = own;
  state["group.0.max_iter"] = zeros({}, {.dtype = float64});
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[LBFGS] the state must fit the optimizer: 'group.0.max_iter' is float64 and must be int64");
  for (const auto& [name, value] : optimizer.state()) CHECK(values(value) == values(own.at(name)));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto refused = [&](const LBFGSOptions& o) { return message<ValueError>([&] { LBFGS(p, o); }); };
  CHECK(refused({.lr = -1}) == "[LBFGS] lr must be finite and not negative: got -1");
  CHECK(refused({.max_iter = 0}) == "[LBFGS] max_iter must be positive: got 0");
  CHECK(refused({.max_eval = -1}) == "[LBFGS] max_eval must not be negative: got -1");
  CHECK(refused({.tolerance_grad = -1}) == "[LBFGS] tolerance_grad must not be negative: got -1");
  CHECK(refused({.tolerance_change = -1}) == "[LBFGS] tolerance_change must not be negative: got -1");
  CHECK(refused({.history_size = 0}) == "[LBFGS] history_size must be positive: got 0");
}

TEST_CASE("what is remembered follows the parameters to another dtype") {
  manual_seed(3);
  nn::Linear model(3, 1);
  const Tensor x = randn({8, 3}), y = randn({8, 1});
  const auto loss = [&] {
    const DType dtype = model.weight.dtype();
    return nn::mse_loss(model(x.astype(dtype)), y.astype(dtype));
  };
  LBFGS optimizer(model.parameters(), {.max_iter = 2});
  const double first = optimizer.step(loss);
  model.to(float64);
  CHECK(optimizer.state().at("all.direction").dtype() == float64);
  for (int i = 0; i < 20; ++i) optimizer.step(loss);
  CHECK(optimizer.step(loss) < first);
  LBFGS other(model.parameters(), {.max_iter = 2});
  other.load(optimizer.state());
  CHECK(other.step(loss) == optimizer.step(loss));
}

TEST_CASE("options are checked as a step begins") {
  const Tensor p = parameter(expect::tensor({3, -4}));
  LBFGS optimizer({p});
  optimizer.options().lr = NAN;
  CHECK_THROWS_AS(optimizer.step([&] { return sum(p * p); }), ValueError);
  CHECK(values(p) == std::vector<double>{3, -4});
}
