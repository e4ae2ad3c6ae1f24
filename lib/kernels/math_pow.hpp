// Owns pow: exp(y log|x|) with the logarithm and the product in two words, about 2^-66 relative in
// double and 2^-35 in float, and C99 Annex F's special cases.
#pragma once

#include "math_exp.hpp"

namespace wengert::kernel {
namespace {

// log(x) in two words for finite x > 0. With s = (m-1)/(m+1): log m = 2s + s^3 (2/3 + s^2 Q(s^2)),
// minimax Q (own fit, 2^-79 / 2^-43 of the whole).
template <class B>
WENGERT_MATH_FN Dw<B> log_dw(B x) {
  const auto [m, k] = binary(x);
  const B one = splat<B>(1), f = m - one, inverse = one / (m + one);
  const Dw<B> den = two_sum(m, one);
  const B s_hi = f * inverse;
  const B s_lo = (nmadd_exact(s_hi, den.hi, f) - s_hi * den.lo) * inverse;
  const Dw<B> s = fast_two_sum(s_hi, s_lo);
  const Dw<B> z = dw_mul(s, s);
  B q;
  if constexpr (is_f32<B>) {
    q = polynomial(z.hi, 0.3999999817, 0.2857187441, 0.2218498112, 0.1946841997);
  } else {
    q = polynomial(z.hi, 0.400000000000000002, 0.285714285714283748, 0.222222222222907902,
                   0.181818181692196253, 0.153846167562395717, 0.133332402711658075, 0.117686790986026166,
                   0.104228110093393022, 0.110139988084742175);
  }
  const B third_lo = splat<B>(-0x1.555556p-26f, 0x1.5555555555555p-55);
  const Dw<B> t = fast_two_sum(splat<B>(0x1.555556p-1f, 0x1.5555555555555p-1), madd(z.hi, q, third_lo));
  const Dw<B> cube = dw_mul(dw_mul(z, s), t);
  const Dw<B> mantissa = dw_add(Dw<B>{s.hi + s.hi, s.lo + s.lo}, cube);
  const Dw<B> exponent = fast_two_sum(k * ln2_hi<B>(), k * ln2_lo<B>());
  return dw_add(exponent, mantissa);
}

// exp(hi + lo) as 2^n (1 + p).
template <class B>
WENGERT_MATH_FN Exponential<B> exp_parts(Dw<B> x) {
  const B n = nearest_log2(x.hi);
  const B r = nmadd(n, ln2_hi<B>(), x.hi) + nmadd(n, ln2_lo<B>(), x.lo);
  return {n, expm1_poly(r)};
}

// Annex F's cases, given r = |x|^y where x is finite and not 0. Out of line, as it is rarely needed.
template <class B>
__attribute__((noinline, cold)) static B pow_special(B x, B y, B r) {
  const B zero = splat<B>(0), one = splat<B>(1), inf(infinity_v<B>);
  const B a = magnitude(x), half = y * splat<B>(0.5);
  const Mask<B> integer = kernel::trunc(y) == y;
  const Mask<B> odd = integer & ~(kernel::trunc(half) == half);
  r = select(a == zero, select(y < zero, inf, zero), r);
  r = select(a == inf, select(y < zero, zero, inf), r);
  r = select((x < zero) & (a < inf) & ~integer, B(nan_v<B>), r);
  r = r | select(odd, sign_bit(x), zero);
  r = select(kernel::isnan(x) | kernel::isnan(y), x + y, r);
  return select((y == zero) | (x == one), one, r);
}

template <class B>
WENGERT_MATH_FN B pow(B x, B y) {
  const B zero = splat<B>(0), one = splat<B>(1);
  // A larger exponent changes nothing, and would overflow the two-word product.
  const B limit = splat<B>(0x1p35f, 0x1p70);
  const B product_y = xsimd::max(-limit, xsimd::min(limit, y));
  Dw<B> e = dw_mul(log_dw(magnitude(x)), product_y);
  const B hi = at_most(at_least(e.hi, exp_low<B>), exp_high<B>);
  e = {hi, select(hi == e.hi, e.lo, zero)};
  const auto [n, p] = exp_parts(e);
  const B r = scale(one + p, n);
  if (!xsimd::all((x > zero) & (x < B(infinity_v<B>)) & (y == y))) return pow_special(x, y, r);
  return r;
}

}  // namespace
}  // namespace wengert::kernel
