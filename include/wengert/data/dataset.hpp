// Dataset: samples and their labels in memory, and how to take some of them or split them in two.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::data {

struct Split;

/// Samples along the first dimension: inputs (n, ...), labels (n, ...). Either member may be replaced, by the
/// same number of samples: `set.inputs = (set.inputs - mean) / deviation`.
struct Dataset {
  Tensor inputs, labels;

  /// The number of samples n. Throws ShapeError where inputs and labels differ in it.
  std::int64_t size() const;
  /// The samples at these positions, copied, in their order; one may stand twice, negative ones count from
  /// the end. Throws IndexError where one is out of range.
  Dataset take(const std::vector<std::int64_t>& indices, Location where = {}) const;
  /// Two parts in random order that together hold every sample once: round(fraction * n) samples are held out
  /// as `test`, the others are `train`. The same seed gives the same parts on any machine. Throws ValueError
  /// unless fraction is in [0, 1].
  Split split(double fraction, std::uint64_t seed, Location where = {}) const;

  /// A dataset of f(input) for every input, with the same labels. f gets one sample, (...), and gives the
  /// same shape and dtype for all. It is not recorded. Throws ShapeError or DTypeError where the results
  /// differ, and ValueError for a dataset without samples, whose results would have no shape.
  Dataset map(const std::function<Tensor(const Tensor&)>& f, Location where = {}) const;
  /// All samples in an order drawn from `seed`, the same on any machine.
  Dataset shuffle(std::uint64_t seed, Location where = {}) const;
  /// The samples in parts of `size`, in order; the last part may be smaller. Throws ValueError unless size >
  /// 0. A Loader makes them one at a time instead.
  std::vector<Dataset> batches(std::int64_t size, Location where = {}) const;
};

/// The parts of a split: `const auto [train, test] = stratified_split(set, 0.2, 1);`.
struct Split {
  Dataset train, test;
};

/// As Dataset::split, but every class has its share in both parts, to within one sample; labels are int64
/// (n,). Throws DTypeError or ShapeError for other labels.
Split stratified_split(const Dataset& set, double fraction, std::uint64_t seed, Location where = {});

/// A dataset of samples along the first dimension. Outside the tape: no gradient flows into it.
/// Throws ShapeError where inputs and labels are not equally many.
Dataset dataset(const Tensor& inputs, const Tensor& labels, Location where = {});

template <class T>
concept TensorOrExpression = std::same_as<std::remove_cvref_t<T>, Tensor> || XExpression<T>;

/// The same from xtensor expressions, evaluated once; an rvalue container is adopted without a copy.
template <TensorOrExpression Inputs, TensorOrExpression Labels>
requires(XExpression<Inputs> || XExpression<Labels>) Dataset
    dataset(Inputs&& inputs, Labels&& labels, Location where = {}) {
  return dataset(Tensor(std::forward<Inputs>(inputs)), Tensor(std::forward<Labels>(labels)), where);
}

}  // namespace wengert::data
