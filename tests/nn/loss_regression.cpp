#include "wengert/nn/loss_regression.hpp"

#include <doctest/doctest.h>

#include <numbers>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::near;
using expect::tensor;
using expect::values;
using nn::Reduction;

namespace {

const Tensor origin = tensor({0, 0, 0, 0, 0, 0});

/// The derivative of the summed losses in the prediction.
template <class F>
std::vector<double> slope(F loss, const Tensor& at) {
  const Tensor x = parameter(at);
  sum(loss(x)).backward();
  return values(x.grad());
}

}  // namespace

TEST_CASE("mse_loss and l1_loss, in each reduction") {
  const Tensor p = tensor({1, 2, 4}), t = tensor({0, 2, 1});
  CHECK(near(nn::mse_loss(p, t).item(), 10.0 / 3));
  CHECK(near(nn::mse_loss(p, t, {.reduction = Reduction::sum}).item(), 10));
  CHECK(near(nn::mse_loss(p, t, {.reduction = Reduction::none}), {1, 0, 9}));
  CHECK(near(nn::l1_loss(p, t).item(), 4.0 / 3));
  CHECK(near(nn::l1_loss(p, t, {Reduction::sum}).item(), 4));
  CHECK(near(nn::l1_loss(p, t, {Reduction::none}), {1, 0, 3}));
  const Tensor w = parameter(xt::xarray<double>{1.0, 2.0, 4.0});
  nn::l1_loss(w, t).backward();
  CHECK(near(w.grad(), {1.0 / 3, 0, 1.0 / 3}));
}

TEST_CASE("huber_loss and smooth_l1_loss at their seams and far out") {
  const Tensor x = tensor({0, 0.5, -2, 5, INFINITY, -1e300});
  const nn::HuberOptions options{.delta = 2.0, .reduction = Reduction::none};
  const auto huber = [&](const Tensor& t) { return nn::huber_loss(t, origin, options); };
  CHECK(near(slice(huber(x), 0, 0, 4), {0, 0.125, 2, 8}));
  CHECK((values(huber(x))[4] == INFINITY && values(huber(x))[5] == 2e300));
  CHECK(slope(huber, x) == std::vector<double>{0, 0.5, -2, 2, 2, -2});
  const auto smooth = [&](const Tensor& t) {
    return nn::smooth_l1_loss(t, origin, {.beta = 2.0, .reduction = Reduction::none});
  };
  CHECK(near(slice(smooth(x), 0, 0, 4), {0, 0.0625, 1, 4}));
  CHECK(slope(smooth, x) == std::vector<double>{0, 0.25, -1, 1, 1, -1});
  const auto absolute = [&](const Tensor& t) { return nn::smooth_l1_loss(t, origin, {.beta = 0.0}); };
  CHECK(near(absolute(tensor({0, 1, -1, 2, -2, 6})).item(), 2));
}

TEST_CASE("log_cosh_loss is accurate near 0 and far out") {
  const Tensor x = tensor({0, 1e-9, -0.5, 3, -800, INFINITY});
  const auto loss = [&](const Tensor& t) { return nn::log_cosh_loss(t, origin, {Reduction::none}); };
  const auto v = values(loss(x));
  CHECK(v[0] == 0);
  CHECK(v[1] == doctest::Approx(5e-19).epsilon(1e-12));
  CHECK(near(v[2], std::log(std::cosh(0.5))));
  CHECK(near(v[3], std::log(std::cosh(3.0))));
  CHECK(near(v[4], 800 - std::numbers::ln2));
  CHECK(v[5] == INFINITY);
  const auto g = slope(loss, x);
  CHECK(g[1] == doctest::Approx(1e-9).epsilon(1e-12));
  CHECK(near(g, {0, 1e-9, std::tanh(-0.5), std::tanh(3.0), -1, 1}));
}

TEST_CASE("quantile_loss asks more for what is too low") {
  const Tensor x = tensor({1, -1, 0, 10, -10, INFINITY});
  const auto loss = [&](const Tensor& t) {
    return nn::quantile_loss(t, origin, {.quantile = 0.9, .reduction = Reduction::none});
  };
  CHECK(near(slice(loss(x), 0, 0, 5), {0.1, 0.9, 0, 1, 9}));
  CHECK(values(loss(x))[5] == INFINITY);
  CHECK(near(slope(loss, x), {0.1, -0.9, 0, 0.1, -0.9, 0.1}));
  // The least of the mean is at the quantile: nine of ten below.
  const Tensor sample = linspace(0, 10, 11, {.dtype = float64});
  const auto mean_at = [&](double q) {
    return nn::quantile_loss(full({11}, q, {.dtype = float64}), sample, {.quantile = 0.85}).item();
  };
  CHECK((mean_at(9) < mean_at(8) && mean_at(9) < mean_at(10)));
}

TEST_CASE("poisson_nll_loss of rates and their logarithms") {
  const Tensor x = tensor({0, 1, -1000}), t = tensor({0, 3, 0});
  CHECK(near(nn::poisson_nll_loss(x, t, {.reduction = Reduction::none}), {1, std::exp(1) - 3, 0}));
  const double stirling = 3 * std::log(3) - 3 + 0.5 * std::log(6 * std::numbers::pi);
  CHECK(near(nn::poisson_nll_loss(x, t, {.full = true, .reduction = Reduction::none}),
             {1, std::exp(1) - 3 + stirling, 0}));
  const nn::PoissonNllOptions rates{.log_input = false, .eps = 0.0, .reduction = Reduction::sum};
  CHECK(near(nn::poisson_nll_loss(tensor({2, 1}), tensor({3, 0}), rates).item(), 3 - 3 * std::log(2)));
  const Tensor zero = parameter(xt::xarray<double>{0.0});
  const Tensor never = nn::poisson_nll_loss(zero, tensor({2}), {.log_input = false});
  CHECK(near(never.item(), -2 * std::log(1e-8)));
  never.backward();
  CHECK(near(zero.grad(), {1 - 2e8}));
}

TEST_CASE("gaussian_nll_loss holds the variance, and its gradient passes") {
  const Tensor x = tensor({1, 3}), t = tensor({0, 0}), v = parameter(xt::xarray<double>{0.0, 4.0});
  const Tensor losses = nn::gaussian_nll_loss(x, t, v, {.eps = 0.5, .reduction = Reduction::none});
  CHECK(near(losses, {0.5 * (std::log(0.5) + 2), 0.5 * (std::log(4) + 9.0 / 4)}));
  sum(losses).backward();
  CHECK(near(v.grad(), {0.5 * (2 - 4), 0.5 * (0.25 - 9.0 / 16)}));
  CHECK(near(nn::gaussian_nll_loss(x, t, tensor({1}), {.full = true}).item(),
             (0.5 + 4.5) / 2 + 0.5 * std::log(2 * std::numbers::pi)));
}

TEST_CASE("regression over nothing, and NaN") {
  const Tensor none = zeros({0, 2});
  CHECK(std::isnan(nn::huber_loss(none, none).item()));
  CHECK(nn::huber_loss(none, none, {.reduction = Reduction::sum}).item() == 0);
  CHECK(nn::gaussian_nll_loss(none, none, none, {.reduction = Reduction::sum}).item() == 0);
  const Tensor bad = tensor({NAN}), zero = tensor({0});
  CHECK(std::isnan(nn::huber_loss(bad, zero).item()));
  CHECK(std::isnan(nn::log_cosh_loss(bad, zero).item()));
  CHECK(std::isnan(nn::quantile_loss(bad, zero).item()));
}
