// Factorizations of matrices, solves and functions of matrices, by LAPACK. The matrix is in the last two
// dimensions, those before are batches. float32 and float64: DTypeError otherwise. ShapeError for fewer than
// two dimensions, and for other than square matrices where the shape is (..., n, n).
// lib/ops/factorization.cpp lib/ops/cholesky.cpp lib/ops/solve.cpp lib/ops/solve_triangular.cpp
// lib/ops/inverse.cpp lib/ops/determinant.cpp lib/ops/qr.cpp lib/ops/eigh.cpp lib/ops/svd.cpp
// lib/ops/pinv.cpp lib/ops/matrix_functions.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

// A matrix with a NaN or an infinity in it has NaN everywhere in its result (of solve_triangular: where the
// arithmetic takes it); the others of its batch have theirs. A matrix on which an operation fails is a
// ValueError that names it by its place in the batch. An empty matrix is taken as mathematics has it: its
// determinant is 1.

/// The lower triangular l with a = l lᵀ, for symmetric positive definite a, (..., n, n) -> (..., n, n). Only
/// the lower triangle of a is read; the gradient is that with respect to symmetric a, itself symmetric.
/// Throws ValueError unless a is positive definite.
Tensor cholesky(const Tensor& a, Location where = {});

/// The x with a x = b, for square a (..., n, n) and b a vector (n) or matrices (..., n, k), -> (..., n) or
/// (..., n, k); batches are broadcast. Throws ValueError for an a whose elimination meets a pivot of exactly
/// 0, ShapeError where rows or batches do not fit, DTypeError where dtypes differ.
Tensor solve(const Tensor& a, const Tensor& b, Location where = {});

struct TriangularOptions {
  bool lower = true;           ///< the triangle of a that is read
  bool transpose = false;      ///< solve aᵀ x = b
  bool unit_diagonal = false;  ///< take the diagonal as ones, whatever it is
};
/// The same for triangular a: the other triangle is not read and has gradient 0. Throws ValueError for a zero
/// on the diagonal, and else as solve does.
Tensor solve_triangular(const Tensor& a, const Tensor& b, TriangularOptions options = {},
                        Location where = {});

/// The inverse, (..., n, n) -> (..., n, n). Throws ValueError where there is a pivot of exactly 0. To solve,
/// solve() is better.
Tensor inv(const Tensor& a, Location where = {});

/// The determinant, (..., n, n) -> (...). For a singular a it is 0 and the gradient is the matrix of
/// cofactors; this and all higher derivatives are right there too, and cost a singular value decomposition.
Tensor det(const Tensor& a, Location where = {});

struct Slogdet {
  Tensor sign;       ///< 1, -1 or, for a singular matrix, 0; has no gradient
  Tensor logabsdet;  ///< log(|det(a)|); -infinity for a singular matrix, whose gradient is a ValueError
};
/// The sign of the determinant and the logarithm of its absolute value, which neither overflows nor
/// underflows: (..., n, n) -> two of (...).
Slogdet slogdet(const Tensor& a, Location where = {});

struct Qr {
  Tensor q;  ///< (..., m, k), orthonormal columns
  Tensor r;  ///< (..., k, n), upper triangular
};
/// a = q r with k = min(m, n), for a (..., m, n). The gradient is a ValueError where the first k columns of a
/// depend on each other: some diagonal element of r is not above k times the rounding unit times the largest
/// of them.
Qr qr(const Tensor& a, Location where = {});

struct Eigh {
  Tensor eigenvalues;   ///< (..., n), ascending
  Tensor eigenvectors;  ///< (..., n, n), one in each column
};
/// Eigenvalues and eigenvectors of symmetric a (..., n, n), of which only the lower triangle is read; the
/// gradient is that with respect to symmetric a, itself symmetric. Throws ValueError where the iteration does
/// not converge.
///
/// Of equal eigenvalues (to n rounding units of the largest) the eigenvectors are not unique. In the gradient
/// 1 / (λⱼ - λᵢ) is taken as 0 there. That is right for functions of the eigenvalues in which equal ones play
/// equal parts, such as sum(f(λ)), for the trace of V f(λ) Vᵀ, for eigenvectors of other eigenvalues, and for
/// the projection onto the space that equal ones span. A function of the eigenvalues that treats equal ones
/// differently, such as the largest, gets one of its subgradients. What would come out wrong, such as
/// V f(λ) Vᵀ entry by entry, or most second derivatives, is a ValueError instead; so is what eigh cannot tell
/// from it. One case passes: an entry of V f(λ) Vᵀ off the diagonal, within the span of equal eigenvalues at
/// which f is 0, has gradient 0.
Eigh eigh(const Tensor& a, Location where = {});

struct Svd {
  Tensor u;   ///< (..., m, k), orthonormal columns
  Tensor s;   ///< (..., k), descending, none negative
  Tensor vh;  ///< (..., k, n), orthonormal rows
};
/// a = u diag(s) vh with k = min(m, n), for a (..., m, n). For equal singular values, and for singular values
/// of 0, the gradient is as eigh() has it: right, a subgradient (of sum(s), the nuclear norm, or of the
/// largest), or a ValueError. Throws ValueError where the iteration does not converge.
Svd svd(const Tensor& a, Location where = {});

/// The x, (..., n) or (..., n, k), that makes the sum of squares of a x - b least, for a (..., m, n) with m
/// >= n and full rank, b a vector (m) or matrices (..., m, k). Throws ValueError where the rank is less, as
/// qr() tells it, ShapeError for m < n, and else as solve does.
Tensor lstsq(const Tensor& a, const Tensor& b, Location where = {});

/// The pseudoinverse of Moore and Penrose, (..., m, n) -> (..., n, m). Singular values up to max(m, n)
/// rounding units of the largest count as 0. The gradient is that among matrices of the same rank (Golub and
/// Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
/// separate", 1973); pinv jumps where the rank changes. Throws ValueError where the iteration does not
/// converge.
Tensor pinv(const Tensor& a, Location where = {});

/// a multiplied with itself n times, (..., k, k) -> (..., k, k); of a negative n, inv(a) -n times, which
/// throws as inv does. n = 0: the identity.
Tensor matrix_power(const Tensor& a, std::int64_t n, Location where = {});

/// The exponential of a matrix, I + a + a a / 2 + ..., (..., n, n) -> (..., n, n), by scaling and squaring
/// (Higham, "The scaling and squaring method for the matrix exponential revisited", 2005).
Tensor expm(const Tensor& a, Location where = {});

}  // namespace wengert
