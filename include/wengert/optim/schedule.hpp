// Schedules of the step size: functions of the step's number, and the Scheduler that applies one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

/// The step size at step t = 0, 1, ... of a group whose own step size is `base`. Any function will do; those
/// of optim::schedule throw ValueError for options that make no sense.
using Schedule = std::function<double(double base, std::int64_t t)>;

namespace schedule {

struct StepOptions {
  std::int64_t step_size = 30;
  double gamma = 0.1;
};
/// base * gamma^floor(t / step_size).
Schedule step(const StepOptions& options = {});

struct MultistepOptions {
  std::vector<std::int64_t> milestones = {};  ///< ascending
  double gamma = 0.1;
};
/// base * gamma^k, of the k milestones that are at or before t.
Schedule multistep(const MultistepOptions& options);

struct ExponentialOptions {
  double gamma = 0.95;
};
/// base * gamma^t.
Schedule exponential(const ExponentialOptions& options = {});

struct PolynomialOptions {
  std::int64_t total_iters = 5;
  double power = 1.0;
};
/// base * (1 - t / total_iters)^power, 0 from total_iters on.
Schedule polynomial(const PolynomialOptions& options = {});

struct CosineOptions {
  std::int64_t t_max = 100;  ///< steps from the top to the bottom; after them it rises again
  double eta_min = 0.0;      ///< the bottom
};
/// eta_min + (base - eta_min) (1 + cos(pi t / t_max)) / 2 (Loshchilov and Hutter, "SGDR: stochastic gradient
/// descent with warm restarts", 2017, without restarts).
Schedule cosine(const CosineOptions& options = {});

struct CosineWarmRestartsOptions {
  std::int64_t t_0 = 10;    ///< steps of the first descent
  std::int64_t t_mult = 1;  ///< how many times as long each is as the one before
  double eta_min = 0.0;
};
/// The same, from the top again after each descent.
Schedule cosine_warm_restarts(const CosineWarmRestartsOptions& options = {});

struct LinearWarmupOptions {
  std::int64_t total_iters = 5;
  double start_factor = 1.0 / 3.0;
  double end_factor = 1.0;
};
/// base times a factor that goes from start_factor to end_factor in total_iters even steps, and stays there.
Schedule linear_warmup(const LinearWarmupOptions& options = {});

struct InverseSqrtOptions {
  std::int64_t warmup = 4000;
};
/// base * min((t + 1) / warmup, sqrt(warmup / (t + 1))): up to base in `warmup` steps, then down with the
/// root of the steps (Vaswani et al., "Attention is all you need", 2017).
Schedule inverse_sqrt(const InverseSqrtOptions& options = {});

enum class Anneal { cosine, linear };
struct OneCycleOptions {
  std::int64_t total_steps = 100;
  double pct_start = 0.3;  ///< the part of the steps that goes up
  Anneal anneal_strategy = Anneal::cosine;
  double div_factor = 25.0;       ///< begins at base / div_factor
  double final_div_factor = 1e4;  ///< ends at base / div_factor / final_div_factor
  bool three_phase = false;       ///< down as it came up, and only then to the end
};
/// Up to base and down to almost nothing; from total_steps on it stays there (Smith and Topin,
/// "Super-convergence: very fast training of neural networks using large learning rates", 2019).
Schedule one_cycle(const OneCycleOptions& options = {});

enum class CyclicMode {
  triangular,   ///< every cycle as high as the first
  triangular2,  ///< every cycle half as high
  exp_range     ///< the height times gamma^t
};
struct CyclicOptions {
  double max_lr = 0.1;  ///< the top; base is the bottom
  std::int64_t step_size_up = 2000;
  std::int64_t step_size_down = 0;  ///< 0: as many as up
  CyclicMode mode = CyclicMode::triangular;
  double gamma = 1.0;
};
/// Straight up and down between base and max_lr (Smith, "Cyclical learning rates for training neural
/// networks", 2017).
Schedule cyclic(const CyclicOptions& options = {});

/// base * factor(t).
Schedule lambda(std::function<double(std::int64_t t)> factor);
/// Each schedule takes for base what the one before gives: the product of their factors.
Schedule chain(const std::vector<Schedule>& schedules);
/// The first schedule before the first milestone, then the second, which counts from there, and so on.
Schedule sequential(const std::vector<Schedule>& schedules, const std::vector<std::int64_t>& milestones);

}  // namespace schedule

/// Sets an optimizer's step sizes by a schedule, from step 0 on:
///
///     optim::Scheduler scheduler(optimizer, optim::schedule::cosine({.t_max = epochs}));
///     for (...) { ...; scheduler.step(); }
///
/// What the groups' step sizes are when it is made is each group's base. Another option may be scheduled the
/// same way: momentum that goes from 0.95 to 0.85 and back as the step size goes up and down is
/// Scheduler(optimizer, schedule::cyclic({.max_lr = 0.85}), "momentum"). The optimizer must outlive it.
class Scheduler {
 public:
  /// Throws ValueError for an empty schedule, an option that the optimizer does not have, or one that gets a
  /// value that makes no sense.
  Scheduler(Optimizer& optimizer, Schedule schedule, std::string option = "lr");

  /// Goes on to the next step. A group that was added since has for base its value now. Throws as the
  /// schedule does, and ValueError for a value that makes no sense; nothing is changed then.
  void step();
  /// The number of the step it is at.
  std::int64_t steps() const noexcept { return steps_; }

  /// "steps", and "base.0" ... of the groups. The schedule itself is made anew by the program.
  State state() const;
  /// Goes on from there, and sets the optimizer's step sizes. Throws ValueError, with nothing changed, for a
  /// state that does not fit.
  void load(const State& state);

 private:
  void apply(std::int64_t steps, std::vector<double> bases);

  Optimizer* optimizer_;
  Schedule schedule_;
  std::string option_;
  std::int64_t steps_ = 0;
  std::vector<double> bases_;
};

}  // namespace wengert::optim
