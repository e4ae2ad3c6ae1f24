// Owns the error function family: erf, erfc, erfinv.
// Polynomials are weighted minimax fits of ours (Remez exchange, mpmath); the error is noted.
#pragma once

#include "math_pow.hpp"

namespace wengert::kernel {
namespace {

// erf(a) for a <= 1/2, by erf(a)/a - 1 in z = a^2, absolute error 2^-29 / 2^-57.
template <class B>
WENGERT_MATH_FN B erf_small(B a) {
  const B z = a * a;
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, 0.1283791656, -0.3761260934, 0.1128283804, -0.0267581556, 0.004719928126);
  } else {
    p = polynomial(z, 0.12837916709551257, -0.37612638903183476, 0.112837916709255599, -0.0268661706329540984,
                   0.00522397737406132328, -0.0008548297842407753, 0.000120533393188206298,
                   -0.0000148459525033095357, 1.47268978747740124e-6);
  }
  return madd(a, p, a);
}

// With u = 1 - erfc(a)^(1/8), 1 - erfc(a)^(1/4) is u (2 - u), and so on: three steps lead to erf(a), and each
// lessens the relative error. In v = 8 u, which begins as a (1 + P(a)), they lose nothing where a is small,
// and no exponential, division or second polynomial is needed. Relative error 2^-27 (float, a <= 4), 2^-55
// (double, a <= 6); beyond, erf rounds to 1.
template <class B>
WENGERT_MATH_FN B erf(B x) {
  const B a = at_most(magnitude(x), is_f32<B> ? 4 : 6);
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(a, 0.128379159064, 0.557042940057, 0.016712335704, -0.0527141113567, -0.00149198531435,
                   0.00410271499404, -0.000710986302754, 3.84038775931e-5);
  } else {
    p = polynomial(
        a, 0.128379167095512555, 0.557042300821640902, 0.0167204406165150317, -0.0527539056197771145,
        -0.00138850017895309947, 0.00393332316753735069, -0.000519185891585358653, -0.000115063964747099259,
        0.0000827173198032775511, -0.0000253236437468338594, 2.56349323457312047e-7, 3.68350055437782047e-6,
        -1.70995745407071757e-6, 2.21281308460640995e-7, 1.74381328812442862e-7, -1.39118430777131627e-7,
        5.82390645792498083e-8, -1.72042510403374155e-8, 3.83140783244340457e-9, -6.52496394686707454e-10,
        8.41506278515344173e-11, -7.97786506264921198e-12, 5.25098158763835975e-13, -2.14422655749929229e-14,
        4.09080448482522537e-16);
  }
  B v = madd(a, p, a);
  v = nmadd(v * splat<B>(0.0625), v, v);
  v = nmadd(v * splat<B>(0.125), v, v);
  v = nmadd(v * splat<B>(0.25), v, v);
  return with_sign_of(v, x);
}

// exp(a^2) erfc(a) for 1/2 <= a <= 28: P((a-4)/(a+4)) / (1 + 2a), relative error 2^-28 / 2^-60. In two
// words, as the roundings of the sum, the divisor and the quotient would add up to 3 ulp.
template <class B>
WENGERT_MATH_FN Dw<B> erfcx_tail(B a) {
  const B four = splat<B>(4);
  const B t = (a - four) / (a + four);
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(t, -0.1396210682, 0.01537980866, 0.06809451422, -0.1010443036, 0.09376808275,
                   -0.06626228549, 0.03699200278, -0.01657340275, 0.00527445699);
  } else {
    p = polynomial(t, -0.139621116840562488, 0.0153796521026198609, 0.0680970542546887512,
                   -0.101039066036311561, 0.0937328349985224824, -0.066330365812042583, 0.0371675155340059279,
                   -0.0161977340600163859, 0.00503197001649873453, -0.00075777327200539887,
                   -0.00019925695341026157, 0.000150621599221826813, -0.0000243981019291359323,
                   -0.0000112218107305360913, 5.70659815445403574e-6, 2.93430252786438343e-7,
                   -8.19655470297665434e-7, 7.50144072590110095e-8, 1.03373441405263745e-7,
                   -1.81179687393094468e-8, -9.69195019714928712e-9, 1.87946387403156714e-9);
  }
  const Dw<B> num = fast_two_sum(splat<B>(1.232995118f, 1.23299511862555251), t * p);
  const Dw<B> den = fast_two_sum(a + a, splat<B>(1));
  const B g = num.hi / den.hi;
  const B rest = nmadd_exact(g, den.hi, num.hi) + nmadd(g, den.lo, num.lo + splat<B>(-3.447345e-08f, 0.0));
  return {g, rest * (g * splat<B>(0.84))};  // 1 / den is g / num, and 1 / num near 0.84 throughout
}

