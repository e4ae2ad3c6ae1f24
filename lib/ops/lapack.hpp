// The LAPACK and BLAS routines that the factorizations use, on one row-major contiguous matrix of float or
// double each. A row-major matrix is the transposed one to LAPACK, so most of them are called for the
// transposed problem and nothing is copied around. OpenBLAS runs with one thread. Extents must fit an int.
#pragma once

#include <cstdint>

namespace wengert::lapack {

/// a (n, n), of which the lower triangle is read, becomes its Cholesky factor, with zeros above the diagonal.
/// False if it is not positive definite.
template <class T>
bool cholesky(std::int64_t n, T* a);

/// LU factors of a (n, n) in its place, and their pivots. They are those of the transposed matrix. False if a
/// pivot is exactly 0; the factors are complete all the same.
template <class T>
bool lu(std::int64_t n, T* a, int* pivots);
/// b (n, k) becomes the solution x of a x = b, or of transpose(a) x = b, from the factors of lu().
template <class T>
void lu_solve(bool transpose, std::int64_t n, std::int64_t k, const T* factors, const int* pivots, T* b);
/// The factors of lu() become the inverse.
template <class T>
void lu_invert(std::int64_t n, T* factors, const int* pivots);

/// b (n, k) becomes the solution x of t x = b, or of transpose(t) x = b, with t (n, n) triangular.
template <class T>
void solve_triangular(bool lower, bool transpose, bool unit, std::int64_t n, std::int64_t k, const T* t,
                      T* b);

/// a (m, n) = q (m, k) r (k, n) with k = min(m, n). What is in a is lost.
template <class T>
void qr(std::int64_t m, std::int64_t n, T* a, T* q, T* r);

/// Eigenvalues w (n), ascending, of a (n, n), of which the lower triangle is read; a becomes the matrix of
/// eigenvectors, one in each column. False if the iteration did not converge.
template <class T>
bool eigh(std::int64_t n, T* a, T* w);

/// a (m, n) = u (m, k) diag(s) vh (k, n) with k = min(m, n), s descending. What is in a is lost. False if the
/// iteration did not converge.
template <class T>
bool svd(std::int64_t m, std::int64_t n, T* a, T* u, T* s, T* vh);

}  // namespace wengert::lapack
