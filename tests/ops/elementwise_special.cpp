// Elementwise operations where it matters: zeros of both signs, ties, infinities, NaN, denormals and very
// large numbers, in the value and the first two derivatives.
#include <algorithm>

#include "ops/naive.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"

using namespace wengert;
using namespace naive;
using support::same_bits;
using support::values;
using support::vector;

namespace {

constexpr double skip = 12345.0;  // a derivative that nothing is promised about

/// Relative, so that tiny numbers count; zeros of both signs are equal.
bool agree(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return std::isfinite(a) && std::isfinite(b) &&
         std::fabs(a - b) <= 1e-12 * std::max(std::fabs(a), std::fabs(b));
}

struct Row {
  double x, y, first, second;
};
void check(const std::string& name, Tensor (*f)(const Tensor&, Location), const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(name);
    CAPTURE(row.x);
    const Derivatives d = derivatives([&](const auto& in) { return f(in[0], {}); }, {{row.x}});
    CHECK(agree(d.value[0], row.y));
    if (row.first != skip) CHECK(agree(d.first[0][0], row.first));
    if (row.second != skip) CHECK(agree(d.second[0][0], row.second));
  }
}

struct Pair {
  double a, b, y, da, db, daa, dbb;
};
void check(const std::string& name, Tensor (*f)(const Operand&, const Operand&),
           const std::vector<Pair>& rows) {
  for (const Pair& row : rows) {
    CAPTURE(name);
    CAPTURE(row.a);
    CAPTURE(row.b);
    const Derivatives d = derivatives([&](const auto& in) { return f(in[0], in[1]); }, {{row.a}, {row.b}});
    CHECK(agree(d.value[0], row.y));
    const double expected[4] = {row.da, row.db, row.daa, row.dbb};
    const double got[4] = {d.first[0][0], d.first[1][0], d.second[0][0], d.second[1][0]};
    for (int i = 0; i < 4; ++i) {
      CAPTURE(i);
      if (expected[i] != skip) CHECK(agree(got[i], expected[i]));
    }
  }
}

}  // namespace

