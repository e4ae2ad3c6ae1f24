// Fifty steps of each are compared with another implementation's in tests/oracle/optimizers.cpp.
#include "wengert/optim/schedule.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::Schedule;
using optim::Scheduler;
namespace schedule = optim::schedule;

namespace {

Tensor one() { return parameter(xt::xarray<double>{1.0}); }

std::vector<double> sizes(const Schedule& s, double base, std::initializer_list<std::int64_t> steps) {
  std::vector<double> all;
  for (const std::int64_t t : steps) all.push_back(s(base, t));
  return all;
}

const std::vector<std::pair<const char*, Schedule>> every = {
    {"step", schedule::step({.step_size = 3})},
    {"multistep", schedule::multistep({.milestones = {2, 5}})},
    {"exponential", schedule::exponential()},
    {"polynomial", schedule::polynomial({.total_iters = 12, .power = 1.5})},
    {"cosine", schedule::cosine({.t_max = 9, .eta_min = 0.01})},
    {"cosine_warm_restarts", schedule::cosine_warm_restarts({.t_0 = 3, .t_mult = 2})},
    {"linear_warmup", schedule::linear_warmup()},
    {"inverse_sqrt", schedule::inverse_sqrt({.warmup = 4})},
    {"one_cycle", schedule::one_cycle({.total_steps = 11})},
    {"cyclic", schedule::cyclic({.max_lr = 3.0, .step_size_up = 3})},
    {"lambda", schedule::lambda([](std::int64_t t) { return 1.0 / (1.0 + static_cast<double>(t)); })},
    {"chain", schedule::chain({schedule::step({.step_size = 4}), schedule::exponential()})},
    {"sequential", schedule::sequential({schedule::linear_warmup(), schedule::cosine()}, {5})},
};

}  // namespace

TEST_CASE("what each gives at its corners") {
  const auto log_of = [](double base, std::initializer_list<double> factors) {
    std::vector<double> all;
    for (const double factor : factors) all.push_back(base * factor);
    return all;
  };
  CHECK(near(sizes(schedule::step(), 2, {0, 29, 30, 60}), log_of(2, {1, 1, 0.1, 0.01})));
  CHECK(near(sizes(schedule::multistep({.milestones = {2, 5}}), 2, {1, 2, 4, 5}),
             log_of(2, {1, 0.1, 0.1, 0.01})));
  CHECK(near(sizes(schedule::exponential({.gamma = 0.5}), 2, {0, 1, 3}), log_of(2, {1, 0.5, 0.125})));
  CHECK(near(sizes(schedule::polynomial({.total_iters = 4, .power = 2}), 2, {0, 2, 4, 9}),
             log_of(2, {1, 0.25, 0, 0})));
  CHECK(near(sizes(schedule::cosine({.t_max = 4, .eta_min = 1}), 3, {0, 2, 4, 8}), {3, 2, 1, 3}));
  CHECK(near(sizes(schedule::cosine_warm_restarts({.t_0 = 2, .t_mult = 3}), 2, {0, 1, 2, 5, 8}),
             {2, 1, 2, 1, 2}));
  CHECK(near(sizes(schedule::linear_warmup({.total_iters = 4, .start_factor = 0.2}), 5, {0, 2, 4, 99}),
             {1, 3, 5, 5}));
  CHECK(near(sizes(schedule::inverse_sqrt({.warmup = 4}), 2, {0, 3, 15, 63}), {0.5, 2, 1, 0.5}));
  CHECK(near(sizes(schedule::one_cycle({.total_steps = 11, .pct_start = 6 / 11.0}), 5, {0, 5, 10, 11, 1000}),
             {0.2, 5, 2e-5, 2e-5, 2e-5}, 1e-9));
  CHECK(near(
      sizes(schedule::cyclic({.max_lr = 3, .step_size_up = 2, .step_size_down = 4}), 1, {0, 1, 2, 4, 6, 8}),
      {1, 2, 3, 2, 1, 3}));
  CHECK(near(sizes(schedule::sequential(
                       {schedule::exponential({.gamma = 0.5}), schedule::step({.step_size = 2})}, {3}),
                   8, {0, 2, 3, 4, 5}),
             {8, 2, 8, 8, 0.8}));
}

