#include "wengert/ops/pooling.hpp"

#include <cmath>
#include <limits>

#include "ops/expect.hpp"
#include "wengert/core/threads.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::near;
using support::tensor;
using support::values;

using List = std::vector<double>;

namespace {

/// All numbers of a shape, at least 0.1 apart, in no order.
Tensor distinct(const Shape& shape) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  std::vector<double> list(count);
  for (std::size_t i = 0; i < count; ++i) list[i] = 0.1 * static_cast<double>(i * 7 % count) - 0.5;
  return tensor(list, shape);
}

}  // namespace

TEST_CASE("max_pool takes the largest element of each window") {
  const Tensor x = tensor({1, 5, 2, 8, 3, 4}, {1, 1, 6});
  CHECK(values(max_pool1d(x, 2)) == std::vector<double>{5, 8, 4});
  CHECK(values(max_pool1d(x, 3, {.stride = 1})) == std::vector<double>{5, 8, 8, 8});
  CHECK(values(max_pool1d(x, 3, {.stride = 2, .padding = 1})) == std::vector<double>{5, 8, 8});
  CHECK(values(max_pool1d(x, 2, {.stride = 1, .dilation = 3})) == std::vector<double>{8, 5, 4});
  CHECK(values(max_pool1d(x, 4, {.stride = 4})) == std::vector<double>{8});
  CHECK(values(max_pool1d(x, 4, {.stride = 4, .ceil_mode = true})) == std::vector<double>{8, 4});
  const Tensor image = tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3}, {1, 1, 3, 4});
  CHECK(values(max_pool2d(image, 2)) == std::vector<double>{6, 8});
  CHECK(values(max_pool2d(image, {3, 2}, {.stride = {1, 1}})) == std::vector<double>{9, 7, 8});
  CHECK(values(max_pool2d(image, 2, {.ceil_mode = true})) == std::vector<double>{6, 8, 9, -2});
  // Padding is not a zero that could be chosen.
  CHECK(values(max_pool2d(-image, 2, {.padding = 1})) == std::vector<double>{-1, -2, -4, -5, 2, 3});
}

TEST_CASE("the first largest element takes the gradient, and NaN is the largest") {
  const Tensor x = support::leaf({3, 3, 3, 1}, {1, 1, 4});
  sum(max_pool1d(x, 2)).backward();
  CHECK(values(x.grad()) == std::vector<double>{1, 0, 1, 0});
  const double nan = std::nan("");
  CHECK(near(max_pool1d(tensor({nan, 1, 1, nan, 2, 3}, {1, 1, 6}), 2), {nan, nan, 3}));
  const double inf = INFINITY;
  CHECK(near(max_pool1d(tensor({-inf, -inf, inf, 1}, {1, 1, 4}), 2), {-inf, inf}));
}

TEST_CASE("two by two windows side by side choose as others do") {
  const double nan = std::nan(""), inf = INFINITY;
  for (const Shape& shape :
       {Shape{2, 3, 6, 8}, Shape{1, 2, 5, 7}, Shape{2, 1, 3, 3}, Shape{1, 1, 2, 10}, Shape{1, 1, 2, 300}}) {
    std::vector<double> list(static_cast<std::size_t>(element_count(shape)));
    const double choice[] = {1, 1, -2, nan, 3, -inf, 3, inf, 0, -0.0, nan};
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = choice[(i * i + i / 7) % 11];
    for (const DType dtype : {float32, float64}) {
      const Tensor x = parameter(tensor(list, shape, dtype)), other = parameter(tensor(list, shape, dtype));
      const Tensor y = max_pool2d(x, 2);
      // The same windows among others: the general way.
      const Tensor z = max_pool2d(other, 2, {.stride = 1});
      const auto every_other = [](const Tensor& all) {
        return slice(slice(all, 2, 0, 1000, 2), 3, 0, 1000, 2);
      };
      CHECK(support::same_bits(values(y), values(every_other(z))));
      const Tensor weight = reshape(arange(static_cast<double>(y.size()), {.dtype = dtype}), y.shape()) + 1.0;
      y.backward({.seed = weight});
      every_other(z).backward({.seed = weight});
      CHECK(values(x.grad()) == values(other.grad()));
    }
  }
}

