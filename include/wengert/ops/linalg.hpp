// Products of matrices and vectors.
// lib/ops/matmul.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Matrix product, (m, k) x (k, n) -> (m, n). Dimensions before the last two are batches and are broadcast; a
/// vector on the left is a row, on the right a column, and its dimension is dropped from the result.
Tensor matmul(const Tensor& a, const Tensor& b, Location where = {});

}  // namespace wengert
