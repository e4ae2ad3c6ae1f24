// Poolings over windows of the spatial dimensions, and resampling to other extents. PyTorch's conventions.
// float32 and float64: DTypeError otherwise.
// lib/ops/pooling.cpp lib/ops/interpolate.cpp
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Each of stride, padding and dilation is one number, or one for each spatial dimension in braces.
struct MaxPoolOptions {
  Axes stride = {};  ///< from one window to the next; none is the kernel's extent
  Axes padding = 0;  ///< never chosen; at most half the kernel
  Axes dilation = 1;
  bool ceil_mode = false;  ///< also count a last window that begins inside and ends outside
};

/// Largest element of each window: (N, C, L) -> (N, C, L'), L' = (L + 2 padding - dilation (kernel - 1) - 1)
/// / stride + 1, rounded down. The first of equal ones takes the whole gradient; NaN if there is one. Throws
/// ShapeError for other dimensions, if no window fits or one sees nothing but padding, ValueError for a bad
/// option.
Tensor max_pool1d(const Tensor& x, const Axes& kernel, const MaxPoolOptions& options = {},
                  Location where = {});
/// (N, C, H, W) -> (N, C, H', W'); as max_pool1d, dimension by dimension.
Tensor max_pool2d(const Tensor& x, const Axes& kernel, const MaxPoolOptions& options = {},
                  Location where = {});
/// (N, C, D, H, W) -> (N, C, D', H', W'); as max_pool1d, dimension by dimension.
Tensor max_pool3d(const Tensor& x, const Axes& kernel, const MaxPoolOptions& options = {},
                  Location where = {});

struct AvgPoolOptions {
  Axes stride = {};               ///< from one window to the next; none is the kernel's extent
  Axes padding = 0;               ///< zeros on either side; at most half the kernel
  bool ceil_mode = false;         ///< also count a last window that begins inside and ends outside
  bool count_include_pad = true;  ///< whether padding counts in a mean
};

/// Mean of each window: (N, C, L) -> (N, C, L'). What a window of ceil_mode has beyond the padding never
/// counts. Throws ShapeError for other dimensions and if no window fits, ValueError for a bad option.
Tensor avg_pool1d(const Tensor& x, const Axes& kernel, const AvgPoolOptions& options = {},
                  Location where = {});
/// (N, C, H, W) -> (N, C, H', W'); as avg_pool1d, dimension by dimension.
Tensor avg_pool2d(const Tensor& x, const Axes& kernel, const AvgPoolOptions& options = {},
                  Location where = {});
/// (N, C, D, H, W) -> (N, C, D', H', W'); as avg_pool1d, dimension by dimension.
Tensor avg_pool3d(const Tensor& x, const Axes& kernel, const AvgPoolOptions& options = {},
                  Location where = {});

/// Means over `extents` windows that cover the line: window i of L' begins at floor(i L / L') and ends before
/// ceil((i + 1) L / L'). (N, C, L) -> (N, C, L'). Throws ShapeError for other dimensions and for a line of no
/// elements, ValueError unless extents are above 0.
Tensor adaptive_avg_pool1d(const Tensor& x, const Axes& extents, Location where = {});
/// (N, C, H, W) -> (N, C, H', W'); as adaptive_avg_pool1d, dimension by dimension. One extent stands for
/// both.
Tensor adaptive_avg_pool2d(const Tensor& x, const Axes& extents, Location where = {});
/// (N, C, D, H, W) -> (N, C, D', H', W'); as adaptive_avg_pool2d.
Tensor adaptive_avg_pool3d(const Tensor& x, const Axes& extents, Location where = {});

enum class Interpolation { nearest, bilinear };

struct InterpolateOptions {
  Axes size = {};                  ///< the new extents: one, or one for each spatial dimension
  std::vector<double> scale = {};  ///< or the factors, of one number or one each; extents are rounded down
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;  ///< bilinear only: the corners' centres, not their edges, fall together
};

/// x at other spatial extents, (N, C, spatial...) -> (N, C, size...), of one spatial dimension or more.
/// nearest: element floor(i L / L'). bilinear (linear in every dimension): at (i + 1/2) L / L' - 1/2, not
/// below 0, or with align_corners at i (L - 1) / (L' - 1). A given scale takes the place of L' / L where the
/// two differ. Throws ValueError unless there is either a size or a scale, of positive numbers, and for
/// align_corners with nearest; ShapeError for an input or a result of no elements.
Tensor interpolate(const Tensor& x, const InterpolateOptions& options, Location where = {});

}  // namespace wengert
