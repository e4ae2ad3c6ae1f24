#include "wengert/optim/adam.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

// Steps with the gradient (p + i) / (i + 1) of the i-th step, against the papers' formulas in plain doubles.
template <class Optimizer, class Options>
void follows(const Options& o, bool decoupled) {
  const Tensor p = parameter(xt::xarray<double>{1.0, -2.0, 0.5});
  Optimizer optimizer({p}, o);
  const auto [b1, b2] = o.betas;
  std::vector<double> q = values(p), m(3), v(3), largest(3);
  for (int i = 0; i < 5; ++i) {
    optimizer.zero_grad();
    sum((0.5 * square(p) + i * p) / (i + 1.0)).backward();
    optimizer.step();
    for (std::size_t k = 0; k < 3; ++k) {
      double g = (o.maximize ? -1 : 1) * (q[k] + i) / (i + 1);
      if (decoupled)
        q[k] *= 1 - o.lr * o.weight_decay;
      else
        g += o.weight_decay * q[k];
      m[k] = b1 * m[k] + (1 - b1) * g;
      v[k] = b2 * v[k] + (1 - b2) * g * g;
      largest[k] = std::max(largest[k], v[k]);
      const double m_hat = m[k] / (1 - std::pow(b1, i + 1));
      const double v_hat = (o.amsgrad ? largest[k] : v[k]) / (1 - std::pow(b2, i + 1));
      q[k] -= o.lr * m_hat / (std::sqrt(v_hat) + o.eps);
    }
    CHECK(near(p, q, 1e-13));
  }
}

}  // namespace

TEST_CASE("steps follow the papers") {
  follows<optim::Adam>(optim::AdamOptions{}, false);
  follows<optim::Adam>(optim::AdamOptions{.lr = 0.1, .betas = {0.5, 0.7}, .eps = 1e-2}, false);
  follows<optim::Adam>(optim::AdamOptions{.lr = 0.1, .weight_decay = 0.3}, false);
  follows<optim::Adam>(optim::AdamOptions{.lr = 0.1, .betas = {0.5, 0.2}, .amsgrad = true}, false);
  follows<optim::Adam>(optim::AdamOptions{.lr = 0.1, .weight_decay = 0.3, .maximize = true}, false);
  follows<optim::AdamW>(optim::AdamWOptions{.lr = 0.1}, true);
  follows<optim::AdamW>(
      optim::AdamWOptions{.lr = 0.1, .weight_decay = 0.5, .amsgrad = true, .maximize = true}, true);
}

TEST_CASE("the first step is lr in the gradient's direction, in float32 as well") {
  const Tensor p = parameter(xt::xarray<float>{1.0f, 1.0f});
  optim::Adam optimizer({p}, {.lr = 0.01});
  sum(p * Tensor(xt::xarray<float>{1000.0f, -1e-3f})).backward();
  optimizer.step();
  CHECK(near(p, {0.99, 1.01}, 1e-6));
}

TEST_CASE("AdamW decays by 0.01 unless told otherwise, in every group") {
  const Tensor a = parameter(xt::xarray<double>{1.0}), b = parameter(xt::xarray<double>{1.0});
  optim::AdamW optimizer({a}, {.lr = 0.1});
  optimizer.add_group({b}, {.lr = 0.2});
  sum(0.0 * (a + b)).backward();
  optimizer.step();
  CHECK(near(a, {1 - 0.001}));
  CHECK(near(b, {1 - 0.002}));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto refused = [&](const optim::AdamOptions& o) {
    return message<ValueError>([&] { optim::Adam(p, o); });
  };
  CHECK(refused({.lr = INFINITY}) == "[Adam] lr must be finite and not negative: got inf");
  CHECK(refused({.betas = {1.0, 0.9}}) == "[Adam] the first of betas must lie within [0, 1): got 1");
  CHECK(refused({.betas = {0.9, -0.1}}) == "[Adam] the second of betas must lie within [0, 1): got -0.1");
  CHECK(refused({.eps = -1}) == "[Adam] eps must not be negative: got -1");
  CHECK(message<ValueError>([&] { optim::AdamW(p, {.weight_decay = -1}); }) ==
        "[AdamW] weight_decay must not be negative: got -1");
}
