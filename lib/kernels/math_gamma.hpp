// Owns the gamma family: lgamma, digamma, trigamma.
// Polynomials are weighted minimax fits of ours (Remez exchange, mpmath); the error is noted.
#pragma once

#include "math_log.hpp"
#include "math_trig.hpp"

namespace wengert::kernel {
namespace {

// For 0 <= f <= 1/2: r + tail = pi f or, beyond 1/4 (`high`), pi (1/2 - f).
template <class B>
struct HalfTurn {
  Mask<B> high;
  B r, tail;
};
template <class B>
WENGERT_MATH_FN HalfTurn<B> times_pi(B f) {
  const Mask<B> high = f > splat<B>(0.25);
  const B g = select(high, splat<B>(0.5) - f, f);
  const Dw<B> product = two_prod(g, splat<B>(3.14159265358979312));
  const B pi_lo = splat<B>(-0x1.777a5cp-24f, 0x1.1a62633145c07p-53);
  return {high, product.hi, madd(g, pi_lo, product.lo)};
}
template <class B>
WENGERT_MATH_FN B sin_pi(B f) {
  const HalfTurn<B> t = times_pi(f);
  return select(t.high, cos_poly(t.r, t.tail), sin_poly(t.r, t.tail));
}
template <class B>
WENGERT_MATH_FN B cot_pi(B f) {
  const HalfTurn<B> t = times_pi(f);
  const B s = sin_poly(t.r, t.tail), c = cos_poly(t.r, t.tail);
  return select(t.high, s, c) / select(t.high, c, s);
}
// The square loses no accuracy to that of the sine.
template <class B>
WENGERT_MATH_FN B sin_pi_squared(B f) {
  const HalfTurn<B> t = times_pi(f);
  const B rest = sin_rest(t.r, t.tail);
  const B square = madd(rest, t.r + t.r + rest, t.r * t.r);
  return select(t.high, splat<B>(1) - square, square);
}
// The distance to the nearest integer, with its sign.
template <class B>
WENGERT_MATH_FN B fraction(B x) {
  return x - kernel::rint(x);
}

// lgamma for x > 0. Up to 8 the argument is moved to 2 + f, |f| <= 1/2, where
// lgamma = f (1 + f) P(f), 2^-29 / 2^-60; from there Stirling's series, 2^-40 / 2^-67.
// The sum needs one logarithm: of the moving factors, or of x.
template <class B>
WENGERT_MATH_FN B lgamma_positive(B x) {
  const B one = splat<B>(1), half = splat<B>(0.5);
  const Mask<B> large = x >= splat<B>(8);
  B y = x, factors = one;
  const Mask<B> low = x < half, below = x < splat<B>(1.5);
  factors = select(below, x, one);
  y = select(below, x + one, y);
  factors = select(low, factors * (x + one), factors);
  for (int i = 0; i < 6; ++i) {
    const Mask<B> above = (y > splat<B>(2.5)) & ~large;
    y = select(above, y - one, y);
    factors = select(above, factors * y, factors);
  }
  // y - 2 from x where the way there would round.
  const B f = select(low, x, select(below, x - one, y - splat<B>(2)));
  const B logarithm = kernel::log(select(large, x, factors));
  B p, q;
  const B r = one / x;
  if constexpr (is_f32<B>) {
    p = polynomial(f, 0.4227843352, -0.1003173021, 0.03296498378, -0.012384165, 0.004999175304,
                   -0.002108657493, 0.0009094833713, -0.0004014878834, 0.0002087006003, -9.785366765e-5);
    q = polynomial(r * r, 0.0833333331, -0.002777655455, 0.0007778307125);
  } else {
    p = polynomial(
        f, 0.422784335098467139, -0.100317301674353937, 0.0329650006211559016, -0.0123841921933674259,
        0.00499864116468821102, -0.00210813083422573812, 0.000915376922678909196, -0.000405707388919975261,
        0.000182552628832020752, -0.0000830952740316255423, 0.0000381690308830204585,
        -0.0000176601881480645811, 8.22099667213918534e-6, -3.85633889034834312e-6, 1.81431749270543451e-6,
        -8.20840951460359572e-7, 3.84301204577227659e-7, -2.52602941511881553e-7, 1.23971435446023263e-7);
    q = polynomial(r * r, 0.0833333333333333291, -0.00277777777776743513, 0.000793650786409913127,
                   -0.000595235853224243615, 0.000841392265249370817, -0.00188640626070688242,
                   0.00498771941757564818);
  }
  const B small = madd(f * (one + f), p, select(below, kernel::neg(logarithm), logarithm));
  const B series = madd(q, r, splat<B>(0.41893853320467274));
  const B main = (x - half) * (logarithm - one);
  return select(large, main + series, small);
}

// log(pi / (a |sin(pi a)|)) - lgamma(a) for x = -a, and +inf at the poles, where the sine is 0.
template <class B>
__attribute__((noinline, cold)) static B lgamma_reflected(B x, B y) {
  const B a = magnitude(x), zero = splat<B>(0), inf(infinity_v<B>);
  const B f = fraction(a);
  const B reflected = kernel::log(splat<B>(3.14159265358979312) / (a * sin_pi(magnitude(f)))) - y;
  // (below the threshold both signs agree, and the product could underflow)
  y = select(x < splat<B>(-0x1p-30f, -0x1p-60), reflected, y);
  y = select((a == zero) | (a == inf) | ((x < zero) & (f == zero)), inf, y);
  return select(kernel::isnan(x), x, y);
}

template <class B>
WENGERT_MATH_FN B lgamma(B x) {
  const B y = lgamma_positive(magnitude(x));
  if (!xsimd::all((x > splat<B>(0)) & (x < B(infinity_v<B>)))) return lgamma_reflected(x, y);
  return y;
}

// digamma for x > 0. Up to 8 the argument is moved to [1, 2], where digamma = (x - root) P(x - 3/2),
// 2^-25 / 2^-56 with the root in two words; from there the asymptotic series, 2^-39 / 2^-71.
template <class B>
WENGERT_MATH_FN B digamma_positive(B x) {
  const B zero = splat<B>(0), one = splat<B>(1);
  const Mask<B> large = x >= splat<B>(8);
  // num/den sums the 1/(x+i) passed on the way.
  const Mask<B> low = x < one;
  B y = select(low, x + one, x);
  B num = select(low, -one, zero), den = select(low, x, one);
  for (int i = 0; i < 6; ++i) {
    const Mask<B> above = (y > splat<B>(2)) & ~large;
    y = select(above, y - one, y);
    num = select(above, madd(num, y, den), num);
    den = select(above, den * y, den);
  }
  const B f = select(low, x - splat<B>(0.5), y - splat<B>(1.5));
  const B root_hi = splat<B>(0x1.762d86p+0f, 0x1.762d86356be3fp+0);
  const B root_lo = splat<B>(0x1.ab5f2p-27f, 0x1.b86a722197829p-54);
  const B distance = select(low, x - (root_hi - one), y - root_hi) - root_lo;
  const B r = one / x, r2 = r * r;
  B p, q;
  if constexpr (is_f32<B>) {
    p = polynomial(f, 0.9510558968, -0.4236275675, 0.2405383737, -0.1483951222, 0.09511782308, -0.06210983096,
                   0.03935910737, -0.02549967596, 0.02392978681, -0.01688420799);
    q = polynomial(r2, 0.08333333059, -0.008332258237, 0.003847921697);
  } else {
    p = polynomial(f, 0.951055876031832893, -0.423627421281460706, 0.2405424842407739, -0.148404923053849806,
                   0.0949887244549834825, -0.0619221332781775103, 0.0407608338102461346,
                   -0.0269757965532143848, 0.017907252496220716, -0.0119082224272606289,
                   0.00792694379567157132, -0.00527990686428255536, 0.00351901415907332498,
                   -0.00234574412267646298, 0.00155658798330735139, -0.00103516637039167164,
                   0.000723475779137749686, -0.000490054910726878899, 0.000226951817721492434,
                   -0.00013750929045597191, 0.000259910326107837614, -0.000183778713063043275);
    q = polynomial(r2, 0.0833333333333333282, -0.00833333333332263411, 0.00396825396055349507,
                   -0.00416666397800238844, 0.00757523527341685655, -0.0210330404577116593,
                   0.0792797292069820645, -0.287064954690054983);
  }
  const B small = madd(distance, p, num / den);
  const B asymptotic = kernel::log(x) - madd(r2, q, splat<B>(0.5) * r);
  return select(large, asymptotic, small);
}

// digamma(1-x) - pi cot(pi x). At the poles NaN, at +-0 -+inf, as SciPy has it.
template <class B>
__attribute__((noinline, cold)) static B digamma_reflected(B x, B y) {
  const B zero = splat<B>(0), inf(infinity_v<B>);
  const Mask<B> negative = x < zero;
  const B f = fraction(x);
  const B cot = cot_pi(magnitude(f)) ^ sign_bit(f);
  y = select(negative, nmadd(splat<B>(3.14159265358979312), cot, y), y);
  y = select((negative & (f == zero)) | (x == -inf), B(nan_v<B>), y);
  y = select(x == zero, inf ^ kernel::neg(sign_bit(x)), y);
  return select((x == inf) | kernel::isnan(x), x, y);
}

template <class B>
WENGERT_MATH_FN B digamma(B x) {
  const B zero = splat<B>(0);
  const B y = digamma_positive(select(x < zero, splat<B>(1) - x, x));
  if (!xsimd::all((x > zero) & (x < B(infinity_v<B>)))) return digamma_reflected(x, y);
  return y;
}

// The derivative of digamma for x > 0: the sum of 1/(x+i)^2 up to x + i >= 8, then its asymptotic
// series, 2^-35 / 2^-66.
template <class B>
WENGERT_MATH_FN B trigamma_positive(B x) {
  const B zero = splat<B>(0), one = splat<B>(1), eight = splat<B>(8);
  const B first = one / x;  // apart: its square may leave the range
  const Mask<B> moved = x < eight;
  const B head = select(moved, first * first, zero);
  B y = select(moved, x + one, x), num = zero, den = one;
  for (int i = 0; i < 7; ++i) {
    const Mask<B> below = y < eight;
    const B square = y * y;
    num = select(below, madd(num, square, den), num);
    den = select(below, den * square, den);
    y = select(below, y + one, y);
  }
  const B r = one / y, r2 = r * r;
  B q;
  if constexpr (is_f32<B>) {
    q = polynomial(r2, 0.166666645, -0.03332484122, 0.02285584498);
  } else {
    q = polynomial(r2, 0.16666666666666658, -0.0333333333331516809, 0.0238095236785837639,
                   -0.0333332875287476798, 0.0757486553765334533, -0.252089229635324789, 1.09675573557906602,
                   -4.36581270246017839);
  }
  return r + madd(r2, madd(r, q, splat<B>(0.5)), num / den) + head;
}

// pi^2 / sin^2(pi x) - trigamma(1-x); +inf at the poles.
template <class B>
__attribute__((noinline, cold)) static B trigamma_reflected(B x, B y) {
  const B zero = splat<B>(0), inf(infinity_v<B>);
  // (of the smallest x a zero, and its sign is chance)
  const B squared = magnitude(sin_pi_squared(magnitude(fraction(x))));
  y = select(x < zero, splat<B>(9.869604401089358) / squared - y, y);
  y = select(x == zero, inf, y);
  return select(x == -inf, B(nan_v<B>), y);
}

template <class B>
WENGERT_MATH_FN B trigamma(B x) {
  const B zero = splat<B>(0);
  const B y = trigamma_positive(select(x < zero, splat<B>(1) - x, x));
  if (!xsimd::all((x > zero) & (x < B(infinity_v<B>)))) return trigamma_reflected(x, y);
  return y;
}

}  // namespace
}  // namespace wengert::kernel
