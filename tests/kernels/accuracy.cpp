// The elementwise kernels against the 80-bit functions of the C library: at most 4 units in the last place,
// on samples of every binade and on special values. Runs with the instruction set that the program was
// started for.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "lib/core/dispatch.hpp"

namespace {

using wengert::kernel::Row;
using Reference = long double (*)(long double);

long double sigmoid(long double x) { return 1.0L / (1.0L + expl(-x)); }
long double softplus(long double x) { return x > 40.0L ? x : log1pl(expl(x)); }

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
    return std::fabs(std::isfinite(value) ? value : nearest) >=
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

/// Numbers of every size in [low, high]: random bit patterns, evenly spread ones, and the special ones.
template <class T>
std::vector<T> samples(double low, double high) {
  std::mt19937_64 generator(1);
  std::vector<T> list;
  const auto add = [&](T x) {
    if (std::isnan(x) || (x >= static_cast<T>(low) && x <= static_cast<T>(high))) list.push_back(x);
  };
  using Bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
  for (int i = 0; i < 20000; ++i) add(std::bit_cast<T>(static_cast<Bits>(generator())));
  const double left = std::max(low, -1e3), right = std::min(high, 1e3);
  for (int i = 0; i < 20000; ++i)
    add(static_cast<T>(left + (right - left) * static_cast<double>(generator() >> 11) * 0x1p-53));
  for (int i = 0; i < 20000; ++i)
    add(static_cast<T>((2.0 * static_cast<double>(generator() >> 11) * 0x1p-53 - 1.0) *
                       std::exp2(static_cast<double>(generator() % 12) - 8)));
  using Limits = std::numeric_limits<T>;
  for (const T x :
       {T(0), -T(0), T(1), -T(1), T(0.5), T(2), Limits::denorm_min(), -Limits::denorm_min(), Limits::min(),
        Limits::max(), Limits::lowest(), Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()})
    add(x);
  return list;
}

template <class T>
void check(const char* name, Row row, Reference reference, double low, double high, double bound = 4.0) {
  const std::vector<T> x = samples<T>(low, high), y = run(row, x);
  double worst = 0.0;
  T where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(y[i], reference(static_cast<long double>(x[i])));
    if (error > worst) {
      worst = error;
      where = x[i];
    }
  }
  CAPTURE(name);
  CAPTURE(where);
  CHECK(worst <= bound);
}

constexpr double inf = std::numeric_limits<double>::infinity();

struct Function {
  const char* name;
  Row row;
  Reference reference;
  double low, high;
};

#define SAME(name, low, high) \
  { #name, Row::name, name##l, low, high }
const Function functions[] = {
    SAME(exp, -inf, inf),
    SAME(exp2, -inf, inf),
    SAME(expm1, -inf, inf),
    SAME(log, -inf, inf),
    SAME(log2, -inf, inf),
    SAME(log10, -inf, inf),
    SAME(log1p, -inf, inf),
    SAME(sin, -1e30, 1e30),
    SAME(cos, -1e30, 1e30),
    SAME(tan, -1e30, 1e30),
    SAME(asin, -inf, inf),
    SAME(acos, -inf, inf),
    SAME(atan, -inf, inf),
    SAME(sinh, -inf, inf),
    SAME(cosh, -inf, inf),
    SAME(tanh, -inf, inf),
    SAME(asinh, -inf, inf),
    SAME(acosh, -inf, inf),
    SAME(atanh, -inf, inf),
    SAME(erf, -inf, inf),
    SAME(erfc, -inf, inf),
    SAME(cbrt, -inf, inf),
    SAME(sqrt, -inf, inf),
    SAME(floor, -inf, inf),
    SAME(ceil, -inf, inf),
    SAME(trunc, -inf, inf),
    {"round", Row::round, rintl, -inf, inf},
    {"sigmoid", Row::sigmoid, sigmoid, -inf, inf},
    {"softplus", Row::softplus, softplus, -inf, inf},
    {"rsqrt", Row::rsqrt, [](long double x) { return 1.0L / sqrtl(x); }, -inf, inf},
    {"reciprocal", Row::reciprocal, [](long double x) { return 1.0L / x; }, -inf, inf}};

}  // namespace

TEST_CASE_TEMPLATE("functions of one number stay within 4 ulp", T, float, double) {
  for (const Function& f : functions) check<T>(f.name, f.row, f.reference, f.low, f.high);
}

