#include "wengert/optim/reduce_on_plateau.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/node.hpp"

namespace wengert::optim {

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer, const ReduceOnPlateauOptions& options)
    : optimizer_(&optimizer),
      options_(options),
      best_(options.maximize ? -std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::infinity()) {
  const auto require = [](bool holds, const char* law, double got) {
    if (!holds) fail<ValueError>("ReduceOnPlateau", law, ": got ", got);
  };
  const ReduceOnPlateauOptions& o = options_;
  require(o.factor >= 0.0 && o.factor < 1.0, "factor must lie within [0, 1)", o.factor);
  require(o.patience >= 0, "patience must not be negative", static_cast<double>(o.patience));
  require(o.threshold >= 0.0, "threshold must not be negative", o.threshold);
  require(o.cooldown >= 0, "cooldown must not be negative", static_cast<double>(o.cooldown));
  require(o.min_lr >= 0.0, "min_lr must not be negative", o.min_lr);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
}

void ReduceOnPlateau::step(double measure) {
  const ReduceOnPlateauOptions& o = options_;
  // Of an infinite best a part is no number: whatever is finite is better.
  const double margin = o.absolute || !std::isfinite(best_) ? o.threshold : o.threshold * best_;
  const bool better = o.maximize ? measure > best_ + margin : measure < best_ - margin;
  if (better) {
    best_ = measure;
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooldown_ > 0) {
    --cooldown_;
    bad_ = 0;
  }
  if (bad_ <= o.patience) return;
  for (std::size_t group = 0; group < optimizer_->group_count(); ++group) {
    const double old = optimizer_->lr(group), fresh = std::max(old * o.factor, o.min_lr);
    if (old - fresh > o.eps) optimizer_->set_lr(fresh, group);
  }
  cooldown_ = o.cooldown;
  bad_ = 0;
}

State ReduceOnPlateau::state() const {
  return {{"best", scalar(best_, float64)},
          {"bad", scalar(static_cast<double>(bad_), int64)},
          {"cooldown", scalar(static_cast<double>(cooldown_), int64)}};
}

void ReduceOnPlateau::load(const State& state) {
  const auto take = [&](const char* name, DType dtype) {
    const auto found = state.find(name);
    if (found == state.end() || !found->second.defined() || !found->second.shape().empty() ||
        found->second.dtype() != dtype)
      fail<ValueError>("ReduceOnPlateau", "the state must fit: '", name, "' must be one number of ", dtype);
    return found->second.item();
  };
  const double best = take("best", float64), bad = take("bad", int64), cooldown = take("cooldown", int64);
  if (state.size() != 3)
    fail<ValueError>("ReduceOnPlateau", "the state must fit: got ", state.size(), " names for 3");
  best_ = best;
  bad_ = static_cast<std::int64_t>(bad);
  cooldown_ = static_cast<std::int64_t>(cooldown);
}

}  // namespace wengert::optim
