#include "wengert/ops/cumulative.hpp"

#include <cmath>

#include "ops/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::near;
using support::tensor;
using support::values;
using support::vector;
using List = std::vector<double>;

TEST_CASE("cumsum, cumprod and linear_scan") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(values(cumsum(x, 1)) == List{1, 3, 6, 4, 9, 15});
  CHECK(values(cumsum(x, -2)) == List{1, 2, 3, 5, 7, 9});
  CHECK(cumsum(x > 2.0, 0).dtype() == int64);
  CHECK(values(cumsum(expect::whole({1, 2, 3}), 0)) == List{1, 3, 6});
  CHECK(values(cumprod(x, 1)) == List{1, 2, 6, 4, 20, 120});
  CHECK(values(cumprod(x, 0)) == List{1, 2, 3, 4, 10, 18});
  CHECK(near(cumprod(vector({1e-300, 1e200, 1e200, -0.0}), 0), {1e-300, 1e-100, 1e100, -0.0}));
  CHECK(values(cumprod(vector({2, 0, 3, 0}), 0)) == List{2, 0, 0, 0});
  CHECK(values(linear_scan(vector({9, 2, 3}), vector({1, 10, 100}), 0)) == List{1, 12, 136});
  CHECK(cumsum(zeros({2, 0}), 1).shape() == Shape{2, 0});
  CHECK(cumprod(zeros({0, 2}), 0).shape() == Shape{0, 2});
  CHECK(cumprod(zeros({0, 2}), 1).shape() == Shape{0, 2});
}

TEST_CASE("the derivatives of cumprod are exact with zeros") {
  // Of the last product the derivative in each factor is the product of the others.
  const Tensor x = support::leaf({2, 0, 3, 5});
  sum(slice(cumprod(x, 0), 0, 3, 4)).backward();
  CHECK(values(x.grad()) == List{0, 30, 0, 0});
  differentiates([](const auto& in) { return cumprod(in[0], 0); }, {vector({2, 0, 3, 5})});
  differentiates([](const auto& in) { return cumprod(in[0], 0); }, {vector({0, 2, 0, 3, 0})});
  differentiates([](const auto& in) { return cumprod(in[0], 1); }, {tensor({0, 1.5, -2, 0.5, 0, 3}, {2, 3})});
}

TEST_CASE("logcumsumexp") {
  const double inf = INFINITY;
  const Tensor x = vector({0.5, -1, 2, 0});
  List expected;
  double total = 0;
  for (const double entry : values(x)) expected.push_back(std::log(total += std::exp(entry)));
  CHECK(near(logcumsumexp(x, 0), expected));
  CHECK(near(logcumsumexp(vector({-1000, 1000, -inf, 1000}), 0), {-1000, 1000, 1000, 1000 + std::log(2.0)}));
  CHECK(near(logcumsumexp(vector({-800, -801}), 0), {-800, -800 + std::log1p(std::exp(-1.0))}));
  const Tensor low = support::leaf({-inf, -inf, 1});
  const Tensor y = logcumsumexp(low, 0);
  CHECK(near(y, {-inf, -inf, 1}));
  y.backward({.seed = ones({3}, {.dtype = float64})});
  CHECK(values(low.grad()) == List{0, 0, 1});
  CHECK(logcumsumexp(zeros({2, 0}), 1).shape() == Shape{2, 0});
}

TEST_CASE("norm") {
  const Tensor x = tensor({3, -4, 0, 5, 12, -1}, {2, 3});
  CHECK(near(norm(x, 2, 1), {5, std::sqrt(170.0)}));
  CHECK(near(norm(x, 1, 1), {7, 18}));
  CHECK(near(norm(x, INFINITY, 1), {4, 12}));
  CHECK(near(norm(x, 3, -1), {std::cbrt(27.0 + 64), std::cbrt(125.0 + 1728 + 1)}));
  CHECK(
      near(norm(x, 0.5, 1), {std::pow(std::sqrt(3) + 2, 2), std::pow(std::sqrt(5) + std::sqrt(12) + 1, 2)}));
  CHECK(near(norm(x), {std::sqrt(195.0)}));
  CHECK(norm(x, 2, 1, true).shape() == Shape{2, 1});
  CHECK(norm(x, INFINITY, 0, true).shape() == Shape{1, 3});
  CHECK(near(norm(scalar(-3.0, float64)), {3}));
  // Nothing overflows or is lost on the way; infinities and NaN arrive.
  CHECK(near(norm(vector({3e200, 4e200})), {5e200}));
  CHECK(near(norm(vector({3e-200, 4e-200})), {5e-200}));
  CHECK(near(norm(vector({3e-310, 4e-310})), {5e-310}));
  CHECK(values(norm(vector({0, 49, 0}))) == List{49});
  for (const double scale : {1e-44, 3e-39, 1e-20, 1.0, 1e20, 6e37}) {
    const Tensor legs = parameter(vector({3 * scale, -4 * scale}).astype(float32));
    const List of = values(legs);
    const double length = std::hypot(of[0], of[1]);
    CHECK(norm(legs).item() == doctest::Approx(length).epsilon(1e-6));
    norm(legs).backward();
    CHECK(near(legs.grad(), {of[0] / length, of[1] / length}, 1e-6));
  }
  const Tensor small = parameter(vector({3e-38, 1e-42}).astype(float32));
  norm(small).backward();
  CHECK(near(values(small.grad())[1] * values(small)[0] / values(small)[1], 1.0, 3e-7));
  CHECK(near(norm(vector({-INFINITY, 1})), {INFINITY}));
  CHECK(near(norm(vector({-INFINITY, 1}), 3), {INFINITY}));
  CHECK(near(norm(vector({NAN, 1})), {NAN}));
  CHECK(values(norm(zeros({0, 2}), 2, 0)) == List{0, 0});
  CHECK(norm(zeros({2, 0}), 2, 0).shape() == Shape{0});
}

