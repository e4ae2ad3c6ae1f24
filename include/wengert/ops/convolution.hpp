// Convolutions in one, two and three dimensions, transposed ones, and the windows they are made of. What is
// called convolution is, as everywhere in the field, the correlation: the kernel is not turned round. Where
// the processor multiplies and adds at once, most of float32 is computed by products that read the padded
// image itself, shifted; large strides and small planes by oneDNN where the library was built with it; the
// rest, as float64, by unfolding and matrix products. WENGERT_CONV=plain in the environment does without
// oneDNN, WENGERT_CONV=onednn takes it wherever it can (any other text there is a ValueError).
// lib/ops/convolution.cpp lib/ops/convolve.cpp lib/ops/direct.cpp lib/ops/onednn.cpp lib/ops/unfold.cpp
// lib/ops/windows.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Each of stride, padding and dilation is one number, or one for each spatial dimension in braces.
struct ConvOptions {
  Axes stride = 1;          ///< from one window to the next; 1 or more
  Axes padding = 0;         ///< zeros on either side; 0 or more
  Axes dilation = 1;        ///< from one element of the kernel to the next; 1 or more
  std::int64_t groups = 1;  ///< channels in as many groups that do not see each other
};

/// y[n, o, p] = bias[o] + sum over i, t of weight[o, i, t] x[n, i, p * stride + t * dilation - padding]:
/// (N, C, L) by (O, C / groups, K) -> (N, O, L'), L' = (L + 2 padding - dilation (K - 1) - 1) / stride + 1,
/// rounded down; an empty bias is none. Throws ShapeError where extents or channels do not fit, ValueError
/// for a bad option, DTypeError unless all are of one float dtype.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvOptions& options = {},
              Location where = {});
/// (N, C, H, W) by (O, C / groups, KH, KW) -> (N, O, H', W'); as conv1d, dimension by dimension.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvOptions& options = {},
              Location where = {});
/// (N, C, D, H, W) by (O, C / groups, KD, KH, KW) -> (N, O, D', H', W'); as conv1d, dimension by dimension.
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvOptions& options = {},
              Location where = {});

struct ConvTransposeOptions {
  Axes stride = 1;
  Axes padding = 0;         ///< taken off on either side of the result
  Axes output_padding = 0;  ///< added to the result's end; less than the stride or the dilation
  Axes dilation = 1;
  std::int64_t groups = 1;
};

/// The adjoint of conv1d with the same weight, as a map of its own: (N, C, L) by (C, O / groups, K) -> (N, O,
/// L'), L' = (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1. Throws as conv1d does.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {}, Location where = {});
/// (N, C, H, W) by (C, O / groups, KH, KW) -> (N, O, H', W'); as conv_transpose1d, dimension by dimension.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {}, Location where = {});
/// (N, C, D, H, W) by (C, O / groups, KD, KH, KW) -> (N, O, D', H', W'); as conv_transpose1d, dimension by
/// dimension.
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {}, Location where = {});

/// As in ConvOptions.
struct WindowOptions {
  Axes stride = 1;
  Axes padding = 0;
  Axes dilation = 1;
};

/// The windows of a kernel's extents as columns: (N, C, spatial...) -> (N, C * taps, places), taps the
/// elements of the kernel, places the windows, both row-major; 0 in the padding. Any number of spatial
/// dimensions. Throws ShapeError if no window fits or there is no spatial dimension, ValueError for a bad
/// option, DTypeError unless x is float32 or float64.
Tensor unfold(const Tensor& x, const Axes& kernel, const WindowOptions& options = {}, Location where = {});
/// The adjoint of unfold: columns (N, C * taps, places) are added up where they came from,
/// (N, C, extents...). Throws ShapeError unless the columns are those of such windows, and else as unfold
/// does.
Tensor fold(const Tensor& x, const Axes& extents, const Axes& kernel, const WindowOptions& options = {},
            Location where = {});

}  // namespace wengert
