// Owns what every elementary function here is built from: bit views of a batch, exponent tricks,
// polynomial evaluation and error-free (double-word) arithmetic. Generic over float/double and arch.
// Everything sits in an anonymous namespace: a TU is compiled once per instruction set, and a weak
// symbol shared by two of them would let the linker pick code the CPU cannot run.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <xsimd/xsimd.hpp>

// Each function is a handful of vector instructions whose constants a loop should hoist.
#define WENGERT_MATH_FN inline __attribute__((always_inline))

namespace wengert::kernel {
namespace {

template <class B>
using Scalar = typename B::value_type;
template <class B>
using Mask = typename B::batch_bool_type;
template <class B>
constexpr bool is_f32 = std::is_same_v<Scalar<B>, float>;
template <class B>
using Bits = xsimd::batch<std::conditional_t<is_f32<B>, std::uint32_t, std::uint64_t>, typename B::arch_type>;

// Whether xsimd::fma rounds once on this arch (elsewhere it is a product and a sum).
template <class A>
struct FmaTrait : std::false_type {};
template <class A>
struct FmaTrait<xsimd::fma3<A>> : std::true_type {};
template <>
struct FmaTrait<xsimd::fma4> : std::true_type {};
#ifdef __AVX512F__
template <>
struct FmaTrait<xsimd::avx512bw> : std::true_type {};
#endif
template <class B>
constexpr bool has_fma = FmaTrait<typename B::arch_type>::value;

template <class T>
struct Ieee;
template <>
struct Ieee<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr int bias = 127;
  static constexpr Bits one = 0x3f800000u;         // bits of 1
  static constexpr Bits sqrt_half = 0x3f3504f3u;   // bits of sqrt(1/2)
  static constexpr float integer_limit = 0x1p23f;  // from here on every value is an integer
  static constexpr float split = 0x1p12f + 1;      // Veltkamp's constant
};
template <>
struct Ieee<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr int bias = 1023;
  static constexpr Bits one = 0x3ff0000000000000u;
  static constexpr Bits sqrt_half = 0x3fe6a09e667f3bcdu;
  static constexpr double integer_limit = 0x1p52;
  static constexpr double split = 0x1p27 + 1;
};
template <class B>
using IeeeOf = Ieee<Scalar<B>>;

// 1.5 * 2^mantissa: added to a small x it leaves round-half-even(x) in the low bits.
template <class B>
constexpr Scalar<B> round_magic = Scalar<B>(1.5) * IeeeOf<B>::integer_limit;
template <class B>
constexpr Scalar<B> infinity_v = std::numeric_limits<Scalar<B>>::infinity();
template <class B>
constexpr Scalar<B> nan_v = std::numeric_limits<Scalar<B>>::quiet_NaN();
template <class B>
constexpr Scalar<B> min_normal = std::numeric_limits<Scalar<B>>::min();

template <class B>
WENGERT_MATH_FN B splat(double v) {
  return B(static_cast<Scalar<B>>(v));
}
// The constant for the batch's own precision.
template <class B>
WENGERT_MATH_FN B splat(float f32, double f64) {
  if constexpr (is_f32<B>)
    return B(f32);
  else
    return B(f64);
}

template <class B>
WENGERT_MATH_FN Bits<B> to_bits(B x) {
  return xsimd::bitwise_cast<Bits<B>>(x);
}
template <class B>
WENGERT_MATH_FN B from_bits(Bits<B> b) {
  return xsimd::bitwise_cast<B>(b);
}
template <class B>
WENGERT_MATH_FN B sign_mask() {
  return splat<B>(-0.0);
}
template <class B>
WENGERT_MATH_FN B sign_bit(B x) {
  return x & sign_mask<B>();
}
template <class B>
WENGERT_MATH_FN B magnitude(B x) {
  constexpr auto mask = static_cast<typename IeeeOf<B>::Bits>(~typename IeeeOf<B>::Bits{0} >> 1);
  return x & from_bits<B>(Bits<B>(mask));
}
template <class B>
WENGERT_MATH_FN B with_sign_of(B mag, B sign) {
  return magnitude(mag) | sign_bit(sign);
}

