#include "wengert/train/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "lib/core/fail.hpp"
#include "lib/io/numbers.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"

namespace wengert::training {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole > 0.0 ? part / whole : nan; }

std::vector<std::int64_t> classes_of(const Tensor& tensor) { return io::values_of<std::int64_t>(tensor); }

void check_labels(const char* operation, const Tensor& labels) {
  if (labels.dtype() != int64)
    fail<DTypeError>(operation, "labels must be int64: got ", labels.dtype(),
                     ". Did you mean labels.astype(int64)?");
  if (labels.ndim() != 1) fail<ShapeError>(operation, "labels must have one dimension: got ", labels.shape());
}

/// The class of every row of logits.
std::vector<std::int64_t> predicted(const char* operation, const Tensor& logits, const Tensor& labels) {
  check_labels(operation, labels);
  if (logits.ndim() != 2 || logits.shape()[0] != labels.shape()[0] || logits.shape()[1] == 0)
    fail<ShapeError>(operation, "logits must be (n, classes) for labels (n,): got ", logits.shape(), " for ",
                     labels.shape());
  const NoGrad values_only;
  return classes_of(argmax(logits));
}

}  // namespace

void Mean::add(double value, double weight) {
  if (!(weight >= 0.0)) fail<ValueError>("Mean", "a weight must not be negative: got ", weight);
  if (weight == 0.0) return;
  const double before = weight_;
  weight_ += weight;
  // No difference is taken: of infinities it would be NaN, and of huge numbers infinite.
  mean_ = mean_ * (before / weight_) + value * (weight / weight_);
}
double Mean::value() const noexcept { return weight_ > 0.0 ? mean_ : nan; }

MovingMean::MovingMean(double decay) : decay_(decay) {
  if (!(decay >= 0.0 && decay < 1.0))
    fail<ValueError>("MovingMean", "decay must be from 0 up to, not including, 1: got ", decay);
}
void MovingMean::add(double value) {
  mean_ = decay_ * mean_ + (1.0 - decay_) * value;
  weight_ = decay_ * weight_ + (1.0 - decay_);
}
double MovingMean::value() const noexcept { return weight_ > 0.0 ? mean_ / weight_ : nan; }

double accuracy(const Tensor& logits, const Tensor& labels) {
  const auto found = predicted("accuracy", logits, labels), expected = classes_of(labels);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += found[i] == expected[i];
  return ratio(static_cast<double>(right), static_cast<double>(found.size()));
}

ConfusionMatrix::ConfusionMatrix(std::int64_t classes) : classes_(classes) {
  if (classes <= 0 || classes > 1 << 14)
    fail<ValueError>("ConfusionMatrix", "there must be from 1 to 16384 classes: got ", classes);
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

void ConfusionMatrix::check_class(const char* operation, std::int64_t label) const {
  if (label < 0 || label >= classes_)
    fail<IndexError>(operation, "a class must be one of ", classes_, ": got ", label);
}

void ConfusionMatrix::add(const Tensor& predictions, const Tensor& labels) {
  constexpr const char* operation = "ConfusionMatrix";
  check_labels(operation, labels);
  const bool are_classes = predictions.dtype() == int64 && predictions.ndim() == 1;
  if (are_classes && predictions.shape() != labels.shape())
    fail<ShapeError>(operation, "there must be a prediction for each label: got ", predictions.shape(),
                     " for ", labels.shape());
  const auto found = are_classes ? classes_of(predictions) : predicted(operation, predictions, labels);
  const auto expected = classes_of(labels);
  for (const auto* list : {&found, &expected})
    for (const std::int64_t label : *list) check_class(operation, label);
  for (std::size_t i = 0; i < found.size(); ++i)
    ++counts_[static_cast<std::size_t>(expected[i] * classes_ + found[i])];
}

std::int64_t ConfusionMatrix::count(std::int64_t label, std::int64_t prediction) const {
  check_class("count", label);
  check_class("count", prediction);
  return counts_[static_cast<std::size_t>(label * classes_ + prediction)];
}

std::int64_t ConfusionMatrix::total() const noexcept {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

double ConfusionMatrix::accuracy() const noexcept {
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < classes_; ++i) right += counts_[static_cast<std::size_t>(i * classes_ + i)];
  return ratio(static_cast<double>(right), static_cast<double>(total()));
}

double ConfusionMatrix::precision(std::int64_t label) const {
  check_class("precision", label);
  std::int64_t all = 0;
  for (std::int64_t i = 0; i < classes_; ++i) all += count(i, label);
  return ratio(static_cast<double>(count(label, label)), static_cast<double>(all));
}

double ConfusionMatrix::recall(std::int64_t label) const {
  check_class("recall", label);
  std::int64_t all = 0;
  for (std::int64_t i = 0; i < classes_; ++i) all += count(label, i);
  return ratio(static_cast<double>(count(label, label)), static_cast<double>(all));
}

double ConfusionMatrix::f1(std::int64_t label) const {
  check_class("f1", label);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < classes_; ++i)
    if (i != label) wrong += count(i, label) + count(label, i);
  const double twice = 2.0 * static_cast<double>(count(label, label));
  return ratio(twice, twice + static_cast<double>(wrong));
}

double ConfusionMatrix::macro_f1() const noexcept {
  Mean mean;
  for (std::int64_t i = 0; i < classes_; ++i)
    if (const double value = f1(i); !std::isnan(value)) mean.add(value);
  return mean.value();
}

Tensor ConfusionMatrix::counts() const {
  StorageRef storage = StorageRef::allocate(counts_.size() * sizeof(std::int64_t));
  std::memcpy(storage.data(), counts_.data(), counts_.size() * sizeof(std::int64_t));
  return detail::make_leaf(std::move(storage), {classes_, classes_}, int64, false, {});
}

}  // namespace wengert::training
