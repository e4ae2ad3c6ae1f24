// Products of matrices and vectors.
// lib/ops/matmul.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Matrix product, (..., m, k) x (..., k, n) -> (..., m, n). Dimensions before the last two are batches and
/// are broadcast; a vector on the left is a row, on the right a column, and its dimension is dropped from the
/// result. Throws ShapeError where inner extents differ, where batches do not broadcast and for a tensor
/// without dimensions; DTypeError unless both are of one float dtype.
Tensor matmul(const Tensor& a, const Tensor& b, Location where = {});

}  // namespace wengert
