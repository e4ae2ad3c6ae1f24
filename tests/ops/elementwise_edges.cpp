// Values and the first two derivatives of elementwise operations at the ends of their domains, at poles, at
// infinities, and where a square would overflow: what is expected is the limit where there is one (from the
// side of its sign at a zero, from within at the end of a domain), and NaN only where there is none. PyTorch
// 1.13 gives NaN for many of these; a comment says where it gives another number.
#include <algorithm>

#include "ops/naive.hpp"

using namespace wengert;
using namespace naive;
using support::vector;

namespace {

/// Relative, so that tiny numbers count; zeros of both signs are equal.
bool agree(double a, double b, double tolerance = 2e-15) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return std::isfinite(a) && std::isfinite(b) &&
         std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b));
}

struct Edge {
  const char* name;
  Tensor (*f)(const Tensor&, Location);
  double x, y, first, second;
};

const double pi = std::acos(-1.0), half_pi = pi / 2;

const Edge edges[] = {
    {"sqrt", sqrt, 0, 0, inf, -inf},
    {"sqrt", sqrt, inf, inf, 0, 0},
    {"rsqrt", rsqrt, 0, inf, -inf, inf},
    {"rsqrt", rsqrt, inf, 0, 0, 0},
    {"cbrt", cbrt, 0, 0, inf, -inf},
    {"cbrt", cbrt, -0.0, 0, inf, inf},
    {"cbrt", cbrt, inf, inf, 0, 0},
    {"cbrt", cbrt, -inf, -inf, 0, 0},
    {"reciprocal", reciprocal, 1e200, 1e-200, 0, 0},
    {"exp2", exp2, -inf, 0, 0, 0},
    {"exp2", exp2, inf, inf, inf, inf},
    {"log2", log2, 0, -inf, inf, -inf},
    {"log2", log2, inf, inf, 0, 0},
    {"log10", log10, 0, -inf, inf, -inf},
    {"log10", log10, inf, inf, 0, 0},
    {"asin", asin, 1, half_pi, inf, inf},
    {"asin", asin, -1, -half_pi, inf, -inf},
    {"acos", acos, 1, 0, -inf, -inf},
    {"acos", acos, -1, pi, -inf, inf},
    {"atan", atan, inf, half_pi, 0, 0},
    {"atan", atan, -inf, -half_pi, 0, 0},
    {"atan", atan, 1e100, half_pi, 1e-200, -2e-300},
    {"atan", atan, -1e160, -half_pi, 1e-320, 0},
    {"atan", atan, huge, half_pi, 0, 0},
    {"sinh", sinh, inf, inf, inf, inf},
    {"sinh", sinh, -inf, -inf, inf, -inf},
    {"cosh", cosh, inf, inf, inf, inf},
    {"cosh", cosh, -inf, inf, -inf, inf},
    {"tanh", tanh, huge, 1, 0, 0},
    {"asinh", asinh, inf, inf, 0, 0},
    {"asinh", asinh, -inf, -inf, 0, 0},
    {"asinh", asinh, 1e100, 230.95165647996452, 1e-100, -1e-200},
    {"asinh", asinh, 1e200, 461.21016577936909, 1e-200, 0},
    {"acosh", acosh, 1, 0, inf, -inf},
    {"acosh", acosh, inf, inf, 0, 0},
    {"acosh", acosh, 1e100, 230.95165647996452, 1e-100, -1e-200},
    {"acosh", acosh, 1e200, 461.21016577936909, 1e-200, 0},
    {"acosh", acosh, -2, a_nan, a_nan, a_nan},
    {"atanh", atanh, 1, inf, inf, inf},
    {"atanh", atanh, -1, -inf, inf, -inf},
    {"sigmoid", sigmoid, huge, 1, 0, 0},
    {"sigmoid", sigmoid, -huge, 0, 0, 0},
    {"softplus", softplus, huge, huge, 1, 0},
    {"softplus", softplus, -huge, 0, 0, 0},
    {"relu", relu, a_nan, a_nan, 1, 0},
    {"erf", erf, inf, 1, 0, 0},
    {"erf", erf, -inf, -1, 0, 0},
    {"erf", erf, huge, 1, 0, 0},
    {"erf", erf, -1e200, -1, 0, 0},
    {"erf", erf, 26, 1, 1.1283791670955126 * std::exp(-676.0), -52 * 1.1283791670955126 * std::exp(-676.0)},
    {"erf", erf, a_nan, a_nan, a_nan, a_nan},
    {"erfc", erfc, inf, 0, 0, 0},
    {"erfc", erfc, -inf, 2, 0, 0},
    {"erfc", erfc, -huge, 2, 0, 0},
    {"erfinv", erfinv, 1, inf, inf, inf},
    {"erfinv", erfinv, -1, -inf, inf, -inf},
    {"lgamma", lgamma, 0, inf, -inf, inf},
    {"lgamma", lgamma, -0.0, inf, inf, inf},
    {"lgamma", lgamma, inf, inf, inf, 0},
    {"lgamma", lgamma, -1, inf, a_nan, inf},
    {"lgamma", lgamma, -0.5, 1.2655121234846454, 0.036489973978576520, 8.9348022005446793},
    {"lgamma", lgamma, -inf, inf, a_nan, a_nan},
    {"digamma", digamma, 0, -inf, inf, -inf},
    {"digamma", digamma, -0.0, inf, inf, inf},
    {"digamma", digamma, inf, inf, 0, 0},
    {"digamma", digamma, -1, a_nan, inf, a_nan},
    {"digamma", digamma, -0.5, 0.036489973978576520, 8.9348022005446793, -0.82879664423431999}};

