// Owns the argument reduction of the circular functions: x = n pi/2 + r + tail, |r| <= pi/4.
// Up to 2^16 (float) or 2^30 (double) quarter turns it is Cody and Waite's with three full words of
// pi/2; larger lanes go through Payne and Hanek's one by one.
#pragma once

#include <cstring>

#include "math_basic.hpp"

namespace wengert::kernel {
namespace {

template <class B>
struct Angle {
  B r, tail, n;  // n is right modulo 4
};

struct ScalarAngle {
  double r, tail;
  int n;
};

// 2/pi in 64-bit words, after two words of zeros (the integer part of a small scaled argument).
constexpr std::uint64_t two_over_pi[] = {0,
                                         0,
                                         0xa2f9836e4e441529,
                                         0xfc2757d1f534ddc0,
                                         0xdb6295993c439041,
                                         0xfe5163abdebbc561,
                                         0xb7246e3a424dd2e0,
                                         0x06492eea09d1921c,
                                         0xfe1deb1cb129a73e,
                                         0xe88235f52ebb4484,
                                         0xe99c7026b45f7e41,
                                         0x3991d639835339f4,
                                         0x9c845f8bbdf9283b,
                                         0x1ff897ffde05980f,
                                         0xef2f118b5a0a6d1f,
                                         0x6d367ecf27cb09b7,
                                         0x4f463f669e5fea2d,
                                         0x7527bac7ebe5f17b,
                                         0x3d0739f78a5292ea,
                                         0x6bfb5fb11f8d5d08,
                                         0x56033046fc7b6bab,
                                         0xf0cfbc209af4361d,
                                         0xa9e391615ee61b08};

// Payne and Hanek: only the 192 bits of 2/pi that matter modulo 4 are multiplied by the significand.
// For |x| >= 2^10; the closest a double comes to a multiple of pi/2 is about 2^-62.
[[maybe_unused]] __attribute__((noinline)) static ScalarAngle reduce_huge(double x) {
  __extension__ using Wide = unsigned __int128;
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  if (exponent == 0x7ff) return {x - x, 0, 0};
  const std::uint64_t m = (bits & 0xfffffffffffffu) | 0x10000000000000u;
  // |x| = m 2^e; the bits of 2/pi before e - 2 contribute multiples of 4.
  const int first = exponent - 1075 - 2 + 128;
  const std::uint64_t* words = two_over_pi + first / 64;
  const int shift = first % 64;
  std::uint64_t w[3];
  for (int i = 0; i < 3; ++i) {
    w[i] = shift == 0 ? words[i] : words[i] << shift | words[i + 1] >> (64 - shift);
  }
  const Wide low = Wide{m} * w[2];
  const Wide middle = Wide{m} * w[1] + (low >> 64);
  std::uint64_t p0 = m * w[0] + static_cast<std::uint64_t>(middle >> 64);
  std::uint64_t p1 = static_cast<std::uint64_t>(middle), p2 = static_cast<std::uint64_t>(low);
  // Two integer bits, then the fraction; the fraction is taken in [-1/2, 1/2).
  int n = static_cast<int>(p0 >> 62);
  p0 = p0 << 2 | p1 >> 62;
  p1 = p1 << 2 | p2 >> 62;
  p2 <<= 2;
  const bool round_up = p0 >> 63;
  if (round_up) {
    ++n;
    p2 = ~p2 + 1;
    p1 = ~p1 + (p2 == 0);
    p0 = ~p0 + (p1 == 0 && p2 == 0);
  }
  int zeros = 0;
  if (p0 == 0) {
    p0 = p1;
    p1 = p2;
    p2 = 0;
    zeros = 64;
  }
  const int lead = p0 == 0 ? 0 : __builtin_clzll(p0);
  if (lead != 0) p0 = p0 << lead | p1 >> (64 - lead);
  // 64 significant bits, in the one type that holds them.
  long double turn = static_cast<long double>(p0) * 0x1p-64L;
  for (int left = zeros + lead; left > 0; left -= 32) turn *= left >= 32 ? 0x1p-32L : 1.0L / (1ull << left);
  turn *= 1.57079632679489661923132169163975144L;
  if (round_up != (x < 0)) turn = -turn;
  const double r = static_cast<double>(turn);
  return {r, static_cast<double>(turn - r), x < 0 ? -n : n};
}

// How far the vector reduction is exact.
template <class B>
constexpr Scalar<B> reducible = is_f32<B> ? 1e5 : 1.6e9;

// x - n p1 is exact; what follows is kept in two words, as it may cancel almost entirely.
template <class B>
WENGERT_MATH_FN Angle<B> reduce_angle(B x) {
  const B p1 = splat<B>(0x1.921fb6p+0f, 0x1.921fb54442d18p+0);
  const B p2 = splat<B>(-0x1.777a5cp-25f, 0x1.1a62633145c07p-54);
  const B p3 = splat<B>(-0x1.ee59dap-50f, -0x1.f1976b7ed8fbcp-110);
  const B n = madd(x, splat<B>(0.63661977236758138), B(round_magic<B>)) - B(round_magic<B>);
  const B r1 = nmadd_exact(n, p1, x);
  const Dw<B> second = two_prod(n, p2);
  const Dw<B> r2 = two_sum(r1, kernel::neg(second.hi));
  const Dw<B> r = fast_two_sum(r2.hi, nmadd(n, p3, r2.lo - second.lo));
  return {r.hi, r.lo, n};
}

// The same with the lanes beyond `reducible` done one by one; the other lanes keep their bits.
template <class B>
WENGERT_MATH_FN Angle<B> reduce_angle_huge(B x) {
  using T = Scalar<B>;
  const Angle<B> a = reduce_angle(x);
  alignas(64) T xs[B::size], rs[B::size], tails[B::size], ns[B::size];
  x.store_aligned(xs);
  a.r.store_aligned(rs);
  a.tail.store_aligned(tails);
  a.n.store_aligned(ns);
  for (std::size_t i = 0; i < B::size; ++i) {
    if (xs[i] <= reducible<B> && xs[i] >= -reducible<B>) continue;
    const ScalarAngle s = reduce_huge(static_cast<double>(xs[i]));
    rs[i] = static_cast<T>(s.r);
    tails[i] = is_f32<B> ? static_cast<T>(s.r - static_cast<double>(rs[i])) : static_cast<T>(s.tail);
    ns[i] = static_cast<T>(s.n);
  }
  return {B::load_aligned(rs), B::load_aligned(tails), B::load_aligned(ns)};
}

}  // namespace
}  // namespace wengert::kernel
