// Owns the circular functions and their inverses: sin, cos, tan, asin, acos, atan, atan2.
// Polynomials are weighted minimax fits of ours (Remez exchange, mpmath); the error is noted.
#pragma once

#include "math_trig_reduce.hpp"

namespace wengert::kernel {
namespace {

// sin(r + tail) - r for |r| <= pi/4: r^3 P(r^2) + tail, relative error 2^-37 (float), 2^-58 (double).
template <class B>
WENGERT_MATH_FN B sin_rest(B r, B tail) {
  const B z = r * r;
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, -0.1666666664, 0.008333329384, -0.0001983933418, 2.718304911e-6);
  } else {
    p = polynomial(z, -0.16666666666666632, 0.00833333333332241338, -0.000198412698298073518,
                   2.75573136917301832e-6, -2.50507580846931245e-8, 1.58967938910118407e-10);
  }
  return madd(r * z, p, tail);
}
template <class B>
WENGERT_MATH_FN B sin_poly(B r, B tail) {
  return r + sin_rest(r, tail);
}
// cos(r + tail): 1 - r^2/2 + r^4 P(r^2) - r tail, absolute error 2^-33 (float), 2^-64 (double).
template <class B>
WENGERT_MATH_FN B cos_poly(B r, B tail) {
  const B z = r * r, half = splat<B>(0.5) * z, one = splat<B>(1), w = one - half;
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, 0.04166664686, -0.001388736706, 2.443839381e-5);
  } else {
    p = polynomial(z, 0.0416666666666665995, -0.00138888888888741258, 0.0000248015872894832491,
                   -2.75573143526133923e-7, 2.08757233081706648e-9, -1.13596494594984148e-11);
  }
  return w + (((one - w) - half) + nmadd(r, tail, z * z * p));
}

template <class B>
WENGERT_MATH_FN B sin_of(B x, Angle<B> a) {
  const B y = select(odd_lanes(a.n), cos_poly(a.r, a.tail), sin_poly(a.r, a.tail)) ^ sign_from_bit1(a.n);
  return select(magnitude(x) < splat<B>(0x1p-13f, 0x1p-27), x, y);  // and keeps -0
}
template <class B>
WENGERT_MATH_FN B cos_of(Angle<B> a) {
  const B y = select(odd_lanes(a.n), sin_poly(a.r, a.tail), cos_poly(a.r, a.tail));
  return y ^ sign_from_bit1(a.n + splat<B>(1));
}
template <class B>
WENGERT_MATH_FN B tan_of(B x, Angle<B> a) {
  const B s = sin_poly(a.r, a.tail), c = cos_poly(a.r, a.tail);
  const Mask<B> odd = odd_lanes(a.n);
  const B y = select(odd, kernel::neg(c), s) / select(odd, s, c);
  return select(magnitude(x) < splat<B>(0x1p-13f, 0x1p-27), x, y);
}

// Out of line, so that a loop over small arguments keeps its registers.
template <class B>
__attribute__((noinline, cold)) static B sin_huge(B x) {
  return sin_of(x, reduce_angle_huge(x));
}
template <class B>
__attribute__((noinline, cold)) static B cos_huge(B x) {
  return cos_of(reduce_angle_huge(x));
}
template <class B>
__attribute__((noinline, cold)) static B tan_huge(B x) {
  return tan_of(x, reduce_angle_huge(x));
}

template <class B>
WENGERT_MATH_FN B sin(B x) {
  if (!xsimd::all(magnitude(x) <= B(reducible<B>))) return sin_huge(x);
  return sin_of(x, reduce_angle(x));
}
template <class B>
WENGERT_MATH_FN B cos(B x) {
  if (!xsimd::all(magnitude(x) <= B(reducible<B>))) return cos_huge(x);
  return cos_of(reduce_angle(x));
}
template <class B>
WENGERT_MATH_FN B tan(B x) {
  if (!xsimd::all(magnitude(x) <= B(reducible<B>))) return tan_huge(x);
  return tan_of(x, reduce_angle(x));
}

// asin(s) for s^2 = z <= 1/4: s + s z P(z), relative error 2^-31 (float), 2^-59 (double).
template <class B>
WENGERT_MATH_FN B asin_poly(B s, B z) {
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, 0.1666665987, 0.07500510966, 0.04451570785, 0.0318177275, 0.01440214778, 0.03756585297);
  } else {
    p = polynomial(z, 0.166666666666667624, 0.0749999999997026599, 0.044642857175117283,
                   0.0303819426837744935, 0.0223722156561130178, 0.0173516001639065658, 0.0139809606178343816,
                   0.0113977825918366472, 0.0107864931635110513, 0.003683173475050107, 0.021763188735432178,
                   -0.0210768658546960997, 0.0326766308185273009);
  }
  return madd(s * z, p, s);
}

