#include "wengert/nn/loss_reduction.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"

using namespace wengert;
using expect::near;
using nn::Reduction;

TEST_CASE("reduce_loss serves losses of one's own") {
  const Tensor losses = expect::tensor({1, 2, 6, 3}, {2, 2});
  CHECK(near(nn::reduce_loss(losses, Reduction::none), {1, 2, 6, 3}));
  CHECK(near(nn::reduce_loss(losses).item(), 3));
  CHECK(near(nn::reduce_loss(losses, Reduction::sum).item(), 12));
  const Tensor leaf = parameter(xt::xarray<double>{1.0, 2.0});
  nn::reduce_loss(leaf).backward();
  CHECK(near(leaf.grad(), {0.5, 0.5}));
}

TEST_CASE("of nothing the mean is NaN and the sum 0") {
  const Tensor none = zeros({0, 3});
  CHECK(std::isnan(nn::reduce_loss(none).item()));
  CHECK(nn::reduce_loss(none, Reduction::sum).item() == 0);
  CHECK(nn::reduce_loss(none, Reduction::none).shape() == Shape{0, 3});
}

TEST_CASE("losses are float") {
  CHECK(expect::message<DTypeError>([] {
          nn::reduce_loss(expect::labels({1, 2}));
        }) == "[reduce_loss] losses must be float32 or float64: got int64");
}
