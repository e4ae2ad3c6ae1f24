// Metrics: how well a model does, gathered over batches.
#pragma once

#include <cstdint>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::training {

/// A mean that is gathered piece by piece: of a loss over batches of different sizes, say.
class Mean {
 public:
  /// Adds a value that stands for `weight` of them. Throws ValueError for a negative weight.
  void add(double value, double weight = 1.0);
  /// The mean so far; NaN where nothing has been added.
  double value() const noexcept;
  double weight() const noexcept { return weight_; }
  void reset() noexcept { *this = {}; }

 private:
  double mean_ = 0.0, weight_ = 0.0;
};

/// A mean that forgets: m <- decay m + (1 - decay) x, divided by 1 - decay^t so that the first ones count in
/// full.
class MovingMean {
 public:
  /// Throws ValueError unless decay is in [0, 1).
  explicit MovingMean(double decay = 0.98);
  void add(double value);
  /// NaN where nothing has been added.
  double value() const noexcept;

 private:
  double decay_, mean_ = 0.0, weight_ = 0.0;
};

/// The share, from 0 to 1, of rows whose largest logit is their label's: logits (n, classes), labels int64
/// (n,). NaN for n = 0. Throws ShapeError or DTypeError for others.
double accuracy(const Tensor& logits, const Tensor& labels);

/// How often each class was taken for each: counts by true class (rows) and predicted class (columns).
class ConfusionMatrix {
 public:
  /// Throws ValueError unless 0 < classes <= 16384.
  explicit ConfusionMatrix(std::int64_t classes);

  /// Counts predictions: int64 classes (n,), or logits (n, classes) whose largest one is meant; labels int64
  /// (n,). Throws IndexError for a class that there is not, ShapeError or DTypeError for other tensors, and
  /// then has counted nothing.
  void add(const Tensor& predictions, const Tensor& labels);

  std::int64_t classes() const noexcept { return classes_; }
  /// How often `label` was taken for `prediction`. Throws IndexError for a class that there is not.
  std::int64_t count(std::int64_t label, std::int64_t prediction) const;
  /// How many predictions were counted.
  std::int64_t total() const noexcept;
  /// The share of right ones; NaN where nothing was counted.
  double accuracy() const noexcept;
  /// Of those predicted to be of a class, the share that is; of those that are, the share that was found; and
  /// their harmonic mean. NaN for 0 / 0. Throw IndexError for a class that there is not.
  double precision(std::int64_t label) const;
  double recall(std::int64_t label) const;
  double f1(std::int64_t label) const;
  /// The mean of f1 over the classes that occur or were predicted; NaN where there are none.
  double macro_f1() const noexcept;
  /// int64 (classes, classes).
  Tensor counts() const;

 private:
  void check_class(const char* operation, std::int64_t label) const;

  std::int64_t classes_;
  std::vector<std::int64_t> counts_;
};

}  // namespace wengert::training