template <class B>
WENGERT_MATH_FN B pio2_hi() {
  return splat<B>(0x1.921fb6p+0f, 0x1.921fb54442d18p+0);
}
template <class B>
WENGERT_MATH_FN B pio2_lo() {
  return splat<B>(-0x1.777a5cp-25f, 0x1.1a62633145c07p-54);
}

// Beyond 1/2: asin(x) = pi/2 - 2 asin(sqrt((1-x)/2)); NaN beyond 1 comes from the root.
template <class B>
WENGERT_MATH_FN B asin(B x) {
  const B a = magnitude(x), half = splat<B>(0.5);
  const Mask<B> big = a > half;
  const B z = select(big, (splat<B>(1) - a) * half, a * a);
  const B p = asin_poly(select(big, B(xsimd::sqrt(z)), a), z);
  const B y = select(big, pio2_hi<B>() - (p + p - pio2_lo<B>()), p);
  return with_sign_of(y, x);
}

template <class B>
WENGERT_MATH_FN B acos(B x) {
  const B a = magnitude(x), half = splat<B>(0.5);
  const Mask<B> big = a > half;
  const B z = select(big, (splat<B>(1) - a) * half, a * a);
  const B p = asin_poly(select(big, B(xsimd::sqrt(z)), a), z);
  const B middle = pio2_hi<B>() - ((p ^ sign_bit(x)) - pio2_lo<B>());
  const B two_p = p + p, two_hi = pio2_hi<B>() + pio2_hi<B>(), two_lo = pio2_lo<B>() + pio2_lo<B>();
  return select(big, select(x < splat<B>(0), two_hi - (two_p - two_lo), two_p), middle);
}

// atan of y/x for y, x >= 0, not both 0 or infinite; `flip` mirrors it to the second quadrant.
// The quotient is folded into |t| <= tan(pi/8), where atan(t) = t + t^3 P(t^2) to 2^-30 / 2^-59;
// the result is k pi/4 +- atan(t).
template <class B>
WENGERT_MATH_FN B atan_quotient(B y, B x, Mask<B> flip) {
  const B zero = splat<B>(0);
  const Mask<B> steep = y > x;
  const B lo = select(steep, x, y), hi = select(steep, y, x);
  const Mask<B> middle = lo > hi * splat<B>(0.41421356237309503);
  const B t = select(middle, lo - hi, lo) / select(middle, lo + hi, hi);
  const B z = t * t;
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, -0.3333331547, 0.1999848681, -0.1424379502, 0.1059557818, -0.06082320742);
  } else {
    p = polynomial(z, -0.333333333333331984, 0.199999999999538767, -0.14285714280226528, 0.111111107849836964,
                   -0.0909089780189588929, 0.0769206100110129408, -0.0666311293588324202,
                   0.0584795327165226764, -0.0503958874002338306, 0.0380716537194453691,
                   -0.0179148301037001149);
  }
  const B angle = madd(t * z, p, t);
  const B k0 = select(middle, splat<B>(1), zero);
  const B k1 = select(steep, splat<B>(2) - k0, k0);
  const B k = select(flip, splat<B>(4) - k1, k1);
  const B minus = select(steep, sign_mask<B>(), zero) ^ select(flip, sign_mask<B>(), zero);
  // The first part of pi/4 leaves room for the product with k to be exact.
  const B base_lo = k * splat<B>(0x1.5110b4p-23f, 0x1.1a62633145c07p-55);
  return madd(k, splat<B>(0x1.921fbp-1f, 0x1.921fb54442d18p-1), base_lo + (angle ^ minus));
}

template <class B>
WENGERT_MATH_FN B atan(B x) {
  const B one = splat<B>(1);
  return with_sign_of(atan_quotient(magnitude(x), one, one < splat<B>(0)), x);
}

template <class B>
WENGERT_MATH_FN B atan2(B y, B x) {
  const B zero = splat<B>(0), one = splat<B>(1), inf(infinity_v<B>);
  B a = magnitude(y), b = magnitude(x);
  const Mask<B> huge = xsimd::max(a, b) > splat<B>(0x1p120f, 0x1p1000);  // keeps the sum finite
  const B factor = select(huge, splat<B>(0.25), one);
  const Mask<B> both = (a == inf) & (b == inf);
  a = select(both, one, a * factor);
  b = select(both | ((a == zero) & (b == zero)), one, b * factor);
  const B r = with_sign_of(atan_quotient(a, b, kernel::signbit(x)), y);
  return select(kernel::isnan(x) | kernel::isnan(y), x + y, r);
}

}  // namespace
}  // namespace wengert::kernel
