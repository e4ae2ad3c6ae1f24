#include "wengert/ops/convolution.hpp"

#include <array>

#include "ops/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::near;
using support::values;

namespace {

using Triple = std::array<std::int64_t, 3>;

/// A convolution written out, of shapes with three spatial dimensions.
struct Written {
  Triple stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};
  std::int64_t groups = 1;

  std::int64_t extent(std::int64_t in, std::int64_t kernel, std::size_t d) const {
    return (in + 2 * padding[d] - dilation[d] * (kernel - 1) - 1) / stride[d] + 1;
  }
  /// Calls visit(place in y, place in x, place in w) for every product.
  template <class F>
  void for_each_product(const Shape& x, const Shape& w, const Shape& y, F visit) const {
    const std::int64_t per_group = y[1] / groups;
    for (std::int64_t n = 0; n < y[0]; ++n)
      for (std::int64_t o = 0; o < y[1]; ++o)
        for (std::int64_t p = 0; p < y[2] * y[3] * y[4]; ++p)
          for (std::int64_t i = 0; i < w[1]; ++i)
            for (std::int64_t t = 0; t < w[2] * w[3] * w[4]; ++t) {
              const Triple place{p / (y[3] * y[4]), p / y[4] % y[3], p % y[4]};
              const Triple tap{t / (w[3] * w[4]), t / w[4] % w[3], t % w[4]};
              std::int64_t at = n * x[1] + o / per_group * w[1] + i;
              bool inside = true;
              for (std::size_t d = 0; d < 3; ++d) {
                const std::int64_t s = place[d] * stride[d] + tap[d] * dilation[d] - padding[d];
                inside &= s >= 0 && s < x[d + 2];
                at = at * x[d + 2] + s;
              }
              if (inside)
                visit(((n * y[1] + o) * y[2] * y[3] * y[4]) + p, at, (o * w[1] + i) * w[2] * w[3] * w[4] + t);
            }
  }
};

Shape with_three(const Shape& shape) {
  Shape result = shape;
  while (result.size() < 5) result.insert(2, 1);
  return result;
}

std::vector<double> convolved(const Tensor& x, const Tensor& w, const Shape& y, const Written& by) {
  std::vector<double> result(static_cast<std::size_t>(element_count(y)), 0.0);
  const auto xs = values(x), ws = values(w);
  by.for_each_product(with_three(x.shape()), with_three(w.shape()), with_three(y),
                      [&](auto p, auto i, auto t) {
                        result[static_cast<std::size_t>(p)] +=
                            xs[static_cast<std::size_t>(i)] * ws[static_cast<std::size_t>(t)];
                      });
  return result;
}

/// The adjoint: from y to the shape of x.
std::vector<double> spread(const Tensor& y, const Tensor& w, const Shape& x, const Written& by) {
  std::vector<double> result(static_cast<std::size_t>(element_count(x)), 0.0);
  const auto ys = values(y), ws = values(w);
  by.for_each_product(with_three(x), with_three(w.shape()), with_three(y.shape()),
                      [&](auto p, auto i, auto t) {
                        result[static_cast<std::size_t>(i)] +=
                            ys[static_cast<std::size_t>(p)] * ws[static_cast<std::size_t>(t)];
                      });
  return result;
}

}  // namespace

