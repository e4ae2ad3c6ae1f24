// Operations on shapes: the same elements in another arrangement. They share bytes where strides can say it.
// lib/ops/views.cpp lib/ops/concat.cpp lib/ops/slice.cpp
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// The elements in row-major order under another shape; one extent may be -1 and is then worked out.
Tensor reshape(const Tensor& x, const Shape& shape, Location where = {});
/// Joins the dimensions from `start` to `end`, both included.
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1, Location where = {});
/// Removes dimensions of extent 1: the given ones, or all.
Tensor squeeze(const Tensor& x, const Axes& axes = {}, Location where = {});
/// Inserts a dimension of extent 1 so that it stands at `axis` of the result.
Tensor unsqueeze(const Tensor& x, std::int64_t axis, Location where = {});
/// Exchanges the last two dimensions: (..., m, n) -> (..., n, m).
Tensor transpose(const Tensor& x, Location where = {});
/// Dimension i of the result is dimension axes[i] of x.
Tensor permute(const Tensor& x, const Axes& axes, Location where = {});
/// Repeats x to `shape`, by NumPy's rules.
Tensor broadcast_to(const Tensor& x, const Shape& shape, Location where = {});

/// Joins tensors along an existing axis.
Tensor concat(const std::vector<Tensor>& tensors, std::int64_t axis = 0, Location where = {});
/// Joins tensors of one shape along a new axis.
Tensor stack(const std::vector<Tensor>& tensors, std::int64_t axis = 0, Location where = {});

/// x[start:stop:step] along one axis, as Python means it: negative positions count from the end, positions
/// beyond the ends are cut off, step may be negative but not 0. `stop` left out goes to the end.
struct SliceRange {
  static constexpr std::int64_t to_end = INT64_MAX;
  std::int64_t start = 0, stop = to_end, step = 1;
};
Tensor slice(const Tensor& x, std::int64_t axis, const SliceRange& range, Location where = {});
Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1,
             Location where = {});

}  // namespace wengert
