// Products of vectors, matrices and arrays of any dimensions, all said with matmul. All tensors of a product
// have one dtype, float32 or float64, or for outer and kron also int64: DTypeError otherwise. An axis out of
// range is an IndexError.
// lib/ops/products.cpp lib/ops/einsum.cpp
#pragma once

#include <string>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Sum of a[i] b[i] of two vectors of one extent: (n,) x (n,) -> (). Throws ShapeError for any other shapes.
Tensor dot(const Tensor& a, const Tensor& b, Location where = {});
/// a[i] b[j] of two vectors: (m,) x (n,) -> (m, n). Throws ShapeError for any other shapes.
Tensor outer(const Tensor& a, const Tensor& b, Location where = {});
/// Sum over the last dimension of both: (..., n) x (---, n) -> (..., ---). Throws ShapeError where these
/// extents differ and for a tensor without dimensions.
Tensor inner(const Tensor& a, const Tensor& b, Location where = {});
/// Kronecker's product: each element of a times the whole of b, (m, n) x (p, q) -> (m p, n q); a shape with
/// fewer dimensions is filled with ones ahead.
Tensor kron(const Tensor& a, const Tensor& b, Location where = {});
/// Sum over the last `count` dimensions of a and the first of b: (..., k, l) x (k, l, ---) -> (..., ---) for
/// 2. Throws ShapeError where these extents differ, ValueError where a or b has fewer dimensions.
Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t count = 2, Location where = {});
/// Sum over dimension axes_a[i] of a with axes_b[i] of b, for all i; then come the other dimensions of a,
/// then of b: (m, k) over axis 1 x (n, k) over axis 1 -> (m, n). Throws ShapeError where extents differ,
/// ValueError where an axis is named twice or the numbers differ.
Tensor tensordot_over(const Tensor& a, const Axes& axes_a, const Tensor& b, const Axes& axes_b,
                      Location where = {});
/// Sum of diagonal `offset` of the plane of two axes, (m, n) -> (): trace(x, 0) of a matrix. (Alone, trace(x)
/// is the tape that led to x, in grad/trace.hpp.) Any dtype; boolean sums to int64. Throws ValueError where
/// the two axes are one.
Tensor trace(const Tensor& x, std::int64_t offset, std::int64_t axis1 = 0, std::int64_t axis2 = 1,
             Location where = {});

/// Einstein's summation: einsum("bik,bkj->bij", {a, b}) multiplies elements whose letters agree and sums over
/// the letters that the result does not name. Letters are a-z and A-Z; "..." stands for leading dimensions
/// that broadcast; a letter twice in one tensor takes its diagonal; without "->" the result has the letters
/// that occur once, in alphabetical order, after those of "...". An extent of 1 broadcasts to the letter's
/// other extents. Several tensors are multiplied from left to right. Throws ValueError for a text that says
/// no such sum, ShapeError where extents differ.
Tensor einsum(const std::string& equation, const std::vector<Tensor>& tensors, Location where = {});

}  // namespace wengert
