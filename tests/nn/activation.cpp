#include "wengert/nn/activation.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"

using namespace wengert;
using expect::near;

TEST_CASE("each activation is its function") {
  const Tensor x = expect::tensor({-1.5, 0.0, 2.0});
  CHECK(near(nn::ReLU()(x), {0, 0, 2}));
  CHECK(near(nn::LeakyReLU()(x), {-0.015, 0, 2}));
  CHECK(near(nn::LeakyReLU(0.2)(x), {-0.3, 0, 2}));
  CHECK(near(nn::Tanh()(x), {std::tanh(-1.5), 0, std::tanh(2.0)}));
  CHECK(near(nn::Sigmoid()(x), {1 / (1 + std::exp(1.5)), 0.5, 1 / (1 + std::exp(-2.0))}));
  CHECK(near(nn::Softplus()(x), {std::log1p(std::exp(-1.5)), std::log(2.0), std::log1p(std::exp(2.0))}));
  const Tensor two = expect::tensor({0, 1, 2, 3}, {2, 2});
  const double p = 1 / (1 + std::exp(-1.0)), q = 1 / (1 + std::exp(-2.0));
  CHECK(near(nn::Softmax()(two), {1 - p, p, 1 - p, p}));
  CHECK(near(nn::Softmax(0)(two), {1 - q, 1 - q, q, q}));
  CHECK(near(nn::LogSoftmax()(two), {std::log(1 - p), std::log(p), std::log(1 - p), std::log(p)}));
}

TEST_CASE("activations have no parameters") {
  CHECK(nn::ReLU().parameters().empty());
  CHECK(nn::Softmax().state().empty());
}