TEST_CASE("max_pool chooses what a search one by one chooses, at edges and away from them") {
  const double nan = std::nan(""), inf = INFINITY, choice[] = {1, 1, -2, nan, 3, -inf, 3, inf, 0, -0.0, 2};
  struct Case {
    Shape image, kernel;
    Dims stride, padding, dilation;
  };
  for (const Case& c :
       {Case{{9, 30}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, Case{{8, 31}, {3, 2}, {2, 3}, {1, 0}, {1, 1}},
        Case{{12, 40}, {2, 5}, {1, 2}, {0, 2}, {3, 2}}, Case{{5, 6}, {5, 6}, {1, 1}, {2, 3}, {1, 1}},
        Case{{1, 64}, {1, 8}, {1, 8}, {0, 0}, {1, 1}}})
    for (const DType dtype : {float32, float64})
      for (const std::size_t choices : {3, 11}) {
        constexpr std::int64_t planes = 3;
        const std::int64_t rows = c.image[0], columns = c.image[1];
        List list(static_cast<std::size_t>(planes * rows * columns));
        for (std::size_t i = 0; i < list.size(); ++i) list[i] = choice[(i * i + i / 5) % choices];
        const Tensor x = parameter(tensor(list, {1, planes, rows, columns}, dtype));
        const Tensor y = max_pool2d(x, {c.kernel[0], c.kernel[1]},
                                    {.stride = {c.stride[0], c.stride[1]},
                                     .padding = {c.padding[0], c.padding[1]},
                                     .dilation = {c.dilation[0], c.dilation[1]}});
        List largest, slopes(list.size(), 0.0);
        for (std::int64_t plane = 0; plane < planes; ++plane)
          for (std::int64_t r = 0; r < y.shape()[2]; ++r)
            for (std::int64_t o = 0; o < y.shape()[3]; ++o) {
              std::int64_t best = -1;
              for (std::int64_t a = 0; a < c.kernel[0]; ++a)
                for (std::int64_t b = 0; b < c.kernel[1]; ++b) {
                  const std::int64_t i = r * c.stride[0] + a * c.dilation[0] - c.padding[0],
                                     j = o * c.stride[1] + b * c.dilation[1] - c.padding[1];
                  if (i < 0 || i >= rows || j < 0 || j >= columns) continue;
                  const std::int64_t at = (plane * rows + i) * columns + j;
                  const auto of = [&](std::int64_t place) { return list[static_cast<std::size_t>(place)]; };
                  if (best < 0 || of(at) > of(best) || (of(at) != of(at) && of(best) == of(best))) best = at;
                }
              largest.push_back(list[static_cast<std::size_t>(best)]);
              slopes[static_cast<std::size_t>(best)] += static_cast<double>(largest.size() % 7);
            }
        CHECK(support::same_bits(values(y), largest));
        const Tensor number =
            reshape(arange(static_cast<double>(y.size()), {.dtype = dtype}), y.shape()) + 1.0;
        y.backward({.seed = remainder(number, 7.0)});
        CHECK(values(x.grad()) == slopes);
      }
}

TEST_CASE("avg_pool takes means") {
  const Tensor x = tensor({1, 5, 2, 8, 3, 4}, {1, 1, 6});
  CHECK(near(avg_pool1d(x, 2), {3, 5, 3.5}));
  CHECK(near(avg_pool1d(x, 3, {.stride = 2, .padding = 1}), {2, 5, 5}));
  CHECK(near(avg_pool1d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false}), {3, 5, 5}));
  CHECK(near(avg_pool1d(x, 4, {.stride = 4, .ceil_mode = true}), {4, 3.5}));
  // Of a window that ends beyond the padding, what is beyond it does not count: (3 + 4 + 0) / 3.
  CHECK(near(avg_pool1d(x, 4, {.stride = 3, .padding = 1, .ceil_mode = true}), {8.0 / 4, 17.0 / 4, 4.0 / 2}));
  const Tensor image = tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 1, 3, 4});
  CHECK(near(avg_pool2d(image, 2), {3.5, 5.5}));
  CHECK(near(avg_pool2d(image, 2, {.padding = 1, .count_include_pad = false}), {1, 2.5, 4, 7, 8.5, 10}));
  CHECK(near(avg_pool2d(image, {1, 4}), {2.5, 6.5, 10.5}));
}

