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