TEST_CASE("functions of one input at their special points, to the second derivative") {
  check("relu", relu,
        {{0.0, 0, 0, 0},
         {-0.0, 0, 0, 0},
         {inf, inf, 1, 0},
         {-inf, 0, 0, 0},
         {tiny, tiny, 1, 0},
         {-tiny, 0, 0, 0},
         {a_nan, a_nan, skip, skip}});
  check("abs", abs,
        {{0.0, 0, 0, 0},
         {-0.0, 0, 0, 0},
         {inf, inf, 1, 0},
         {-inf, inf, -1, 0},
         {-tiny, tiny, -1, 0},
         {-huge, huge, -1, 0},
         {a_nan, a_nan, a_nan, 0}});
  check("sign", sign, {{0.0, 0, 0, 0}, {inf, 1, 0, 0}, {-tiny, -1, 0, 0}, {a_nan, a_nan, 0, 0}});
  check("square", square,
        {{0, 0, 0, 2}, {1e200, inf, 2e200, 2}, {tiny, 0, 2 * tiny, 2}, {-inf, inf, -inf, 2}});
  check("sqrt", sqrt,
        {{0, 0, inf, -inf},
         {inf, inf, 0, 0},
         {-1, a_nan, a_nan, a_nan},
         {0x1p-1074, 0x1p-537, 0x1p536, skip},
         {0x1p1000, 0x1p500, 0x1p-501, skip}});
  check("rsqrt", rsqrt, {{0, inf, -inf, skip}, {inf, 0, 0, skip}, {-1, a_nan, a_nan, a_nan}});
  check("cbrt", cbrt,
        {{0, 0, inf, skip}, {-8, -2, 1.0 / 12, 1.0 / 144}, {inf, inf, 0, skip}, {-inf, -inf, 0, skip}});
  check("reciprocal", reciprocal,
        {{0.0, inf, -inf, inf}, {-0.0, -inf, -inf, -inf}, {inf, 0, 0, 0}, {-inf, 0, 0, 0}});
  check("exp", exp,
        {{-inf, 0, 0, 0}, {inf, inf, inf, inf}, {1000, inf, inf, inf}, {-1000, 0, 0, 0}, {0, 1, 1, 1}});
  check("expm1", expm1, {{-inf, -1, 0, 0}, {0, 0, 1, 1}, {tiny, tiny, 1, 1}, {1000, inf, inf, inf}});
  check("log", log, {{0.0, -inf, inf, -inf}, {1, 0, 1, -1}, {inf, inf, 0, 0}, {-1, a_nan, -1, -1}});
  check("log1p", log1p, {{-1, -inf, inf, -inf}, {0, 0, 1, -1}, {tiny, tiny, 1, -1}, {inf, inf, 0, 0}});
  check("tanh", tanh,
        {{inf, 1, 0, 0}, {-inf, -1, 0, 0}, {0, 0, 1, 0}, {1000, 1, 0, 0}, {tiny, tiny, 1, -2 * tiny}});
  check("sigmoid", sigmoid,
        {{-inf, 0, 0, 0}, {inf, 1, 0, 0}, {-1000, 0, 0, 0}, {1000, 1, 0, 0}, {0, 0.5, 0.25, 0}});
  check("softplus", softplus, {{-inf, 0, 0, 0}, {inf, inf, 1, 0}, {1e300, 1e300, 1, 0}, {-1000, 0, 0, 0}});
  check("atan", atan, {{inf, std::acos(0.0), 0, skip}, {0, 0, 1, 0}});
  check("asin", asin, {{1, std::acos(0.0), inf, skip}, {0, 0, 1, 0}, {2, a_nan, a_nan, a_nan}});
  check("acosh", acosh, {{1, 0, inf, skip}, {0, a_nan, a_nan, a_nan}});
  check("atanh", atanh, {{1, inf, inf, skip}, {-1, -inf, inf, skip}, {2, a_nan, skip, skip}});
  check("sin", sin, {{0, 0, 1, 0}, {inf, a_nan, a_nan, a_nan}});
  check("erf", erf, {{inf, 1, 0, skip}, {-inf, -1, 0, skip}, {0, 0, 1.1283791670955126, 0}});
  check("erfc", erfc, {{inf, 0, 0, skip}, {-inf, 2, 0, skip}});
  check("erfinv", erfinv, {{1, inf, inf, skip}, {-1, -inf, inf, skip}, {2, a_nan, a_nan, a_nan}});
  check("lgamma", lgamma,
        {{1, 0, -0.57721566490153286, 1.6449340668482264}, {inf, inf, inf, skip}, {0, inf, skip, skip}});
  check("floor", floor, {{-0.5, -1, 0, 0}, {inf, inf, 0, 0}, {0x1p60, 0x1p60, 0, 0}});
  check("ceil", ceil, {{0.5, 1, 0, 0}, {-inf, -inf, 0, 0}, {tiny, 1, 0, 0}});
  check("round", round,
        {{0.5, 0, 0, 0}, {1.5, 2, 0, 0}, {2.5, 2, 0, 0}, {-0.5, 0, 0, 0}, {0x1p52 + 1, 0x1p52 + 1, 0, 0}});
  check("trunc", trunc, {{-1.5, -1, 0, 0}, {a_nan, a_nan, 0, 0}, {-inf, -inf, 0, 0}});
}