TEST_CASE("means over windows of many lines, long ones and short ones, wide apart and close together") {
  // Whole numbers: their sums are exact, however they are added.
  const auto check = [](const Shape& shape, std::int64_t kernel, std::int64_t stride, DType dtype) {
    const std::int64_t lines = shape[0] * shape[1], extent = shape[2];
    std::vector<double> list(static_cast<std::size_t>(lines * extent));
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = static_cast<double>(i * i % 17);
    const Tensor x = parameter(tensor(list, shape, dtype));
    const Tensor y = avg_pool1d(x, kernel, {.stride = stride});
    const std::int64_t places = (extent - kernel) / stride + 1;
    std::vector<double> means, slopes(list.size(), 0.0);
    for (std::int64_t line = 0; line < lines; ++line)
      for (std::int64_t o = 0; o < places; ++o) {
        double total = 0.0;
        for (std::int64_t k = 0; k < kernel; ++k) {
          const auto at = static_cast<std::size_t>(line * extent + o * stride + k);
          total += list[at];
          slopes[at] += static_cast<double>((line + o) % 5);
        }
        means.push_back(total / static_cast<double>(kernel));
      }
    CHECK(y.shape() == Shape{shape[0], shape[1], places});
    CHECK(near(y, means, 1e-6));
    const Tensor of_line =
        reshape(arange(static_cast<double>(lines), {.dtype = dtype}), {shape[0], shape[1], 1});
    const Tensor weight = remainder(of_line + arange(static_cast<double>(places), {.dtype = dtype}), 5.0);
    (y * static_cast<double>(kernel)).backward({.seed = weight});
    CHECK(near(x.grad(), slopes, 1e-6));
  };
  for (const DType dtype : {float32, float64}) {
    check({3, 70, 41}, 3, 2, dtype);      // more lines than are worked on side by side
    check({2, 4, 2000}, 7, 3, dtype);     // longer than what is turned around at once
    check({1, 9, 3000}, 1500, 1, dtype);  // and a window that is
    check({1, 3, 90}, 5, 1, dtype);       // too few lines
    check({2, 5, 60}, 2, 7, dtype);       // elements that no window sees
  }
}

TEST_CASE(
    "poolings and interpolation on two threads have the bits of one thread's, and large windows are exact") {
  const int before = num_threads();
  const Tensor x = parameter(numbers({1, 70, 4001}).astype(float32));
  const auto all = [&] {
    const Tensor means = avg_pool1d(x, 5, {.stride = 1}), more = adaptive_avg_pool1d(x, 300),
                 finer = interpolate(x, {.size = 5000, .mode = Interpolation::bilinear});
    std::vector<Tensor> results{means, more, finer, max_pool1d(x, 5, {.stride = 2})};
    for (const Tensor& y : {means, more, finer}) results.push_back(grad(sum(square(y)), {x})[0]);
    return results;
  };
  set_num_threads(1);
  const std::vector<Tensor> one = all();
  set_num_threads(2);
  const std::vector<Tensor> two = all();
  set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(support::same_bits(one[i], two[i]));
  // One after the other, 20,000 additions of a tenth would be off in the fourth digit.
  for (const std::int64_t lines : {1, 70})
    CHECK(near(avg_pool1d(full({1, lines, 20001}, 0.1), 20000, {.stride = 1}),
               List(static_cast<std::size_t>(2 * lines), 0.1), 1e-6));
}

