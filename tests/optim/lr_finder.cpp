#include "wengert/optim/lr_finder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::find_lr;

namespace {

struct Counting : nn::Module {
  nn::Linear linear{3, 1};
  Tensor calls = zeros({});
  Tensor operator()(const Tensor& x) {
    calls.assign(calls + 1.0);
    return linear(x);
  }
  void visit(nn::Visitor& v) override {
    v("linear", linear);
    v.buffer("calls", calls);
  }
};

struct Problem {
  Counting model;
  Tensor extra = parameter(ones({1}));  // trained, but not the module's
  Tensor x, y;
  Problem() {
    manual_seed(1);
    x = randn({20, 3});
    y = randn({20, 1}) + 3.0;
  }
  std::vector<Tensor> parameters() {
    std::vector<Tensor> all = model.parameters();
    all.push_back(extra);
    return all;
  }
  Tensor loss() { return nn::mse_loss(model(x) + extra + 0.01 * randn({20, 1}), y); }
};

std::vector<std::vector<double>> everything(Problem& problem, const optim::Optimizer& optimizer) {
  std::vector<std::vector<double>> all{values(problem.extra)};
  for (const auto& [name, value] : problem.model.state()) all.push_back(values(value));
  for (const auto& [name, value] : optimizer.state()) all.push_back(values(value));
  return all;
}

}  // namespace

TEST_CASE("it sweeps from start_lr to end_lr and gives everything back") {
  Problem problem;
  optim::Adam optimizer(problem.parameters(), {.lr = 0.02});
  problem.loss().backward();
  optimizer.step();
  const auto before = everything(problem, optimizer);
  const RandomKey random = random_state();
  const optim::LrSweep sweep = find_lr(problem.model, optimizer, [&] { return problem.loss(); },
                                       {.start_lr = 1e-4, .end_lr = 1.0, .steps = 41});
  CHECK(everything(problem, optimizer) == before);
  CHECK((random_state().key == random.key && random_state().counter == random.counter));
  CHECK(optimizer.lr() == 0.02);
  CHECK(!problem.extra.has_grad());
  REQUIRE(sweep.lr.size() == 41);
  CHECK(!sweep.diverged);
  CHECK(sweep.loss.size() == 41);
  CHECK(near(sweep.lr[0], 1e-4));
  CHECK(near(sweep.lr[10], 1e-3));
  CHECK(near(sweep.lr[40], 1.0));
  CHECK(sweep.loss.back() < 0.8 * sweep.loss.front());
  CHECK((sweep.steepest > 1e-3 && sweep.steepest < 1.0));
}

TEST_CASE("it ends where the loss diverges, and suggests less") {
  Problem problem;
  optim::SGD optimizer(problem.parameters(), {.lr = 0.02});
  const auto before = everything(problem, optimizer);
  const optim::LrSweep sweep =
      find_lr(problem.model, optimizer, [&] { return problem.loss(); }, {.start_lr = 1e-4, .end_lr = 1e4});
  CHECK(sweep.diverged);
  CHECK(sweep.lr.size() < 100);
  CHECK((sweep.steepest > 1e-3 && sweep.steepest < 1.0));
  CHECK(everything(problem, optimizer) == before);
}

TEST_CASE("the running mean begins with the first loss") {
  Problem problem;
  optim::SGD optimizer(problem.parameters());
  int calls = 0;
  const auto sweep =
      find_lr(problem.model, optimizer, [&] { return sum(0.0 * problem.extra) + (calls++ == 0 ? 4.0 : 1.0); },
              {.steps = 3, .smoothing = 0.5});
  CHECK(near(sweep.loss, {4, 2, 10 / 7.0}, 1e-6));
}

TEST_CASE("a loss that throws gives everything back too") {
  Problem problem;
  optim::Adam optimizer(problem.parameters(), {.lr = 0.02});
  const auto before = everything(problem, optimizer);
  int calls = 0;
  CHECK_THROWS_AS(find_lr(problem.model, optimizer,
                          [&] {
                            if (++calls == 5) throw ValueError("no more data");
                            return problem.loss();
                          }),
                  ValueError);
  CHECK(everything(problem, optimizer) == before);
}

TEST_CASE("options that make no sense") {
  Problem problem;
  optim::SGD optimizer(problem.parameters());
  const auto refused = [&](const optim::LrFinderOptions& o) {
    return message<ValueError>([&] {
      find_lr(
          problem.model, optimizer, [&] { return problem.loss(); }, o);
    });
  };
  CHECK(refused({.start_lr = 0}) == "[find_lr] start_lr must be positive: got 0");
  CHECK(refused({.start_lr = 2, .end_lr = 1}) == "[find_lr] end_lr must be finite and above start_lr: got 1");
  CHECK(refused({.steps = 1}) == "[find_lr] steps must be 2 or more: got 1");
  CHECK(refused({.smoothing = 1}) == "[find_lr] smoothing must lie within [0, 1): got 1");
  CHECK(refused({.diverge_at = 1}) == "[find_lr] diverge_at must be above 1: got 1");
}
