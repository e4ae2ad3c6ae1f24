// Selection by masks and bounds, and logic on boolean tensors. Inputs are broadcast: ShapeError where their
// shapes do not allow it.
#pragma once

#include "wengert/core/operand.hpp"

namespace wengert {

/// a where `mask` is true, b elsewhere; a or b may be a number. What is not taken has no gradient, whatever
/// its value is; but what it was computed from has, and that is NaN where a derivative there is infinite:
/// guard the argument, not the result, as in where(x > 0, sqrt(where(x > 0, x, 1)), 0). Throws DTypeError
/// unless mask is boolean and a and b have one dtype.
Tensor where(const Operand& mask, const Operand& a, const Operand& b);
/// x with `value` where `mask` is true. Throws DTypeError unless mask is boolean, and for a value that is not
/// whole where x is int64.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value, Location where = {});
/// x held within [low, high]; either bound may be a tensor. At a bound the gradient belongs to x. NaN stays,
/// in x and in a bound. Throws DTypeError where dtypes differ, and for a bound that is not whole where x is
/// int64.
Tensor clip(const Operand& x, const Operand& low, const Operand& high);

/// Element by element, of boolean tensors. Throw DTypeError on any other dtype.
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);
Tensor logical_not(const Tensor& x, Location where = {});

/// True where x is NaN; boolean, of x's shape. Any dtype: an int64 or boolean never is.
Tensor isnan(const Tensor& x, Location where = {});
/// True where x is an infinity; as isnan.
Tensor isinf(const Tensor& x, Location where = {});
/// True where x is neither NaN nor an infinity; as isnan.
Tensor isfinite(const Tensor& x, Location where = {});
/// |a - b| <= absolute + relative * |b|, element by element; equal infinities are close, NaN is close to
/// nothing. Any dtype. Throws DTypeError where dtypes differ.
Tensor isclose(const Operand& a, const Operand& b, double relative = 1e-5, double absolute = 1e-8);
/// Whether all elements are close. Throws as isclose does.
bool allclose(const Operand& a, const Operand& b, double relative = 1e-5, double absolute = 1e-8);

}  // namespace wengert
