#include "wengert/nn/functional.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::near;
using expect::values;

TEST_CASE("softmax and its logarithm are their formulas along any axis") {
  const std::vector<double> x{1, 2, 0.5, -1, 3, 0};
  const double a = std::exp(1) + std::exp(2) + std::exp(0.5), b = std::exp(-1) + std::exp(3) + std::exp(0);
  const std::vector<double> rows{std::exp(1) / a,  std::exp(2) / a, std::exp(0.5) / a,
                                 std::exp(-1) / b, std::exp(3) / b, std::exp(0) / b};
  std::vector<double> logs;
  for (const double p : rows) logs.push_back(std::log(p));
  const Tensor t = expect::tensor(x, {2, 3});
  CHECK(near(nn::softmax(t), rows));
  CHECK(near(nn::log_softmax(t), logs));
  const auto first = values(nn::softmax(t, 0));
  for (std::size_t i = 0; i < 3; ++i) CHECK(near(first[i], 1 / (1 + std::exp(x[i + 3] - x[i]))));
  CHECK(near(values(sum(nn::softmax(t, 0), {0})), {1, 1, 1}));
}

TEST_CASE("large values do not overflow, and small probabilities keep their logarithm") {
  const Tensor x(xt::xarray<float>{1000.0f, 0.0f, -1000.0f});
  CHECK(values(nn::softmax(x)) == std::vector<double>{1, 0, 0});
  CHECK(values(nn::log_softmax(x)) == std::vector<double>{0, -1000, -2000});
  const Tensor masked(xt::xarray<float>{0.0f, -INFINITY, 0.0f});
  CHECK(values(nn::softmax(masked)) == std::vector<double>{0.5, 0, 0.5});
  CHECK(values(nn::log_softmax(masked))[1] == -INFINITY);
}

TEST_CASE("the derivatives of softmax and log_softmax hold, to second order") {
  manual_seed(2);
  const Tensor x = randn({3, 4}, {.dtype = float64});
  for (const std::int64_t axis : {-1, 0}) {
    CHECK(gradcheck([=](const auto& in) { return nn::softmax(in[0], axis); }, {x}, {.order = 2}).ok());
    CHECK(gradcheck([=](const auto& in) { return nn::log_softmax(in[0], axis); }, {x}, {.order = 2}).ok());
  }
}

TEST_CASE("glu is one half times the sigmoid of the other, along any axis") {
  const Tensor x = expect::tensor({1, 2, 0, -1, 3, 0.5, 2, 0}, {2, 4});
  const auto s = [](double z) { return 1 / (1 + std::exp(-z)); };
  CHECK(near(nn::glu(x), {s(0), 2 * s(-1), 3 * s(2), 0.5 * s(0)}));
  CHECK(near(nn::glu(x, 0), {s(3), 2 * s(0.5), 0, -s(0)}));
  CHECK(nn::glu(zeros({4, 0, 3}), 0).shape() == Shape{2, 0, 3});
  CHECK(gradcheck([](const auto& in) { return nn::glu(in[0], 1); }, {x}, {.order = 2}).ok());
  CHECK(expect::message<ShapeError>([&] {
          nn::glu(zeros({2, 3}));
        }) == "[glu] the extent along the axis must be even: got (2, 3) for axis -1");
  CHECK(expect::message<IndexError>([&] { nn::glu(x, 2); }) ==
        "[glu] an axis must lie within the dimensions: got axis 2 for 2 dimensions");
}

TEST_CASE("bilinear is a product of three, for any dimensions before the last") {
  const Tensor w = expect::tensor({1, 2, 3, 4, 5, 6, 0, 1, 0, -1, 2, 0}, {2, 2, 3});
  const Tensor a = expect::tensor({1, -1, 2, 0.5}, {2, 2}), b = expect::tensor({1, 0, 2, 0, 1, -1}, {2, 3});
  const Tensor bias = expect::tensor({10, 20});
  // The first row: W[0] gives (1 - 4, 2 - 5, 3 - 6) . b = -9, W[1] gives (0 + 1, 1 - 2, 0 - 0) . b = 1.
  CHECK(near(nn::bilinear(a, b, w, bias), {10 - 9.0, 20 + 1.0, 10 - 2.5, 20 + 3.0}));
  CHECK(nn::bilinear(zeros({4, 5, 2}), zeros({4, 5, 3}), zeros({2, 2, 3})).shape() == Shape{4, 5, 2});
  CHECK(nn::bilinear(zeros({2}), zeros({3}), zeros({2, 2, 3})).shape() == Shape{2});
  CHECK(gradcheck([](const auto& in) { return nn::bilinear(in[0], in[1], in[2], in[3]); }, {a, b, w, bias},
                  {.order = 2})
            .ok());
  CHECK(
      expect::message<ShapeError>([&] { nn::bilinear(b, a, w); }) ==
      "[bilinear] the last extents of x1 and x2 must be the weight's: got (2, 3) and (2, 2) for a weight of "
      "(2, 2, 3)");
  CHECK(expect::message<ShapeError>([&] {
          nn::bilinear(zeros({4, 2}), zeros({1, 3}), zeros({2, 2, 3}));
        }) == "[bilinear] x1 and x2 must agree in all extents but the last: got (4, 2) and (1, 3)");
  CHECK(expect::message<ShapeError>([&] {
          nn::bilinear(a, b, zeros({2, 3}));
        }) == "[bilinear] the weight must be (out, in1, in2): got (2, 3)");
  CHECK(expect::message<ShapeError>([&] { nn::bilinear(a, b, w, zeros({3})); }) ==
        "[bilinear] the bias must be (out): got (3,) for a weight of (2, 2, 3)");
}

