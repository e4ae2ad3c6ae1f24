#include "wengert/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "lib/core/fail.hpp"
#include "wengert/core/node.hpp"

namespace wengert::optim {
namespace schedule {
namespace {

void require(bool holds, const char* name, const char* law, double got) {
  if (!holds) fail<ValueError>(name, law, ": got ", got);
}
void require_positive(const char* name, const char* law, std::int64_t got) {
  require(got > 0, name, law, static_cast<double>(got));
}

/// From `high` at 0 to `low` at 1.
double half_cosine(double high, double low, double part) {
  return low + (high - low) * (1.0 + std::cos(std::numbers::pi * part)) / 2.0;
}

double ratio(std::int64_t a, std::int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

void require_ascending(const char* name, const std::vector<std::int64_t>& milestones) {
  for (std::size_t i = 0; i < milestones.size(); ++i)
    require(milestones[i] > (i == 0 ? 0 : milestones[i - 1]), name, "milestones must be positive and ascend",
            static_cast<double>(milestones[i]));
}

}  // namespace

Schedule step(const StepOptions& o) {
  require_positive("step", "step_size must be positive", o.step_size);
  require(o.gamma >= 0.0, "step", "gamma must not be negative", o.gamma);
  return [o](double base, std::int64_t t) {
    return base * std::pow(o.gamma, static_cast<double>(t / o.step_size));
  };
}

Schedule multistep(const MultistepOptions& o) {
  require_ascending("multistep", o.milestones);
  require(o.gamma >= 0.0, "multistep", "gamma must not be negative", o.gamma);
  return [o](double base, std::int64_t t) {
    const auto passed = std::ranges::upper_bound(o.milestones, t) - o.milestones.begin();
    return base * std::pow(o.gamma, static_cast<double>(passed));
  };
}

Schedule exponential(const ExponentialOptions& o) {
  require(o.gamma >= 0.0, "exponential", "gamma must not be negative", o.gamma);
  return [o](double base, std::int64_t t) { return base * std::pow(o.gamma, static_cast<double>(t)); };
}

Schedule polynomial(const PolynomialOptions& o) {
  require_positive("polynomial", "total_iters must be positive", o.total_iters);
  require(o.power >= 0.0, "polynomial", "power must not be negative", o.power);
  return [o](double base, std::int64_t t) {
    return t >= o.total_iters ? 0.0 : base * std::pow(1.0 - ratio(t, o.total_iters), o.power);
  };
}

Schedule cosine(const CosineOptions& o) {
  require_positive("cosine", "t_max must be positive", o.t_max);
  require(o.eta_min >= 0.0, "cosine", "eta_min must not be negative", o.eta_min);
  return [o](double base, std::int64_t t) { return half_cosine(base, o.eta_min, ratio(t, o.t_max)); };
}

Schedule cosine_warm_restarts(const CosineWarmRestartsOptions& o) {
  const char* name = "cosine_warm_restarts";
  require_positive(name, "t_0 must be positive", o.t_0);
  require_positive(name, "t_mult must be positive", o.t_mult);
  require(o.eta_min >= 0.0, name, "eta_min must not be negative", o.eta_min);
  return [o](double base, std::int64_t t) {
    std::int64_t length = o.t_0;
    if (o.t_mult == 1) {
      t %= length;
    } else {
      for (; t >= length; length *= o.t_mult) t -= length;
    }
    return half_cosine(base, o.eta_min, ratio(t, length));
  };
}

Schedule linear_warmup(const LinearWarmupOptions& o) {
  const char* name = "linear_warmup";
  require_positive(name, "total_iters must be positive", o.total_iters);
  require(o.start_factor >= 0.0, name, "start_factor must not be negative", o.start_factor);
  require(o.end_factor >= 0.0, name, "end_factor must not be negative", o.end_factor);
  return [o](double base, std::int64_t t) {
    const double part = ratio(std::min(t, o.total_iters), o.total_iters);
    return base * (o.start_factor + (o.end_factor - o.start_factor) * part);
  };
}

Schedule inverse_sqrt(const InverseSqrtOptions& o) {
  require_positive("inverse_sqrt", "warmup must be positive", o.warmup);
  return [o](double base, std::int64_t t) {
    return base * std::min(ratio(t + 1, o.warmup), std::sqrt(ratio(o.warmup, t + 1)));
  };
}

Schedule one_cycle(const OneCycleOptions& o) {
  const char* name = "one_cycle";
  require_positive(name, "total_steps must be positive", o.total_steps);
  require(o.pct_start >= 0.0 && o.pct_start <= 1.0, name, "pct_start must lie within [0, 1]", o.pct_start);
  require(o.div_factor > 0.0, name, "div_factor must be positive", o.div_factor);
  require(o.final_div_factor > 0.0, name, "final_div_factor must be positive", o.final_div_factor);
  return [o](double base, std::int64_t t) {
    const double low = base / o.div_factor, last = low / o.final_div_factor;
    const auto total = static_cast<double>(o.total_steps), now = static_cast<double>(t);
    // Where each phase ends, and the step size there. Phases of no length are passed over.
    const double up = o.pct_start * total - 1.0;
    std::vector<std::pair<double, double>> phases{{up, base}};
    if (o.three_phase) phases.emplace_back(2.0 * up, low);
    phases.emplace_back(total - 1.0, last);
    double begin = 0.0, from = low;
    for (const auto& [end, to] : phases) {
      if (now <= end) {
        const double part = end > begin ? (now - begin) / (end - begin) : 1.0;
        return o.anneal_strategy == Anneal::cosine ? half_cosine(from, to, part) : from + (to - from) * part;
      }
      begin = end;
      from = to;
    }
    return last;
  };
}

Schedule cyclic(const CyclicOptions& o) {
  const char* name = "cyclic";
  require(o.max_lr >= 0.0 && std::isfinite(o.max_lr), name, "max_lr must be finite and not negative",
          o.max_lr);
  require_positive(name, "step_size_up must be positive", o.step_size_up);
  require(o.step_size_down >= 0, name, "step_size_down must not be negative",
          static_cast<double>(o.step_size_down));
  require(o.gamma >= 0.0, name, "gamma must not be negative", o.gamma);
  return [o](double base, std::int64_t t) {
    const std::int64_t up = o.step_size_up, down = o.step_size_down > 0 ? o.step_size_down : up;
    const std::int64_t cycle = t / (up + down), at = t % (up + down);
    double height = at <= up ? ratio(at, up) : ratio(up + down - at, down);
    if (o.mode == CyclicMode::triangular2) height *= std::pow(0.5, static_cast<double>(cycle));
    if (o.mode == CyclicMode::exp_range) height *= std::pow(o.gamma, static_cast<double>(t));
    return base + (o.max_lr - base) * height;
  };
}

Schedule lambda(std::function<double(std::int64_t)> factor) {
  if (!factor) fail<ValueError>("lambda", "there must be a function: got none");
  return [factor = std::move(factor)](double base, std::int64_t t) { return base * factor(t); };
}

Schedule chain(const std::vector<Schedule>& schedules) {
  for (const Schedule& one : schedules)
    if (!one) fail<ValueError>("chain", "every schedule must be a function: got an empty one");
  return [schedules](double base, std::int64_t t) {
    for (const Schedule& one : schedules) base = one(base, t);
    return base;
  };
}

Schedule sequential(const std::vector<Schedule>& schedules, const std::vector<std::int64_t>& milestones) {
  if (schedules.size() != milestones.size() + 1)
    fail<ValueError>("sequential", "there must be a milestone between every two schedules: got ",
                     milestones.size(), " for ", schedules.size());
  for (const Schedule& one : schedules)
    if (!one) fail<ValueError>("sequential", "every schedule must be a function: got an empty one");
  require_ascending("sequential", milestones);
  return [schedules, milestones](double base, std::int64_t t) {
    const auto i = static_cast<std::size_t>(std::ranges::upper_bound(milestones, t) - milestones.begin());
    return schedules[i](base, i == 0 ? t : t - milestones[i - 1]);
  };
}

}  // namespace schedule

Scheduler::Scheduler(Optimizer& optimizer, Schedule schedule, std::string option)
    : optimizer_(&optimizer), schedule_(std::move(schedule)), option_(std::move(option)) {
  if (!schedule_) fail<ValueError>("Scheduler", "there must be a schedule: got an empty one");
  apply(0, {});
}

void Scheduler::apply(std::int64_t steps, std::vector<double> bases) {
  for (std::size_t group = bases.size(); group < optimizer_->group_count(); ++group)
    bases.push_back(optimizer_->option(option_, group));
  std::vector<double> values, before;
  for (const double base : bases) {
    values.push_back(schedule_(base, steps));
    if (!std::isfinite(values.back()))
      fail<ValueError>("Scheduler", option_, " must be finite: got ", values.back(), " at step ", steps);
  }
  try {
    for (std::size_t group = 0; group < values.size(); ++group) {
      const double old = optimizer_->option(option_, group);
      optimizer_->set_option(option_, values[group], group);
      before.push_back(old);
    }
  } catch (...) {
    for (std::size_t group = 0; group < before.size(); ++group)
      optimizer_->set_option(option_, before[group], group);
    throw;
  }
  steps_ = steps;
  bases_ = std::move(bases);
}

void Scheduler::step() { apply(steps_ + 1, bases_); }

State Scheduler::state() const {
  State state{{"steps", scalar(static_cast<double>(steps_), int64)}};
  for (std::size_t group = 0; group < bases_.size(); ++group)
    state["base." + std::to_string(group)] = scalar(bases_[group], float64);
  return state;
}

void Scheduler::load(const State& state) {
  const auto take = [&](const std::string& name, DType dtype) {
    const auto found = state.find(name);
    if (found == state.end() || !found->second.defined() || !found->second.shape().empty() ||
        found->second.dtype() != dtype)
      fail<ValueError>("Scheduler", "the state must fit the scheduler: '", name, "' must be one number of ",
                       dtype);
    return found->second.item();
  };
  const auto steps = static_cast<std::int64_t>(take("steps", int64));
  std::vector<double> bases;
  for (std::size_t group = 0; group < optimizer_->group_count(); ++group)
    bases.push_back(take("base." + std::to_string(group), float64));
  if (state.size() != bases.size() + 1)
    fail<ValueError>("Scheduler", "the state must fit the scheduler: it is of ", state.size() - 1,
                     " groups, the optimizer has ", bases.size());
  if (steps < 0) fail<ValueError>("Scheduler", "steps must not be negative: got ", steps);
  apply(steps, std::move(bases));
}

}  // namespace wengert::optim
