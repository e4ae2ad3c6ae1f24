#include "wengert/nn/flatten.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"

using namespace wengert;

TEST_CASE("Flatten joins all dimensions but the batch's, or those it is told") {
  const Tensor x = zeros({2, 3, 4, 5});
  CHECK(nn::Flatten()(x).shape() == Shape{2, 60});
  CHECK(nn::Flatten(0)(x).shape() == Shape{120});
  CHECK(nn::Flatten(1, 2)(x).shape() == Shape{2, 12, 5});
}
