// The elementwise operations and the operators. What each computes, and its derivative, stands in
// elementwise.def. lib/ops/elementwise.cpp lib/ops/cast.cpp
#pragma once

#include "wengert/core/operand.hpp"

namespace wengert {

// Each takes tensors of any shape; two inputs are broadcast as NumPy does it, and one of them may be a plain
// number. Throws ShapeError where shapes do not broadcast, and DTypeError for a dtype the operation does not
// take, where the two dtypes differ, for two plain numbers and for one of a floating-point type beside
// an int64 tensor.
#define UNARY(name, ...) Tensor name(const Tensor& x, Location where = {});
#define BINARY(name, ...) Tensor name(const Operand& a, const Operand& b);
#define COMPARE(name, ...) Tensor name(const Operand& a, const Operand& b);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE

/// leaky_relu with the usual slope of 0.01.
inline Tensor leaky_relu(const Tensor& x, Location where = {}) { return leaky_relu({x, where}, 0.01); }

inline Tensor operator-(const Operand& x) { return neg(x.is_number() ? Tensor() : x.tensor(), x.where()); }
inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
inline Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }
inline Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }
inline Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }
inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }
inline Tensor operator!=(const Operand& a, const Operand& b) { return not_equal(a, b); }
inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }
inline Tensor operator<=(const Operand& a, const Operand& b) { return less_equal(a, b); }
inline Tensor operator>(const Operand& a, const Operand& b) { return greater(a, b); }
inline Tensor operator>=(const Operand& a, const Operand& b) { return greater_equal(a, b); }

template <class A, class B>
concept TensorBesideExpression = (std::same_as<std::remove_cvref_t<A>, Tensor> && XExpression<B>) ||
                                 (XExpression<A> && std::same_as<std::remove_cvref_t<B>, Tensor>);

namespace detail {
inline const Tensor& as_tensor(const Tensor& tensor) { return tensor; }
template <XExpression E>
Tensor as_tensor(const E& expression) {
  return Tensor(expression);
}
}  // namespace detail

// xtensor's own operators would take the tensor for a number and keep a reference to it.
#define WENGERT_OPERATOR(sign)                                               \
  template <class A, class B>                                                \
  requires TensorBesideExpression<A, B> Tensor operator sign(A&& a, B&& b) { \
    return detail::as_tensor(a) sign detail::as_tensor(b);                   \
  }
WENGERT_OPERATOR(+)
WENGERT_OPERATOR(-)
WENGERT_OPERATOR(*)
WENGERT_OPERATOR(/)
WENGERT_OPERATOR(==)
WENGERT_OPERATOR(!=)
WENGERT_OPERATOR(<)
WENGERT_OPERATOR(<=)
WENGERT_OPERATOR(>)
WENGERT_OPERATOR(>=)
#undef WENGERT_OPERATOR

}  // namespace wengert