TEST_CASE("pooling by one element gives another tensor than the leaf it was given") {
  Tensor x = parameter(tensor({1, 2, 3, 4}, {1, 1, 2, 2}));
  const Tensor y = adaptive_avg_pool2d(x, 2), z = avg_pool2d(x, 1);
  x.assign(x * 2.0);
  CHECK(values(y) == std::vector<double>{1, 2, 3, 4});
  CHECK(values(z) == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("adaptive_avg_pool2d covers the image") {
  const Tensor image = tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {1, 1, 3, 5});
  CHECK(near(adaptive_avg_pool2d(image, 1), {8}));
  // Rows 0-1 and 1-2; columns 0-1, 1-3 and 3-4.
  CHECK(near(adaptive_avg_pool2d(image, {2, 3}), {4, 5.5, 7, 9, 10.5, 12}));
  CHECK(near(adaptive_avg_pool2d(image, {3, 5}), values(image)));
  CHECK(near(adaptive_avg_pool2d(tensor({1, 2}, {1, 1, 1, 2}), {2, 4}), {1, 1, 2, 2, 1, 1, 2, 2}));
  const Tensor even = numbers({2, 3, 4, 6});
  CHECK(near(adaptive_avg_pool2d(even, {2, 3}), values(avg_pool2d(even, 2))));
  // An infinity stays within the windows that see it.
  CHECK(near(adaptive_avg_pool2d(tensor({INFINITY, 1, 2}, {1, 1, 1, 3}), {1, 2}), {INFINITY, 1.5}));
}

TEST_CASE("interpolate by the nearest element") {
  const Tensor x = tensor({1, 2, 3}, {1, 1, 3});
  CHECK(values(interpolate(x, {.size = 6})) == std::vector<double>{1, 1, 2, 2, 3, 3});
  CHECK(values(interpolate(x, {.size = 5})) == std::vector<double>{1, 1, 2, 2, 3});
  CHECK(values(interpolate(x, {.size = 2})) == std::vector<double>{1, 2});
  CHECK(values(interpolate(x, {.scale = {1.5}})) == std::vector<double>{1, 1, 2, 3});
  CHECK(values(interpolate(tensor({1, 2, 3, 4}, {1, 1, 2, 2}), {.scale = {1, 2}})) ==
        std::vector<double>{1, 1, 2, 2, 3, 3, 4, 4});
}

TEST_CASE("an axis whose extent a scale leaves as it is stays as it is") {
  const Tensor x = expect::numbers({1, 1, 3, 4}, 9, -1.0, 1.0);
  for (const Interpolation mode : {Interpolation::nearest, Interpolation::bilinear}) {
    CHECK(support::same_bits(interpolate(x, {.scale = {1.3, 1.2}, .mode = mode}), x));
    CHECK(support::same_bits(interpolate(x, {.scale = {1.3, 2.0}, .mode = mode}),
                             interpolate(x, {.size = {3, 8}, .mode = mode})));
  }
}

TEST_CASE("interpolate linearly") {
  const Tensor x = tensor({1, 2, 4}, {1, 1, 3});
  const Interpolation bilinear = Interpolation::bilinear;
  CHECK(near(interpolate(x, {.size = 6, .mode = bilinear}), {1, 1.25, 1.75, 2.5, 3.5, 4}));
  CHECK(near(interpolate(x, {.size = 5, .mode = bilinear, .align_corners = true}), {1, 1.5, 2, 3, 4}));
  CHECK(near(interpolate(x, {.size = 1, .mode = bilinear}), {2}));
  CHECK(near(interpolate(x, {.size = 1, .mode = bilinear, .align_corners = true}), {1}));
  CHECK(near(interpolate(x, {.scale = {2}, .mode = bilinear}), {1, 1.25, 1.75, 2.5, 3.5, 4}));
  const Tensor image = tensor({1, 2, 3, 5}, {1, 1, 2, 2});
  CHECK(near(interpolate(image, {.size = 3, .mode = bilinear, .align_corners = true}),
             {1, 1.5, 2, 2, 2.75, 3.5, 3, 4, 5}));
}

TEST_CASE("poolings are differentiable twice") {
  differentiates([](const auto& in) { return max_pool1d(square(in[0]), 2, {.stride = 1}); },
                 {distinct({1, 2, 5})});
  differentiates(
      [](const auto& in) {
        return max_pool2d(in[0], {2, 3}, {.stride = 2, .padding = 1});
      },
      {distinct({1, 2, 4, 5})});
  differentiates([](const auto& in) { return avg_pool1d(square(in[0]), 3, {.stride = 2, .padding = 1}); },
                 {numbers({2, 1, 5})});
  differentiates(
      [](const auto& in) {
        return avg_pool2d(in[0], 2, {.padding = 1, .ceil_mode = true, .count_include_pad = false});
      },
      {numbers({1, 1, 3, 4})});
  differentiates(
      [](const auto& in) {
        return adaptive_avg_pool2d(square(in[0]), {2, 3});
      },
      {numbers({1, 1, 3, 5})});
  differentiates(
      [](const auto& in) {
        return interpolate(square(in[0]), {.size = {3, 2}});
      },
      {numbers({1, 1, 2, 3})});
  differentiates(
      [](const auto& in) {
        return interpolate(square(in[0]), {.size = {3, 5}, .mode = Interpolation::bilinear});
      },
      {numbers({1, 2, 2, 3})});
}

TEST_CASE("poolings of nothing") {
  CHECK(max_pool2d(zeros({0, 3, 4, 4}), 2).shape() == Shape{0, 3, 2, 2});
  CHECK(avg_pool1d(zeros({2, 0, 4}), 2).shape() == Shape{2, 0, 2});
  CHECK(adaptive_avg_pool2d(zeros({0, 3, 4, 4}), 3).shape() == Shape{0, 3, 3, 3});
  CHECK(interpolate(zeros({0, 3, 4}), {.size = 3}).shape() == Shape{0, 3, 3});
}

TEST_CASE("what poolings refuse") {
  const Tensor x = zeros({1, 1, 4, 4});
  CHECK(message<ShapeError>([&] { max_pool1d(x, 2); }) ==
        "[max_pool1d] the input must be (N, C, L): got shape (1, 1, 4, 4)");
  CHECK(message<ShapeError>([&] { max_pool2d(x, 5); }) ==
        "[max_pool2d] the window must fit into the padded input: got (5, 5) and (4, 4)");
  CHECK(message<ValueError>([&] { max_pool2d(x, 2, {.padding = 2}); }) ==
        "[max_pool2d] padding must be at most half the kernel: got (2, 2) for (2, 2)");
  CHECK(message<ValueError>([&] {
          avg_pool2d(x, {2, 2, 2});
        }) ==
        "[avg_pool2d] kernel must be one number, or one for each of 2 spatial dimensions: got (2, 2, 2)");
  CHECK(message<ValueError>([&] { avg_pool2d(x, 2, {.stride = 0}); }) ==
        "[avg_pool2d] stride must be 1 or more: got (0,)");
  CHECK(message<ShapeError>([&] {
          max_pool1d(zeros({1, 1, 2}), 2, {.stride = 1, .padding = 1, .dilation = 3});
        }) ==
        "[max_pool1d] every window must see an element: got kernel (2,), padding (1,) and dilation (3,) for "
        "(1, 1, 2)");
  CHECK(message<DTypeError>([&] { max_pool2d(x.astype(int64), 2); }) ==
        "[max_pool2d] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message<ShapeError>([&] {
          interpolate(zeros({1, 1, 0}), {.size = 2});
        }) == "[interpolate] the input must have an element to repeat: got shape (1, 1, 0)");
  CHECK(message<ValueError>([&] { adaptive_avg_pool2d(x, 0); }) ==
        "[adaptive_avg_pool2d] extents must be 1 or more: got (0,)");
  CHECK(message<ShapeError>([&] {
          adaptive_avg_pool2d(zeros({1, 1, 0, 4}), 1);
        }) == "[adaptive_avg_pool2d] the image must have an element: got shape (1, 1, 0, 4)");
  CHECK(message<ValueError>([&] { interpolate(x, {}); }) ==
        "[interpolate] there must be either a size or a scale: got none");
  CHECK(message<ValueError>([&] { interpolate(x, {.size = 2, .scale = {1}}); }) ==
        "[interpolate] there must be either a size or a scale: got both");
  CHECK(message<ValueError>([&] { interpolate(x, {.scale = {-1}}); }) ==
        "[interpolate] scale must be positive and finite: got -1");
  CHECK(message<ShapeError>([&] { interpolate(x, {.scale = {0.1}}); }) ==
        "[interpolate] the result must have an element: got scale 0.1 for extents (4, 4)");
  CHECK(message<ValueError>([&] {
          interpolate(x, {.scale = {1, 2, 3}});
        }) ==
        "[interpolate] scale must be one number, or one for each of 2 spatial dimensions: got 3 numbers");
  CHECK(message<ValueError>([&] { interpolate(x, {.size = 2, .align_corners = true}); }) ==
        "[interpolate] align_corners goes with bilinear only: got nearest");
}
