// Convolutions of float32 with stride 1 as matrix products that read the image itself, padded.
#pragma once

#include "lib/ops/convolve.hpp"

namespace wengert {

/// They use the pool's threads. Null where the problem is another one, or the processor has no kernel.
const ConvolutionKernels* direct_convolution(const ConvolutionProblem&) noexcept;

/// Whether many channels meet planes so small that the direct kernels' registers hold much else.
bool fills_few_registers(const ConvolutionProblem&) noexcept;

}  // namespace wengert
