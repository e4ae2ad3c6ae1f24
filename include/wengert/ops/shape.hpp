// Operations on shapes: the same elements in another arrangement. They share bytes where strides can say it.
// Negative axes count from the end; an axis out of range is an IndexError.
// lib/ops/views.cpp lib/ops/concat.cpp lib/ops/slice.cpp
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// The elements in row-major order under another shape, of which one extent may be -1 and is then worked out:
/// (2, 3) -> (3, 2) by {3, -1}. Throws ShapeError where the number of elements would change, for any other
/// negative extent, and where -1 has no one answer: a second one, or one beside an extent of 0.
Tensor reshape(const Tensor& x, const Shape& shape, Location where = {});
/// Joins the dimensions from `start` to `end`, both included: (a, b, c) -> (a, b c) for start 1, () -> (1,).
/// Throws ShapeError where start comes after end.
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1, Location where = {});
/// Removes dimensions of extent 1, the given ones or all: (m, 1, n) -> (m, n). Throws ShapeError where a
/// given one has another extent.
Tensor squeeze(const Tensor& x, const Axes& axes = {}, Location where = {});
/// Inserts a dimension of extent 1 so that it stands at `axis` of the result: (m, n) -> (m, 1, n) for axis 1.
Tensor unsqueeze(const Tensor& x, std::int64_t axis, Location where = {});
/// Exchanges the last two dimensions: (..., m, n) -> (..., n, m). Throws ShapeError for fewer than two.
Tensor transpose(const Tensor& x, Location where = {});
/// Dimension i of the result is dimension axes[i] of x: (a, b, c) -> (c, a, b) by {2, 0, 1}. Throws
/// ShapeError unless every axis is named once.
Tensor permute(const Tensor& x, const Axes& axes, Location where = {});
/// Repeats x to `shape`, by NumPy's rules: (n,) -> (m, n), (m, 1) -> (m, n). Throws ShapeError where they do
/// not allow it.
Tensor broadcast_to(const Tensor& x, const Shape& shape, Location where = {});

/// Joins tensors along an existing axis: (m, k) and (n, k) -> (m + n, k) for axis 0. Throws ShapeError for no
/// tensor and where other extents differ, DTypeError where dtypes differ.
Tensor concat(const std::vector<Tensor>& tensors, std::int64_t axis = 0, Location where = {});
/// Joins n tensors of one shape along a new axis: (...) -> (n, ...) for axis 0. Throws ShapeError for no
/// tensor and where shapes differ, DTypeError where dtypes differ.
Tensor stack(const std::vector<Tensor>& tensors, std::int64_t axis = 0, Location where = {});

/// Positions start, start + step ... along an axis, short of `stop`, which left out goes to the end.
struct SliceRange {
  static constexpr std::int64_t to_end = INT64_MAX;
  std::int64_t start = 0, stop = to_end, step = 1;
};
/// x[start:stop:step] along one axis, as Python means it: negative positions count from the end, positions
/// beyond the ends are cut off, step may be negative. (m, n) -> (m, 2) for 1:3 along axis 1. Throws
/// ValueError for a step of 0.
Tensor slice(const Tensor& x, std::int64_t axis, const SliceRange& range, Location where = {});
Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1,
             Location where = {});

}  // namespace wengert
