#include "wengert/nn/activation.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
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

TEST_CASE("each further activation is its function") {
  const Tensor x = expect::tensor({-7.5, -1.5, -0.25, 0.75, 2.0, 8.0});
  const auto same = [&](const auto& module, const Tensor& y) {
    return expect::values(module(x)) == expect::values(y);
  };
  CHECK(same(nn::ReLU6(), relu6(x)));
  CHECK(same(nn::ELU(), elu(x)));
  CHECK(same(nn::ELU(0.5), elu(x, 0.5)));
  CHECK(same(nn::SELU(), selu(x)));
  CHECK(same(nn::CELU(2.0), celu(x, 2.0)));
  CHECK(same(nn::GELU(), gelu(x)));
  CHECK(same(nn::GELU(GeluForm::tanh), gelu(x, GeluForm::tanh)));
  CHECK(same(nn::SiLU(), silu(x)));
  CHECK(same(nn::Mish(), mish(x)));
  CHECK(same(nn::LogSigmoid(), log_sigmoid(x)));
  CHECK(same(nn::Hardtanh(-2, 1), hardtanh(x, -2, 1)));
  CHECK(same(nn::Hardsigmoid(), hardsigmoid(x)));
  CHECK(same(nn::Hardswish(), hardswish(x)));
  CHECK(same(nn::Softsign(), softsign(x)));
  CHECK(same(nn::Softshrink(), softshrink(x)));
  CHECK(same(nn::Hardshrink(1.0), hardshrink(x, 1.0)));
  CHECK(same(nn::Tanhshrink(), tanhshrink(x)));
  CHECK(same(nn::Threshold(0.5, -3), threshold(x, 0.5, -3)));
  CHECK(same(nn::GLU(), nn::glu(x)));
  CHECK(same(nn::Identity(), x));
}

TEST_CASE("PReLU learns one slope, or one for each channel") {
  const Tensor x = parameter(expect::tensor({-1, 2, -3, 4, -5, -6, 7, -8}, {2, 2, 2}));
  const nn::PReLU one(1, 0.25, float64);
  CHECK(near(one(x), {-0.25, 2, -0.75, 4, -1.25, -1.5, 7, -2}));
  const nn::PReLU two(2, 0.5, float64);
  two.weight.assign(expect::tensor({0.5, 0.1}));
  CHECK(near(two(x), {-0.5, 2, -0.3, 4, -2.5, -3, 7, -0.8}));
  CHECK(expect::wrong_derivatives(two, {x}, [&](const auto& in) { return two(in[0]); }) == "");
  CHECK(one.named_parameters()[0].name == "weight");
}

TEST_CASE("activations have no parameters") {
  CHECK(nn::ReLU().parameters().empty());
  CHECK(nn::Softmax().state().empty());
}
