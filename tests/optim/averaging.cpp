#include "wengert/optim/averaging.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "nn/expect.hpp"
#include "wengert/core/storage.hpp"
#include "wengert/nn/linear.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::EMA;
using optim::SWA;

namespace {
void set(const Tensor& p, const std::vector<double>& numbers) { p.assign(expect::tensor(numbers)); }
}  // namespace

TEST_CASE("EMA forgets by its decay, from the values at the beginning") {
  const Tensor p = parameter(expect::tensor({1, 2}));
  EMA average({p}, {.decay = 0.75});
  CHECK(near(average.averages()[0], {1, 2}));
  set(p, {5, 6});
  average.update();
  CHECK(near(average.averages()[0], {2, 3}));
  set(p, {-2, 7});
  average.update();
  CHECK(near(average.averages()[0], {1, 4}));
  CHECK(near(p, {-2, 7}));
  CHECK(average.updates() == 2);
}

TEST_CASE("EMA with a warmup follows at first") {
  const Tensor p = parameter(expect::tensor({0}));
  EMA average({p}, {.decay = 0.25, .warmup = true});
  double expected = 0;
  for (int n = 0; n < 6; ++n) {
    set(p, {n + 1.0});
    average.update();
    const double decay = std::min(0.25, (1.0 + n) / (10.0 + n));
    expected = decay * expected + (1 - decay) * (n + 1);
    CHECK(near(average.averages()[0], {expected}));
  }
}

TEST_CASE("SWA is the mean of all updates, and leaves the beginning out") {
  const Tensor p = parameter(expect::tensor({INFINITY})), q = parameter(ones({2}));
  SWA average({p, q});
  for (const double value : {1.0, 2.0, 6.0}) {
    set(p, {value});
    average.update();
  }
  CHECK(near(average.averages()[0], {3}));
  CHECK(average.averages()[1].dtype() == float32);
}

TEST_CASE("swapped in for as long as the guard lives") {
  nn::Linear model(2, 1, {.dtype = float64});
  model.weight.assign(expect::tensor({1, 2}, {1, 2}));
  model.bias.assign(expect::tensor({3}));
  EMA average(model.parameters(), {.decay = 0.5});
  model.weight.assign(expect::tensor({3, 6}, {1, 2}));
  average.update();
  const auto live = memory_stats().live_nodes;
  {
    const auto swapped = average.swap_in();
    CHECK(near(model.weight, {2, 4}));
    CHECK(message<GraphError>([&] { (void)average.swap_in(); }) ==
          "[EMA] the averages must be swapped in once: they are already");
    CHECK(message<GraphError>([&] { average.update(); }) ==
          "[EMA] update() must not be called while the averages are swapped in");
    model.weight.assign(expect::tensor({9, 9}, {1, 2}));  // is not kept
  }
  CHECK(near(model.weight, {3, 6}));
  CHECK(near(model.bias, {3}));
  CHECK(memory_stats().live_nodes == live);
  try {
    auto swapped = average.swap_in();
    const auto moved = std::move(swapped);
    CHECK(near(model.weight, {2, 4}));
    throw ValueError("evaluation failed");
  } catch (const ValueError&) {
  }
  CHECK(near(model.weight, {3, 6}));
  average.update();
  average.copy_to_parameters();
  CHECK(near(model.weight, {2.5, 5}));
}

TEST_CASE("averages follow the parameters to another dtype") {
  nn::Linear model(2, 1);
  EMA average(model.parameters(), {.decay = 0.5});
  model.to(float64);
  {
    const auto swapped = average.swap_in();
    CHECK(model.weight.dtype() == float64);
  }
  average.update();
  CHECK(average.averages()[0].dtype() == float64);
}

TEST_CASE("both go on from their state, bit for bit") {
  const auto resumes = [](auto make) {
    const Tensor p = parameter(expect::tensor({1, 2}));
    const auto run = [&](optim::Averaging& average) {
      for (int i = 0; i < 3; ++i) {
        set(p, {0.1 * i, 1.0 / (i + 3)});
        average.update();
      }
      return values(average.averages()[0]);
    };
    auto average = make(p);
    run(*average);
    const auto state = average->state();
    const auto expected = run(*average);
    p.assign(expect::tensor({7, 7}));
    auto other = make(p);
    other->load(state);
    CHECK(run(*other) == expected);
    average->load(state);
    CHECK(run(*average) == expected);
  };
  resumes([](const Tensor& p) {
    return std::make_unique<EMA>(std::vector{p}, optim::EMAOptions{.decay = 0.7, .warmup = true});
  });
  resumes([](const Tensor& p) { return std::make_unique<SWA>(std::vector{p}); });
}

TEST_CASE("errors") {
  const Tensor p = parameter(expect::tensor({1, 2}));
  CHECK(message<ValueError>([&] { EMA({p}, {.decay = 1.5}); }) ==
        "[EMA] decay must lie within [0, 1]: got 1.5");
  CHECK(message<ValueError>([&] { SWA({}); }) == "[SWA] there must be a parameter to average: got none");
  CHECK(message<GraphError>([&] { SWA({2.0 * p}); }) ==
        "[SWA] a parameter must be a leaf: number 0 is the result of an operation");
  SWA average({p});
  auto state = average.state();
  state["0"] = zeros({3}, {.dtype = float64});
  CHECK(message<ValueError>([&] { average.load(state); }) ==
        "[SWA] the state must fit the parameters: '0' must be (2,) of float64");
  state = average.state();
  state["1"] = state["0"];
  CHECK(message<ValueError>([&] { average.load(state); }) ==
        "[SWA] the state must fit the parameters: it is of 2, not of 1");
}
