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

TEST_CASE("dropouts of channels and for selu act in training only") {
  manual_seed(2);
  nn::FeatureDropout channels(0.5);
  nn::AlphaDropout alpha(0.5);
  const Tensor x = ones({20, 5, 2});
  const auto y = values(channels(x));
  CHECK(y != values(x));
  for (std::size_t i = 0; i < y.size(); i += 2) CHECK(y[i] == y[i + 1]);
  CHECK(values(alpha(x)) != values(x));
  channels.eval();
  alpha.eval();
  CHECK(values(channels(x)) == values(x));
  CHECK(values(alpha(x)) == values(x));
  CHECK(expect::message<ValueError>([] { nn::FeatureDropout(2); }) ==
        "[FeatureDropout] p must lie within [0, 1]: got 2");
  CHECK(expect::message<ValueError>([] { nn::AlphaDropout(-1); }) ==
        "[AlphaDropout] p must lie within [0, 1]: got -1");
}
