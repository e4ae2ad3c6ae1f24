#include "wengert/optim/layerwise.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::LAMBOptions;
using optim::LARSOptions;

namespace {

double norm(const std::vector<double>& x) {
  double total = 0;
  for (const double value : x) total += value * value;
  return std::sqrt(total);
}

// Steps with the gradient (p + i) / (i + 1) of the i-th step, against the papers in plain doubles.
template <class Optimizer, class Options, class Step>
void follows(const Options& o, Step step) {
  const Tensor p = parameter(xt::xarray<double>{1.0, -2.0, 0.5});
  Optimizer optimizer({p}, o);
  std::vector<double> q = values(p);
  for (int i = 0; i < 5; ++i) {
    optimizer.zero_grad();
    sum((0.5 * square(p) + i * p) / (i + 1.0)).backward();
    optimizer.step();
    std::vector<double> g;
    for (const double value : q) g.push_back((o.maximize ? -1 : 1) * (value + i) / (i + 1));
    step(q, g, i + 1);
    CHECK(near(p, q, 1e-12));
  }
}

void follows_lars(const LARSOptions& o) {
  std::vector<double> v(3);
  follows<optim::LARS>(o, [&](std::vector<double>& q, const std::vector<double>& g, int) {
    const double ratio = o.trust_coefficient * norm(q) / (norm(g) + o.weight_decay * norm(q) + o.eps);
    for (std::size_t k = 0; k < 3; ++k) {
      const double change = o.lr * ratio * (g[k] + o.weight_decay * q[k]);
      v[k] = o.momentum * v[k] + change;
      q[k] -= o.nesterov ? change + o.momentum * v[k] : v[k];
    }
  });
}

void follows_lamb(const LAMBOptions& o) {
  std::vector<double> m(3), v(3);
  const auto [b1, b2] = o.betas;
  follows<optim::LAMB>(o, [&](std::vector<double>& q, const std::vector<double>& g, int t) {
    std::vector<double> r(3);
    for (std::size_t k = 0; k < 3; ++k) {
      m[k] = b1 * m[k] + (1 - b1) * g[k];
      v[k] = b2 * v[k] + (1 - b2) * g[k] * g[k];
      r[k] = m[k] / (1 - std::pow(b1, t)) / (std::sqrt(v[k] / (1 - std::pow(b2, t))) + o.eps) +
             o.weight_decay * q[k];
    }
    const double ratio = norm(q) / norm(r);
    for (std::size_t k = 0; k < 3; ++k) q[k] -= o.lr * ratio * r[k];
  });
}

}  // namespace

TEST_CASE("LARS follows the paper") {
  follows_lars({});
  follows_lars({.lr = 3.0, .momentum = 0.0, .weight_decay = 0.2, .trust_coefficient = 0.02});
  follows_lars({.lr = 3.0, .weight_decay = 0.1, .trust_coefficient = 0.02, .eps = 0.5, .nesterov = true});
  follows_lars({.lr = 1.0, .trust_coefficient = 0.02, .maximize = true});
}

TEST_CASE("LAMB follows the paper") {
  follows_lamb({});
  follows_lamb({.lr = 0.1, .betas = {0.5, 0.7}, .eps = 0.1, .weight_decay = 0.3});
  follows_lamb({.lr = 0.1, .maximize = true});
}

TEST_CASE("a parameter of zeros, or without a pull, is stepped as it is") {
  const Tensor zero = parameter(xt::xarray<double>{0.0, 0.0}), still = parameter(xt::xarray<double>{3.0});
  optim::LARS lars({zero, still}, {.lr = 0.5, .momentum = 0.0});
  sum(2.0 * zero).backward();
  sum(0.0 * still).backward();
  lars.step();
  CHECK(near(zero, {-1, -1}));
  CHECK(near(still, {3}));

  zero.assign(zeros({2}, {.dtype = float64}));
  optim::LAMB lamb({zero, still}, {.lr = 0.5, .eps = 0.0});
  lamb.zero_grad();
  sum(2.0 * zero).backward();
  lamb.step();
  CHECK(near(zero, {-0.5, -0.5}));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto lars = [&](const LARSOptions& o) { return message<ValueError>([&] { optim::LARS(p, o); }); };
  CHECK(lars({.lr = -1}) == "[LARS] lr must be finite and not negative: got -1");
  CHECK(lars({.momentum = -1}) == "[LARS] momentum must not be negative: got -1");
  CHECK(lars({.weight_decay = -1}) == "[LARS] weight_decay must not be negative: got -1");
  CHECK(lars({.trust_coefficient = 0}) == "[LARS] trust_coefficient must be positive: got 0");
  CHECK(lars({.eps = -1}) == "[LARS] eps must not be negative: got -1");
  CHECK(lars({.momentum = 0, .nesterov = true}) == "[LARS] nesterov wants a positive momentum: got 0");
  const auto lamb = [&](const LAMBOptions& o) { return message<ValueError>([&] { optim::LAMB(p, o); }); };
  CHECK(lamb({.lr = NAN}) == "[LAMB] lr must be finite and not negative: got nan");
  CHECK(lamb({.betas = {1, 0}}) == "[LAMB] the first of betas must lie within [0, 1): got 1");
  CHECK(lamb({.betas = {0, 1}}) == "[LAMB] the second of betas must lie within [0, 1): got 1");
  CHECK(lamb({.eps = -1}) == "[LAMB] eps must not be negative: got -1");
  CHECK(lamb({.weight_decay = -1}) == "[LAMB] weight_decay must not be negative: got -1");
}
