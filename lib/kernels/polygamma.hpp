// Owns polygamma, the derivatives of digamma: by Hurwitz's zeta function, with Euler and Maclaurin's sum
// (NIST DLMF 25.11.5). Orders above 1 take positive x only: NaN elsewhere.
#pragma once

#include "lib/kernels/math.hpp"

namespace wengert::kernel {
namespace {

// zeta(s, x) = sum of (x + k)^-s, x > 0, s >= 2.
template <class B>
WENGERT_MATH_FN B hurwitz_zeta(B s, B x) {
  constexpr int direct = 12;  // terms added one by one; the tail is then small enough for the series
  B sum = splat<B>(0);
  for (int k = 0; k < direct; ++k) sum += kernel::pow(x + splat<B>(k), -s);
  const B a = x + splat<B>(direct), inverse_square = splat<B>(1) / (a * a);
  const B power = kernel::pow(a, -s);
  // B_2j / (2j)! for j = 1 ... 8
  constexpr double coefficients[] = {
      8.3333333333333333e-02, -1.3888888888888889e-03, 3.3068783068783069e-05, -8.2671957671957672e-07,
      2.0876756987868099e-08, -5.2841901386874932e-10, 1.3382536530684679e-11, -3.3896802963225829e-13};
  B tail = a / (s - splat<B>(1)) + splat<B>(0.5);
  B rising = s / a;
  for (int j = 0; j < 8; ++j) {
    tail += splat<B>(coefficients[j]) * rising;
    rising *= (s + splat<B>(2 * j + 1)) * (s + splat<B>(2 * j + 2)) * inverse_square;
  }
  return sum + power * tail;
}

template <class B>
WENGERT_MATH_FN B polygamma(B order, B x) {
  const B s = order + splat<B>(1);
  const B size = kernel::exp(kernel::lgamma(s)) * kernel::hurwitz_zeta(s, x);
  const B half = kernel::floor(order * splat<B>(0.5));
  const B value = xsimd::select(half * splat<B>(2) == order, -size, size);
  const B valid = xsimd::select((order > splat<B>(1)) & (x > splat<B>(0)) & (kernel::floor(order) == order),
                                value, splat<B>(nan_v<B>));
  return xsimd::select(order == splat<B>(1), kernel::trigamma(x), valid);
}

}  // namespace
}  // namespace wengert::kernel
