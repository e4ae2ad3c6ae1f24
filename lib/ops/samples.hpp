// Numbers for the samples of the law tests: float64, reproducible, kept away from where they are told.
#pragma once

#include <utility>
#include <vector>

#include "wengert/core/node.hpp"

namespace wengert {

class SampleNumbers {
 public:
  explicit SampleNumbers(unsigned seed) : state_(seed * 2654435761u + 12345u) {}

  Tensor uniform(const Shape& shape, double low, double high);
  /// At least 0.1 of the interval away from zero.
  Tensor away_from_zero(const Shape& shape, double low, double high);
  /// `b`, moved where it comes near `a` under broadcasting.
  Tensor apart(const Tensor& a, const Tensor& b);
  /// Distinct values, at least 0.1 apart, in random order: for operations that choose or sort.
  Tensor distinct(const Shape& shape);
  /// int64 values in [low, high).
  Tensor integers(const Shape& shape, std::int64_t low, std::int64_t high);

 private:
  double next();
  std::uint64_t state_;
};

/// Pairs of shapes that broadcast, in every pattern: equal, scalar, missing, ones on either side, empty.
std::vector<std::pair<Shape, Shape>> broadcasting_pairs();
std::vector<Sample> comparison_samples(Tensor (*call)(const std::vector<Tensor>&));

}  // namespace wengert
