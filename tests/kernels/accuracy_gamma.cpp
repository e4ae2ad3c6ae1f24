// lgamma, digamma and polygamma on both sides of 0, against lgammal and sums of 64 bits that share nothing
// with the kernels and are themselves held to known constants. Near a zero, where what cancels is far larger
// than the result, an absolute term of a few units of that size is allowed.
#include "kernels/accuracy.hpp"

using namespace accuracy;

namespace {

const long double pi = acosl(-1.0L);

// B_2, B_4, ...
constexpr long double bernoulli[] = {1.0L / 6,       -1.0L / 30,      1.0L / 42, -1.0L / 30,
                                     5.0L / 66,      -691.0L / 2730,  7.0L / 6,  -3617.0L / 510,
                                     43867.0L / 798, -174611.0L / 330};

/// The asymptotic series of psi^(n) at x >= 60.
long double series(int n, long double x) {
  long double sum = 0.0L;
  for (int k = 10; k-- > 0;) {
    // B_2k (2k + n - 1)! / (2k)! x^-(2k + n)
    long double term = bernoulli[k];
    const int even = 2 * (k + 1);
    if (n == 0) term /= even;
    for (int j = 1; j < n; ++j) term *= even + j;
    sum += term * powl(x, -even - n);
  }
  if (n == 0) return logl(x) - 0.5L / x - sum;
  const long double size = tgammal(n) * powl(x, -n) + 0.5L * tgammal(n + 1) * powl(x, -n - 1) + sum;
  return n % 2 ? size : -size;
}

/// The n-th derivative of pi cot(pi x): a polynomial in the cotangent, by (d/dx) c = -pi (1 + c^2).
long double cotangent(int n, long double x) {
  const long double f = x - rintl(x);
  const long double c = fabsl(f) <= 0.25L ? 1.0L / tanl(pi * f) : tanl(pi * (copysignl(0.5L, f) - f));
  std::vector<long double> p{0.0L, pi};
  for (int i = 0; i < n; ++i) {
    std::vector<long double> q(p.size() + 1, 0.0L);
    for (std::size_t k = 1; k < p.size(); ++k) {
      q[k - 1] -= pi * static_cast<long double>(k) * p[k];
      q[k + 1] -= pi * static_cast<long double>(k) * p[k];
    }
    p = q;
  }
  long double y = 0.0L;
  for (std::size_t k = p.size(); k-- > 0;) y = y * c + p[k];
  return y;
}

/// psi^(n)(x): digamma for n = 0. At a pole the limit from both sides; from the side of zero's sign at 0.
long double psi(int n, long double x) {
  if (std::isnan(x) || x == -INFINITY) return NAN;
  if (x == INFINITY) return n == 0 ? x : 0.0L;
  const bool odd = n % 2 != 0;
  if (x == 0.0L) return odd ? INFINITY : copysignl(INFINITY, -x);
  if (x < 0.0L && floorl(x) == x) return odd ? INFINITY : NAN;
  if (x < 0.0L && x > -1e-3L) {
    // One step of the recurrence, as 1 - x would round.
    return psi(n, 1.0L + x) - (odd ? -1.0L : 1.0L) * tgammal(n + 1) / powl(x, n + 1);
  }
  if (x < 0.0L) {
    const long double other = psi(n, 1.0L - x);
    return (odd ? -other : other) - cotangent(n, x);
  }
  long double sum = 0.0L;
  const long double factor = (odd ? -1.0L : 1.0L) * tgammal(n + 1), first = x;
  const int steps = x < 60.0L ? static_cast<int>(60.0L - x) + 1 : 0;
  x += steps;
  // The largest terms last.
  for (int k = steps; k-- > 0;) {
    long double power = first + k;
    for (int i = 0; i < n; ++i) power *= first + k;
    sum += 1.0L / power;
  }
  return series(n, x) - factor * sum;
}

template <class T>
constexpr long double eps = std::numeric_limits<T>::epsilon();

}  // namespace