TEST_CASE("a scheduler sets the step size of every group by its own") {
  const Tensor a = one(), b = one(), c = one();
  optim::SGD optimizer({a}, {.lr = 1.0});
  optimizer.add_group({b}, {.lr = 0.5});
  Scheduler scheduler(optimizer, schedule::linear_warmup({.total_iters = 2, .start_factor = 0.5}));
  CHECK((optimizer.lr(0) == 0.5 && optimizer.lr(1) == 0.25));
  scheduler.step();
  CHECK((optimizer.lr(0) == 0.75 && optimizer.lr(1) == 0.375));
  optimizer.add_group({c}, {.lr = 4.0});
  scheduler.step();
  CHECK((optimizer.lr(0) == 1.0 && optimizer.lr(1) == 0.5 && optimizer.lr(2) == 4.0));
  CHECK(scheduler.steps() == 2);
}

TEST_CASE("every schedule goes on from its state as if it had not been interrupted") {
  for (const auto& [name, schedule] : every) {
    INFO(std::string(name));
    const Tensor a = one(), b = one();
    optim::Adam optimizer({a}, {.lr = 0.7});
    optimizer.add_group({b}, {.lr = 0.2});
    Scheduler scheduler(optimizer, schedule);
    for (int i = 0; i < 4; ++i) scheduler.step();
    const auto state = scheduler.state();
    const auto go_on = [](Scheduler& s, const optim::Optimizer& o) {
      std::vector<double> all{o.lr(0), o.lr(1)};
      for (int i = 0; i < 8; ++i) {
        s.step();
        all.push_back(o.lr(0));
        all.push_back(o.lr(1));
      }
      return all;
    };
    const auto expected = go_on(scheduler, optimizer);
    optim::Adam other({one()}, {.lr = 3.0});
    other.add_group({one()}, {.lr = 4.0});
    Scheduler resumed(other, schedule);
    resumed.load(state);
    CHECK(go_on(resumed, other) == expected);
    scheduler.load(state);
    CHECK(go_on(scheduler, optimizer) == expected);
  }
}

TEST_CASE("another option is scheduled the same way") {
  optim::SGD optimizer({one()}, {.lr = 0.1, .momentum = 0.95});
  Scheduler sizes_of(optimizer, schedule::cyclic({.max_lr = 0.3, .step_size_up = 2}));
  Scheduler momentum(optimizer, schedule::cyclic({.max_lr = 0.85, .step_size_up = 2}), "momentum");
  std::vector<double> seen;
  for (int i = 0; i < 4; ++i) {
    seen.push_back(optimizer.option("lr"));
    seen.push_back(optimizer.options().momentum);
    sizes_of.step();
    momentum.step();
  }
  CHECK(near(seen, {0.1, 0.95, 0.2, 0.9, 0.3, 0.85, 0.2, 0.9}));
  CHECK(message<ValueError>([&] { Scheduler(optimizer, schedule::exponential(), "beta1"); }) ==
        "[SGD] there must be an option of that name that is a number: got 'beta1'");
}

TEST_CASE("a value that makes no sense is refused, and nothing is changed") {
  optim::SGD optimizer({one()}, {.lr = 0.5});
  optimizer.add_group({one()}, {.lr = 0.25});
  double factor = 1.0;
  Scheduler scheduler(optimizer,
                      [&](double base, std::int64_t) { return base == 0.5 ? 0.4 : factor * base; });
  const auto refused = [&] {
    const std::string text = message<ValueError>([&] { scheduler.step(); });
    CHECK(scheduler.steps() == 0);
    CHECK((optimizer.lr(0) == 0.4 && optimizer.lr(1) == 0.25));
    return text;
  };
  factor = -1.0;
  CHECK(refused() == "[SGD] lr must be finite and not negative: got -0.25");
  factor = INFINITY;
  CHECK(refused() == "[Scheduler] lr must be finite: got inf at step 1");
  factor = 2.0;
  scheduler.step();
  CHECK(optimizer.lr(1) == 0.5);
  CHECK(message<ValueError>([&] { Scheduler(optimizer, Schedule()); }) ==
        "[Scheduler] there must be a schedule: got an empty one");
}

