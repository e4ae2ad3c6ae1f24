#include "wengert/nn/dropout.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"

using namespace wengert;
using expect::values;

TEST_CASE("the module drops in training only") {
  manual_seed(9);
  nn::Dropout drop(0.5);
  const Tensor x = ones({100});
  CHECK(values(drop(x)) != values(x));
  CHECK(values(drop(x)) != values(drop(x)));
  drop.eval();
  CHECK(values(drop(x)) == values(x));
  drop.train();
  manual_seed(4);
  const auto a = values(drop(x));
  manual_seed(4);
  CHECK(values(drop(x)) == a);
}

TEST_CASE("p must be a probability") {
  CHECK(expect::message<ValueError>([] { nn::Dropout(-0.1); }) ==
        "[Dropout] p must lie within [0, 1]: got -0.1");
}
