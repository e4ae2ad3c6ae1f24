#include "wengert/optim/lion.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

// Steps with the gradient (p + i) / (i + 1) - 0.2 of the i-th step, against the paper in plain doubles.
void follows(const optim::LionOptions& o) {
  const Tensor p = parameter(xt::xarray<double>{1.0, -2.0, 0.5});
  optim::Lion optimizer({p}, o);
  const auto [b1, b2] = o.betas;
  std::vector<double> q = values(p), m(3);
  for (int i = 0; i < 8; ++i) {
    optimizer.zero_grad();
    sum((0.5 * square(p) + i * p) / (i + 1.0) - 0.2 * p).backward();
    optimizer.step();
    for (std::size_t k = 0; k < 3; ++k) {
      const double g = (o.maximize ? -1 : 1) * ((q[k] + i) / (i + 1) - 0.2);
      const double c = b1 * m[k] + (1 - b1) * g;
      q[k] -= o.lr * ((c > 0) - (c < 0) + o.weight_decay * q[k]);
      m[k] = b2 * m[k] + (1 - b2) * g;
    }
    CHECK(near(p, q, 1e-13));
    CHECK(near(optimizer.state().at("0.exp_avg"), m, 1e-13));
  }
}

}  // namespace

TEST_CASE("steps follow the paper") {
  follows({.lr = 0.3});
  follows({.lr = 0.3, .betas = {0.2, 0.7}, .weight_decay = 0.5});
  follows({.lr = 0.3, .weight_decay = 0.1, .maximize = true});
}

TEST_CASE("where nothing pulls, nothing moves") {
  const Tensor p = parameter(xt::xarray<float>{1.0f, 2.0f});
  optim::Lion optimizer({p}, {.lr = 0.5});
  sum(p * Tensor(xt::xarray<float>{0.0f, 1e-20f})).backward();
  optimizer.step();
  CHECK(near(p, {1.0, 1.5}));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto refused = [&](const optim::LionOptions& o) {
    return message<ValueError>([&] { optim::Lion(p, o); });
  };
  CHECK(refused({.lr = -1}) == "[Lion] lr must be finite and not negative: got -1");
  CHECK(refused({.betas = {1.5, 0.9}}) == "[Lion] the first of betas must lie within [0, 1]: got 1.5");
  CHECK(refused({.betas = {0.9, -1}}) == "[Lion] the second of betas must lie within [0, 1]: got -1");
  CHECK(refused({.weight_decay = -1}) == "[Lion] weight_decay must not be negative: got -1");
}