TEST_CASE_TEMPLATE("lgamma stays within 4 ulp and an absolute term near its zeros", T, float, double) {
  const std::vector<T> x = samples<T>(0.0, inf), y = run(Row::lgamma, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double truth = lgammal(static_cast<long double>(x[i]));
    if (ulps(y[i], truth) <= 4.0) continue;
    CAPTURE(x[i]);
    CHECK(std::fabs(static_cast<double>(y[i] - truth)) <= 4 * std::numeric_limits<T>::epsilon());
  }
}

TEST_CASE_TEMPLATE("erfinv inverts erf", T, float, double) {
  const std::vector<T> x = samples<T>(-1.0, 1.0), y = run(Row::erfinv, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::fabs(x[i]) == T(1)) continue;
    // d erf = erf'(y) dy: an error of 4 ulp of y in terms of x, and the rounding of x itself.
    const long double back = erfl(y[i]),
                      slope = 2.0L / sqrtl(acosl(-1.0L)) * expl(-static_cast<long double>(y[i]) * y[i]);
    const long double allowed = 4 * std::numeric_limits<T>::epsilon() * fabsl(y[i]) * slope + 1e-19L +
                                std::numeric_limits<T>::denorm_min();
    CAPTURE(x[i]);
    CHECK(static_cast<double>(fabsl(back - static_cast<long double>(x[i]))) <= static_cast<double>(allowed));
  }
}

TEST_CASE_TEMPLATE("functions of two numbers stay within 4 ulp", T, float, double) {
  struct Two {
    const char* name;
    Row row;
    long double (*reference)(long double, long double);
  };
  const Two list[] = {{"pow", Row::pow, powl},
                      {"atan2", Row::atan2, atan2l},
                      {"hypot", Row::hypot, hypotl},
                      {"fmod", Row::fmod, fmodl},
                      {"copysign", Row::copysign, copysignl}};
  std::mt19937_64 generator(2);
  for (const Two& f : list) {
    std::vector<T> a, b;
    const std::vector<T> many = samples<T>(-inf, inf);
    for (int i = 0; i < 60000; ++i) {
      // Sizes that meet: pow overflows for most pairs of random bits.
      a.push_back(i % 2 ? many[generator() % many.size()]
                        : static_cast<T>(static_cast<double>(generator() >> 11) * 0x1p-51 - (i % 4 ? 0 : 2)));
      b.push_back(i % 3 ? static_cast<T>(static_cast<double>(generator() >> 11) * 0x1p-48 - 16)
                        : many[generator() % many.size()]);
    }
    const T special[] = {T(0),
                         -T(0),
                         T(1),
                         -T(1),
                         T(0.5),
                         T(2),
                         T(3),
                         -T(2),
                         T(inf),
                         -T(inf),
                         std::numeric_limits<T>::quiet_NaN()};
    for (const T p : special)
      for (const T q : special) {
        a.push_back(p);
        b.push_back(q);
      }
    const std::vector<T> y = run(f.row, a, b);
    double worst = 0.0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double error = ulps(y[i], f.reference(a[i], b[i]));
      if (error > worst) worst = error, at = i;
    }
    CAPTURE(f.name);
    CAPTURE(a[at]);
    CAPTURE(b[at]);
    CHECK(worst <= 4.0);
  }
}

TEST_CASE_TEMPLATE("maximum and minimum keep a NaN from either side", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> a{nan, 1, nan, 2, -3}, b{1, nan, nan, 1, 4};
  for (const Row row : {Row::maximum, Row::minimum}) {
    const std::vector<T> y = run(row, a, b);
    for (int i = 0; i < 3; ++i) CHECK(std::isnan(y[static_cast<std::size_t>(i)]));
    CHECK(y[3] == (row == Row::maximum ? T(2) : T(1)));
    CHECK(y[4] == (row == Row::maximum ? T(4) : T(-3)));
  }
}

TEST_CASE_TEMPLATE("an element's bits do not depend on its neighbours or its place", T, float, double) {
  const std::vector<T> x = samples<T>(0.01, 100.0);
  for (const Row row : {Row::exp, Row::log, Row::sin, Row::tanh, Row::erf, Row::lgamma}) {
    const std::vector<T> together = run(row, x);
    for (std::size_t i = 0; i < 200; ++i) {
      const T alone = run(row, std::vector<T>{x[i * 7]})[0];
      CHECK(
          std::bit_cast<std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>>(alone) ==
          std::bit_cast<std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>>(
              together[i * 7]));
    }
  }
}
