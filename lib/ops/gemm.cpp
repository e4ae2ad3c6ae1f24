#include "lib/ops/gemm.hpp"

#include <algorithm>
#include <complex>
#include <cstring>
#include <utility>

#include "lib/core/dispatch.hpp"
#include "lib/core/parallel.hpp"
#include "wengert/core/storage.hpp"

#ifndef WENGERT_PLAIN_BLAS
// cxxblas leaves these to its user.
#include <iostream>
#include <xflens/cxxblas/cxxblas.cxx>
#include <xtensor-blas/xblas_config.hpp>

extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));
#endif

namespace wengert {
namespace {

// Below this many multiplications a BLAS call costs more than it saves (measured: tools/bench).
constexpr std::int64_t small_product = 4096;
constexpr std::size_t near_room = 16384;  // on the stack

#ifndef WENGERT_PLAIN_BLAS
// From so many multiplications on a product by BLAS is made of tiles of so many rows, which copy the second
// factor each: two hundredths of what they multiply.
constexpr std::int64_t tiled_product = std::int64_t{1} << 21, tile_rows = 128;

/// A matrix as BLAS takes it: one stride is 1.
struct BlasMatrix {
  cxxblas::Transpose transpose;
  std::int64_t leading;
};

bool fits_blas(const Matrix& a, std::int64_t rows, std::int64_t columns, BlasMatrix& blas) {
  if (a.column_stride == 1 && a.row_stride >= columns) {
    blas = {cxxblas::NoTrans, a.row_stride};
    return true;
  }
  if (a.row_stride == 1 && a.column_stride >= rows) {
    blas = {cxxblas::Trans, a.column_stride};
    return true;
  }
  return false;
}

/// The same elements, row-major and contiguous.
template <class T>
StorageRef packed(Matrix& a, std::int64_t rows, std::int64_t columns) {
  StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(rows * columns) * sizeof(T));
  T* to = reinterpret_cast<T*>(storage.data());
  const T* from = reinterpret_cast<const T*>(a.data);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      to[i * columns + j] = from[i * a.row_stride + j * a.column_stride];
  a = {storage.data(), columns, 1};
  return storage;
}

template <class T>
void blas_gemm(std::byte* c, Matrix a, Matrix b, std::int64_t m, std::int64_t n, std::int64_t k, bool add) {
  // OpenBLAS's own threads would make the bits depend on their number, and spin when idle.
  static const bool one_thread = [] {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    return true;
  }();
  (void)one_thread;
  BlasMatrix left, right;
  StorageRef left_copy, right_copy;
  if (!fits_blas(a, m, k, left)) {
    left_copy = packed<T>(a, m, k);
    left = {cxxblas::NoTrans, k};
  }
  if (!fits_blas(b, k, n, right)) {
    right_copy = packed<T>(b, k, n);
    right = {cxxblas::NoTrans, n};
  }
  cxxblas::gemm<int>(cxxblas::RowMajor, left.transpose, right.transpose, static_cast<int>(m),
                     static_cast<int>(n), static_cast<int>(k), T(1), reinterpret_cast<const T*>(a.data),
                     static_cast<int>(left.leading), reinterpret_cast<const T*>(b.data),
                     static_cast<int>(right.leading), T(add), reinterpret_cast<T*>(c), static_cast<int>(n));
}
#endif

/// Of float32. On one core of a Zen 3, over the sizes of the networks in tools/bench, this takes 0.65 to 0.95
/// of OpenBLAS's time where an extent is some hundreds at most (it clears c in a pass of its own, and copies
/// what could be read in place), 1.0 to 1.1 of it above, and calls no malloc, which oneDNN's dnnl_sgemm does.
/// Where OpenBLAS is held to AVX2 kernels it has wider ones.
void wide_gemm(std::byte* c, Matrix a, Matrix b, std::int64_t m, std::int64_t n, std::int64_t k, bool add) {
  constexpr auto item = static_cast<std::int64_t>(sizeof(float));
  // Long rows of a matrix beside a vector are multiplied as they lie. Any other column is made a row, which
  // fills vectors.
  const bool dots =
      k >= static_cast<std::int64_t>(kernel::long_row) && a.column_stride == 1 && b.row_stride == 1;
  if (n == 1 ? !dots : m == 1 && dots) {
    std::swap(a, b);
    std::swap(a.row_stride, a.column_stride);
    std::swap(b.row_stride, b.column_stride);
    std::swap(m, n);
  }
  const std::ptrdiff_t strides[4] = {a.row_stride, a.column_stride, b.row_stride, b.column_stride};
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte near[near_room];
    const bool fits = (n + 31) / 32 * 32 * k <= static_cast<std::int64_t>(near_room / sizeof(float));
    const StorageRef far = fits ? StorageRef() : StorageRef::allocate(kernel::product_room);
    kernel::table().wide_product(c + begin * n * item, a.data + begin * a.row_stride * item, b.data,
                                 static_cast<std::size_t>(end - begin), static_cast<std::size_t>(n),
                                 static_cast<std::size_t>(k), strides, add, far ? far.data() : near);
  };
  if (m * n * k < small_product) return rows(0, m);
  // An element's bits depend on its row and column alone, so the rows may be cut anywhere. Each part copies
  // what it needs of b anew: 48 rows make that cheap.
  const std::int64_t unit = m >= 96 ? 48 : std::max<std::int64_t>((m + 11) / 12 * 6, 6);
  parallel_ranges(m, unit, static_cast<double>(n * k) / multiplications_a_nanosecond, rows);
}

}  // namespace

void gemm(DType dtype, std::byte* c, const Matrix& a, const Matrix& b, std::int64_t m, std::int64_t n,
          std::int64_t k, bool add) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!add) std::memset(c, 0, static_cast<std::size_t>(m * n) * item_size(dtype));
    return;
  }
  const kernel::Table& kernels = kernel::table();
  if (dtype == float32 && kernels.wide_product) return wide_gemm(c, a, b, m, n, k, add);
#ifndef WENGERT_PLAIN_BLAS
  constexpr std::int64_t int_limit = 0x7fffffff;
  const bool blas_counts = m < int_limit && n < int_limit && k < int_limit && a.row_stride < int_limit &&
                           a.column_stride < int_limit && b.row_stride < int_limit &&
                           b.column_stride < int_limit;
  if (m * n * k >= small_product && blas_counts) {
    // Where BLAS is told to begin may show in the bits, so the tiles are the same for any number of threads.
    const std::int64_t tiles = m * n * k >= tiled_product ? (m + tile_rows - 1) / tile_rows : 1;
    const auto item = static_cast<std::int64_t>(item_size(dtype));
    return parallel_for(tiles, [&](std::int64_t i) {
      const std::int64_t begin = i * tile_rows, some = tiles == 1 ? m : std::min(tile_rows, m - begin);
      const Matrix rows{a.data + begin * a.row_stride * item, a.row_stride, a.column_stride};
      if (dtype == float32)
        blas_gemm<float>(c + begin * n * item, rows, b, some, n, k, add);
      else
        blas_gemm<double>(c + begin * n * item, rows, b, some, n, k, add);
    });
  }
#endif
  const std::ptrdiff_t strides[4] = {a.row_stride, a.column_stride, b.row_stride, b.column_stride};
  kernels.small_product[dtype == float32 ? 0 : 1](c, a.data, b.data, static_cast<std::size_t>(m),
                                                  static_cast<std::size_t>(n), static_cast<std::size_t>(k),
                                                  strides, add, nullptr);
}

}  // namespace wengert
