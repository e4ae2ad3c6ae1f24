// The kernels behind convolutions, transposed ones and the derivatives of both: three products, each linear
// in two arrays. Another implementation takes their place by filling in the same table.
#pragma once

#include "lib/ops/windows.hpp"
#include "wengert/core/dtype.hpp"

namespace wengert {

/// x (batch, in, pixels), w (out, in / groups, taps), y (batch, out, places); float32 or float64.
struct ConvolutionProblem {
  DType dtype;
  std::int64_t batch, in, out, groups;
  Windows windows;
};

/// All arrays are contiguous; the first one is written, whatever it held.
struct ConvolutionKernels {
  /// y[n, o, p] = sum over i, t of w[o, i, t] x[n, i, p * stride + t * dilation - padding].
  void (*forward)(const ConvolutionProblem&, std::byte* y, const std::byte* x, const std::byte* w);
  /// Its adjoint in x: x += w y at the same places, from zeros.
  void (*to_input)(const ConvolutionProblem&, std::byte* x, const std::byte* y, const std::byte* w);
  /// Its adjoint in w.
  void (*to_weight)(const ConvolutionProblem&, std::byte* w, const std::byte* x, const std::byte* y);
};

/// Unfolding and a matrix product: what every problem can be computed by.
const ConvolutionKernels& plain_convolution(DType dtype) noexcept;

/// Those to call, which use the pool's threads: matrix products where nothing is to be unfolded, else the
/// direct ones where they suit, else oneDNN's for float32, or unfolding, in parts of large batches. What
/// WENGERT_CONV tells comes first; it throws ValueError if that is nothing known.
const ConvolutionKernels& convolution_kernels(const ConvolutionProblem&);

}  // namespace wengert
