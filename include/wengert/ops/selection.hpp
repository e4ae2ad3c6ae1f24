// Selection by masks and bounds, and logic on boolean tensors.
#pragma once

#include "wengert/core/operand.hpp"

namespace wengert {

/// a where `mask` is true, b elsewhere; the three are broadcast, a or b may be a number. What is not taken
/// has no gradient, whatever its value is. Throws DTypeError unless mask is boolean.
Tensor where(const Operand& mask, const Operand& a, const Operand& b);
/// x with `value` where `mask` is true.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value, Location where = {});
/// x held within [low, high]; either bound may be a tensor. At a bound the gradient belongs to x. NaN
/// stays, in x and in a bound.
Tensor clip(const Operand& x, const Operand& low, const Operand& high);

/// Boolean tensors, broadcast. Throw DTypeError on any other dtype.
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);
Tensor logical_not(const Tensor& x, Location where = {});

Tensor isnan(const Tensor& x, Location where = {});
Tensor isinf(const Tensor& x, Location where = {});
Tensor isfinite(const Tensor& x, Location where = {});
/// |a - b| <= absolute + relative * |b|, element by element; equal infinities are close.
Tensor isclose(const Operand& a, const Operand& b, double relative = 1e-5, double absolute = 1e-8);
/// True if shapes broadcast and all elements are close.
bool allclose(const Operand& a, const Operand& b, double relative = 1e-5, double absolute = 1e-8);

}  // namespace wengert