#ifdef __AVX512F__
// xsimd 8.1 multiplies and adds there.
WENGERT_MATH_FN xsimd::batch<float> fma(xsimd::batch<float> a, xsimd::batch<float> b, xsimd::batch<float> c) {
  return _mm512_fmadd_ps(a, b, c);
}
WENGERT_MATH_FN xsimd::batch<double> fma(xsimd::batch<double> a, xsimd::batch<double> b,
                                         xsimd::batch<double> c) {
  return _mm512_fmadd_pd(a, b, c);
}
WENGERT_MATH_FN xsimd::batch<float> fnma(xsimd::batch<float> a, xsimd::batch<float> b,
                                         xsimd::batch<float> c) {
  return _mm512_fnmadd_ps(a, b, c);
}
WENGERT_MATH_FN xsimd::batch<double> fnma(xsimd::batch<double> a, xsimd::batch<double> b,
                                          xsimd::batch<double> c) {
  return _mm512_fnmadd_pd(a, b, c);
}
WENGERT_MATH_FN xsimd::batch<float> fms(xsimd::batch<float> a, xsimd::batch<float> b, xsimd::batch<float> c) {
  return _mm512_fmsub_ps(a, b, c);
}
WENGERT_MATH_FN xsimd::batch<double> fms(xsimd::batch<double> a, xsimd::batch<double> b,
                                         xsimd::batch<double> c) {
  return _mm512_fmsub_pd(a, b, c);
}
#else
using xsimd::fma;
using xsimd::fms;
using xsimd::fnma;
#endif

template <class B>
WENGERT_MATH_FN B madd(B a, B b, B c) {
  return kernel::fma(a, b, c);
}
template <class B>
WENGERT_MATH_FN B nmadd(B a, B b, B c) {  // c - a b
  if constexpr (has_fma<B>)
    return kernel::fnma(a, b, c);
  else
    return c - a * b;  // the library's negates first
}

// Clamps that let NaN through: min/max instructions return their second operand when unordered.
template <class B>
WENGERT_MATH_FN B at_most(B x, Scalar<B> limit) {
  return xsimd::min(B(limit), x);
}
template <class B>
WENGERT_MATH_FN B at_least(B x, Scalar<B> limit) {
  return xsimd::max(B(limit), x);
}

// c[first] + c[first + stride] x + c[first + 2 stride] x^2 + ... by Horner's rule.
template <int first, int stride, class B, class... C>
WENGERT_MATH_FN B strided_horner(B x, C... c) {
  const double k[] = {c...};
  if constexpr (first + stride >= static_cast<int>(sizeof...(C)))
    return splat<B>(k[first]);
  else
    return madd(strided_horner<first + stride, stride>(x, c...), x, splat<B>(k[first]));
}
// c0 + c1 x + c2 x^2 + ... A long Horner chain is bound by latency, so from six terms on the tail is
// evaluated in two or four interleaved chains; c0 comes last, where its rounding is the only large one.
template <class B, class... C>
WENGERT_MATH_FN B polynomial(B x, double c0, C... c) {
  constexpr int terms = 1 + sizeof...(C);
  if constexpr (terms < 6) {
    return strided_horner<0, 1>(x, c0, c...);
  } else if constexpr (terms < 12) {
    const B x2 = x * x;
    const B tail = madd(strided_horner<1, 2>(x2, c...), x, strided_horner<0, 2>(x2, c...));
    return madd(tail, x, splat<B>(c0));
  } else {
    const B x2 = x * x, x4 = x2 * x2;
    const B low = madd(strided_horner<1, 4>(x4, c...), x, strided_horner<0, 4>(x4, c...));
    const B high = madd(strided_horner<3, 4>(x4, c...), x, strided_horner<2, 4>(x4, c...));
    return madd(madd(high, x2, low), x, splat<B>(c0));
  }
}

// Nearest integer, ties to even, for |x| < 2^(mantissa-1).
template <class B>
WENGERT_MATH_FN B round_small(B x) {
  return (x + B(round_magic<B>)) - B(round_magic<B>);
}

// 2^n for an integer n with 2^n normal (or n = -bias, which gives 0).
template <class B>
WENGERT_MATH_FN B pow2(B n) {
  return from_bits<B>(to_bits(n + B(round_magic<B> + IeeeOf<B>::bias)) << IeeeOf<B>::mantissa);
}