TEST_CASE("signs of zeros") {
  const Tensor x = vector({0.0, -0.0});
  CHECK(same_bits(values(-x), List{-0.0, 0.0}));
  CHECK(same_bits(values(abs(x)), List{0.0, 0.0}));
  CHECK(same_bits(values(sqrt(x)), List{0.0, -0.0}));
  CHECK(same_bits(values(sin(x)), List{0.0, -0.0}));
  CHECK(same_bits(values(tanh(x)), List{0.0, -0.0}));
  CHECK(same_bits(values(reciprocal(x)), List{inf, -inf}));
  CHECK(same_bits(values(x + 0.0), List{0.0, 0.0}));
  CHECK(same_bits(values(x - 0.0), List{0.0, -0.0}));
  CHECK(same_bits(values(0.0 - x), List{0.0, 0.0}));
  CHECK(same_bits(values(x * -1.0), List{-0.0, 0.0}));
  CHECK(same_bits(values(round(vector({-0.5, 0.5}))), List{-0.0, 0.0}));
  CHECK(same_bits(values(ceil(vector({-0.5}))), List{-0.0}));
  CHECK(same_bits(values(copysign(vector({1, 1}), x)), List{1, -1}));
  CHECK(same_bits(values(atan2(x, 1.0)), List{0.0, -0.0}));
}

TEST_CASE("pow at zeros, negative bases and infinities") {
  check("pow", pow,
        {// a, b, y, da, db, daa, dbb
         {0, 0, 1, 0, 0, 0, 0},
         {0, 1, 0, 1, 0, 0, 0},
         {0, 2, 0, 0, 0, 2, 0},
         {0, 3, 0, 0, 0, 0, 0},
         {0, 0.5, 0, inf, 0, skip, 0},
         {0, 1.5, 0, 0, 0, inf, 0},
         {0, 2.5, 0, 0, 0, 0, 0},
         {0, -1, inf, -inf, -inf, skip, skip},
         {-0.0, 3, 0, 0, 0, 0, 0},
         {-2, 0, 1, 0, a_nan, 0, a_nan},
         {-2, 1, -2, 1, a_nan, 0, a_nan},
         {-2, 2, 4, -4, a_nan, 2, a_nan},
         {-2, 3, -8, 12, a_nan, -12, a_nan},
         {-2, -1, -0.5, -0.25, a_nan, -0.25, a_nan},
         {-2, 0.5, a_nan, a_nan, a_nan, a_nan, a_nan},
         {2, 0, 1, 0, std::log(2.0), 0, std::log(2.0) * std::log(2.0)},
         {1, 1e300, 1, 1e300, 0, inf, 0},
         {2, 2000, inf, inf, inf, inf, inf},
         {2, -2000, 0, 0, 0, 0, 0},
         {inf, 2, inf, inf, inf, 2, inf}});
}

TEST_CASE("pow by a number has no NaN where the base is 0 or negative") {
  for (const double exponent : {0.0, 1.0, 2.0, 3.0, 4.0}) {
    const Derivatives d =
        derivatives([&](const auto& in) { return pow(in[0], exponent); }, {{0.0, -0.0, -1.5, 2.0, -tiny}});
    for (std::size_t i = 0; i < 5; ++i) {
      const double x = d.value.size() == 5 ? List{0.0, -0.0, -1.5, 2.0, -tiny}[i] : a_nan;
      const auto power = [&](double p) { return p < 0 ? 0.0 : std::pow(x, p); };
      CHECK(agree(d.value[i], power(exponent)));
      CHECK(agree(d.first[0][i], exponent * power(exponent - 1)));
      CHECK(agree(d.second[0][i], exponent * (exponent - 1) * power(exponent - 2)));
    }
  }
}

