// Owns polygamma, the derivatives of digamma: by Hurwitz's zeta function, with Euler and Maclaurin's sum
// (NIST DLMF 25.11.5). Orders 1, 2, ...; NaN for every other.
#pragma once

#include "lib/kernels/math.hpp"

namespace wengert::kernel {
namespace {

// ((x + k) / c)^e for x + k > 0, with what the sum rounds away.
template <class B>
WENGERT_MATH_FN B power_of_sum(B x, B k, B inverse_c, B e) {
  const Dw<B> sum = two_sum(x, k);
  return kernel::pow(sum.hi * inverse_c, e) * (splat<B>(1) + e * (sum.lo / sum.hi));
}

// The sum of ((x + k) / c)^-s over k = 0, 1, ... for finite x > 0 and s >= 2.
template <class B>
__attribute__((noinline)) static B hurwitz_zeta(B s, B x, B c) {
  constexpr int direct = 12;  // terms added one by one; the tail is then small enough for the series
  const B one = splat<B>(1), inverse_c = one / c, further = splat<B>(direct), a = x + further;
  // B_2j / (2j)! for j = 1 ... 8
  constexpr double coefficients[] = {
      8.3333333333333333e-02, -1.3888888888888889e-03, 3.3068783068783069e-05, -8.2671957671957672e-07,
      2.0876756987868099e-08, -5.2841901386874932e-10, 1.3382536530684679e-11, -3.3896802963225829e-13};
  const B r = one / a, r2 = r * r;
  B tail = splat<B>(0), rising = s;
  for (int j = 0; j < 8; ++j) {
    tail += splat<B>(coefficients[j]) * rising;
    rising *= (s + splat<B>(2 * j + 1)) * (s + splat<B>(2 * j + 2)) * r2;
  }
  tail = one / (s - one) + madd(tail, r, splat<B>(0.5)) * r;
  // What may be the largest comes last, where its rounding is the only large one.
  B sum = splat<B>(0);
  for (int k = direct; k-- > 1;) sum += power_of_sum(x, splat<B>(k), inverse_c, -s);
  sum += c * power_of_sum(x, further, inverse_c, one - s) * tail;
  return sum + kernel::pow(x * inverse_c, -s);
}

// The sum of ((x + k) / c)^-s over k = 0, 1, ... for x <= 0: over all whole k, which is that of the distance
// to the nearest whole number, less those below 0. Infinite at a pole; NaN there where its sides differ.
template <class B>
__attribute__((noinline, cold)) static B zeta_reflected(B s, B x, B c, Mask<B> s_odd) {
  const B zero = splat<B>(0), one = splat<B>(1);
  const B f = fraction(x), distance = magnitude(f), sign = select(s_odd, sign_mask<B>(), zero);
  const B nearest = kernel::pow(distance / c, -s);
  const B both = hurwitz_zeta(s, one + distance, c) + (hurwitz_zeta(s, one - distance, c) ^ sign);
  const B all = (nearest + both) ^ (sign & sign_bit(select(x == zero, x, f)));
  const B y = select(distance == zero, all, all - (hurwitz_zeta(s, one - x, c) ^ sign));
  return select(s_odd & (distance == zero) & (x < zero), B(nan_v<B>), y);
}

// order! / c^(order + 1) for a c near order / e: it does not leave the range, nor does a step on the way.
template <class B>
WENGERT_MATH_FN B scaled_factorial(B order, B c) {
  const B inverse_c = splat<B>(1) / c;
  B y = inverse_c;
  constexpr int exact = 170;
  for (int k = 1; k <= exact; ++k) {
    const Mask<B> more = order >= splat<B>(k);
    if (xsimd::none(more)) return y;
    y = select(more, y * (splat<B>(k) * inverse_c), y);
  }
  const B s = order + splat<B>(1);
  return select(order > splat<B>(exact), kernel::exp(kernel::lgamma(s) - s * kernel::log(c)), y);
}

// (-1)^(order + 1) order! zeta(order + 1, x), both factors scaled by the same power of a power of two.
template <class B>
__attribute__((noinline)) static B polygamma_of_high_order(B order, B x) {
  const B zero = splat<B>(0), one = splat<B>(1), s = order + one;
  // The factorial over c^s is above 1 where the powers may overflow, and below it where they may underflow.
  const B exponent = kernel::log2(select(order > one, s, splat<B>(3)) * splat<B>(0.36787944117144232));
  const B c = pow2(select(x < one, kernel::floor(exponent) - one, kernel::ceil(exponent)));
  const B half = kernel::floor(order * splat<B>(0.5));
  const Mask<B> even = half + half == order;
  B zeta = hurwitz_zeta(s, select(x > zero, x, one), c);
  if (!xsimd::all(x > zero)) zeta = select(x > zero, zeta, zeta_reflected(s, x, c, even));
  zeta = select(x == B(infinity_v<B>), zero, zeta);
  const B y = scaled_factorial(order, c) * select(even, kernel::neg(zeta), zeta);
  return select((order > one) & (kernel::floor(order) == order) & (order < B(infinity_v<B>)), y, B(nan_v<B>));
}

template <class B>
WENGERT_MATH_FN B polygamma(B order, B x) {
  const Mask<B> first = order == splat<B>(1);
  const B y = kernel::trigamma(x);
  if (xsimd::all(first)) return y;
  return select(first, y, polygamma_of_high_order(order, x));
}

}  // namespace
}  // namespace wengert::kernel