TEST_CASE("feature_dropout drops channels as a whole") {
  manual_seed(6);
  const auto y = values(nn::feature_dropout(ones({40, 25, 3}), 0.3));
  int kept = 0;
  for (std::size_t i = 0; i < y.size(); i += 3) {
    CHECK((y[i] == 0.0 || near(y[i], 1 / 0.7, 1e-6)));
    CHECK((y[i + 1] == y[i] && y[i + 2] == y[i]));
    kept += y[i] != 0.0;
  }
  CHECK(kept / 1000.0 == doctest::Approx(0.7).epsilon(0.06));
  CHECK(values(nn::feature_dropout(ones({2, 2}), 0.3, false)) == std::vector<double>{1, 1, 1, 1});
  CHECK(values(nn::feature_dropout(ones({2, 2}), 1.0)) == std::vector<double>{0, 0, 0, 0});
  CHECK(expect::message<ShapeError>([&] { nn::feature_dropout(ones({3})); }) ==
        "[feature_dropout] x must be (N, C, ...): got (3,)");
  CHECK(expect::message<ValueError>([&] {
          nn::feature_dropout(ones({3, 1}), -1);
        }) == "[feature_dropout] p must lie within [0, 1]: got -1");
}

TEST_CASE("alpha_dropout keeps mean and variance") {
  manual_seed(7);
  const Tensor x = randn({200000}, {.dtype = float64});
  const Tensor y = nn::alpha_dropout(x, 0.3);
  CHECK(mean(y).item() == doctest::Approx(0.0).epsilon(0.01));
  CHECK(var(y).item() == doctest::Approx(1.0).epsilon(0.02));
  const double s = -1.7580993408473766, a = 1 / std::sqrt(0.7 * (1 + 0.3 * s * s)), b = -a * 0.3 * s;
  const auto before = values(x), after = values(y);
  int dropped = 0, others = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool saturated = near(after[i], a * s + b);
    others += !saturated && !near(after[i], a * before[i] + b);
    dropped += saturated;
  }
  CHECK(others == 0);
  CHECK(dropped / 200000.0 == doctest::Approx(0.3).epsilon(0.02));
  CHECK(values(nn::alpha_dropout(x, 0.3, false)) == before);
  CHECK(values(nn::alpha_dropout(ones({2}), 1.0)) == std::vector<double>{0, 0});
  CHECK(expect::message<ValueError>([&] { nn::alpha_dropout(x, 2); }) ==
        "[alpha_dropout] p must lie within [0, 1]: got 2");
  CHECK(gradcheck(
            [](const auto& in) {
              manual_seed(11);
              return square(nn::alpha_dropout(in[0], 0.5));
            },
            {expect::tensor({1, -2, 0.5, 3})}, {.order = 2})
            .ok());
}

TEST_CASE("dropout keeps the expectation, and draws anew each time") {
  manual_seed(5);
  const Tensor x = ones({20000}, {.dtype = float64});
  const auto a = values(nn::dropout(x, 0.2)), b = values(nn::dropout(x, 0.2));
  CHECK(a != b);
  int kept = 0;
  for (const double y : a) {
    CHECK((y == 0.0 || near(y, 1.25)));
    kept += y != 0.0;
  }
  CHECK(kept / 20000.0 == doctest::Approx(0.8).epsilon(0.015));
  manual_seed(5);
  CHECK(values(nn::dropout(x, 0.2)) == a);
}

TEST_CASE("dropout at its ends") {
  const Tensor x = parameter(xt::xarray<double>{1.0, -2.0, INFINITY});
  CHECK(values(nn::dropout(x, 0.0)) == values(x));
  CHECK(values(nn::dropout(x, 0.7, false)) == values(x));
  const Tensor none = nn::dropout(x, 1.0);
  CHECK(values(none) == std::vector<double>{0, 0, 0});
  sum(none).backward();
  CHECK(values(x.grad()) == std::vector<double>{0, 0, 0});
  CHECK(expect::message<ValueError>([&] { nn::dropout(x, 1.5); }) ==
        "[dropout] p must lie within [0, 1]: got 1.5");
}

TEST_CASE("dropout with a fixed draw has its derivative") {
  manual_seed(2);
  const Tensor x = randn({3, 4}, {.dtype = float64});
  CHECK(gradcheck(
            [](const auto& in) {
              manual_seed(11);
              return square(nn::dropout(in[0], 0.5));
            },
            {x}, {.order = 2})
            .ok());
}
