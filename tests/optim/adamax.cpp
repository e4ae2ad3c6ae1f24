// The steps are compared with another implementation's in tests/oracle/optimizers.cpp too.
#include "wengert/optim/adamax.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::AdamaxOptions;
using optim::NAdamOptions;
using optim::RAdamOptions;

namespace {

// Steps with the gradient (p + i) / (i + 1) of the i-th step, against the papers in plain doubles.
template <class Optimizer, class Options, class Step>
void follows(const Options& o, Step step) {
  const Tensor p = parameter(xt::xarray<double>{1.0, -2.0, 0.5});
  Optimizer optimizer({p}, o);
  std::vector<double> q = values(p), m(3), v(3);
  for (int i = 0; i < 12; ++i) {
    optimizer.zero_grad();
    sum((0.5 * square(p) + i * p) / (i + 1.0)).backward();
    optimizer.step();
    for (std::size_t k = 0; k < 3; ++k) {
      const double g = (o.maximize ? -1 : 1) * (q[k] + i) / (i + 1) + o.weight_decay * q[k];
      m[k] = o.betas.first * m[k] + (1 - o.betas.first) * g;
      q[k] -= o.lr * step(g, m[k], v[k], i + 1);
    }
    CHECK(near(p, q, 1e-12));
  }
}

void follows_nadam(const NAdamOptions& o) {
  const auto mu = [&](int t) { return o.betas.first * (1 - 0.5 * std::pow(0.96, t * o.momentum_decay)); };
  follows<optim::NAdam>(o, [&](double g, double m, double& v, int t) {
    v = o.betas.second * v + (1 - o.betas.second) * g * g;
    double product = 1;
    for (int i = 1; i <= t; ++i) product *= mu(i);
    const double m_hat = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product);
    return m_hat / (std::sqrt(v / (1 - std::pow(o.betas.second, t))) + o.eps);
  });
}

void follows_radam(const RAdamOptions& o) {
  const auto [b1, b2] = o.betas;
  const double most = 2 / (1 - b2) - 1;
  follows<optim::RAdam>(o, [&](double g, double m, double& v, int t) {
    v = b2 * v + (1 - b2) * g * g;
    const double m_hat = m / (1 - std::pow(b1, t));
    const double length = most - 2 * t * std::pow(b2, t) / (1 - std::pow(b2, t));
    if (length <= 5) return m_hat;
    return m_hat * std::sqrt((length - 4) * (length - 2) * most / (most - 4) / (most - 2) / length) *
           std::sqrt(1 - std::pow(b2, t)) / (std::sqrt(v) + o.eps);
  });
}

}  // namespace

TEST_CASE("Adamax follows the paper") {
  for (const AdamaxOptions& o :
       {AdamaxOptions{}, AdamaxOptions{.lr = 0.1, .betas = {0.5, 0.7}, .eps = 0.1, .weight_decay = 0.3},
        AdamaxOptions{.lr = 0.1, .maximize = true}})
    follows<optim::Adamax>(o, [&](double g, double m, double& u, int t) {
      u = std::max(o.betas.second * u, std::abs(g) + o.eps);
      return m / (1 - std::pow(o.betas.first, t)) / u;
    });
}

TEST_CASE("NAdam follows the paper") {
  follows_nadam({});
  follows_nadam({.lr = 0.1, .betas = {0.5, 0.7}, .eps = 0.1, .weight_decay = 0.3, .momentum_decay = 0.5});
  follows_nadam({.lr = 0.1, .maximize = true});
}

TEST_CASE("RAdam follows the paper") {
  follows_radam({});
  follows_radam({.lr = 0.1, .betas = {0.5, 0.7}, .eps = 0.1, .weight_decay = 0.3});
  follows_radam({.lr = 0.1, .betas = {0.9, 0.99}, .maximize = true});
}

TEST_CASE("NAdam's product of mu is part of its state") {
  const Tensor p = parameter(xt::xarray<float>{1.0f}), q = parameter(xt::xarray<float>{1.0f});
  optim::NAdam optimizer({p, q}, {.betas = {0.5, 0.9}, .momentum_decay = 0.0});
  for (int i = 0; i < 2; ++i) {
    optimizer.zero_grad();
    sum(p).backward();
    optimizer.step();
  }
  optim::State state = optimizer.state();
  CHECK(near(state.at("0.mu_product").item(), 0.0625));
  CHECK(state.at("0.mu_product").dtype() == float64);
  CHECK(!state.contains("1.mu_product"));
  state.erase("0.mu_product");
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[NAdam] the state must fit the optimizer: missing '0.mu_product'");
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  CHECK(message<ValueError>([&] { optim::Adamax(p, {.lr = -1}); }) ==
        "[Adamax] lr must be finite and not negative: got -1");
  CHECK(message<ValueError>([&] {
          optim::Adamax(p, {.betas = {1, 0}});
        }) == "[Adamax] the first of betas must lie within [0, 1): got 1");
  CHECK(message<ValueError>([&] {
          optim::RAdam(p, {.betas = {0, 1}});
        }) == "[RAdam] the second of betas must lie within [0, 1): got 1");
  CHECK(message<ValueError>([&] { optim::RAdam(p, {.eps = -1}); }) ==
        "[RAdam] eps must not be negative: got -1");
  CHECK(message<ValueError>([&] { optim::NAdam(p, {.weight_decay = -1}); }) ==
        "[NAdam] weight_decay must not be negative: got -1");
  CHECK(message<ValueError>([&] { optim::NAdam(p, {.momentum_decay = -1}); }) ==
        "[NAdam] momentum_decay must not be negative: got -1");
}
