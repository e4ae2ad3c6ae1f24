// The same elements in another order, more than once, or among others; triangles and diagonals. NumPy's names
// and conventions; negative axes count from the end, an axis out of range is an IndexError. Any dtype.
// lib/ops/arrange.cpp lib/ops/triangle.cpp
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// x with the elements along the axes in reverse; no axes: all. Shares bytes with x. Throws ValueError for an
/// axis named twice.
Tensor flip(const Tensor& x, const Axes& axes = {}, Location where = {});
/// Elements moved on by shifts[i] along axes[i]; those that leave at the end come back at the beginning.
/// Without axes, by one shift in row-major order. Throws ValueError unless there is a shift for each axis.
Tensor roll(const Tensor& x, const Axes& shifts, const Axes& axes = {}, Location where = {});
/// The whole of x `repetitions[i]` times along axis i, (m, n) by {a, b} -> (a m, b n); the shorter of shape
/// and repetitions is filled with ones ahead. Throws ValueError for a negative number.
Tensor tile(const Tensor& x, const Axes& repetitions, Location where = {});
/// Each element along `axis` counts[i] times in succession, or counts[0] times if there is but one count:
/// (m, n) by {c} -> (c m, n) for axis 0. Throws ValueError for a negative count, and unless there is one, or
/// one for each element.
Tensor repeat(const Tensor& x, const Axes& counts, std::int64_t axis, Location where = {});

/// How many elements to put before and behind those of an axis.
struct PadWidth {
  std::int64_t before = 0, after = 0;
};
enum class PadMode {
  constant,   ///< one number
  reflect,    ///< the array mirrored at its first and last element, which are not repeated
  replicate,  ///< the first and last element
};
struct PadOptions {
  PadMode mode = PadMode::constant;
  double value = 0.0;  ///< of mode constant
};
/// x with elements put around it, `widths` in the order of the axes: pad(x, {{1, 2}, {0, 3}}), (m, n)
/// -> (m + 3, n + 3). Throws ShapeError unless there is a width for each axis, or where there is too little
/// to reflect or nothing to replicate; ValueError for a negative width.
Tensor pad(const Tensor& x, const std::vector<PadWidth>& widths, const PadOptions& options = {},
           Location where = {});

/// Pieces along `axis`: of `sizes[0]` elements each, the last one of what is left; or of several sizes that
/// add up to the extent. They share bytes with x. Throws ValueError for sizes that do not fit.
std::vector<Tensor> split(const Tensor& x, const Axes& sizes, std::int64_t axis = 0, Location where = {});
/// At most `count` pieces along `axis`, all but the last of ceil(extent / count) elements. They share bytes
/// with x. Throws ValueError unless count > 0.
std::vector<Tensor> chunk(const Tensor& x, std::int64_t count, std::int64_t axis = 0, Location where = {});

/// Elements x[..., i, i + offset] of the plane of two axes, as the last dimension of the result: (m, n)
/// -> (min(m, n),) for offset 0; none of an offset beyond the plane. Throws ValueError where the two axes are
/// one.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1,
                Location where = {});
/// A vector (n,) as diagonal `offset` of a matrix of zeros, (n + |offset|, n + |offset|); of a matrix, that
/// diagonal. Throws ShapeError for other dimensions.
Tensor diag(const Tensor& x, std::int64_t offset = 0, Location where = {});
/// Matrices (..., m, n) with zeros above (tril) or below (triu) diagonal `offset`. Throw ShapeError for fewer
/// than two dimensions.
Tensor tril(const Tensor& x, std::int64_t offset = 0, Location where = {});
Tensor triu(const Tensor& x, std::int64_t offset = 0, Location where = {});

}  // namespace wengert