struct EdgeOfTwo {
  const char* name;
  Tensor (*f)(const Operand&, const Operand&);
  double a, b, y, da, db, daa, dbb;
};

const double root_half = std::sqrt(0.5);

const EdgeOfTwo edges_of_two[] = {
    // At the origin 0, in every order.
    {"hypot", hypot, 0, 0, 0, 0, 0, 0, 0},
    {"hypot", hypot, -0.0, 0, 0, 0, 0, 0, 0},
    {"hypot", hypot, inf, 1, inf, 1, 0, 0, 0},
    {"hypot", hypot, -inf, 1, inf, -1, 0, 0, 0},
    {"hypot", hypot, 1, inf, inf, 0, 1, 0, 0},
    // In the direction whose angle atan2 tells.
    {"hypot", hypot, -inf, inf, inf, -root_half, root_half, 0, 0},
    {"hypot", hypot, inf, a_nan, inf, 1, 0, 0, 0},
    {"hypot", hypot, 3e300, 4e300, 5e300, 0.6, 0.8, 0.128e-300, 0.072e-300},
    {"hypot", hypot, 3e-300, 4e-300, 5e-300, 0.6, 0.8, 0.128e300, 0.072e300},
    {"hypot", hypot, 1e-300, 0, 1e-300, 1, 0, 0, 1e300},
    {"atan2", atan2, 0, 0, 0, 0, 0, 0, 0},
    {"atan2", atan2, 0, -0.0, pi, 0, 0, 0, 0},
    {"atan2", atan2, inf, 1, half_pi, 0, 0, 0, 0},
    {"atan2", atan2, -inf, 1, -half_pi, 0, 0, 0, 0},
    {"atan2", atan2, 1, inf, 0, 0, 0, 0, 0},
    {"atan2", atan2, 1, -inf, pi, 0, 0, 0, 0},
    {"atan2", atan2, inf, inf, pi / 4, 0, 0, 0, 0},
    {"atan2", atan2, huge, huge, pi / 4, 0, 0, 0, 0},
    {"atan2", atan2, 1e300, 1e300, pi / 4, 5e-301, -5e-301, 0, 0},
    {"atan2", atan2, 1e-150, 1e-150, pi / 4, 5e149, -5e149, -5e299, 5e299},
    {"pow", pow, 0, 0.5, 0, inf, 0, -inf, 0},
    {"pow", pow, 0, -1, inf, -inf, -inf, inf, inf},
    {"pow", pow, 0, inf, 0, 0, 0, 0, 0},
    {"pow", pow, 0, -inf, inf, -inf, -inf, inf, inf},
    {"pow", pow, 0.5, inf, 0, 0, 0, 0, 0},
    {"pow", pow, 0.5, -inf, inf, -inf, -inf, inf, inf},
    {"pow", pow, 1, inf, 1, inf, 0, inf, 0},
    {"pow", pow, 2, inf, inf, inf, inf, inf, inf},
    {"pow", pow, 2, -inf, 0, 0, 0, 0, 0},
    {"pow", pow, inf, -1, 0, 0, 0, 0, 0},
    {"pow", pow, inf, 0, 1, 0, inf, 0, inf},
    {"pow", pow, inf, 0.5, inf, 0, inf, 0, inf},
    {"pow", pow, inf, inf, inf, inf, inf, inf, inf},
    {"pow", pow, inf, -inf, 0, 0, 0, 0, 0},
    {"fmod", fmod, 1, inf, 1, 1, 0, 0, 0},
    {"fmod", fmod, -1, inf, -1, 1, 0, 0, 0},
    {"remainder", wengert::remainder, 1, inf, 1, 1, 0, 0, 0},
    {"remainder", wengert::remainder, -1, inf, inf, 1, 1, 0, 0},
    {"remainder", wengert::remainder, 1, -inf, -inf, 1, 1, 0, 0},
    // Half to each: PyTorch gives all of it to both.
    {"maximum", maximum, a_nan, 1, a_nan, 0.5, 0.5, 0, 0},
    {"maximum", maximum, 1, a_nan, a_nan, 0.5, 0.5, 0, 0},
    {"minimum", minimum, a_nan, -inf, a_nan, 0.5, 0.5, 0, 0},
    {"minimum", minimum, inf, a_nan, a_nan, 0.5, 0.5, 0, 0}};

