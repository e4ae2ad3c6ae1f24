// One matrix product, by one of the library's own kernels or by BLAS.
#pragma once

#include <cstdint>

#include "wengert/core/dtype.hpp"

namespace wengert {

/// A matrix somewhere in memory; strides in elements.
struct Matrix {
  const std::byte* data;
  std::int64_t row_stride, column_stride;
};

/// About what one core does, for whoever divides such work.
inline constexpr double multiplications_a_nanosecond = 30.0;

/// c (m, n), row-major and contiguous, = a (m, k) b (k, n), or c += it with `add`. dtype is float32 or
/// float64. An element's bits depend on its row of a, its column of b and its old value alone where the
/// library's own kernel computes it: how a product is split by rows or columns changes nothing.
void gemm(DType dtype, std::byte* c, const Matrix& a, const Matrix& b, std::int64_t m, std::int64_t n,
          std::int64_t k, bool add = false);

}  // namespace wengert
