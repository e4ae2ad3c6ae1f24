// Products of matrices for layers that keep one factor transposed.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// a (..., m, k) by the transposed of b (..., n, k) -> (..., m, n). The caller has checked that they fit: two
/// dimensions or more each, one float dtype.
Tensor matmul_transposed(const Tensor& a, const Tensor& b, Location where = {});

}  // namespace wengert