TEST_CASE("convolutions are the sums written out") {
  SUBCASE("conv1d") {
    const Tensor x = numbers({2, 4, 9}, 1), w = numbers({6, 2, 3}, 2);
    const Tensor y = conv1d(x, w, {}, {.stride = 2, .padding = 3, .dilation = 2, .groups = 2});
    CHECK(y.shape() == Shape{2, 6, 6});
    CHECK(near(y, convolved(x, w, y.shape(), {{1, 1, 2}, {0, 0, 3}, {1, 1, 2}, 2})));
  }
  SUBCASE("conv2d") {
    const Tensor x = numbers({2, 3, 6, 5}, 1), w = numbers({4, 3, 3, 2}, 2);
    const Tensor y = conv2d(x, w);
    CHECK(y.shape() == Shape{2, 4, 4, 4});
    CHECK(near(y, convolved(x, w, y.shape(), {})));
    const Tensor z = conv2d(x, w, {}, {.stride = {2, 1}, .padding = {1, 3}, .dilation = {1, 2}});
    CHECK(z.shape() == Shape{2, 4, 3, 9});
    CHECK(near(z, convolved(x, w, z.shape(), {{1, 2, 1}, {0, 1, 3}, {1, 1, 2}, 1})));
  }
  SUBCASE("conv2d, a group for each channel") {
    const Tensor x = numbers({1, 3, 5, 5}, 1), w = numbers({6, 1, 3, 3}, 2);
    const Tensor y = conv2d(x, w, {}, {.padding = 1, .groups = 3});
    CHECK(near(y, convolved(x, w, y.shape(), {{1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 3})));
  }
  SUBCASE("conv3d") {
    const Tensor x = numbers({2, 2, 4, 5, 3}, 1), w = numbers({3, 2, 2, 3, 2}, 2);
    const Tensor y = conv3d(x, w, {}, {.stride = {1, 2, 1}, .padding = {1, 0, 2}, .dilation = {2, 1, 1}});
    CHECK(y.shape() == Shape{2, 3, 4, 2, 6});
    CHECK(near(y, convolved(x, w, y.shape(), {{1, 2, 1}, {1, 0, 2}, {2, 1, 1}, 1})));
  }
  SUBCASE("large enough for a library's product") {
    const Tensor x = numbers({2, 8, 12, 11}, 1), w = numbers({16, 8, 3, 3}, 2);
    const Tensor y = conv2d(x, w, {}, {.padding = 1});
    CHECK(near(y, convolved(x, w, y.shape(), {{1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 1})));
    CHECK(near(conv2d(x.astype(float32), w.astype(float32), {}, {.padding = 1}), values(y), 1e-5));
  }
  SUBCASE("bias") {
    const Tensor x = numbers({1, 2, 3, 3}), w = numbers({2, 2, 1, 1}, 2), b = support::vector({10, 20});
    auto expected = values(conv2d(x, w));
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += i < 9 ? 10 : 20;
    CHECK(near(conv2d(x, w, b), expected));
  }
}

TEST_CASE("transposed convolutions are the adjoint written out") {
  SUBCASE("one dimension") {
    const Tensor x = numbers({2, 4, 5}, 1), w = numbers({4, 3, 3}, 2);
    const Tensor y = conv_transpose1d(
        x, w, {}, {.stride = 2, .padding = 1, .output_padding = 1, .dilation = 2, .groups = 2});
    CHECK(y.shape() == Shape{2, 6, 12});  // (5 - 1) 2 - 2 + 2 (3 - 1) + 1 + 1
    CHECK(near(y, spread(x, w, y.shape(), {{1, 1, 2}, {0, 0, 1}, {1, 1, 2}, 2})));
  }
  SUBCASE("two dimensions") {
    const Tensor x = numbers({2, 3, 4, 3}, 1), w = numbers({3, 2, 2, 3}, 2), b = support::vector({1, -1});
    const Tensor y =
        conv_transpose2d(x, w, {}, {.stride = {3, 2}, .padding = {0, 1}, .output_padding = {2, 0}});
    CHECK(y.shape() == Shape{2, 2, 13, 5});
    const auto expected = spread(x, w, y.shape(), {{1, 3, 2}, {0, 0, 1}, {1, 1, 1}, 1});
    CHECK(near(y, expected));
    const auto biased =
        values(conv_transpose2d(x, w, b, {.stride = {3, 2}, .padding = {0, 1}, .output_padding = {2, 0}}));
    for (std::size_t i = 0; i < biased.size(); ++i)
      CHECK(near(biased[i], expected[i] + (i / 65 % 2 == 0 ? 1 : -1)));
  }
  SUBCASE("three dimensions") {
    const Tensor x = numbers({2, 2, 2, 3, 2}, 1), w = numbers({2, 2, 2, 1, 3}, 2);
    const Tensor y = conv_transpose3d(x, w, {}, {.stride = {2, 1, 3}, .padding = {1, 0, 1}, .groups = 2});
    CHECK(y.shape() == Shape{2, 4, 2, 3, 4});
    CHECK(near(y, spread(x, w, y.shape(), {{2, 1, 3}, {1, 0, 1}, {1, 1, 1}, 2})));
  }
}

TEST_CASE("unfold shows windows as columns, fold adds them up") {
  const Tensor x = support::tensor({1, 2, 3, 4, 5, 6}, {1, 1, 2, 3});
  CHECK(values(unfold(x, 2)) == std::vector<double>{1, 2, 2, 3, 4, 5, 5, 6});
  CHECK(values(unfold(x, {1, 3}, {.padding = {0, 1}})) ==
        std::vector<double>{0, 1, 2, 0, 4, 5, 1, 2, 3, 4, 5, 6, 2, 3, 0, 5, 6, 0});
  CHECK(unfold(x, {2, 1}, {.stride = {1, 2}}).shape() == Shape{1, 2, 2});
  CHECK(values(unfold(x, {2, 1}, {.stride = {1, 2}})) == std::vector<double>{1, 3, 4, 6});
  CHECK(values(fold(unfold(x, 2), {2, 3}, 2)) == std::vector<double>{1, 4, 3, 4, 10, 6});
  CHECK(fold(numbers({2, 12, 4}), {3, 3}, 2).shape() == Shape{2, 3, 3, 3});
}

TEST_CASE("convolutions are differentiable twice, in every input") {
  differentiates(
      [](const auto& in) { return conv1d(in[0], in[1], in[2], {.stride = 2, .padding = 1, .groups = 2}); },
      {numbers({2, 2, 5}, 1), numbers({2, 1, 3}, 2), numbers({2}, 3)});
  differentiates(
      [](const auto& in) {
        return conv2d(in[0], in[1], in[2], {.padding = {1, 0}, .dilation = {1, 2}});
      },
      {numbers({1, 2, 3, 4}, 1), numbers({2, 2, 2, 2}, 2), numbers({2}, 3)});
  differentiates([](const auto& in) { return conv3d(in[0], in[1]); },
                 {numbers({1, 1, 2, 3, 2}, 1), numbers({2, 1, 2, 2, 1}, 2)});
  differentiates(
      [](const auto& in) {
        return conv_transpose1d(in[0], in[1], in[2], {.stride = 2, .output_padding = 1});
      },
      {numbers({2, 2, 2}, 1), numbers({2, 1, 3}, 2), numbers({1}, 3)});
  differentiates(
      [](const auto& in) {
        return conv_transpose2d(in[0], in[1], {}, {.stride = {1, 2}, .padding = 1, .groups = 2});
      },
      {numbers({1, 2, 3, 2}, 1), numbers({2, 1, 2, 3}, 2)});
  differentiates(
      [](const auto& in) {
        return conv_transpose3d(in[0], in[1], {}, {.stride = {1, 2, 1}});
      },
      {numbers({1, 1, 2, 2, 1}, 1), numbers({1, 2, 1, 2, 2}, 2)});
  // Not linear in what it is differentiated by.
  differentiates([](const auto& in) { return square(tanh(conv2d(square(in[0]), in[1], {}, {.stride = 2}))); },
                 {numbers({1, 1, 4, 4}, 1), numbers({2, 1, 2, 2}, 2)});
}

TEST_CASE("convolutions of nothing") {
  const Tensor w = parameter(numbers({3, 2, 2, 2}));
  const Tensor y = conv2d(zeros({0, 2, 4, 4}, {.dtype = float64}), w);
  CHECK(y.shape() == Shape{0, 3, 3, 3});
  sum(y).backward();
  CHECK(values(w.grad()) == std::vector<double>(24, 0.0));
  CHECK(values(conv1d(zeros({1, 0, 3}), zeros({2, 0, 2}), ones({2}))) == std::vector<double>(4, 1.0));
  CHECK(conv_transpose1d(zeros({0, 2, 3}), zeros({2, 1, 2})).shape() == Shape{0, 1, 4});
  CHECK(unfold(zeros({2, 0, 4}), 2).shape() == Shape{2, 0, 3});
}

TEST_CASE("what a convolution refuses") {
  const Tensor x = zeros({1, 2, 4, 4}), w = zeros({3, 2, 3, 3});
  CHECK(message<ShapeError>([&] {
          conv2d(zeros({2, 4, 4}), w);
        }) == "[conv2d] the input must be (N, C, H, W): got shape (2, 4, 4)");
  CHECK(message<ShapeError>([&] { conv1d(x, w); }) ==
        "[conv1d] the input must be (N, C, L): got shape (1, 2, 4, 4)");
  CHECK(message<ShapeError>([&] { conv3d(x, w); }) ==
        "[conv3d] the input must be (N, C, D, H, W): got shape (1, 2, 4, 4)");
  CHECK(message<ShapeError>([&] {
          conv2d(x, zeros({3, 2, 3}));
        }) == "[conv2d] the weight must have 4 dimensions: got shape (3, 2, 3)");
  CHECK(
      message<ShapeError>([&] {
        conv2d(x, zeros({3, 1, 3, 3}));
      }) ==
      "[conv2d] the weight must be (O, C / groups, ...), O a multiple of groups: got (3, 1, 3, 3) for input "
      "(1, 2, 4, 4) and groups 1");
  CHECK(
      message<ShapeError>([&] {
        conv2d(x, zeros({3, 1, 3, 3}), {}, {.groups = 2});
      }) ==
      "[conv2d] the weight must be (O, C / groups, ...), O a multiple of groups: got (3, 1, 3, 3) for input "
      "(1, 2, 4, 4) and groups 2");
  CHECK(message<ShapeError>([&] { conv2d(x, w, zeros({2})); }) ==
        "[conv2d] the bias must have an entry for each channel of the result: got (2,) for 3 channels");
  CHECK(message<ShapeError>([&] {
          conv2d(x, w, {}, {.dilation = {2, 1}});
        }) == "[conv2d] the window must fit into the padded input: got (5, 3) and (4, 4)");
  CHECK(message<DTypeError>([&] { conv2d(x, w.astype(float64)); }) ==
        "[conv2d] dtypes must be equal: got float32 and float64. Did you mean to cast with astype(float32)?");
  CHECK(message<DTypeError>([&] { conv2d(x.astype(int64), w); }) ==
        "[conv2d] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message<ValueError>([&] { conv2d(x, w, {}, {.stride = 0}); }) ==
        "[conv2d] stride must be 1 or more: got (0,)");
  CHECK(message<ValueError>([&] {
          conv2d(x, w, {}, {.padding = {0, -1}});
        }) == "[conv2d] padding must be 0 or more: got (0, -1)");
  CHECK(message<ValueError>([&] {
          conv2d(x, w, {}, {.dilation = {1, 1, 1}});
        }) == "[conv2d] dilation must be one number, or one for each of 2 spatial dimensions: got (1, 1, 1)");
  CHECK(message<ValueError>([&] { conv2d(x, w, {}, {.groups = 0}); }) ==
        "[conv2d] groups must be 1 or more: got 0");
  CHECK(message<ValueError>([&] {
          conv2d(x, zeros({3, 2, 0, 3}));
        }) == "[conv2d] kernel must be 1 or more: got (0, 3)");
}

TEST_CASE("options and extents whose products would wrap around") {
  constexpr std::int64_t option = 0x7fffffff, large = std::int64_t{1} << 30, most = INT64_MAX;
  const Tensor x = zeros({1, 1, 4}), w = zeros({1, 1, 2}), cube = zeros({1, 1, 1, 1, 1});
  const std::string less = " must be 2147483647 or less: got (2147483648,)";
  CHECK(message<ValueError>([&] { conv1d(x, w, {}, {.stride = option + 1}); }) == "[conv1d] stride" + less);
  CHECK(message<ValueError>([&] { conv1d(x, w, {}, {.padding = option + 1}); }) == "[conv1d] padding" + less);
  CHECK(message<ValueError>([&] { conv1d(x, w, {}, {.dilation = option + 1}); }) ==
        "[conv1d] dilation" + less);
  CHECK(message<ValueError>([&] { unfold(x, option + 1); }) == "[unfold] kernel" + less);
  CHECK(message<ValueError>([&] { conv_transpose1d(x, w, {}, {.output_padding = option + 1}); }) ==
        "[conv_transpose1d] output_padding" + less);
  CHECK(conv1d(x, w, {}, {.stride = option}).shape() == Shape{1, 1, 1});
  CHECK(message<ShapeError>([&] { conv1d(x, w, {}, {.dilation = option}); }) ==
        "[conv1d] the window must fit into the padded input: got (2147483648,) and (4,)");
  // Two to the 64 elements, which is 0, and as many windows.
  CHECK(message<ShapeError>([&] {
          unfold(cube, {large, large, 16}, {.padding = large});
        }) == "[unfold] the kernel's extents are too large: got (1073741824, 1073741824, 16)");
  CHECK(message<ShapeError>([&] {
          fold(zeros({1, 1, 1}), {large, large, 16}, {large, large, 16});
        }) == "[fold] the extents are too large: got (1073741824, 1073741824, 16)");
  CHECK(message<ShapeError>([&] {
          fold(zeros({1, 1, 1}), most, 1);
        }) == "[fold] the extents are too large: got (9223372036854775807,)");
  CHECK(message<ShapeError>([&] { conv3d(cube, cube, {}, {.padding = option}); }) ==
        "[conv3d] the extents of the result are too large: got (4294967295, 4294967295, 4294967295)");
  CHECK(message<ShapeError>([&] {
          conv_transpose1d(broadcast_to(zeros({}), {1, 1, std::int64_t{1} << 40}), w, {}, {.stride = option});
        }) == "[conv_transpose1d] the extents of the result are too large: got (1152921504606846978,)");
  CHECK(message<ShapeError>([&] {
          conv1d(zeros({1, 0, 4}), zeros({0, 4, 2}), {}, {.groups = large << 32});
        }) ==
        "[conv1d] the weight must be (O, C / groups, ...), O a multiple of groups: got (0, 4, 2) for input "
        "(1, 0, 4) and groups 4611686018427387904");
  CHECK(message<ShapeError>([&] {
          conv_transpose1d(zeros({1, 0, 4}), zeros({0, 4, 2}), {}, {.groups = large << 32});
        }) ==
        "[conv_transpose1d] the channels of each group, and the groups, are too large: got (4, "
        "4611686018427387904)");
}

TEST_CASE("what transposed convolutions, unfold and fold refuse") {
  const Tensor x = zeros({1, 2, 3}), w = zeros({2, 1, 2});
  CHECK(message<ShapeError>([&] {
          conv_transpose1d(x, zeros({1, 2, 2}));
        }) ==
        "[conv_transpose1d] the weight must be (C, O / groups, ...), C a multiple of groups: got (1, 2, 2) "
        "for input "
        "(1, 2, 3) and groups 1");
  CHECK(message<ValueError>([&] { conv_transpose1d(x, w, {}, {.stride = 2, .output_padding = 2}); }) ==
        "[conv_transpose1d] output_padding must be less than the stride or the dilation: got (2,) with "
        "stride (2,) and "
        "dilation (1,)");
  CHECK(message<ShapeError>([&] { conv_transpose1d(x, w, {}, {.padding = 2}); }) ==
        "[conv_transpose1d] the result must have an element: got extents (0,) for input (1, 2, 3)");
  CHECK(message<ShapeError>([&] {
          conv_transpose2d(zeros({1, 1, 2, 2}), zeros({1, 1, 2, 2}), zeros({2}));
        }) ==
        "[conv_transpose2d] the bias must have an entry for each channel of the result: got (2,) for 1 "
        "channels");
  CHECK(message<ShapeError>([&] {
          unfold(zeros({2, 3}), 2);
        }) == "[unfold] the input must be (N, C, ...): got shape (2, 3)");
  CHECK(message<ShapeError>([&] { unfold(x, 4); }) ==
        "[unfold] the window must fit into the padded input: got (4,) and (3,)");
  CHECK(message<ValueError>([&] { unfold(x, 0); }) == "[unfold] kernel must be 1 or more: got (0,)");
  CHECK(message<ShapeError>([&] {
          fold(zeros({1, 3, 2}), 3, 2);
        }) == "[fold] the columns must be (N, C * 2, 2) for these windows: got (1, 3, 2)");
  CHECK(message<ShapeError>([&] { fold(x, {}, 2); }) ==
        "[fold] the result must have a spatial dimension: got extents ()");
}