TEST_CASE("pow by 2, 3 and -1 is a product or a quotient, with the derivatives of pow") {
  for (const DType dtype : {float32, float64})
    for (const double power : {2.0, 3.0, -1.0}) {
      CAPTURE(power);
      const Tensor x = parameter(support::vector({-2.5, -0.0, 0.0, 0.3, 7.0, inf, -inf, 1e-30}, dtype));
      const Tensor powers = full({x.size()}, power, {.dtype = dtype});
      const Tensor a = pow(x, power), b = pow(x, powers);
      CHECK(support::near(values(a), values(b), dtype == float32 ? 2e-7 : 4e-16));
      const Tensor one = ones_like(x);
      const Tensor da = grad(a, {x}, {.create_graph = true, .seeds = {one}})[0],
                   db = grad(b, {x}, {.create_graph = true, .seeds = {one}})[0];
      CHECK(support::near(values(da), values(db), dtype == float32 ? 4e-7 : 8e-16));
    }
  CHECK(support::message<DTypeError>([] { pow(arange(3, {.dtype = int64}), 2); }) ==
        "[pow] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
}

TEST_CASE("maximum and minimum share the gradient of a tie, and pass NaN on") {
  check("maximum", maximum,
        {{1, 1, 1, 0.5, 0.5, 0, 0},
         {0.0, -0.0, 0, 0.5, 0.5, 0, 0},
         {inf, inf, inf, 0.5, 0.5, 0, 0},
         {-inf, -inf, -inf, 0.5, 0.5, 0, 0},
         {2, 1, 2, 1, 0, 0, 0},
         {tiny, 0, tiny, 1, 0, 0, 0},
         {a_nan, 1, a_nan, skip, skip, skip, skip},
         {1, a_nan, a_nan, skip, skip, skip, skip},
         {a_nan, inf, a_nan, skip, skip, skip, skip}});
  check("minimum", minimum,
        {{1, 1, 1, 0.5, 0.5, 0, 0},
         {-0.0, 0.0, 0, 0.5, 0.5, 0, 0},
         {inf, inf, inf, 0.5, 0.5, 0, 0},
         {2, 1, 1, 0, 1, 0, 0},
         {-tiny, 0, -tiny, 1, 0, 0, 0},
         {a_nan, -inf, a_nan, skip, skip, skip, skip},
         {-inf, a_nan, a_nan, skip, skip, skip, skip}});
  // In every place of a vector register, and beyond it.
  for (std::size_t place = 0; place < 9; ++place) {
    List list(9, 1.0);
    list[place] = a_nan;
    for (const DType dtype : {float32, float64}) {
      const Tensor x = vector(list, dtype);
      for (const Tensor& y : {maximum(x, 2), maximum(2, x), minimum(x, 0), minimum(0, x)}) {
        const List got = values(y);
        for (std::size_t i = 0; i < 9; ++i) CHECK(std::isnan(got[i]) == (i == place));
      }
    }
  }
}

TEST_CASE("hypot and atan2 at the origin, and without overflow or underflow") {
  const double pi = std::acos(-1.0);
  check("hypot", hypot,
        {{0, 0, 0, 0, 0, skip, skip},
         {3, 4, 5, 0.6, 0.8, 0.128, 0.072},
         {3e300, 4e300, 5e300, 0.6, 0.8, skip, skip},
         {3e-300, 4e-300, 5e-300, 0.6, 0.8, skip, skip},
         {-3, 0, 3, -1, 0, 0, 1.0 / 3},
         {inf, a_nan, inf, skip, skip, skip, skip},
         {-inf, 1, inf, skip, 0, skip, skip}});
  check("atan2", atan2,
        {{0, 0, 0, 0, 0, skip, skip},
         {0.0, -0.0, pi, 0, 0, skip, skip},
         {-0.0, -0.0, -pi, 0, 0, skip, skip},
         {1, 0, pi / 2, 0, -1, 0, 0},
         {0, -1, pi, -1, 0, 0, 0},
         {1e300, 1e300, pi / 4, 5e-301, -5e-301, skip, skip},
         {1e-300, 1e-300, pi / 4, 5e299, -5e299, skip, skip},
         {inf, inf, pi / 4, skip, skip, skip, skip},
         {1, inf, 0, skip, skip, skip, skip}});
  for (Tensor (*const f)(const Operand&, const Operand&) : {&wengert::hypot, &wengert::atan2}) {
    const Derivatives d =
        derivatives([&](const auto& in) { return f(in[0], in[1]); }, {{0.0, -0.0}, {0.0, 0.0}});
    for (const List* list : {&d.first[0], &d.first[1], &d.second[0], &d.second[1]})
      for (const double entry : *list) CHECK(std::isfinite(entry));
  }
}

TEST_CASE("remainders, quotients and signs at the ends") {
  check("fmod", fmod,
        {{5, 0, a_nan, 1, skip, 0, skip},
         {inf, 1, a_nan, 1, skip, 0, skip},
         {5, inf, 5, 1, 0, 0, 0},
         {-1, 3, -1, 1, 0, 0, 0},
         {1e300, 3, std::fmod(1e300, 3), 1, skip, 0, 0}});
  check("remainder", wengert::remainder,
        {{-1, 3, 2, 1, 1, 0, 0}, {1, -3, -2, 1, 1, 0, 0}, {5, 0, a_nan, 1, skip, 0, skip}});
  check("div", wengert::div,
        {{1, 0, inf, inf, -inf, 0, inf},
         {0, 0, a_nan, inf, a_nan, 0, a_nan},
         {1, inf, 0, 0, 0, 0, 0},
         {huge, 0.5, inf, 2, -inf, 0, inf}});
  check("copysign", wengert::copysign,
        {{1, -0.0, -1, -1, 0, 0, 0}, {0, -1, 0, 0, 0, 0, 0}, {-inf, 1, inf, -1, 0, 0, 0}});
  check("leaky_relu", leaky_relu,
        {{0, 0.1, 0, 0.1, 0, 0, 0}, {-2, 0.1, -0.2, 0.1, -2, 0, 0}, {inf, 0.1, inf, 1, 0, 0, 0}});
  check("mul", mul,
        {{0, inf, a_nan, inf, 0, 0, 0}, {tiny, 0.5, 0, 0.5, tiny, 0, 0}, {huge, 2, inf, 2, huge, 0, 0}});
}

TEST_CASE("float32 overflows, underflows and keeps denormals") {
  const auto in_float = [](double x) { return vector({x}, float32); };
  CHECK(exp(in_float(88.8)).item() == inf);
  CHECK(exp(in_float(88.7)).item() < 3.4028235e38);
  CHECK(square(in_float(1e20)).item() == inf);
  CHECK(square(in_float(1e-30)).item() == 0);
  CHECK((in_float(0x1p-149) * 1.0).item() == 0x1p-149);
  CHECK((in_float(0x1p-100) * 0x1p-49).item() == 0x1p-149);
  CHECK(abs(in_float(-0x1p-149)).item() == 0x1p-149);
  CHECK(sign(in_float(-0x1p-149)).item() == -1);
  CHECK(hypot(in_float(3e30), in_float(4e30)).item() == doctest::Approx(5e30));
  CHECK(sigmoid(in_float(-200)).item() == 0);
  CHECK(softplus(in_float(1e30)).item() == static_cast<double>(1e30f));
  CHECK(expm1(in_float(1e-10)).item() == static_cast<double>(1e-10f));
  const Derivatives d = derivatives([](const auto& x) { return sqrt(x[0]); }, {{0.0, 4.0}}, float32);
  CHECK(d.first[0] == List{inf, 0.25});
}

TEST_CASE("int64 wraps around, in every operation that adds or multiplies") {
  constexpr std::int64_t least = INT64_MIN, most = INT64_MAX;
  const Tensor low(xt::xarray<std::int64_t>{least}), high(xt::xarray<std::int64_t>{most});
  const auto only = [](const Tensor& x) { return x.array<std::int64_t>()(0); };
  CHECK(only(high + 1) == least);
  CHECK(only(low - 1) == most);
  CHECK(only(high * 2) == -2);
  CHECK(only(-low) == least);
  CHECK(only(abs(low)) == least);
  CHECK(only(square(low)) == 0);
  const Tensor both = concat({high, high});
  CHECK(only(reshape(sum(both), {1})) == -2);
  CHECK(only(reshape(prod(both), {1})) == 1);
  CHECK(cumsum(both, 0).array<std::int64_t>()(1) == -2);
  CHECK(only(scatter_add(high, 0, Tensor(xt::xarray<std::int64_t>{0}), high)) == -2);
}
