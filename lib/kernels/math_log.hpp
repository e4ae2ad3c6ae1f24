// Owns the logarithms and what is built on them: log, log2, log10, log1p, asinh, acosh, atanh.
// Every polynomial is a weighted minimax fit of ours (Remez exchange, mpmath); the error is noted.
#pragma once

#include "math_basic.hpp"

namespace wengert::kernel {
namespace {

// log(1+f) - f for sqrt(1/2) <= 1+f < sqrt(2).
// float: -f^2/2 + f^3 P(f), 2^-30. double: with s = f/(2+f), log(1+f) = 2 atanh(s) = 2s + s^3 Q(s^2),
// 2^-58, arranged as fdlibm does so that the leading f stays exact.
template <class B>
WENGERT_MATH_FN B log1p_tail(B f) {
  const B f2 = f * f;
  if constexpr (is_f32<B>) {
    const B p = polynomial(f, 0.3333331045, -0.2499998668, 0.2000222643, -0.1666924708, 0.1421865778,
                           -0.1238440473, 0.1187303469, -0.1178953429, 0.06914931827);
    return madd(f * f2, p, splat<B>(-0.5) * f2);
  } else {
    const B s = f / (f + splat<B>(2)), z = s * s, half = splat<B>(0.5) * f2;
    const B r = z * polynomial(z, 0.666666666666673461, 0.399999999994131764, 0.285714287427615977,
                               0.222221985311723579, 0.181835666809378008, 0.153139862519531165,
                               0.147966311015088706);
    return madd(s, half + r, -half);
  }
}

// log 2 with enough trailing zeros in the first part for k * ln2_hi to be exact.
template <class B>
WENGERT_MATH_FN B ln2_hi() {
  return splat<B>(0x1.62e4p-1f, 0x1.62e42fefa2p-1);
}
template <class B>
WENGERT_MATH_FN B ln2_lo() {
  return splat<B>(0x1.7f7d1cp-20f, 0x1.9ef35793c7673p-41);
}

// Puts the special values of a logarithm in place: -inf at 0, NaN below, inf and NaN themselves.
template <class B>
WENGERT_MATH_FN B log_special(B x, B y) {
  const B zero = splat<B>(0);
  const Mask<B> usual = (x > zero) & (x < B(infinity_v<B>));
  if (xsimd::all(usual)) return y;
  const B special = select(x == zero, B(-infinity_v<B>), select(x < zero, B(nan_v<B>), x));
  return select(usual, y, special);
}

template <class B>
WENGERT_MATH_FN B log(B x) {
  const auto [m, k] = binary(x);
  const B f = m - splat<B>(1);
  const B tail = madd(k, ln2_lo<B>(), log1p_tail(f));
  return log_special(x, madd(k, ln2_hi<B>(), tail + f));
}

template <class B>
WENGERT_MATH_FN B log2(B x) {
  const auto [m, k] = binary(x);
  const B f = m - splat<B>(1);
  return log_special(x, madd(f + log1p_tail(f), splat<B>(0x1.71547652b82fep+0), k));
}

template <class B>
WENGERT_MATH_FN B log10(B x) {
  const auto [m, k] = binary(x);
  const B f = m - splat<B>(1);
  const B lo = k * splat<B>(0x1.3509f8p-18f, 0x1.9fef311f12b36p-42);
  const B tail = madd(f + log1p_tail(f), splat<B>(0.43429448190325183), lo);
  return log_special(x, madd(k, splat<B>(0x1.344p-2f, 0x1.34413509f6p-2), tail));
}

// log(u) of the rounded u = 1 + x, plus what the rounding lost, over u.
template <class B>
WENGERT_MATH_FN B log1p(B x) {
  const B one = splat<B>(1), u = one + x;
  const B lost = select(x >= one, one - (u - x), x - (u - one)) / u;
  const auto [m, k] = binary(u);
  const B f = m - one;
  const B tail = log1p_tail(f) + madd(k, ln2_lo<B>(), lost);
  const B y = madd(k, ln2_hi<B>(), tail + f);
  return with_sign_of(log_special(u, y), x) | select(x < -one, B(nan_v<B>), splat<B>(0));
}

// log1p(x + x^2 / (1 + sqrt(1 + x^2))); beyond `big`, log(2x).
template <class B>
WENGERT_MATH_FN B asinh(B x) {
  const B a = magnitude(x), one = splat<B>(1);
  const Mask<B> big = a > splat<B>(0x1p60f, 0x1p500);
  const B a2 = a * a;
  const B u = select(big, a, a + a2 / (one + xsimd::sqrt(one + a2)));
  return with_sign_of(kernel::log1p(u) + select(big, splat<B>(0.69314718055994531), splat<B>(0)), x);
}

template <class B>
WENGERT_MATH_FN B acosh(B x) {
  const B t = x - splat<B>(1);
  const Mask<B> big = x > splat<B>(0x1p60f, 0x1p500);
  const B u = select(big, x, t + xsimd::sqrt(t * (t + splat<B>(2))));
  const B y = kernel::log1p(u) + select(big, splat<B>(0.69314718055994531), splat<B>(0));
  return select(x < splat<B>(1), B(nan_v<B>), y);
}

template <class B>
WENGERT_MATH_FN B atanh(B x) {
  const B a = magnitude(x), one = splat<B>(1);
  const B y = splat<B>(0.5) * kernel::log1p((a + a) / (one - a));
  return with_sign_of(y, x);
}

}  // namespace
}  // namespace wengert::kernel
