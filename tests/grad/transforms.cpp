// The transforms against closed forms, against each other, nested, and given what they must refuse.
#include "wengert/grad/transforms.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <wengert/wengert.hpp>

#include "support/recorded_at.hpp"

using namespace wengert;

namespace {

double at(const Tensor& x, std::size_t i) { return x.array<double>().data()[i]; }

std::string message(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// The n-th derivative of a scalar function, by nesting value_and_grad.
Tensor nth_derivative(const std::function<Tensor(const Tensor&)>& f, int n, const Tensor& x) {
  if (n == 0) return f(x);
  return value_and_grad([&](const Tensor& t) { return nth_derivative(f, n - 1, t); }, x).second;
}

}  // namespace

TEST_CASE("the fifth derivative of tanh by nesting") {
  for (const double x : {-1.3, 0.0, 0.4, 2.0}) {
    const double t = std::tanh(x), u = 1 - t * t;
    // d^5 tanh = 16 u - 120 t^2 u ... in powers of t: u (16 - 120 t^2 + 120 t^4)
    const double expected = u * (16 - 120 * t * t + 120 * t * t * t * t);
    const Tensor d5 =
        nth_derivative([](const Tensor& v) { return tanh(v); }, 5, full({}, x, {.dtype = float64}));
    CHECK(d5.item() == doctest::Approx(expected).epsilon(1e-8));
    CHECK(std::fabs(d5.item() - expected) < 1e-8);
  }
}

TEST_CASE("jacobian, vjp and jvp agree with each other and with the closed form") {
  manual_seed(1);
  const Tensor a = randn({3, 4}, {.dtype = float64}), x = randn({4}, {.dtype = float64});
  const auto f = [&](const Tensor& v) { return sin(matmul(a, v)); };
  const Tensor j = jacobian(f, x);
  REQUIRE(j.shape() == Shape{3, 4});
  CHECK(allclose(j, reshape(cos(matmul(a, x)), {3, 1}) * a, 1e-12, 1e-13));

  const Tensor t = randn({4}, {.dtype = float64}), g = randn({3}, {.dtype = float64});
  const auto [value, tangent] = jvp(f, x, t);
  CHECK(allclose(value, f(x)));
  CHECK(allclose(tangent, matmul(j, t), 1e-12, 1e-13));
  const auto [output, pullback] = vjp(f, x);
  CHECK(!output.requires_grad());
  CHECK(allclose(pullback(g), matmul(g, j), 1e-12, 1e-13));
  CHECK(allclose(pullback(2.0 * g), 2.0 * pullback(g), 1e-12, 1e-13));  // again, as often as wanted
}

TEST_CASE("the Hessian of a function of several inputs comes in blocks") {
  const std::vector<Tensor> x{Tensor(xt::xarray<double>{1.0, 2.0}), Tensor(xt::xarray<double>{3.0})};
  const auto f = [](const std::vector<Tensor>& in) { return sum(square(in[0]) * in[1]); };
  const auto h = hessian(f, x);
  REQUIRE(h.size() == 2);
  CHECK(h[0][0].shape() == Shape{2, 2});
  CHECK(at(h[0][0], 0) == doctest::Approx(6.0));
  CHECK(at(h[0][0], 1) == doctest::Approx(0.0));
  CHECK(h[0][1].shape() == Shape{2, 1});
  CHECK(at(h[0][1], 1) == doctest::Approx(4.0));
  CHECK(at(h[1][1], 0) == doctest::Approx(0.0));
  const auto product =
      hvp(f, x, std::vector<Tensor>{Tensor(xt::xarray<double>{1.0, -1.0}), Tensor(xt::xarray<double>{0.5})});
  CHECK(at(product[0], 0) == doctest::Approx(6.0 * 1.0 + 2.0 * 0.5));
  CHECK(at(product[1], 0) == doctest::Approx(2.0 * 1.0 - 4.0 * 1.0));
}

TEST_CASE("a gradient penalty inside a loss reaches the parameters") {
  const Tensor w = parameter(xt::xarray<double>{0.5, -1.5});
  const Tensor x(xt::xarray<double>{1.0, 2.0});
  const auto penalty = [&] {
    const auto slope =
        value_and_grad([&](const Tensor& t) { return sum(sin(w * t)); }, x, {.create_graph = true}).second;
    return sum(square(slope));
  };
  CHECK(gradcheck_leaves({w}, penalty, {.order = 2}).ok());
}

TEST_CASE("NoGrad outside does not silence a transform, and nothing recorded comes out of it") {
  const NoGrad guard;
  const auto [value, gradient] =
      value_and_grad([](const Tensor& t) { return sum(t * t); }, parameter(xt::xarray<double>{3.0}));
  CHECK(at(gradient, 0) == 6.0);
  CHECK(!value.requires_grad());
  CHECK(!gradient.requires_grad());
}

TEST_CASE("what a transform refuses") {
  const Tensor x(xt::xarray<double>{1.0, 2.0});
  const auto f = [](const Tensor& t) { return t * t; };
  CHECK(message([&] { value_and_grad(f, x); }) ==
        "[value_and_grad] the function must return one element: got shape (2,). Did you mean the sum of it?");
  CHECK(message([&] { hessian(f, x); }) ==
        "[hessian] the function must return one element: got shape (2,). Did you mean the sum of it?");
  CHECK(message([&] { jvp(f, x, ones({3}, {.dtype = float64})); }) ==
        "[jvp] a tangent must have the shape of what it belongs to: got (3,) for (2,)");
  CHECK(message([&] { vjp(f, x).second(ones({2})); }) ==
        "[vjp] a cotangent must have the dtype of what it belongs to: got float32 for float64");
  CHECK(message([&] { jacobian(f, arange(3, {.dtype = int64})); }) ==
        "[jacobian] a point must be float32 or float64: got int64");
}

TEST_CASE("a function that does not depend on its point has a zero derivative") {
  const Tensor x(xt::xarray<double>{1.0, 2.0});
  CHECK(allclose(jacobian([](const Tensor&) { return ones({3}, {.dtype = float64}); }, x),
                 zeros({3, 2}, {.dtype = float64})));
  CHECK(jacobian([](const Tensor& t) { return slice(t, 0, 0, 0); }, x).shape() == Shape{0, 2});
}

TEST_CASE("what transforms record bears the caller's line") {
  const Tensor x = parameter(xt::xarray<double>{1.0, 2.0}), v(xt::xarray<double>{0.5, -1.0});
  AT_THIS_LINE(jvp([](const Tensor& t) { return sin(t) * t; }, x, v).second);
  AT_THIS_LINE(jacobian([](const Tensor& t) { return sin(t) * t; }, x));
  AT_THIS_LINE(hessian([](const Tensor& t) { return sum(sin(t) * t); }, x));
  AT_THIS_LINE(hvp([](const Tensor& t) { return sum(sin(t) * t); }, x, v));
  AT_THIS_LINE(value_and_grad([](const Tensor& t) { return sum(sin(t) * t); }, x).second);
}

TEST_CASE("a vector for each input") {
  const std::vector<Tensor> x{Tensor(xt::xarray<double>{1.0}), Tensor(xt::xarray<double>{2.0})};
  const auto f = [](const std::vector<Tensor>& t) { return sum(t[0] * t[1]); };
  CHECK(message([&] { jvp(f, x, {x[0]}); }) == "[jvp] there must be a tangent for each input: got 1 for 2");
  CHECK(message([&] { hvp(f, x, {x[0]}); }) == "[hvp] there must be a vector for each input: got 1 for 2");
}

TEST_CASE("inputs of two dtypes, and none") {
  const std::vector<Tensor> x{Tensor(xt::xarray<float>{1.0f, 2.0f}), Tensor(xt::xarray<double>{3.0})};
  const auto f = [](const std::vector<Tensor>& t) { return sum(square(t[0]).astype(float64)) * sum(t[1]); };
  CHECK(jvp(f, x, {ones_like(x[0]), ones_like(x[1])}).second.item() == doctest::Approx(6.0 * 3 + 5.0));
  const auto product = hvp(f, x, {ones_like(x[0]), ones_like(x[1])});
  CHECK(product[0].dtype() == float32);
  CHECK(at(product[0].astype(float64), 0) == doctest::Approx(2.0 * 3 + 2.0));
  const std::vector<Tensor> none;
  const auto constant = [](const std::vector<Tensor>& t) { return t.at(0); };
  CHECK(message([&] { jvp(constant, none, none); }) == "[jvp] there must be an input: got none");
  CHECK(message([&] { hvp(constant, none, none); }) == "[hvp] there must be an input: got none");
}
