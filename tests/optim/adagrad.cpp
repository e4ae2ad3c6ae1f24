// The steps themselves are compared with another implementation's in tests/oracle/optimizers.cpp.
#include "wengert/optim/adagrad.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using optim::AdadeltaOptions;
using optim::AdagradOptions;

TEST_CASE("the first step of Adagrad is lr in the gradient's direction, less where the sum begins higher") {
  const Tensor p = parameter(xt::xarray<double>{1.0, 1.0}), q = parameter(xt::xarray<float>{1.0f});
  optim::Adagrad optimizer({p}, {.lr = 0.1});
  optimizer.add_group({q}, {.lr = 0.1, .initial_accumulator_value = 3.0});
  sum(p * expect::tensor({100, -1e-3})).backward();
  sum(q).backward();
  optimizer.step();
  CHECK(near(p, {0.9, 1.1}, 1e-7));
  CHECK(near(q, {0.95}, 1e-6));
  CHECK(near(optimizer.state().at("1.sum"), {4}));
}

TEST_CASE("Adadelta begins by sqrt(eps / ((1 - rho) g^2 + eps)) of the gradient") {
  const Tensor p = parameter(xt::xarray<double>{1.0});
  optim::Adadelta optimizer({p}, {.lr = 2.0, .rho = 0.75, .eps = 1.0});
  sum(2.0 * p).backward();
  optimizer.step();
  CHECK(near(p, {1 - 2 * std::sqrt(1 / 2.0) * 2}));
  CHECK(near(optimizer.state().at("0.acc_delta"), {0.25 * 2}));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto grad = [&](const AdagradOptions& o) {
    return message<ValueError>([&] { optim::Adagrad(p, o); });
  };
  CHECK(grad({.lr = -1}) == "[Adagrad] lr must be finite and not negative: got -1");
  CHECK(grad({.lr_decay = -1}) == "[Adagrad] lr_decay must not be negative: got -1");
  CHECK(grad({.weight_decay = -1}) == "[Adagrad] weight_decay must not be negative: got -1");
  CHECK(grad({.initial_accumulator_value = -1}) ==
        "[Adagrad] initial_accumulator_value must not be negative: got -1");
  CHECK(grad({.eps = -1}) == "[Adagrad] eps must not be negative: got -1");
  const auto delta = [&](const AdadeltaOptions& o) {
    return message<ValueError>([&] { optim::Adadelta(p, o); });
  };
  CHECK(delta({.lr = -1}) == "[Adadelta] lr must be finite and not negative: got -1");
  CHECK(delta({.rho = 2}) == "[Adadelta] rho must lie within [0, 1]: got 2");
  CHECK(delta({.eps = -1}) == "[Adadelta] eps must not be negative: got -1");
  CHECK(delta({.weight_decay = -1}) == "[Adadelta] weight_decay must not be negative: got -1");
}
