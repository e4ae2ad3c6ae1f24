// The elementwise kernels against the 80-bit functions of the C library: at most 4 units in the last place,
// on samples of every binade and on special values. Runs with the instruction set that the program was
// started for.
#include "kernels/accuracy.hpp"

using namespace accuracy;

namespace {

using Reference = long double (*)(long double);

long double sigmoid(long double x) { return 1.0L / (1.0L + expl(-x)); }
long double softplus(long double x) { return x > 40.0L ? x : log1pl(expl(x)); }
long double sign(long double x) { return std::isnan(x) ? x : x < 0.0L ? -1.0L : x > 0.0L ? 1.0L : 0.0L; }
/// The remainder with the sign of b.
long double remainder(long double a, long double b) {
  const long double r = fmodl(a, b);
  return r != 0.0L && std::signbit(r) != std::signbit(b) ? r + b : r;
}

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
    SAME(sin, -inf, inf),
    SAME(cos, -inf, inf),
    SAME(tan, -inf, inf),
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
    {"abs", Row::abs, fabsl, -inf, inf},
    {"neg", Row::neg, [](long double x) { return -x; }, -inf, inf},
    {"sign", Row::sign, sign, -inf, inf},
    {"square", Row::square, [](long double x) { return x * x; }, -inf, inf},
    {"reciprocal", Row::reciprocal, [](long double x) { return 1.0L / x; }, -inf, inf}};

}  // namespace

TEST_CASE_TEMPLATE("functions of one number stay within 4 ulp", T, float, double) {
  for (const Function& f : functions) {
    const std::vector<T> x = samples<T>(f.low, f.high);
    check_all(
        f.name, x, {}, run(f.row, x), [&](std::size_t i) { return f.reference(x[i]); }, 4.0);
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
                      {"remainder", Row::remainder, remainder},
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
    check_all(
        f.name, a, b, run(f.row, a, b), [&](std::size_t i) { return f.reference(a[i], b[i]); }, 4.0);
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
      CHECK(std::bit_cast<Bits<T>>(alone) == std::bit_cast<Bits<T>>(together[i * 7]));
    }
  }
}