// x 2^n for |n| < 2 bias, more than a result can need; two factors, so that only the last product rounds.
template <class B>
WENGERT_MATH_FN B scale(B x, B n) {
  using F = IeeeOf<B>;
  constexpr auto exponent = std::bit_cast<typename F::Bits>(std::numeric_limits<Scalar<B>>::infinity());
  // The exponent of one factor is the integer half of n + 2 bias, that of the other the rest.
  const Bits<B> sum = to_bits(n + B(round_magic<B> + 2 * F::bias));
  const Bits<B> half = (sum << (F::mantissa - 1)) & Bits<B>(exponent);
  return x * from_bits<B>(half) * from_bits<B>((sum << F::mantissa) - half);
}

// For an integer n (|n| < 2^(mantissa-2)): whether it is odd, and its bit 1 moved to the sign position.
template <class B>
WENGERT_MATH_FN Mask<B> odd_lanes(B n) {
  constexpr int top = 8 * sizeof(Scalar<B>) - 1;
  return from_bits<B>((to_bits(n + B(round_magic<B>)) << top) >> 1) > splat<B>(0);  // 2 or 0
}
template <class B>
WENGERT_MATH_FN B sign_from_bit1(B n) {
  constexpr int shift = 8 * sizeof(Scalar<B>) - 2;
  return sign_bit(from_bits<B>(to_bits(n + B(round_magic<B>)) << shift));
}

// x = 2^k m with sqrt(1/2) <= m < sqrt(2), for finite x > 0, denormals included.
template <class B>
struct Binary {
  B m, k;
};
template <class B>
WENGERT_MATH_FN Binary<B> binary(B x) {
  using F = IeeeOf<B>;
  constexpr Scalar<B> up = F::integer_limit;  // makes a denormal normal
  const Mask<B> tiny = x < B(min_normal<B>);
  const Bits<B> b = to_bits(select(tiny, x * B(up), x)) + Bits<B>(F::one - F::sqrt_half);
  const B exponent = from_bits<B>((b >> F::mantissa) | to_bits(B(up)));
  const B m = from_bits<B>((b & Bits<B>((typename F::Bits{1} << F::mantissa) - 1)) + Bits<B>(F::sqrt_half));
  const B offset = select(tiny, B(up + F::bias + F::mantissa), B(up + F::bias));
  return {m, exponent - offset};
}

// Unevaluated sums hi + lo, |lo| <= ulp(hi)/2.
template <class B>
struct Dw {
  B hi, lo;
};
template <class B>
WENGERT_MATH_FN Dw<B> fast_two_sum(B a, B b) {  // |a| >= |b|
  const B s = a + b;
  return {s, b - (s - a)};
}
template <class B>
WENGERT_MATH_FN Dw<B> two_sum(B a, B b) {
  const B s = a + b;
  const B t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
template <class B>
WENGERT_MATH_FN Dw<B> halves(B a) {
  const B c = a * B(IeeeOf<B>::split);
  const B hi = c - (c - a);
  return {hi, a - hi};
}
// Exact product (no overflow, no underflow of the low word; Dekker's product without fma).
template <class B>
WENGERT_MATH_FN Dw<B> two_prod(B a, B b) {
  const B p = a * b;
  if constexpr (has_fma<B>) {
    return {p, kernel::fms(a, b, p)};
  } else {
    const Dw<B> x = halves(a), y = halves(b);
    return {p, x.lo * y.lo - (((p - x.hi * y.hi) - x.lo * y.hi) - x.hi * y.lo)};
  }
}
template <class B>
WENGERT_MATH_FN Dw<B> dw_mul(Dw<B> a, Dw<B> b) {
  const Dw<B> p = two_prod(a.hi, b.hi);
  return fast_two_sum(p.hi, p.lo + madd(a.hi, b.lo, a.lo * b.hi));
}
template <class B>
WENGERT_MATH_FN Dw<B> dw_mul(Dw<B> a, B b) {
  const Dw<B> p = two_prod(a.hi, b);
  return fast_two_sum(p.hi, madd(a.lo, b, p.lo));
}
template <class B>
WENGERT_MATH_FN Dw<B> dw_add(Dw<B> a, Dw<B> b) {
  const Dw<B> s = two_sum(a.hi, b.hi);
  return fast_two_sum(s.hi, s.lo + (a.lo + b.lo));
}
// c - a b with one rounding, as a fused operation would, where c - a b is small against c.
template <class B>
WENGERT_MATH_FN B nmadd_exact(B a, B b, B c) {
  if constexpr (has_fma<B>) {
    return nmadd(a, b, c);
  } else {
    const Dw<B> p = two_prod(a, b);
    return (c - p.hi) - p.lo;
  }
}

}  // namespace
}  // namespace wengert::kernel