// exp(-a^2) as 2^n (1 + p), the square taken exactly.
template <class B>
WENGERT_MATH_FN Exponential<B> exp_minus_square(B a) {
  const Dw<B> square = two_prod(a, a);
  return exp_parts(Dw<B>{kernel::neg(square.hi), kernel::neg(square.lo)});
}

template <class B>
WENGERT_MATH_FN B erfc(B x) {
  const B one = splat<B>(1), half = splat<B>(0.5);
  const B a = at_least(at_most(magnitude(x), is_f32<B> ? 11 : 28), 0.5);
  const auto [n, p] = exp_minus_square(a);
  const Dw<B> g = erfcx_tail(a);
  const B tail = scale(g.hi + madd(g.hi, p, g.lo), n);
  const B far = select(x < splat<B>(0), splat<B>(2) - tail, tail);
  return select(magnitude(x) <= half, one - erf_small(x), far);
}

// x P(w) or x Q(sqrt(w)) with w = -log(1 - x^2), split at w = 5 (after M. Giles, 2010; own fits).
// In double Q is good to 2^-27 only, and one step of Halley's method on erfc completes it.
template <class B>
WENGERT_MATH_FN B erfinv(B x) {
  const B one = splat<B>(1), a = magnitude(x);
  const B w = kernel::neg(kernel::log((one - a) * (one + a)));
  B p, tail;
  if constexpr (is_f32<B>) {
    p = polynomial(w, 0.8862269275, 0.2320135557, 0.01155033808, -0.002338547397, -0.0001219937602,
                   4.048031286e-5, 5.838458086e-6, -2.498636487e-6, 3.09917342e-7, -1.717185015e-8,
                   3.359254128e-10);
    tail = a * polynomial(xsimd::sqrt(w) - splat<B>(3), 2.832976801, 1.001675061, 0.009445412216,
                          -0.007638894633, 0.005685471871, -0.003589984588, 0.001489721667, -6.981307587e-5,
                          -0.0003136347556, 0.0001236583685);
  } else {
    p = polynomial(
        w, 0.886226925452758014, 0.232013666534654365, 0.0115493420382746374, -0.0023351016416545647,
        -0.000128043294000014592, 0.0000466114395367673053, 2.019990459703745e-6, -1.01255549121312282e-6,
        -3.72976596848119847e-8, 2.28022808671366559e-8, 7.39840885243849143e-10, -5.07971946262481013e-10,
        -2.96383619754770813e-11, 2.06696807111056839e-11, -3.71026041974077383e-12, 1.24228249822539954e-12,
        -4.55202625606220643e-13, 1.06205592096656053e-13, -1.59287219527167608e-14, 1.57959226636317261e-15,
        -1.01674175300258771e-16, 3.88947802099419356e-18, -6.76414687469439668e-20);
    const B y = a * polynomial(xsimd::sqrt(at_most(w, 40)) - splat<B>(4), 3.83978380171030388,
                               1.00949312756999087, 0.00125971568088385063, -0.000867659523329296601,
                               0.000321513057949059531, -0.000121981338425736832, 0.0000550531778178200478,
                               -0.0000269360275277678584, 0.0000185245096409822835, -0.000012748206905438717,
                               3.67863733946321531e-6, 9.24533949285569014e-7, -7.05550454453090452e-7,
                               6.29308881940666651e-8, 1.39118164019780206e-8);
    const auto [n, q] = exp_minus_square(y);
    const Dw<B> g = erfcx_tail(y);
    const B miss = (g.hi - (one - a) / (pow2(n) * (one + q))) + g.lo;
    const B step = splat<B>(0.88622692545275801) * miss;
    tail = madd(step, madd(step, y, one), y);
  }
  const B y = select(w < splat<B>(5), a * p, tail);
  return with_sign_of(select(a == one, B(infinity_v<B>), y), x);
}

}  // namespace
}  // namespace wengert::kernel
