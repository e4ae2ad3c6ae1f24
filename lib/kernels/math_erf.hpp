// Owns the error function family: erf, erfc, erfinv.
// Polynomials are weighted minimax fits of ours (Remez exchange, mpmath); the error is noted.
#pragma once

#include "math_pow.hpp"

namespace wengert::kernel {
namespace {

// erf(a)/a - 1 in z = a^2 for a <= 1, absolute error 2^-29 / 2^-57.
template <class B>
WENGERT_MATH_FN B erf_small(B a) {
  const B z = a * a;
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, 0.1283791659, -0.3761262714, 0.1128360018, -0.02685444471, 0.005189535533,
                   -0.0008020842642, 7.889122531e-5);
  } else {
    p = polynomial(z, 0.128379167095512574, -0.376126389031837482, 0.112837916709548844,
                   -0.0268661706450778667, 0.00522397762482836223, -0.000854832698142226724,
                   0.000120553311328563754, -0.0000149255957701967853, 1.64610084515293817e-6,
                   -1.63503959951176537e-7, 1.46603274879296008e-8, -1.13749519682619416e-9,
                   5.960680461700214e-11);
  }
  return madd(a, p, a);
}

// 1 - exp(P(a)) with P fitted to log(erfc(a)) against its effect on erf; this needs neither a division nor
// the square of a in two words. In float P is a Q(a), good from 0 on, relative error 2^-28: with a small a
// nothing is rounded but what is small itself. In double P serves beyond 1, absolute error 2^-62.
template <class B>
WENGERT_MATH_FN B erf(B x) {
  const B a = magnitude(x), one = splat<B>(1);
  const B t = at_most(a, is_f32<B> ? 4 : 6);
  if constexpr (is_f32<B>) {
    const B p = polynomial(t, -1.1283791716, -0.63661938197, -0.10277783049, 0.019153063838, 0.00016039618394,
                           -0.00166702758, 0.00063283692172, -0.00011764129054, 9.256267378e-06);
    const auto [n, q] = exp_parts(t * p);
    const B power = pow2(n);
    return with_sign_of(nmadd(power, q, one - power), x);
  } else {
    const B p = polynomial(t, -2.94154378560509806e-8, -1.12837889919727868, -0.636620813316453007,
                           -0.102770580240307955, 0.0191275566556149793, 0.000203053246592914927,
                           -0.00167584576152843939, 0.000553173359247345157, 0.0000214110483063016952,
                           -0.000110431298210914555, 0.0000645932698032359434, -0.0000242157175734711074,
                           6.76419925374063138e-6, -1.4647926943952033e-6, 2.47189172184737535e-7,
                           -3.20538270508437217e-8, 3.09272294282399896e-9, -2.09345815186243988e-10,
                           8.87284013066405626e-12, -1.77147854443988841e-13);
    const auto [n, q] = exp_parts(p);
    const B power = pow2(n);
    const B tail = one - madd(power, q, power);
    return with_sign_of(select(a < one, erf_small(a), tail), x);
  }
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
