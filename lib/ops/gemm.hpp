// One matrix product, by BLAS or, where that does not pay, by the library's own kernel.
#pragma once

#include <cstdint>

#include "wengert/core/dtype.hpp"

namespace wengert {

/// A matrix somewhere in memory; strides in elements.
struct Matrix {
  const std::byte* data;
  std::int64_t row_stride, column_stride;
};

/// c (m, n), row-major and contiguous, = a (m, k) b (k, n). dtype is float32 or float64.
void gemm(DType dtype, std::byte* c, const Matrix& a, const Matrix& b, std::int64_t m, std::int64_t n,
          std::int64_t k);

}  // namespace wengert