/// A number as float32 has it; what is too small for it is 0.
double single(double x) { return static_cast<double>(static_cast<float>(x)); }

}  // namespace

TEST_CASE("derivatives at the edges of functions of one number") {
  for (const Edge& edge : edges) {
    CAPTURE(std::string(edge.name));
    CAPTURE(edge.x);
    const Derivatives d = derivatives([&](const auto& in) { return edge.f(in[0], {}); }, {{edge.x}});
    CHECK(agree(d.value[0], edge.y));
    CHECK(agree(d.first[0][0], edge.first));
    CHECK(agree(d.second[0][0], edge.second));
  }
}

TEST_CASE("derivatives at the edges of functions of two numbers") {
  for (const EdgeOfTwo& edge : edges_of_two) {
    CAPTURE(std::string(edge.name));
    CAPTURE(edge.a);
    CAPTURE(edge.b);
    const Derivatives d =
        derivatives([&](const auto& in) { return edge.f(in[0], in[1]); }, {{edge.a}, {edge.b}});
    CHECK(agree(d.value[0], edge.y));
    CHECK(agree(d.first[0][0], edge.da));
    CHECK(agree(d.first[1][0], edge.db));
    CHECK(agree(d.second[0][0], edge.daa));
    CHECK(agree(d.second[1][0], edge.dbb));
  }
}

