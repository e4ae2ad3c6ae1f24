// Outputs and gradients are held to PyTorch's in tests/oracle/modules.cpp.
#include "wengert/nn/convolution.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/ops/random.hpp"

using namespace wengert;
using expect::message;
using expect::values;

namespace {

Tensor drawn(const Shape& shape) { return parameter(randn(shape, {.dtype = float64})); }

template <class M>
std::string wrong(const M& module, const Shape& x) {
  return expect::wrong_derivatives(module, {drawn(x)}, [&](const auto& in) { return module(in[0]); });
}

}  // namespace

TEST_CASE("weights have PyTorch's shapes") {
  const nn::Conv1d line(4, 6, 3, {.groups = 2});
  CHECK(line.weight.shape() == Shape{6, 2, 3});
  CHECK(line.bias.shape() == Shape{6});
  CHECK(nn::Conv2d(2, 3, {5, 4}).weight.shape() == Shape{3, 2, 5, 4});
  CHECK(nn::Conv2d(2, 3, 5).weight.shape() == Shape{3, 2, 5, 5});
  CHECK(nn::Conv3d(2, 3, {1, 2, 3}).weight.shape() == Shape{3, 2, 1, 2, 3});
  CHECK(nn::ConvTranspose1d(4, 6, 3, {.groups = 2}).weight.shape() == Shape{4, 3, 3});
  CHECK(nn::ConvTranspose2d(2, 3, 3).weight.shape() == Shape{2, 3, 3, 3});
  CHECK(nn::ConvTranspose3d(2, 4, 3, {.groups = 2}).weight.shape() == Shape{2, 2, 3, 3, 3});
  const nn::Conv2d plain(2, 3, 5, {.bias = false});
  CHECK(!plain.bias.defined());
  CHECK(plain.state().size() == 1);
}

TEST_CASE("a module is its function with its weights and its options") {
  manual_seed(1);
  const Tensor line = randn({2, 4, 9}), image = randn({2, 4, 7, 8}), volume = randn({1, 2, 4, 5, 4});
  const nn::Conv1d a(4, 6, 3, {.stride = 2, .padding = 1, .dilation = 2, .groups = 2});
  CHECK(values(a(line)) ==
        values(conv1d(line, a.weight, a.bias, {.stride = 2, .padding = 1, .dilation = 2, .groups = 2})));
  const nn::Conv2d b(4, 2, {3, 2}, {.stride = {1, 2}, .padding = {0, 1}});
  CHECK(values(b(image)) == values(conv2d(image, b.weight, b.bias, {.stride = {1, 2}, .padding = {0, 1}})));
  const nn::Conv3d c(2, 2, 2, {.stride = 2, .bias = false});
  CHECK(values(c(volume)) == values(conv3d(volume, c.weight, {}, {.stride = 2})));
  const nn::ConvTranspose1d d(4, 2, 3, {.stride = 3, .padding = 1, .output_padding = 2, .groups = 2});
  CHECK(values(d(line)) ==
        values(conv_transpose1d(line, d.weight, d.bias,
                                {.stride = 3, .padding = 1, .output_padding = 2, .groups = 2})));
  const nn::ConvTranspose2d e(4, 3, 2, {.stride = {2, 1}, .dilation = 2});
  CHECK(values(e(image)) ==
        values(conv_transpose2d(image, e.weight, e.bias, {.stride = {2, 1}, .dilation = 2})));
  const nn::ConvTranspose3d f(volume.shape()[1], 2, 2, {.stride = {2, 1, 1}, .bias = false});
  CHECK(values(f(volume)) == values(conv_transpose3d(volume, f.weight, {}, {.stride = {2, 1, 1}})));
}

TEST_CASE("first values are within 1 / sqrt(fan_in) of 0 and fill that range") {
  manual_seed(2);
  const auto fills = [](const nn::ConvLayer& layer, double fan_in) {
    double largest = 0.0;
    for (const Tensor& leaf : layer.parameters())
      for (const double w : values(leaf)) largest = std::max(largest, std::abs(w));
    return largest <= 1 / std::sqrt(fan_in) && largest > 0.98 / std::sqrt(fan_in);
  };
  CHECK(fills(nn::Conv1d(40, 60, 5, {.groups = 4}), 10 * 5));
  CHECK(fills(nn::Conv2d(20, 30, {3, 4}), 20 * 12));
  CHECK(fills(nn::ConvTranspose2d(20, 30, 3), 30 * 9));
}

TEST_CASE("derivatives of convolution layers hold, to second order") {
  manual_seed(3);
  CHECK(wrong(nn::Conv1d(2, 2, 2, {.stride = 2, .padding = 1, .groups = 2, .dtype = float64}), {2, 2, 4}) ==
        "");
  CHECK(wrong(nn::Conv2d(1, 2, {2, 1}, {.dtype = float64}), {1, 1, 3, 3}) == "");
  CHECK(wrong(nn::Conv3d(1, 1, 2, {.dtype = float64}), {1, 1, 2, 3, 2}) == "");
  CHECK(wrong(nn::ConvTranspose1d(2, 1, 3, {.stride = 2, .dtype = float64}), {1, 2, 3}) == "");
  CHECK(wrong(nn::ConvTranspose2d(1, 2, 2, {.padding = 1, .dtype = float64}), {1, 1, 3, 2}) == "");
  CHECK(wrong(nn::ConvTranspose3d(1, 2, 2, {.dtype = float64}), {1, 1, 2, 1, 2}) == "");
}

TEST_CASE("options that do not fit are named") {
  CHECK(message<ValueError>([] { nn::Conv1d(0, 2, 3); }) ==
        "[Conv1d] the channels must be positive: got 0 and 2");
  CHECK(message<ValueError>([] { nn::Conv2d(4, 6, 3, {.groups = 3}); }) ==
        "[Conv2d] the groups must divide both numbers of channels: got 3 for 4 and 6");
  CHECK(message<ValueError>([] {
          nn::Conv3d(4, 6, {3, 3});
        }) == "[Conv3d] the kernel must be one positive number, or 3: got (3, 3)");
  CHECK(message<ValueError>([] {
          nn::ConvTranspose2d(4, 6, {3, 0});
        }) == "[ConvTranspose2d] the kernel must be one positive number, or 2: got (3, 0)");
  CHECK(message<ValueError>([] { nn::ConvTranspose1d(4, 6, 3, {.groups = 0}); }) ==
        "[ConvTranspose1d] the groups must divide both numbers of channels: got 0 for 4 and 6");
}
