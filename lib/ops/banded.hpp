// The product of an array along one axis with a banded matrix: what poolings and interpolation are made of.
#pragma once

#include "lib/core/memory.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert {

/// A matrix whose rows have their elements, other than 0, side by side: row o those at first[o],
/// first[o] + 1, ..., which are weights[begin[o]] up to weights[begin[o + 1]], or 1 where there are no
/// weights. Neither the first nor the last of them moves back from one row to the next, so that the
/// transposed matrix is banded too.
struct Band {
  std::int64_t columns = 0;
  memory::List<std::int64_t> first, begin{0};
  memory::List<double> weights;

  explicit Band(std::int64_t columns) : columns(columns) {}
  std::int64_t rows() const { return static_cast<std::int64_t>(first.size()); }
  std::int64_t taps(std::int64_t row) const {
    const auto r = static_cast<std::size_t>(row);
    return begin[r + 1] - begin[r];
  }
  /// The next row, where all have weights: these from column `at` on.
  void add_row(std::int64_t at, std::initializer_list<double> row) {
    weights.insert(weights.end(), row);
    end_row(at, static_cast<std::int64_t>(row.size()));
  }
  /// The next row, where none has: so many from column `at` on.
  void add_row(std::int64_t at, std::int64_t count) { end_row(at, count); }
  Band transposed() const;
  /// The taps of each row, if they are as many everywhere and follow one another to the last column; else 0.
  std::int64_t even() const;

 private:
  void end_row(std::int64_t at, std::int64_t count) {
    first.push_back(at);
    begin.push_back(begin.back() + count);
  }
};

/// y[..., o, ...] = the sum over i of band[o, i] x[..., i, ...] along `axis`, whose extent is the band's
/// columns. x is float32 or float64; weights are rounded to its dtype.
Tensor banded_product(const Tensor& x, std::size_t axis, Band band, Location where);

/// Calls visit(d) for each spatial dimension, in the order in which there is least to do: those that become
/// shorter, then the others from the last on, while what lies before them is still small.
template <class Visit>
void one_by_one(const Shape& before, const Shape& after, Visit visit) {
  for (std::size_t d = 0; d < before.size(); ++d)
    if (after[d] < before[d]) visit(d);
  for (std::size_t d = before.size(); d-- > 0;)
    if (after[d] >= before[d]) visit(d);
}

}  // namespace wengert
