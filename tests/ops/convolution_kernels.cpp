// The kernels of float32 convolutions beside those of float64, and on several threads.
#include <algorithm>
#include <cmath>
#include <thread>

#include "ops/expect.hpp"
#include "wengert/ops/convolution.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::numbers;
using support::near;
using support::values;

TEST_CASE("float32 convolutions come near float64 ones, derivatives too, over a grid of options") {
  const auto compare = [](const char* what, const auto& f, const Tensor& x, const Tensor& w,
                          double tolerance = 1e-5) {
    const auto run = [&](DType dtype) {
      const std::vector<Tensor> in{parameter(x.astype(dtype)), parameter(w.astype(dtype))};
      const Tensor y = f(in[0], in[1]);
      std::vector<Tensor> all = grad(y, in, {.seeds = {numbers(y.shape(), 3).astype(dtype)}});
      all.push_back(y);
      return all;
    };
    const auto single = run(float32), full = run(float64);
    for (std::size_t i = 0; i < full.size(); ++i)
      CHECK_MESSAGE(near(single[i], values(full[i]), tolerance), what, " of ", x.shape(), " by ", w.shape(),
                    i == 2   ? ": value"
                    : i == 1 ? ": weight"
                             : ": input");
  };
  for (const std::int64_t groups : {1, 2, 16})
    for (const std::int64_t stride : {1, 3})
      for (const std::int64_t padding : {0, 1, 4})
        for (const std::int64_t dilation : {1, 2}) {
          const ConvOptions o{.stride = stride, .padding = padding, .dilation = dilation, .groups = groups};
          const std::int64_t c = 16 / groups;
          const auto line = [&](const Tensor& x, const Tensor& w) { return conv1d(x, w, {}, o); };
          const auto image = [&](const Tensor& x, const Tensor& w) { return conv2d(x, w, {}, o); };
          const auto room = [&](const Tensor& x, const Tensor& w) { return conv3d(x, w, {}, o); };
          compare("conv1d", line, numbers({4, 16, 99}, 1), numbers({32, c, 3}, 2));
          compare("conv2d", image, numbers({8, 16, 9, 10}, 1), numbers({32, c, 3, 2}, 2));
          compare("conv3d", room, numbers({8, 16, 3, 7, 6}, 1), numbers({16, c, 2, 2, 1}, 2));
          const ConvTransposeOptions t{.stride = stride,
                                       .padding = padding / 4,
                                       .output_padding = std::max(stride, dilation) - 1,
                                       .dilation = dilation,
                                       .groups = groups};
          const auto back = [&](const Tensor& x, const Tensor& w) { return conv_transpose2d(x, w, {}, t); };
          compare("conv_transpose2d", back, numbers({8, 16, 7, 6}, 1), numbers({16, 2, 3, 3}, 2));
        }
  const auto few = [](const Tensor& x, const Tensor& w) { return conv2d(x, w, {}, {.padding = 1}); };
  const auto each = [](const Tensor& x, const Tensor& w) {
    return conv2d(x, w, {}, {.padding = 1, .groups = 16});
  };
  compare("a group for each channel", each, numbers({8, 16, 17, 16}, 1), numbers({16, 1, 3, 3}, 2));
  compare(
      "a group for each channel of a line",
      [](const Tensor& x, const Tensor& w) { return conv1d(x, w, {}, {.padding = 2, .groups = 16}); },
      numbers({8, 16, 70}, 1), numbers({16, 1, 5}, 2));
  compare("few channels", few, numbers({2, 3, 17, 16}, 1), numbers({5, 3, 3, 3}, 2));
  compare("one channel", few, numbers({8, 1, 31, 24}, 1), numbers({1, 1, 3, 3}, 2));
  compare(
      "far into the padding",
      [](const Tensor& x, const Tensor& w) { return conv1d(x, w, {}, {.padding = 9}); },
      numbers({32, 8, 2}, 1), numbers({8, 8, 2}, 2));
  compare("rows of whole registers", few, numbers({2, 3, 5, 96}, 1), numbers({16, 3, 3, 3}, 2));
  compare("several bands of an image", few, numbers({1, 64, 24, 70}, 1), numbers({3, 64, 3, 3}, 2), 4e-5);
  compare("more terms than are summed at once", few, numbers({3, 31, 14, 15}, 1), numbers({13, 31, 3, 3}, 2));
  compare("many channels of a small plane", few, numbers({4, 32, 3, 3}, 1), numbers({40, 32, 3, 3}, 2));
  compare(
      "padding that no tap sees past",
      [](const Tensor& x, const Tensor& w) { return conv2d(x, w, {}, {.padding = 3}); },
      numbers({2, 5, 6, 7}, 1), numbers({9, 5, 2, 1}, 2));
  compare(
      "rows of taps far apart",
      [](const Tensor& x, const Tensor& w) {
        return conv2d(x, w, {}, {.padding = {30, 2}, .dilation = {30, 2}});
      },
      numbers({1, 6, 70, 33}, 1), numbers({9, 6, 3, 2}, 2));
  compare(
      "parts of a long row",
      [](const Tensor& x, const Tensor& w) { return conv1d(x, w, {}, {.stride = 2, .padding = 20}); },
      numbers({1, 24, 5000}, 1), numbers({3, 24, 9}, 2), 4e-5);
  compare(
      "strides with dilation",
      [](const Tensor& x, const Tensor& w) {
        return conv2d(x, w, {}, {.stride = {2, 3}, .padding = 3, .dilation = {3, 2}});
      },
      numbers({2, 5, 31, 40}, 1), numbers({7, 5, 3, 4}, 2));
  compare(
      "strides beyond the taps",
      [](const Tensor& x, const Tensor& w) {
        return conv2d(x, w, {}, {.stride = {4, 3}, .padding = {0, 1}});
      },
      numbers({2, 3, 40, 61}, 1), numbers({5, 3, 2, 1}, 2));
  compare(
      "each image one window", [](const Tensor& x, const Tensor& w) { return conv2d(x, w); },
      numbers({9, 6, 5, 4}, 1), numbers({7, 6, 5, 4}, 2));
  compare("one pixel each", few, numbers({30, 12, 1, 1}, 1), numbers({7, 12, 3, 3}, 2));
  compare("few bands, many channels", few, numbers({1, 48, 20, 20}, 1), numbers({100, 48, 3, 3}, 2));
  compare(
      "several bands of several planes",
      [](const Tensor& x, const Tensor& w) {
        return conv3d(x, w, {}, {.padding = {2, 1, 0}});
      },
      numbers({1, 24, 5, 30, 41}, 1), numbers({3, 24, 3, 2, 2}, 2), 4e-5);
}

