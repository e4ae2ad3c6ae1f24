// Fifty steps are compared with another implementation's in tests/oracle/optimizers.cpp.
#include "wengert/optim/reduce_on_plateau.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::ReduceOnPlateau;
using optim::ReduceOnPlateauOptions;

namespace {
Tensor one() { return parameter(xt::xarray<double>{1.0}); }
}  // namespace

TEST_CASE("the step sizes shrink after more than `patience` measures that are no better") {
  optim::SGD optimizer({one()}, {.lr = 1.0});
  optimizer.add_group({one()}, {.lr = 0.3});
  ReduceOnPlateau scheduler(optimizer, {.factor = 0.5, .patience = 2, .cooldown = 1, .min_lr = 0.2});
  std::vector<double> sizes;
  for (const double measure : {5.0, 4.0, 4.0, std::nan(""), 4.5, 9.0, 9.0, 9.0, 9.0, 1.0, 2.0}) {
    scheduler.step(measure);
    sizes.push_back(optimizer.lr(0));
  }
  CHECK(sizes == std::vector<double>{1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25});
  CHECK(optimizer.lr(1) == 0.2);
  CHECK(scheduler.best() == 1.0);
}

TEST_CASE("it goes on from its state as if it had not been interrupted") {
  const auto measures = [](int i) { return std::cos(0.7 * i) + 0.01 * i; };
  const auto run = [&](ReduceOnPlateau& scheduler, const optim::Optimizer& optimizer, int from) {
    std::vector<double> sizes;
    for (int i = from; i < from + 20; ++i) {
      scheduler.step(measures(i));
      sizes.push_back(optimizer.lr());
    }
    return sizes;
  };
  const ReduceOnPlateauOptions options{.maximize = true, .factor = 0.7, .patience = 3, .cooldown = 2};
  optim::SGD optimizer({one()}, {.lr = 1.0}), other({one()}, {.lr = 9.0});
  ReduceOnPlateau scheduler(optimizer, options), resumed(other, options);
  run(scheduler, optimizer, 0);
  const auto state = scheduler.state(), of_optimizer = optimizer.state();
  const auto expected = run(scheduler, optimizer, 20);
  CHECK(expected.back() < expected.front());
  other.load(of_optimizer);
  resumed.load(state);
  CHECK(run(resumed, other, 20) == expected);
}

TEST_CASE("errors") {
  optim::SGD optimizer({one()}, {.lr = 1.0});
  ReduceOnPlateau scheduler(optimizer);
  auto state = scheduler.state();
  state.erase("bad");
  CHECK(message<ValueError>([&] { scheduler.load(state); }) ==
        "[ReduceOnPlateau] the state must fit: 'bad' must be one number of int64");
  state = scheduler.state();
  state["other"] = zeros({});
  CHECK(message<ValueError>([&] { scheduler.load(state); }) ==
        "[ReduceOnPlateau] the state must fit: got 4 names for 3");
  const auto refused = [&](const ReduceOnPlateauOptions& o) {
    return message<ValueError>([&] { ReduceOnPlateau(optimizer, o); });
  };
  CHECK(refused({.factor = 1}) == "[ReduceOnPlateau] factor must lie within [0, 1): got 1");
  CHECK(refused({.patience = -1}) == "[ReduceOnPlateau] patience must not be negative: got -1");
  CHECK(refused({.threshold = -1}) == "[ReduceOnPlateau] threshold must not be negative: got -1");
  CHECK(refused({.cooldown = -1}) == "[ReduceOnPlateau] cooldown must not be negative: got -1");
  CHECK(refused({.min_lr = -1}) == "[ReduceOnPlateau] min_lr must not be negative: got -1");
  CHECK(refused({.eps = -1}) == "[ReduceOnPlateau] eps must not be negative: got -1");
}