TEST_CASE("float32 has the derivatives of float64 at the edges") {
  for (const Edge& edge : edges) {
    if (std::isfinite(edge.x) && single(edge.x) != edge.x) continue;
    CAPTURE(std::string(edge.name));
    CAPTURE(edge.x);
    const Derivatives d = derivatives([&](const auto& in) { return edge.f(in[0], {}); }, {{edge.x}}, float32);
    CHECK(agree(d.value[0], single(edge.y), 1e-6));
    CHECK(agree(d.first[0][0], single(edge.first), 1e-6));
    CHECK(agree(d.second[0][0], single(edge.second), 1e-6));
  }
  for (const EdgeOfTwo& edge : edges_of_two) {
    bool fits = true;
    for (const double x : {edge.a, edge.b}) fits &= !std::isfinite(x) || single(x) == x;
    if (!fits) continue;
    CAPTURE(std::string(edge.name));
    CAPTURE(edge.a);
    CAPTURE(edge.b);
    const Derivatives d =
        derivatives([&](const auto& in) { return edge.f(in[0], in[1]); }, {{edge.a}, {edge.b}}, float32);
    const double got[] = {d.value[0], d.first[0][0], d.first[1][0], d.second[0][0], d.second[1][0]},
                 expected[] = {edge.y, edge.da, edge.db, edge.daa, edge.dbb};
    for (int i = 0; i < 5; ++i) {
      CAPTURE(i);
      CHECK(agree(got[i], single(expected[i]), 1e-6));
    }
  }
  const auto large = [](Tensor (*f)(const Tensor&, Location)) {
    return derivatives([=](const auto& in) { return f(in[0], {}); }, {{0x1p66}}, float32);
  };
  CHECK(agree(large(atan).first[0][0], 0x1p-132));
  CHECK(agree(large(asinh).first[0][0], 0x1p-66));
  CHECK(agree(large(asinh).second[0][0], -0x1p-132));
  CHECK(agree(large(acosh).first[0][0], 0x1p-66, 1e-6));
  CHECK(large(erf).second[0][0] == 0);
}

TEST_CASE("no derivative is lost where a value is NaN") {
  for (const auto f :
       {neg,   abs,   square,  sqrt,     rsqrt, cbrt, reciprocal, exp,    exp2,   expm1,  log,  log2,
        log10, log1p, sin,     cos,      tan,   asin, acos,       atan,   sinh,   cosh,   tanh, asinh,
        acosh, atanh, sigmoid, softplus, relu,  erf,  erfc,       erfinv, lgamma, digamma})
    for (const DType dtype : {float32, float64}) {
      const Derivatives d = derivatives([&](const auto& in) { return f(in[0], {}); }, {{a_nan}}, dtype);
      CHECK(std::isnan(d.value[0]));
      CHECK(d.first[0][0] != 0);
    }
}

TEST_CASE("polygamma by recurrence, on both sides of 0") {
  const double apery = 1.2020569031595942;
  const auto psi = [](double order, double x) { return polygamma(order, vector({x})).item(); };
  CHECK(agree(psi(1, 1), pi * pi / 6));
  CHECK(agree(psi(2, 1), -2 * apery));
  CHECK(agree(psi(2, -0.5), 16 - 14 * apery, 1e-13));
  CHECK(agree(psi(3, -0.5), 96 + pi * pi * pi * pi));
  CHECK(agree(psi(3, 0.5), pi * pi * pi * pi));
  CHECK(agree(psi(2, 1e100), -1e-200));
  CHECK(psi(2, inf) == 0);
  CHECK(psi(3, 0) == inf);
  CHECK(psi(3, -0.0) == inf);
  CHECK(psi(2, 0) == -inf);
  CHECK(psi(2, -0.0) == inf);
  CHECK(psi(3, -7) == inf);
  CHECK(std::isnan(psi(2, -7)));
  CHECK(std::isnan(psi(2, -inf)));
  CHECK(std::isnan(psi(2, a_nan)));
  for (const double order : {0.0, -1.0, 1.5, inf, a_nan}) CHECK(std::isnan(psi(order, 0.5)));
  // Of a high order neither the factorial nor the powers may leave the range.
  CHECK(psi(200, 1) == -inf);
  double terms = 0;
  for (int k = 50; k >= 0; --k) terms += std::pow(1 + k / 100.0, -201);
  CHECK(agree(std::log(-psi(200, 100)), std::lgamma(201.0) - 201 * std::log(100.0) + std::log(terms), 1e-12));
  CHECK(psi(200, 1e6) == 0);
  // psi(n, x + 1) = psi(n, x) + (-1)^n n! / x^(n + 1)
  for (const double order : {2.0, 3.0, 6.0})
    for (double x : {-30.25, -3.5, -1.125, -0.75, 0.125, 2.5, 40.0}) {
      const double step = (order == 3 ? -1 : 1) * std::tgamma(order + 1) / std::pow(x, order + 1);
      const double y = psi(order, x), next = psi(order, x + 1);
      CHECK(std::fabs(y + step - next) <= 1e-14 * (std::fabs(y) + std::fabs(step) + std::fabs(next)));
    }
}