TEST_CASE("an infinite element of the weight reaches what it is multiplied with, in both dtypes alike") {
  for (const DType dtype : {float32, float64})
    for (const double element : {double(INFINITY), double(NAN)}) {
      const Tensor w = support::tensor({1, element}, {1, 1, 2}).astype(dtype);
      const Tensor x = parameter(ones({1, 1, 40}, {.dtype = dtype}));
      const Tensor y = conv1d(x, w);
      const auto slopes = values(grad(sum(y), {x})[0]), back = values(conv_transpose1d(ones_like(x), w));
      CHECK(slopes[0] == 1.0);
      CHECK(back[0] == 1.0);
      for (std::size_t i = 1; i < 40; ++i) {
        CHECK_FALSE(std::isfinite(slopes[i]));
        CHECK(std::isinf(back[i]) == std::isinf(element));
      }
    }
}

TEST_CASE("convolutions on several threads have the bits of one thread's") {
  const auto compute = [](std::int64_t extent) {
    const Tensor x = parameter(numbers({2, 16, extent, 9}, 1).astype(float32));
    const Tensor w = parameter(numbers({16, 16, 3, 3}, 2).astype(float32));
    const Tensor y = conv2d(x, w, {}, {.padding = 1});
    const auto slopes = grad(sum(square(y)), {x, w});
    return std::vector<std::vector<double>>{values(y), values(slopes[0]), values(slopes[1])};
  };
  // Extents of no other test: several threads come to make the same kernels.
  std::vector<std::vector<std::vector<double>>> results(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&, i] { results[i] = compute(21 + static_cast<std::int64_t>(i / 4)); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < results.size(); ++i)
    CHECK(results[i] == compute(21 + static_cast<std::int64_t>(i / 4)));
}