TEST_CASE("the gradient of a norm is 0 at 0") {
  for (const double p : {0.5, 1.0, 1.5, 2.0, 3.0, static_cast<double>(INFINITY)}) {
    CAPTURE(p);
    const Tensor zero = support::leaf({0, 0, 0});
    norm(zero, p).backward({.create_graph = true});
    CHECK(values(zero.grad()) == List{0, 0, 0});
    const Tensor some = support::leaf({0, 2});
    const Tensor first = grad(norm(some, p), {some}, {.create_graph = true})[0];
    CHECK(near(first, {0, 1}));
    if (!first.requires_grad()) continue;  // of p = 1 and inf it is a constant
    const Tensor second = grad(sum(first * first), {some}, {.allow_unused = true})[0];
    if (second.defined())
      for (const double entry : values(second)) CHECK(std::isfinite(entry));
  }
  const Tensor ties = support::leaf({2, -2, 1});
  norm(ties, INFINITY).backward();
  CHECK(values(ties.grad()) == List{0.5, -0.5, 0});
}

TEST_CASE("average") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(near(average(x, tensor({1, 0, 1, 1, 2, 3}, {2, 3}), 1), {2, (4.0 + 10 + 18) / 6}));
  CHECK(near(average(x, vector({1, 3}), 0), {13.0 / 4, 17.0 / 4, 21.0 / 4}));
  CHECK(near(average(x, vector({1, 0, 1}), 1, true), {2, 5}));
  CHECK(near(average(x, vector({1, 0, 1})), {3.5}));
  CHECK(average(x, vector({1, 3}), 0, true).shape() == Shape{1, 3});
}

TEST_CASE("running sums, norms and means are differentiable twice") {
  const Tensor x = tensor({0.8, -1.2, 0.5, 1.5, -0.7, 2.1}, {2, 3});
  differentiates([](const auto& in) { return square(cumsum(in[0], 0)); }, {x});
  differentiates([](const auto& in) { return linear_scan(in[0], in[1], 1); }, {x, numbers({2, 3})});
  differentiates([](const auto& in) { return logcumsumexp(in[0], -1); }, {x});
  differentiates([](const auto& in) { return logcumsumexp(in[0], 0); }, {vector({1, 1, 1, 1, 1})});
  for (const double p : {0.5, 1.0, 1.5, 2.0, 3.0, static_cast<double>(INFINITY)})
    differentiates([p](const auto& in) { return norm(in[0], p, 1); }, {x});
  differentiates([](const auto& in) { return average(in[0], in[1], 0); }, {x, vector({0.5, 1.5})});
}

TEST_CASE("what running sums, norms and means refuse") {
  const Tensor x = zeros({2, 3});
  CHECK(message<IndexError>([&] { cumsum(x, 2); }) ==
        "[cumsum] an axis must lie within the dimensions: got axis 2 for 2 dimensions");
  CHECK(message<IndexError>([&] { cumprod(x, -3); }) ==
        "[cumprod] an axis must lie within the dimensions: got axis -3 for 2 dimensions");
  CHECK(message<DTypeError>([&] { cumprod(x.astype(int64), 0); }) ==
        "[cumprod] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message<DTypeError>([&] { logcumsumexp(x.astype(int64), 0); }) ==
        "[logcumsumexp] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message<ShapeError>([&] { linear_scan(x, zeros({2}), 0); }) ==
        "[linear_scan] a and b must have one shape: got (2, 3) and (2,)");
  CHECK(message<DTypeError>([&] { linear_scan(x, x.astype(float64), 0); }) ==
        "[linear_scan] dtypes must be equal: got float32 and float64. Did you mean to cast with "
        "astype(float32)?");
  CHECK(message<ValueError>([&] { norm(x, 0); }) == "[norm] p must be positive: got 0");
  CHECK(message<ValueError>([&] { norm(x, 2, {0, -2}); }) == "[norm] an axis may be named once: got (0, -2)");
  CHECK(message<ShapeError>([&] { average(x, zeros({2})); }) ==
        "[average] the weights must broadcast to the tensor, or be a vector along one axis: got (2,) for (2, "
        "3)");
  CHECK(
      message<DTypeError>([&] { average(x, zeros({3}, {.dtype = float64}), 1); }) ==
      "[average] dtypes must be equal: got float32 and float64. Did you mean to cast with astype(float32)?");
}