TEST_CASE("the reference for digamma and polygamma agrees with known constants") {
  const long double gamma = 0.577215664901532860606512090082402431L,
                    zeta3 = 1.202056903159594285399738161511449991L;
  const struct {
    int n;
    long double x, y;
  } known[] = {{0, 1.0L, -gamma},
               {0, 0.5L, -gamma - 2 * logl(2.0L)},
               {0, -0.5L, -gamma - 2 * logl(2.0L) + 2},
               {0, 0.25L, -gamma - pi / 2 - 3 * logl(2.0L)},
               {0, -0.75L, -gamma - pi / 2 - 3 * logl(2.0L) + 4.0L / 3},
               {0, 2.0L, 1 - gamma},
               {0, 1.46163214496836234126L, 0.0L},
               {0, 1e15L, logl(1e15L) - 0.5e-15L},
               {1, 1.0L, pi * pi / 6},
               {1, 0.5L, pi * pi / 2},
               {1, -0.5L, pi * pi / 2 + 4},
               {1, -1.5L, pi * pi / 2 + 4 + 4.0L / 9},
               {2, 1.0L, -2 * zeta3},
               {2, 0.5L, -14 * zeta3},
               {2, -0.5L, -14 * zeta3 + 16},
               {3, 1.0L, powl(pi, 4) / 15},
               {3, 0.5L, powl(pi, 4)},
               {3, -0.5L, powl(pi, 4) + 96}};
  for (const auto& k : known) {
    CAPTURE(k.n);
    CAPTURE(static_cast<double>(k.x));
    CHECK(static_cast<double>(fabsl(psi(k.n, k.x) - k.y)) <= 2e-18 * static_cast<double>(1 + fabsl(k.y)));
  }
}

TEST_CASE_TEMPLATE("lgamma stays within 4 ulp and an absolute term near its zeros", T, float, double) {
  const std::vector<T> x = samples<T>(-inf, inf), y = run(Row::lgamma, x);
  check_all(
      "lgamma", x, {}, y, [&](std::size_t i) { return lgammal(x[i]); }, 4.0,
      [&](std::size_t i) { return eps<T> * std::max(4.0L, x[i] < 0 ? 2 * lgammal(-x[i]) : 0.0L); });
}

TEST_CASE_TEMPLATE("digamma stays within 4 ulp and an absolute term near its zeros", T, float, double) {
  const std::vector<T> x = samples<T>(-inf, inf), y = run(Row::digamma, x);
  check_all(
      "digamma", x, {}, y, [&](std::size_t i) { return psi(0, x[i]); }, 4.0,
      [&](std::size_t i) { return x[i] < 0 ? 4 * eps<T> * std::max(1.0L, logl(-x[i])) : 4 * eps<T>; });
}

TEST_CASE_TEMPLATE("trigamma stays within 4 ulp", T, float, double) {
  const std::vector<T> x = samples<T>(-inf, inf), y = run(Row::polygamma, std::vector<T>(x.size(), 1), x);
  check_all(
      "trigamma", x, {}, y, [&](std::size_t i) { return psi(1, x[i]); }, 4.0);
}

TEST_CASE_TEMPLATE("polygamma of orders 2 to 7 stays within 5 ulp and an absolute term near its zeros", T,
                   float, double) {
  const std::vector<T> all = samples<T>(-inf, inf);
  for (int order = 2; order < 8; ++order) {
    // Each order gets other samples: the reference is slow.
    std::vector<T> x;
    for (std::size_t i = static_cast<std::size_t>(order); i < all.size(); i += 6) x.push_back(all[i]);
    const std::vector<T> y = run(Row::polygamma, std::vector<T>(x.size(), static_cast<T>(order)), x);
    const std::string name = "polygamma " + std::to_string(order);
    // Of an even order the sums on both sides of a point cancel halfway between two poles.
    const long double allowed = order % 2 ? -1.0L : 8 * eps<T> * tgammal(order + 1) * powl(2.0L, order + 1);
    check_all(
        name.c_str(), x, {}, y, [&](std::size_t i) { return psi(order, x[i]); }, 5.0,
        [&](std::size_t i) { return x[i] < 0 ? allowed : -1.0L; });
  }
}
