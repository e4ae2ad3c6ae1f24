// The order in memory that elementwise results keep: which do, that they are right, and that sums of them
// have the same bits whenever they are computed.
#include <doctest/doctest.h>

#include "support/tensors.hpp"
#include "wengert/extend.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::same_bits;
using support::values;

namespace {

/// Small, so that it is computed at once, and large, so that it waits.
const Shape shapes[] = {{3, 4}, {70, 90}, {300, 40}, {2, 3, 5}, {40, 30, 20}};

Tensor turned(const Shape& shape, DType dtype = float32) {
  Shape back = shape;
  std::reverse(back.begin(), back.end());
  Axes axes;
  for (std::size_t i = shape.size(); i-- > 0;) axes.push_back(static_cast<std::int64_t>(i));
  return permute(randn(back, {.dtype = dtype}), axes);
}

Tensor contiguous(const Tensor& x) { return reshape(reshape(x, {-1}), x.shape()); }
Strides strides_of(const Tensor& x) { return x.node().strides; }
std::vector<double> as_numbers(const std::vector<Tensor>& tensors) {
  std::vector<double> all;
  for (const Tensor& t : tensors)
    for (const double value : values(t)) all.push_back(value);
  return all;
}

}  // namespace

TEST_CASE("an elementwise result lies as its inputs do, but for those that are broadcast") {
  manual_seed(1);
  for (const Shape& shape : shapes) {
    CAPTURE(to_string(shape));
    const Tensor x = turned(shape), y = turned(shape), row = randn({shape.back()});
    for (const Tensor& result : {x * 2.0, 1.0 - x, exp(x), x + y, tanh(x * 2.0) * y, where(x > y, x, y),
                                 x.astype(float64), x * full({}, 3.0), x - row, mean(x, {-1}, true) * exp(x),
                                 x * broadcast_to(row, shape), broadcast_to(exp(row), shape) - x * y})
      CHECK(strides_of(result) == strides_of(x));
    CHECK(strides_of(sum(x * y, {-1})) == row_major(sum(x, {-1}).shape()));
  }
}

TEST_CASE("where they lie otherwise, or not in one piece, it is in row-major order") {
  manual_seed(2);
  for (const Shape& shape : shapes) {
    CAPTURE(to_string(shape));
    const Tensor x = turned(shape), plain = randn(shape), row = randn({shape.back()});
    const Tensor every_other = slice(turned({2 * shape[0], shape[1]}), 0, {0, SliceRange::to_end, 2});
    const Tensor backward = flip(x, {0}), expanded = broadcast_to(row, shape);
    for (const Tensor& result : {x + plain, plain * exp(x), plain - row, row * 2.0, backward * 2.0,
                                 every_other * 2.0, expanded * 2.0, x + reshape(expanded, shape) * 2.0})
      CHECK(strides_of(result) == row_major(result.shape()));
  }
}

TEST_CASE("values and gradients are those of contiguous arrays, with the same bits now and later") {
  manual_seed(3);
  for (const Shape& shape : shapes) {
    CAPTURE(to_string(shape));
    const TensorOptions of{.dtype = float64};
    const Tensor x = turned(shape, float64), y = turned(shape, float64), plain = randn(shape, of),
                 row = randn({shape.back()}, of);
    const auto results = [&](const Tensor& a, const Tensor& b) {
      const Tensor u = parameter(a), v = parameter(b);
      // What follows reads it in rows, in other shapes, and as it lies.
      const Tensor h = tanh(u * 0.7) * v - row, g = exp(-square(h)) * mean(h, {0}, true);
      const Tensor z = nn::softmax(h, -1) + sum(reshape(g * 2.0, {-1, shape.back()})) * 0.1 + h * plain;
      const Tensor loss = sum(z * plain) + mean(square(g)) + sum(sum(h, {0}) * 0.3);
      std::vector<Tensor> all = grad(loss, {u, v});
      const Tensor d = h - mean(h, {-1}, true), e = h - mean(h, {0}, true);
      all.insert(all.end(), {z, h, loss, sum(u * v), sum(g * g, {0}), sum(h, {-1}), mean(d * d, {-1}),
                             e * rsqrt(mean(e * e, {0}, true) + 1.0)});
      return as_numbers(all);
    };
    const std::vector<double> found = results(x, y), expected = results(contiguous(x), contiguous(y));
    REQUIRE(found.size() == expected.size());
    double worst = 0.0;
    for (std::size_t i = 0; i < found.size(); ++i)
      worst = std::max(worst, std::abs(found[i] - expected[i]) / (1.0 + std::abs(expected[i])));
    CHECK(worst < 1e-12);

    const auto now = [&] {
      const Eager guard;
      return results(x, y);
    }();
    const auto later = [&] {
      const Deferred guard;
      return results(x, y);
    }();
    CHECK(same_bits(found, now));
    CHECK(same_bits(later, now));
  }
}

TEST_CASE("one pass computes what waits in such an order, also where what is made of it lies otherwise") {
  const Deferred guard;
  const Tensor x = turned({70, 90}), plain = randn({70, 90}), plain_row = randn({90});
  const auto passes = [](auto f) {
    const std::int64_t before = evaluation_stats().runs;
    f().node();
    return evaluation_stats().runs - before;
  };
  CHECK(passes([&] { return tanh(x * 2.0) + x; }) == 1);
  CHECK(passes([&] { return sum(tanh(x * 2.0) + x); }) == 1);
  for (const std::int64_t axis : {0, 1})
    CHECK(passes([&] { return sum(tanh(x * 2.0 - plain_row) * x, {axis}); }) == 1);
  CHECK(passes([&] {
          const Tensor d = x * 2.0 - plain_row;
          return d * rsqrt(mean(square(d), {0}, true) + 1.0);
        }) == 1);
  CHECK(passes([&] { return tanh(x * 2.0) + plain; }) == 1);
  const Tensor held = x * 2.0;
  CHECK(passes([&] { return tanh(held) + plain; }) == 2);
  CHECK(strides_of(held) == strides_of(x));
}
