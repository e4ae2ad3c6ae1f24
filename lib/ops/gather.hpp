// What pooling needs of gather: places and elements that it has found itself.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// gather(x, axis, index), of which `found` is the value, contiguous; the index is right.
Tensor gather_found(const Tensor& x, std::size_t axis, const Tensor& index, const Tensor& found,
                    Location where);

}  // namespace wengert
