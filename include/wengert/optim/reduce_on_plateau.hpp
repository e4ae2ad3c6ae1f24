// ReduceOnPlateau: a smaller step size when a measure no longer improves.
#pragma once

#include <cstdint>
#include <limits>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct ReduceOnPlateauOptions {
  bool maximize = false;       ///< the measure is better when it is larger
  double factor = 0.1;         ///< of the new step size to the old
  std::int64_t patience = 10;  ///< how many measures in a row may fail to be better
  double threshold = 1e-4;     ///< by how much the best must be surpassed
  bool absolute = false;       ///< threshold is an amount, not a part of the best
  std::int64_t cooldown = 0;   ///< measures after a reduction that do not count
  double min_lr = 0.0;
  double eps = 1e-8;  ///< changes of the step size that are smaller are not made
};

/// Multiplies the step sizes of all groups by `factor` after more than `patience` measures in a row that were
/// not better than the best so far:
///
///     optim::ReduceOnPlateau scheduler(optimizer, {.patience = 3});
///     for (...) { ...; scheduler.step(validation_loss); }
///
/// A NaN is never better. The optimizer must outlive it.
class ReduceOnPlateau {
 public:
  /// Throws ValueError for options that make no sense.
  explicit ReduceOnPlateau(Optimizer& optimizer, const ReduceOnPlateauOptions& options = {});

  /// Takes the next measure, and multiplies the step sizes where it is due: not below min_lr, and not for a
  /// change of eps or less. Throws GraphError then for an optimizer that has no step sizes.
  void step(double measure);
  /// The best measure so far; an infinity before the first.
  double best() const noexcept { return best_; }

  /// "best", "bad" and "cooldown"; the step sizes are in the optimizer's state.
  State state() const;
  /// Throws ValueError, with nothing changed, for a state that does not fit.
  void load(const State& state);

 private:
  Optimizer* optimizer_;
  ReduceOnPlateauOptions options_;
  double best_;
  std::int64_t bad_ = 0, cooldown_ = 0;
};

}  // namespace wengert::optim
