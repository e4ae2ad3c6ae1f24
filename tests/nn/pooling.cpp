#include "wengert/nn/pooling.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/convolution.hpp"
#include "wengert/nn/sequential.hpp"
#include "wengert/ops/random.hpp"

using namespace wengert;
using expect::values;

TEST_CASE("a module is its function with its options") {
  manual_seed(1);
  const Tensor line = randn({2, 3, 9}), image = randn({2, 3, 8, 7});
  CHECK(values(nn::MaxPool1d(2)(line)) == values(max_pool1d(line, 2)));
  CHECK(values(nn::MaxPool1d(3, {.stride = 2, .padding = 1})(line)) ==
        values(max_pool1d(line, 3, {.stride = 2, .padding = 1})));
  CHECK(values(nn::MaxPool2d({2, 3}, {.ceil_mode = true})(image)) ==
        values(max_pool2d(image, {2, 3}, {.ceil_mode = true})));
  CHECK(values(nn::AvgPool1d(3, {.padding = 1, .count_include_pad = false})(line)) ==
        values(avg_pool1d(line, 3, {.padding = 1, .count_include_pad = false})));
  CHECK(values(nn::AvgPool2d(2)(image)) == values(avg_pool2d(image, 2)));
  CHECK(values(nn::AdaptiveAvgPool2d({3, 2})(image)) == values(adaptive_avg_pool2d(image, {3, 2})));
  CHECK(nn::AdaptiveAvgPool2d(1)(image).shape() == Shape{2, 3, 1, 1});
  CHECK(values(nn::Upsample({.scale = {2}})(image)) == values(interpolate(image, {.scale = {2}})));
  CHECK(values(nn::Upsample({.size = {4, 9}, .mode = Interpolation::bilinear})(image)) ==
        values(interpolate(image, {.size = {4, 9}, .mode = Interpolation::bilinear})));
}

TEST_CASE("poolings stand between convolutions") {
  manual_seed(2);
  nn::Sequential net{nn::Conv2d(1, 2, 2, {.dtype = float64}), nn::MaxPool2d(2), nn::Upsample({.scale = {2}}),
                     nn::AvgPool2d(2), nn::AdaptiveAvgPool2d(1)};
  const Tensor x = parameter(randn({1, 1, 5, 5}, {.dtype = float64}));
  CHECK(net(x).shape() == Shape{1, 2, 1, 1});
  CHECK(net.named_parameters().size() == 2);
  CHECK(expect::wrong_derivatives(net, {x}, [&](const auto& in) { return net(in[0]); }) == "");
}
