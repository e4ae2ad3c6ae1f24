#include "lib/ops/lapack.hpp"

#include <algorithm>
#include <complex>
#include <utility>
#include <vector>

// cxxblas and cxxlapack leave these to their user.
#include <iostream>
#include <xflens/cxxblas/cxxblas.cxx>
#include <xflens/cxxlapack/cxxlapack.cxx>
#include <xtensor-blas/xblas_config.hpp>

extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));

namespace wengert::lapack {
namespace {

/// OpenBLAS's own threads would make the bits depend on their number, and spin when idle.
void use_one_thread() {
  static const bool done = [] {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    return true;
  }();
  (void)done;
}

/// Calls a routine twice: to ask how much work space it wants, and with that much.
template <class T, class Routine>
int with_work(Routine routine) {
  T wanted = 0;
  routine(&wanted, -1);
  std::vector<T> work(std::max<std::size_t>(1, static_cast<std::size_t>(wanted)));
  return routine(work.data(), static_cast<int>(work.size()));
}

}  // namespace

template <class T>
bool cholesky(std::int64_t n, T* a) {
  use_one_thread();
  const int order = static_cast<int>(n);
  if (order == 0) return true;
  // To LAPACK the lower triangle is the upper one.
  if (cxxlapack::potrf<int>('U', order, a, order) != 0) return false;
  for (std::int64_t i = 0; i < n; ++i) std::fill(a + i * n + i + 1, a + (i + 1) * n, T(0));
  return true;
}

template <class T>
bool lu(std::int64_t n, T* a, int* pivots) {
  use_one_thread();
  const int order = static_cast<int>(n);
  return order == 0 || cxxlapack::getrf<int>(order, order, a, order, pivots) == 0;
}

// What LAPACK factored as transpose(a) = P L U is stored so that, row by row, U' stands in the lower triangle
// and L' above it: a = U' L' P'.
template <class T>
void lu_solve(bool transpose, std::int64_t n, std::int64_t k, const T* factors, const int* pivots, T* b) {
  const auto exchange = [&](std::int64_t i) {
    const std::int64_t j = pivots[i] - 1;
    if (j != i) std::swap_ranges(b + i * k, b + (i + 1) * k, b + j * k);
  };
  if (transpose) {
    for (std::int64_t i = 0; i < n; ++i) exchange(i);
    solve_triangular(false, true, true, n, k, factors, b);
    solve_triangular(true, true, false, n, k, factors, b);
  } else {
    solve_triangular(true, false, false, n, k, factors, b);
    solve_triangular(false, false, true, n, k, factors, b);
    for (std::int64_t i = n; i-- > 0;) exchange(i);
  }
}

template <class T>
void lu_invert(std::int64_t n, T* factors, const int* pivots) {
  const int order = static_cast<int>(n);
  if (order == 0) return;
  with_work<T>(
      [&](T* work, int size) { return cxxlapack::getri<int>(order, factors, order, pivots, work, size); });
}

template <class T>
void solve_triangular(bool lower, bool transpose, bool unit, std::int64_t n, std::int64_t k, const T* t,
                      T* b) {
  use_one_thread();
  const int order = static_cast<int>(n), columns = static_cast<int>(k);
  if (order == 0 || columns == 0) return;
  cxxblas::trsm<int>(cxxblas::RowMajor, cxxblas::Left, lower ? cxxblas::Lower : cxxblas::Upper,
                     transpose ? cxxblas::Trans : cxxblas::NoTrans, unit ? cxxblas::Unit : cxxblas::NonUnit,
                     order, columns, T(1), t, order, b, columns);
}

// transpose(a) = L Q, so a = transpose(Q) transpose(L).
template <class T>
void qr(std::int64_t m, std::int64_t n, T* a, T* q, T* r) {
  use_one_thread();
  const int rows = static_cast<int>(n), columns = static_cast<int>(m), k = std::min(rows, columns);
  if (k == 0) return;
  std::vector<T> tau(static_cast<std::size_t>(k));
  with_work<T>([&](T* work, int size) {
    return cxxlapack::gelqf<int>(rows, columns, a, rows, tau.data(), work, size);
  });
  for (std::int64_t i = 0; i < k; ++i) {
    std::fill(r + i * n, r + i * n + i, T(0));
    std::copy(a + i * n + i, a + (i + 1) * n, r + i * n + i);
  }
  with_work<T>([&](T* work, int size) {
    return cxxlapack::orglq<int>(k, columns, k, a, rows, tau.data(), work, size);
  });
  for (std::int64_t j = 0; j < m; ++j) std::copy(a + j * n, a + j * n + k, q + j * k);
}

template <class T>
bool eigh(std::int64_t n, T* a, T* w) {
  use_one_thread();
  const int order = static_cast<int>(n);
  if (order == 0) return true;
  T wanted = 0;
  int wanted_whole = 0;
  cxxlapack::syevd<int>('V', 'U', order, a, order, w, &wanted, -1, &wanted_whole, -1);
  std::vector<T> work(std::max<std::size_t>(1, static_cast<std::size_t>(wanted)));
  std::vector<int> whole(std::max<std::size_t>(1, static_cast<std::size_t>(wanted_whole)));
  if (cxxlapack::syevd<int>('V', 'U', order, a, order, w, work.data(), static_cast<int>(work.size()),
                            whole.data(), static_cast<int>(whole.size())) != 0)
    return false;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < i; ++j) std::swap(a[i * n + j], a[j * n + i]);
  return true;
}

// transpose(a) = V S U'; read row by row, V is vh and U' is u.
template <class T>
bool svd(std::int64_t m, std::int64_t n, T* a, T* u, T* s, T* vh) {
  use_one_thread();
  const int rows = static_cast<int>(n), columns = static_cast<int>(m), k = std::min(rows, columns);
  if (k == 0) return true;
  const std::vector<T> saved(a, a + m * n);
  std::vector<int> whole(8 * static_cast<std::size_t>(k));
  const int info = with_work<T>([&](T* work, int size) {
    return cxxlapack::gesdd<int>('S', rows, columns, a, rows, s, vh, rows, u, k, work, size, whole.data());
  });
  if (info == 0) return true;
  // Divide and conquer fails on rare matrices on which the QR iteration does not.
  std::copy(saved.begin(), saved.end(), a);
  return with_work<T>([&](T* work, int size) {
           return cxxlapack::gesvd<int>('S', 'S', rows, columns, a, rows, s, vh, rows, u, k, work, size);
         }) == 0;
}

#define INSTANTIATE(T)                                                                        \
  template bool cholesky(std::int64_t, T*);                                                   \
  template bool lu(std::int64_t, T*, int*);                                                   \
  template void lu_solve(bool, std::int64_t, std::int64_t, const T*, const int*, T*);         \
  template void lu_invert(std::int64_t, T*, const int*);                                      \
  template void solve_triangular(bool, bool, bool, std::int64_t, std::int64_t, const T*, T*); \
  template void qr(std::int64_t, std::int64_t, T*, T*, T*);                                   \
  template bool eigh(std::int64_t, T*, T*);                                                   \
  template bool svd(std::int64_t, std::int64_t, T*, T*, T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace wengert::lapack
