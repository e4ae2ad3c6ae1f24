// The steps themselves are compared with another implementation's in tests/oracle/optimizers.cpp.
#include "wengert/optim/rmsprop.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::RMSpropOptions;

TEST_CASE("the first step is lr / sqrt(1 - alpha) in the gradient's direction") {
  const Tensor p = parameter(xt::xarray<double>{1.0, 1.0});
  optim::RMSprop optimizer({p}, {.lr = 0.1, .alpha = 0.75});
  sum(p * expect::tensor({100, -1})).backward();
  optimizer.step();
  CHECK(near(p, {0.8, 1.2}, 1e-7));
}

TEST_CASE("a constant gradient has no deviation: rounding makes no NaN of it") {
  const Tensor p = parameter(xt::xarray<float>{1.0f});
  optim::RMSprop optimizer({p}, {.lr = 1e-6, .alpha = 0.5, .eps = 1e-3, .centered = true});
  for (int i = 0; i < 200; ++i) {
    optimizer.zero_grad();
    sum(0.1f * p).backward();
    optimizer.step();
    REQUIRE(std::isfinite(values(p)[0]));
  }
}

TEST_CASE("options may be changed while training") {
  const Tensor p = parameter(xt::xarray<double>{1.0});
  optim::RMSprop optimizer({p});
  const auto step = [&] {
    optimizer.zero_grad();
    sum(square(p)).backward();
    optimizer.step();
  };
  step();
  CHECK(!optimizer.state().contains("0.grad_avg"));
  optimizer.options().centered = true;
  optimizer.options().momentum = 0.5;
  step();
  CHECK(optimizer.state().contains("0.grad_avg"));
  CHECK(optimizer.state().contains("0.momentum_buffer"));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto refused = [&](const RMSpropOptions& o) {
    return message<ValueError>([&] { optim::RMSprop(p, o); });
  };
  CHECK(refused({.lr = -1}) == "[RMSprop] lr must be finite and not negative: got -1");
  CHECK(refused({.alpha = 1.5}) == "[RMSprop] alpha must lie within [0, 1]: got 1.5");
  CHECK(refused({.eps = -1}) == "[RMSprop] eps must not be negative: got -1");
  CHECK(refused({.weight_decay = -1}) == "[RMSprop] weight_decay must not be negative: got -1");
  CHECK(refused({.momentum = -1}) == "[RMSprop] momentum must not be negative: got -1");
}
