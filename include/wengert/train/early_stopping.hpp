// Early stopping: when a loss on data held out does not get better any more.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "wengert/core/tensor.hpp"

namespace wengert::training {

struct EarlyStoppingOptions {
  std::int64_t patience = 10;  ///< how many values without an improvement are borne
  double min_delta = 0.0;      ///< what counts as an improvement: by more than this
  bool maximize = false;       ///< larger is better, as for an accuracy
};

/// Tells when to stop, and which value was the best (Prechelt, "Early stopping - but when?", 1998):
///
///     training::EarlyStopping stopping({.patience = 5});
///     for (...) {
///       ...
///       if (stopping.add(held_out_loss)) best = model.state();   // better than all before
///       if (stopping.should_stop()) break;
///     }
class EarlyStopping {
 public:
  /// Throws ValueError unless patience > 0 and min_delta >= 0.
  explicit EarlyStopping(const EarlyStoppingOptions& options = {});

  /// Takes the next value; true if it is an improvement. NaN never is.
  bool add(double value);
  bool should_stop() const noexcept { return waited_ >= options_.patience; }

  /// The best value, and its number, counted from 0; NaN and -1 where there is none.
  double best() const noexcept { return best_; }
  std::int64_t best_at() const noexcept { return best_at_; }

  /// What a checkpoint keeps of it.
  std::map<std::string, Tensor> state() const;
  /// Throws ValueError for a state that is none, and then has changed nothing.
  void load(const std::map<std::string, Tensor>& state);

 private:
  EarlyStoppingOptions options_;
  double best_;
  std::int64_t best_at_ = -1, count_ = 0, waited_ = 0;
};

}  // namespace wengert::training
