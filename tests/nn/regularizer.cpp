#include "wengert/nn/regularizer.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/grad/gradcheck.hpp"

using namespace wengert;
using expect::message;
using expect::near;

TEST_CASE("penalties are their formulas over all parameters") {
  const Tensor a = parameter(xt::xarray<double>{1.0, -2.0}), b = parameter(xt::xarray<double>{0.5});
  CHECK(near(nn::l1({a, b}).item(), 3.5));
  CHECK(near(nn::l2({a, b}).item(), 5.25));
  CHECK(near(nn::elastic_net({a, b}, 0.2).item(), 0.2 * 3.5 + 0.8 * 5.25));
  CHECK(nn::l2({a}).shape() == Shape{});
  nn::elastic_net({a, b}, 0.2).backward();
  CHECK(near(a.grad(), {0.2 + 1.6, -0.2 - 3.2}));
  CHECK(near(b.grad(), {0.2 + 0.8}));
  const Tensor zero = parameter(xt::xarray<double>{0.0});
  nn::l1({zero}).backward();
  CHECK(near(zero.grad(), {0}));
}

TEST_CASE("their derivatives hold, to second order") {
  const std::vector<Tensor> x{expect::tensor({1, -2, 0.7, 3}, {2, 2}), expect::tensor({0.5})};
  CHECK(gradcheck([](const auto& in) { return nn::l1(in); }, x, {.order = 2}).ok());
  CHECK(gradcheck([](const auto& in) { return nn::l2(in); }, x, {.order = 2}).ok());
  CHECK(gradcheck([](const auto& in) { return nn::elastic_net(in, 0.3); }, x, {.order = 2}).ok());
}

TEST_CASE("what they refuse") {
  CHECK(message<ValueError>([] { nn::l1({}); }) == "[l1] there must be a parameter: got none");
  CHECK(message<ValueError>([] { nn::l2({}); }) == "[l2] there must be a parameter: got none");
  CHECK(message<ValueError>([] { nn::elastic_net({}); }) ==
        "[elastic_net] there must be a parameter: got none");
  CHECK(message<ValueError>([] { nn::elastic_net({ones({1})}, 1.5); }) ==
        "[elastic_net] l1_ratio must lie within [0, 1]: got 1.5");
}
