// What the accuracy tests share: a row's kernel on arrays, numbers to try it on, and the distance from a
// reference of 64 bits in units of the last place.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "lib/core/dispatch.hpp"

namespace accuracy {

using wengert::kernel::Row;

inline constexpr double inf = std::numeric_limits<double>::infinity();

template <class T>
using Bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;

template <class T>
std::vector<T> run(Row row, const std::vector<T>& a, const std::vector<T>& b = {}) {
  std::vector<T> out(a.size());
  const std::byte* in[2] = {reinterpret_cast<const std::byte*>(a.data()),
                            reinterpret_cast<const std::byte*>(b.data())};
  wengert::kernel::table().forward[static_cast<int>(row)][std::is_same_v<T, float> ? 0 : 1](
      reinterpret_cast<std::byte*>(out.data()), in, a.size(), 0);
  return out;
}

/// Distance of `value` from the true result in units of the last place of T there.
template <class T>
double ulps(T value, long double truth) {
  const T nearest = static_cast<T>(truth);
  if (std::isnan(truth)) return std::isnan(value) ? 0.0 : INFINITY;
  if (value == nearest) return 0.0;
  if (!std::isfinite(value) || !std::isfinite(nearest)) {
    // The last finite number and infinity are neighbours.
    const T largest = std::numeric_limits<T>::max();
    return std::signbit(value) == std::signbit(nearest) &&
                   std::fabs(std::isfinite(value) ? value : nearest) >=
                       largest * (1 - 4 * std::numeric_limits<T>::epsilon())
               ? 1.0
               : INFINITY;
  }
  int exponent;
  std::frexp(nearest, &exponent);
  const int digits = std::numeric_limits<T>::digits, least = std::numeric_limits<T>::min_exponent;
  const long double unit = std::ldexp(1.0L, (exponent < least ? least : exponent) - digits);
  return static_cast<double>(std::fabs(static_cast<long double>(value) - truth) / unit);
}

/// Numbers of every size in [low, high]: random bit patterns, evenly spread ones, the special ones, and the
/// neighbourhoods of whole numbers, of halves, of the multiples of pi/2 and of digamma's positive zero.
template <class T>
std::vector<T> samples(double low, double high) {
  std::mt19937_64 generator(1);
  std::vector<T> list;
  const auto unit = [&] { return static_cast<double>(generator() >> 11) * 0x1p-53; };
  const auto add = [&](T x) {
    if (std::isnan(x) || (x >= static_cast<T>(low) && x <= static_cast<T>(high))) list.push_back(x);
  };
  for (int i = 0; i < 20000; ++i) add(std::bit_cast<T>(static_cast<Bits<T>>(generator())));
  const double left = std::max(low, -1e3), right = std::min(high, 1e3);
  for (int i = 0; i < 20000; ++i) add(static_cast<T>(left + (right - left) * unit()));
  for (int i = 0; i < 20000; ++i)
    add(static_cast<T>((2.0 * unit() - 1.0) * std::exp2(static_cast<double>(generator() % 12) - 8)));
  for (int i = 0; i < 20000; ++i) {
    const double sign = i % 2 ? 1.0 : -1.0, count = std::floor(std::exp2(30 * unit()));
    const double centers[] = {0.5 * static_cast<double>(generator() % 80), count * 1.5707963267948966,
                              1.4616321449683623};
    add(static_cast<T>(sign * centers[i / 2 % 3] * (1 + (2 * unit() - 1) * std::exp2(-54 * unit()))));
  }
  using Limits = std::numeric_limits<T>;
  for (const T x :
       {T(0), T(1), T(0.5), T(2), Limits::denorm_min(), 3 * Limits::denorm_min(), Limits::min(),
        Limits::min() / 2, Limits::max(), Limits::max() / 2, Limits::infinity(), Limits::quiet_NaN(),
        static_cast<T>(0x1.6ac5b262ca1ffp+849)}) {  // the double nearest to a multiple of pi/2
    add(x);
    add(-x);
  }
  return list;
}

/// Checks that every y is within `bound` ulp of reference(i), or as near to it as allowed(i) says; a failure
/// names the worst.
template <class T, class Reference, class Allowed>
void check_all(const char* name, const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& y,
               Reference reference, double bound, Allowed allowed) {
  double worst = 0.0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const long double truth = reference(i);
    const double error = ulps(y[i], truth);
    if (error > worst && !(std::fabs(static_cast<long double>(y[i]) - truth) <= allowed(i)))
      worst = error, at = i;
  }
  const std::string function = name;
  const T first = a[at], second = b.empty() ? T(0) : b[at], value = y[at];
  const auto truth = static_cast<double>(reference(at));
  CAPTURE(function);
  CAPTURE(first);
  CAPTURE(second);
  CAPTURE(value);
  CAPTURE(truth);
  CHECK(worst <= bound);
}
template <class T, class Reference>
void check_all(const char* name, const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& y,
               Reference reference, double bound) {
  check_all(name, a, b, y, reference, bound, [](std::size_t) { return -1.0L; });
}

}  // namespace accuracy
