// Convolution kernels by oneDNN, for float32. Arrays are plain row-major memory on the outside; inside,
// oneDNN lays them out as it likes. Always on one thread, so that the bits do not depend on how many there
// are.
#pragma once

#include "lib/ops/convolve.hpp"

namespace wengert {

/// The kernels, null where the library was built without oneDNN. A problem that oneDNN has no fast way for
/// goes to the plain kernels; that depends on its shapes and options alone.
const ConvolutionKernels* onednn_convolution() noexcept;

}  // namespace wengert
