// Owns the exponentials and what is built on them: exp, exp2, expm1, sigmoid, softplus, tanh, sinh,
// cosh. Polynomials are weighted minimax fits of ours (Remez exchange, mpmath); the error is noted.
#pragma once

#include "math_log.hpp"

namespace wengert::kernel {
namespace {

// exp(r) - 1 for |r| <= log(2)/2: r + r^2 P(r), relative error 2^-32 (float), 2^-61 (double).
template <class B>
WENGERT_MATH_FN B expm1_poly(B r) {
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(r, 0.5000000047, 0.1666666682, 0.04166635229, 0.008333272407, 0.001394120674,
                   0.0001991454873);
  } else {
    p = polynomial(r, 0.5, 0.166666666666666768, 0.0416666666666667018, 0.00833333333332143634,
                   0.00138888888888665835, 0.000198412698866733511, 0.0000248015873611047322,
                   2.75572436090569797e-6, 2.75572422609345757e-7, 2.51092619200363651e-8,
                   2.0924604637023823e-9);
  }
  return madd(r * r, p, r);
}

// exp(x) = 2^n (1 + p).
template <class B>
struct Exponential {
  B n, p;
};
template <class B>
WENGERT_MATH_FN B nearest_log2(B x) {  // round(x / log 2)
  return madd(x, splat<B>(0x1.71547652b82fep+0), B(round_magic<B>)) - B(round_magic<B>);
}
template <class B>
WENGERT_MATH_FN Exponential<B> exp_parts(B x) {
  const B n = nearest_log2(x);
  const B r = nmadd(n, ln2_lo<B>(), nmadd(n, ln2_hi<B>(), x));
  return {n, expm1_poly(r)};
}

// Beyond these exp is 0 or infinite whatever follows.
template <class B>
constexpr Scalar<B> exp_low = is_f32<B> ? -104 : -746;
template <class B>
constexpr Scalar<B> exp_high = is_f32<B> ? 89 : 710;

template <class B>
WENGERT_MATH_FN B exp(B x) {
  const auto [n, p] = exp_parts(at_most(at_least(x, exp_low<B>), exp_high<B>));
  return scale(splat<B>(1) + p, n);
}

template <class B>
WENGERT_MATH_FN B exp2(B x) {
  x = at_most(at_least(x, is_f32<B> ? -151 : -1076), is_f32<B> ? 129 : 1025);
  const B n = round_small(x);
  const B p = expm1_poly((x - n) * splat<B>(0.69314718055994531));
  return scale(splat<B>(1) + p, n);
}

// 2^n (p + (1 - 2^-n)); the bracket is where n = 0 keeps small results exact.
template <class B>
WENGERT_MATH_FN B expm1(B x) {
  const B one = splat<B>(1);
  const auto [n, p] = exp_parts(at_most(at_least(x, is_f32<B> ? -20 : -40), exp_high<B>));
  const B y = scale(p + (one - pow2(-at_most(n, 100))), n);
  return y | sign_bit(x);
}

// Through exp(-|x|), which neither overflows nor loses the small results.
template <class B>
WENGERT_MATH_FN B sigmoid(B x) {
  const B one = splat<B>(1);
  const B e = kernel::exp(magnitude(x) | sign_mask<B>());
  return select(x < splat<B>(0), e, one) / (one + e);
}

// log(1 + e) for 0 <= e <= 1: e + e^2 P(e), relative error 2^-30 (float), 2^-58 (double).
template <class B>
WENGERT_MATH_FN B log1p_within_1(B e) {
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(e, -0.499999912, 0.33332807, -0.2498990849, 0.1990572338, -0.1615603544, 0.1252363386,
                   -0.08382276395, 0.0425861219, -0.01390384533, 0.002125377484);
  } else {
    p = polynomial(e, -0.499999999999999823, 0.33333333333324531, -0.249999999991722973, 0.199999999652487049,
                   -0.166666658313857395, 0.142857012937477115, -0.124998592912718188, 0.111099972157541965,
                   -0.0999333034455627792, 0.0905993196100514638, -0.0821956609405284926,
                   0.0735681013769809469, -0.0633802144686959037, 0.0507670609005104176,
                   -0.0362880181384499312, 0.0221557499108860346, -0.0110310221664100266,
                   0.00424482829496206045, -0.00117378974451858706, 0.000206301076136340878,
                   -0.0000172385678692964817);
  }
  return madd(e * e, p, e);
}

// log(1 + exp(x)).
template <class B>
WENGERT_MATH_FN B softplus(B x) {
  return at_least(x, 0) + log1p_within_1(kernel::exp(magnitude(x) | sign_mask<B>()));
}

// t / (t + 2) with t = expm1(2|x|); from the clamp on the result rounds to 1.
template <class B>
WENGERT_MATH_FN B tanh(B x) {
  const B a = at_most(magnitude(x), is_f32<B> ? 10 : 20);
  const auto [n, p] = exp_parts(a + a);
  const B power = pow2(n);
  const B t = madd(power, p, power - splat<B>(1));
  return with_sign_of(t / (t + splat<B>(2)), x);
}

// exp(|x|) / 2, whose overflow is that of sinh and cosh.
template <class B>
WENGERT_MATH_FN B half_exp(B a) {
  const B one = splat<B>(1);
  const auto [n, p] = exp_parts(at_most(a, exp_high<B> + 1));
  return scale(one + p, n - one);
}

template <class B>
WENGERT_MATH_FN B cosh(B x) {
  const B e = half_exp(magnitude(x));
  return e + splat<B>(0.25) / e;
}

// Below 1: x + x^3 P(x^2), relative error 2^-34 (float), 2^-63 (double).
template <class B>
WENGERT_MATH_FN B sinh(B x) {
  const B a = magnitude(x), z = a * a;
  B p;
  if constexpr (is_f32<B>) {
    p = polynomial(z, 0.1666666649, 0.008333350596, 0.0001983606655, 2.817438161e-6);
  } else {
    p = polynomial(z, 0.166666666666666674, 0.00833333333333313882, 0.000198412698414376795,
                   2.75573191553366358e-6, 2.50521233986588726e-8, 1.60572403304933979e-10,
                   7.75931256975800634e-13);
  }
  const B e = half_exp(a);
  const B y = select(a < splat<B>(1), madd(a * z, p, a), e - splat<B>(0.25) / e);
  return with_sign_of(y, x);
}

}  // namespace
}  // namespace wengert::kernel
