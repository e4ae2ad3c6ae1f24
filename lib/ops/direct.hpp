// Convolutions of float32 as matrix products that read the image itself, padded.
#pragma once

#include "lib/ops/convolve.hpp"

namespace wengert {

/// They use the pool's threads. Null where others are to be taken: for other dtypes, processors without fused
/// multiply-adds, large strides, small planes, and where a part of a row sees a large part of the image.
const ConvolutionKernels* direct_convolution(const ConvolutionProblem&) noexcept;

}  // namespace wengert
