// Owns the elementwise functions that are exact or one rounding away: sign and rounding operations,
// NaN-propagating extrema, roots and reciprocals, and the two remainders.
// Call them qualified (kernel::floor(x)): by argument-dependent lookup xsimd's own would win.
#pragma once

#include "math_core.hpp"

namespace wengert::kernel {
namespace {

// Not x != x: the library's != is an ordered comparison from AVX on, false for NaN.
template <class B>
WENGERT_MATH_FN Mask<B> isnan(B x) {
  return xsimd::isnan(x);
}
template <class B>
WENGERT_MATH_FN Mask<B> isinf(B x) {
  return magnitude(x) == B(infinity_v<B>);
}
template <class B>
WENGERT_MATH_FN Mask<B> isfinite(B x) {
  return magnitude(x) < B(infinity_v<B>);
}
// True for -0 and for a NaN whose sign bit is set.
template <class B>
WENGERT_MATH_FN Mask<B> signbit(B x) {
  return (sign_bit(x) | splat<B>(1)) < splat<B>(0);
}

template <class B>
WENGERT_MATH_FN B abs(B x) {
  return magnitude(x);
}
template <class B>
WENGERT_MATH_FN B neg(B x) {
  return x ^ sign_mask<B>();
}
template <class B>
WENGERT_MATH_FN B copysign(B mag, B sign) {
  return with_sign_of(mag, sign);
}
// -1, 0 or 1; NaN for NaN (numpy.sign).
template <class B>
WENGERT_MATH_FN B sign(B x) {
  return select((x < splat<B>(0)) | (x > splat<B>(0)), sign_bit(x) | splat<B>(1), x + splat<B>(0));
}

// Half to even. The library's own rounding is right where the instruction exists (SSE4.1 on); the
// detour through 2^mantissa serves plain SSE2.
template <class B>
WENGERT_MATH_FN B rint(B x) {
#ifdef __SSE4_1__
  return xsimd::nearbyint(x);
#else
  const B limit(IeeeOf<B>::integer_limit);
  const B a = magnitude(x);
  return select(a < limit, ((a + limit) - limit) | sign_bit(x), x);
#endif
}
template <class B>
WENGERT_MATH_FN B trunc(B x) {
#ifdef __SSE4_1__
  return xsimd::trunc(x);
#else
  const B a = magnitude(x), r = magnitude(kernel::rint(a));
  const B t = r - select(r > a, splat<B>(1), splat<B>(0));
  return select(a < B(IeeeOf<B>::integer_limit), t | sign_bit(x), x);
#endif
}
template <class B>
WENGERT_MATH_FN B floor(B x) {
#ifdef __SSE4_1__
  return xsimd::floor(x);
#else
  const B r = kernel::rint(x);
  return select(r > x, r - splat<B>(1), r);
#endif
}
template <class B>
WENGERT_MATH_FN B ceil(B x) {
#ifdef __SSE4_1__
  return xsimd::ceil(x);
#else
  const B r = kernel::rint(x);
  return select(r < x, (r + splat<B>(1)) | sign_bit(x), r);  // the sign keeps ceil(-0.5) = -0
#endif
}

// The instruction returns its second operand when either is NaN, so only a NaN first operand is left.
template <class B>
WENGERT_MATH_FN B maximum(B a, B b) {
  return select(kernel::isnan(a), a, B(xsimd::max(a, b)));
}
template <class B>
WENGERT_MATH_FN B minimum(B a, B b) {
  return select(kernel::isnan(a), a, B(xsimd::min(a, b)));
}

template <class B>
WENGERT_MATH_FN B square(B x) {
  return x * x;
}
template <class B>
WENGERT_MATH_FN B sqrt(B x) {
  return xsimd::sqrt(x);
}
template <class B>
WENGERT_MATH_FN B rsqrt(B x) {
  return splat<B>(1) / xsimd::sqrt(x);
}
template <class B>
WENGERT_MATH_FN B reciprocal(B x) {
  return splat<B>(1) / x;
}

// x = 2^(3q+r) m with r in {-1,0,1}: a polynomial for cbrt(m) good to 2^-17 (minimax, own fit), then
// Newton steps on the scaled m, each doubling the bits.
template <class B>
WENGERT_MATH_FN B cbrt(B x) {
  const auto [m, k] = binary(magnitude(x));
  const B q = round_small(k * splat<B>(1.0 / 3.0));
  const B r = nmadd(splat<B>(3), q, k);
  const B zero = splat<B>(0), one = splat<B>(1);
  const B root =
      select(r > zero, splat<B>(1.2599210498948732), select(r < zero, splat<B>(0.79370052598409974), one));
  const B target = m * select(r > zero, splat<B>(2), select(r < zero, splat<B>(0.5), one));
  B y = root * polynomial(m - one, 0.999999109984553878, 0.333318865967563644, -0.110974110775429477,
                          0.0623390027574770768, -0.0446649251218619139, 0.0265415877788296646);
  for (int step = 0; step < (is_f32<B> ? 1 : 2); ++step) {
    const B y2 = y * y;
    y = nmadd(nmadd_exact(y2, y, target), splat<B>(-1.0 / 3.0) / y2, y);
  }
  y = y * pow2(q) | sign_bit(x);
  return select((magnitude(x) < B(infinity_v<B>)) & ~(x == zero), y, x + x);
}

// Lanes the vector code cannot reduce exactly (huge quotients, extreme exponents, special values);
// the result of fmod is exact, so it does not matter which code computes it.
template <class B>
__attribute__((noinline)) static B fmod_lanes(B x, B y, B done, B keep) {
  alignas(64) Scalar<B> xs[B::size], ys[B::size], rs[B::size], ks[B::size];
  x.store_aligned(xs);
  y.store_aligned(ys);
  done.store_aligned(rs);
  keep.store_aligned(ks);
  for (std::size_t i = 0; i < B::size; ++i) {
    if (ks[i] != 0) continue;
    // The builtins, because std::fmod's float overload is a weak symbol when not inlined.
    if constexpr (is_f32<B>)
      rs[i] = __builtin_fmodf(xs[i], ys[i]);
    else
      rs[i] = __builtin_fmod(xs[i], ys[i]);
  }
  return B::load_aligned(rs);
}

// x - trunc(x/y) y. The rounded quotient is at most one too large, and x - q y is exact in two words.
template <class B>
WENGERT_MATH_FN B fmod(B x, B y) {
  const B a = magnitude(x), b = magnitude(y);
  const B quotient = kernel::trunc(a / b);
  const Dw<B> p = two_prod(quotient, b);
  B r = (a - p.hi) - p.lo;
  r = select(r < splat<B>(0), r + b, r) | sign_bit(x);
  // Dekker's split must not overflow nor its low word underflow.
  const B top = splat<B>(0x1p100f, 0x1p960);
  const Mask<B> fits =
      (quotient < B(IeeeOf<B>::integer_limit)) & (a < top) & (b < top) & (b > splat<B>(0x1p-75f, 0x1p-900));
  if (xsimd::all(fits)) return r;
  return fmod_lanes(x, y, r, select(fits, splat<B>(1), splat<B>(0)));
}

// The remainder with the divisor's sign: Python's % and numpy.remainder.
template <class B>
WENGERT_MATH_FN B remainder(B x, B y) {
  const B m = kernel::fmod(x, y), zero = splat<B>(0);
  const B moved = select(kernel::signbit(m ^ y), m + y, m);
  return select(m == zero, sign_bit(y), moved);
}

// sqrt(a^2 + b^2), scaled by a power of two so that neither square leaves the range.
template <class B>
WENGERT_MATH_FN B hypot(B x, B y) {
  const B a = magnitude(x), b = magnitude(y), one = splat<B>(1);
  const B top = xsimd::max(a, b);
  const B down = splat<B>(0x1p-100f, 0x1p-600), up = splat<B>(0x1p100f, 0x1p600);
  const Mask<B> big = top > splat<B>(0x1p60f, 0x1p500), small = top < splat<B>(0x1p-45f, 0x1p-450);
  const B in = select(big, down, select(small, up, one)), out = select(big, up, select(small, down, one));
  const B u = a * in, v = b * in;
  const B h = xsimd::sqrt(madd(u, u, v * v)) * out;
  // An infinity wins even over NaN.
  return select((a == B(infinity_v<B>)) | (b == B(infinity_v<B>)), B(infinity_v<B>), h);
}

}  // namespace
}  // namespace wengert::kernel