TEST_CASE("a state that does not fit") {
  optim::SGD optimizer({one()}, {.lr = 0.5});
  Scheduler scheduler(optimizer, schedule::exponential());
  const auto refused = [&](optim::State state) {
    return message<ValueError>([&] { scheduler.load(state); });
  };
  auto state = scheduler.state();
  state.erase("base.0");
  CHECK(refused(state) ==
        "[Scheduler] the state must fit the scheduler: 'base.0' must be one number of float64");
  state = scheduler.state();
  state["base.1"] = state["base.0"];
  CHECK(refused(state) ==
        "[Scheduler] the state must fit the scheduler: it is of 2 groups, the optimizer has 1");
  state = scheduler.state();
  state["steps"] = full({}, -1, {.dtype = int64});
  CHECK(refused(state) == "[Scheduler] steps must not be negative: got -1");
  CHECK(optimizer.lr() == 0.5);
}

TEST_CASE("options that make no sense") {
  const auto refused = [](auto make) { return message<ValueError>(make); };
  CHECK(refused([] { schedule::step({.step_size = 0}); }) == "[step] step_size must be positive: got 0");
  CHECK(refused([] { schedule::step({.gamma = -1}); }) == "[step] gamma must not be negative: got -1");
  CHECK(refused([] {
          schedule::multistep({.milestones = {3, 3}});
        }) == "[multistep] milestones must be positive and ascend: got 3");
  CHECK(refused([] { schedule::exponential({.gamma = -1}); }) ==
        "[exponential] gamma must not be negative: got -1");
  CHECK(refused([] { schedule::polynomial({.total_iters = 0}); }) ==
        "[polynomial] total_iters must be positive: got 0");
  CHECK(refused([] { schedule::polynomial({.power = -1}); }) ==
        "[polynomial] power must not be negative: got -1");
  CHECK(refused([] { schedule::cosine({.t_max = 0}); }) == "[cosine] t_max must be positive: got 0");
  CHECK(refused([] { schedule::cosine({.eta_min = -1}); }) ==
        "[cosine] eta_min must not be negative: got -1");
  CHECK(refused([] { schedule::cosine_warm_restarts({.t_0 = 0}); }) ==
        "[cosine_warm_restarts] t_0 must be positive: got 0");
  CHECK(refused([] { schedule::cosine_warm_restarts({.t_mult = 0}); }) ==
        "[cosine_warm_restarts] t_mult must be positive: got 0");
  CHECK(refused([] { schedule::linear_warmup({.total_iters = 0}); }) ==
        "[linear_warmup] total_iters must be positive: got 0");
  CHECK(refused([] { schedule::linear_warmup({.end_factor = -1}); }) ==
        "[linear_warmup] end_factor must not be negative: got -1");
  CHECK(refused([] { schedule::linear_warmup({.start_factor = -1}); }) ==
        "[linear_warmup] start_factor must not be negative: got -1");
  CHECK(refused([] { schedule::inverse_sqrt({.warmup = 0}); }) ==
        "[inverse_sqrt] warmup must be positive: got 0");
  CHECK(refused([] { schedule::one_cycle({.total_steps = 0}); }) ==
        "[one_cycle] total_steps must be positive: got 0");
  CHECK(refused([] { schedule::one_cycle({.pct_start = 2}); }) ==
        "[one_cycle] pct_start must lie within [0, 1]: got 2");
  CHECK(refused([] { schedule::one_cycle({.div_factor = 0}); }) ==
        "[one_cycle] div_factor must be positive: got 0");
  CHECK(refused([] { schedule::cyclic({.max_lr = -1}); }) ==
        "[cyclic] max_lr must be finite and not negative: got -1");
  CHECK(refused([] { schedule::cyclic({.step_size_up = 0}); }) ==
        "[cyclic] step_size_up must be positive: got 0");
  CHECK(refused([] { schedule::lambda({}); }) == "[lambda] there must be a function: got none");
  CHECK(refused([] { schedule::chain({Schedule()}); }) ==
        "[chain] every schedule must be a function: got an empty one");
  CHECK(refused([] { schedule::sequential({schedule::cosine()}, {3}); }) ==
        "[sequential] there must be a milestone between every two schedules: got 1 for 1");
  CHECK(refused([] {
          schedule::sequential({schedule::cosine(), schedule::cosine()}, {0});
        }) == "[sequential] milestones must be positive and ascend: got 0");
}
