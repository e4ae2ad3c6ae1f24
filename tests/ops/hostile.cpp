// Attempts to crash it: empty tensors in every position, axes, extents and steps at the ends of int64. Each
// call must answer with an Error of the library, or a value, and leave its inputs as they were.
#include <functional>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::message;
using support::values;

namespace {

constexpr std::int64_t lowest = INT64_MIN, highest = INT64_MAX;
using Unary = std::function<void(const Tensor&)>;
using Binary = std::function<void(const Tensor&, const Tensor&)>;

/// Functions of a tensor and an axis.
std::vector<std::function<void(const Tensor&, std::int64_t)>> along_an_axis() {
  const auto index = [] { return support::vector({0}, int64); };
  return {[](const Tensor& x, std::int64_t axis) { sum(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { prod(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { wengert::max(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) {
            wengert::min(x, {0, axis});
          },
          [](const Tensor& x, std::int64_t axis) { mean(x, {axis}, true); },
          [](const Tensor& x, std::int64_t axis) { var(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { wengert::std(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { logsumexp(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { argmax(x, axis); },
          [](const Tensor& x, std::int64_t axis) { argmin(x, axis); },
          [](const Tensor& x, std::int64_t axis) { count_nonzero(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { any(x > 0.0, {axis}); },
          [](const Tensor& x, std::int64_t axis) { all(x > 0.0, {axis}); },
          [](const Tensor& x, std::int64_t axis) { squeeze(x, {axis}); },
          [](const Tensor& x, std::int64_t axis) { unsqueeze(x, axis); },
          [](const Tensor& x, std::int64_t axis) {
            permute(x, {0, axis});
          },
          [](const Tensor& x, std::int64_t axis) { flatten(x, axis, axis); },
          [](const Tensor& x, std::int64_t axis) {
            concat({x, x}, axis);
          },
          [](const Tensor& x, std::int64_t axis) {
            stack({x, x}, axis);
          },
          [](const Tensor& x, std::int64_t axis) { slice(x, axis, 0, 1); },
          [=](const Tensor& x, std::int64_t axis) { index_select(x, axis, index()); },
          [](const Tensor& x, std::int64_t axis) {
            gather(x, axis, zeros({2, 3}, {.dtype = int64}));
          },
          [](const Tensor& x, std::int64_t axis) {
            scatter_add(x, axis, zeros({2, 3}, {.dtype = int64}), x);
          }};
}

std::vector<Unary> of_one() {
  std::vector<Unary> functions;
#define UNARY(name, ...) functions.push_back([](const Tensor& x) { name(x); });
#define BINARY(name, ...)
#define COMPARE(name, ...)
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  for (const auto& f : along_an_axis()) functions.push_back([f](const Tensor& x) { f(x, 0); });
  for (const Unary& f : std::vector<Unary>{[](const Tensor& x) { -x; },
                                           [](const Tensor& x) { sum(x); },
                                           [](const Tensor& x) { prod(x); },
                                           [](const Tensor& x) { logsumexp(x); },
                                           [](const Tensor& x) { transpose(x); },
                                           [](const Tensor& x) { permute(x, {}); },
                                           [](const Tensor& x) { reshape(x, {-1}); },
                                           [](const Tensor& x) { broadcast_to(x, {2}); },
                                           [](const Tensor& x) { leaky_relu(x); },
                                           [](const Tensor& x) { isnan(x); },
                                           [](const Tensor& x) { isinf(x); },
                                           [](const Tensor& x) { isfinite(x); },
                                           [](const Tensor& x) { logical_not(x); },
                                           [](const Tensor& x) { one_hot(x, 3); },
                                           [](const Tensor& x) { zeros_like(x); },
                                           [](const Tensor& x) { full_like(x, 1.0); },
                                           [](const Tensor& x) { x + 1.0; },
                                           [](const Tensor& x) { 1.0 - x; },
                                           [](const Tensor& x) { static_cast<void>(x > 1.0); },
                                           [](const Tensor& x) { clip(x, 0.0, 1.0); },
                                           [](const Tensor& x) { where(x, 0.0, 1.0); },
                                           [](const Tensor& x) { x + xt::xarray<double>{1.0}; }})
    functions.push_back(f);
  return functions;
}

std::vector<Binary> of_two() {
  std::vector<Binary> functions;
#define UNARY(name, ...)
#define BINARY(name, ...) functions.push_back([](const Tensor& a, const Tensor& b) { name(a, b); });
#define COMPARE(name, ...) functions.push_back([](const Tensor& a, const Tensor& b) { name(a, b); });
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  for (const Binary& f :
       std::vector<Binary>{[](const Tensor&a, const Tensor&b) { matmul(a, b); },
                           [](const Tensor&a, const Tensor&b) { where(a > 0.0, a, b); },
                           [](const Tensor&a, const Tensor&b) { where(b > 0.0, a, a); },
                           [](const Tensor&a, const Tensor&b) { clip(a, b, 1.0); },
                           [](const Tensor&a, const Tensor&b) { clip(a, 0.0, b); },
                           [](const Tensor&a, const Tensor&b) {
                             concat({a, b});
                           },
                           [](const Tensor&a, const Tensor&b) {
                             stack({a, b});
                           },
                           [](const Tensor&a, const Tensor&b) { masked_fill(a, b, 0.0); },
                           [](const Tensor&a, const Tensor&b) { isclose(a, b); },
                           [](const Tensor&a, const Tensor&b) { allclose(a, b); },
                           [](const Tensor&a, const Tensor&b) { index_select(a, 0, b); },
                           [](const Tensor&a, const Tensor&b) { gather(a, 0, b); },
                           [](const Tensor&a, const Tensor&b) { scatter_add(a, 0, b.astype(int64), a); },
                           [](const Tensor&a, const Tensor&b) { scatter_add(a, 0, a.astype(int64) * 0, b); },
                           [](const Tensor&a, const Tensor&b) { logical_and(a > 0.0, b); },
                           [](const Tensor&a, const Tensor&b) { logical_or(b, a > 0.0); },
                           [](const Tensor&a, const Tensor&b) { logical_xor(a > 0.0, b); },
                           [](const Tensor&a, const Tensor&b) { a.assign(b); }})
    functions.push_back(f);
  return functions;
}

}  // namespace

TEST_CASE("an empty tensor in any position is a GraphError") {
  const Tensor x = support::vector({1, 2}), none;
  const auto is_graph_error = [](const auto& f) {
    return message<GraphError>(f).find("an empty tensor has no value: give it one first") !=
               std::string::npos &&
           message<GraphError>(f).rfind("another type", 0) != 0;
  };
  std::size_t i = 0;
  for (const Unary& f : of_one()) {
    const std::size_t function = i++;
    CAPTURE(function);
    CHECK(is_graph_error([&] { f(none); }));
  }
  i = 0;
  for (const Binary& f : of_two()) {
    const std::size_t function = i++;
    CAPTURE(function);
    CHECK(is_graph_error([&] { f(x, none); }));
    CHECK(is_graph_error([&] { f(none, x); }));
    CHECK(is_graph_error([&] { f(none, none); }));
  }
  CHECK(values(x) == std::vector<double>{1, 2});
}

TEST_CASE("axes at the ends of int64 are IndexErrors") {
  const Tensor x = support::tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  std::size_t i = 0;
  for (const auto& f : along_an_axis())
    for (const std::int64_t axis :
         {lowest, lowest + 1, std::int64_t{-5}, std::int64_t{5}, highest - 1, highest}) {
      CAPTURE(i);
      CAPTURE(axis);
      ++i;
      const std::string text = message<IndexError>([&] { f(x, axis); });
      CHECK(text.find("an axis must lie within the dimensions: got axis " + std::to_string(axis)) !=
            std::string::npos);
    }
  CHECK(values(x) == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("slices at the ends of int64 behave as Python's") {
  const Tensor x = support::vector({0, 1, 2, 3, 4});
  using List = std::vector<double>;
  CHECK(values(slice(x, 0, lowest, highest)) == List{0, 1, 2, 3, 4});
  CHECK(values(slice(x, 0, lowest, highest - 1, highest)) == List{0});
  CHECK(values(slice(x, 0, highest - 1, lowest, -1)) == List{4, 3, 2, 1, 0});
  CHECK(values(slice(x, 0, highest - 1, lowest, lowest)) == List{4});
  CHECK(values(slice(x, 0, {4, SliceRange::to_end, lowest})) == List{4});
  CHECK(values(slice(x, 0, highest, lowest)).empty());
  CHECK(values(slice(x, 0, lowest, lowest)).empty());
  CHECK(values(slice(x, 0, -1, lowest, -2)) == List{4, 2, 0});
  const Tensor leaf = support::leaf({0, 1, 2, 3, 4});
  sum(slice(leaf, 0, highest - 1, lowest, lowest)).backward();
  CHECK(values(leaf.grad()) == List{0, 0, 0, 0, 1});
  CHECK(message<ValueError>([&] { slice(x, 0, lowest, highest, 0); }) ==
        "[slice] the step must not be 0: got -9223372036854775808:9223372036854775807:0");
}

TEST_CASE("extents beyond what there can be are ShapeErrors") {
  const Tensor x = support::vector({1, 2}), number = scalar(1.0, float64),
               none = zeros({0}, {.dtype = float64});
  const std::int64_t half = std::int64_t{1} << 32;
  const auto is_shape_error = [](const auto& f) {
    const std::string text = message<ShapeError>(f);
    return !text.empty() && text[0] == '[';
  };
  for (const Shape& shape : {Shape{half, half}, Shape{highest, highest}, Shape{highest}, Shape{-2},
                             Shape{lowest}, Shape{half, half, 0}, Shape{0, highest}, Shape{2, highest},
                             Dims::filled(33, 1), Dims::filled(1000, 1)}) {
    CAPTURE(to_string(shape));
    CHECK(is_shape_error([&] { zeros(shape); }));
    CHECK(is_shape_error([&] { full(shape, 1.0, {.dtype = boolean}); }));
    CHECK(is_shape_error([&] { rand(shape); }));
    CHECK(is_shape_error([&] { broadcast_to(number, shape); }));
    if (shape.size() < 33) CHECK(is_shape_error([&] { reshape(x, shape); }));
    if (shape.size() < 33) CHECK(is_shape_error([&] { reshape(none, shape); }));
  }
  CHECK(is_shape_error([&] { reshape(x, Dims::filled(33, 1)); }));
  CHECK(is_shape_error([] { eye(-1); }));
  CHECK(is_shape_error([] { eye(highest); }));
  CHECK(is_shape_error([] { permutation(-1); }));
  CHECK(is_shape_error([] { permutation(lowest); }));
  CHECK(is_shape_error([] { linspace(0, 1, -1); }));
  CHECK(is_shape_error([] { linspace(0, 1, lowest); }));
  CHECK(is_shape_error([] { concat({}); }));
  CHECK(is_shape_error([] { stack({}); }));
  CHECK(is_shape_error([] { concat({}, lowest); }));
  // Views that cost nothing, and products of them that nobody could hold.
  const Tensor wide = broadcast_to(number, {half / 64, 512});
  CHECK(wide.size() == half * 8);
  CHECK(is_shape_error([&] { concat(std::vector<Tensor>(5000, wide)); }));
  CHECK(is_shape_error([&] { matmul(wide, broadcast_to(number, {512, half})); }));
  CHECK(is_shape_error([&] { unsqueeze(wide, 0) + broadcast_to(number, {half, 1, 1}); }));
  Tensor deep = number;
  for (int i = 0; i < 32; ++i) deep = unsqueeze(deep, 0);
  CHECK(is_shape_error([&] { unsqueeze(deep, 0); }));
  CHECK(is_shape_error([&] { stack({deep, deep}); }));
  CHECK(sum(deep * deep).item() == 1.0);
}

TEST_CASE("indices at the ends of int64 are IndexErrors") {
  const Tensor x = support::tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  for (const std::int64_t bad : {lowest, std::int64_t{-3}, std::int64_t{2}, highest}) {
    const Tensor index(xt::xarray<std::int64_t>{0, bad}), square(xt::xarray<std::int64_t>{{0, 0, bad}});
    const std::string law =
        "an index must lie within the axis: got " + std::to_string(bad) + " for axis 0 of (2";
    CHECK(message<IndexError>([&] { index_select(x, 0, index); }) ==
          "[index_select: gather] " + law + ", 3)");
    CHECK(message<IndexError>([&] { gather(x, 0, square); }) == "[gather] " + law + ", 3)");
    CHECK(message<IndexError>([&] {
            scatter_add(x, 0, square, zeros({1, 3}, {.dtype = float64}));
          }) == "[scatter_add] " + law + ", 3)");
    CHECK(message<IndexError>([&] { one_hot(index, 2); }) == "[one_hot] " + law + ",)");
  }
  CHECK(message<ValueError>([] { one_hot(support::vector({0}, int64), lowest); }) ==
        "[one_hot] there must be a class: got -9223372036854775808");
  CHECK(message<ValueError>([] { one_hot(support::vector({0}, int64), 0); }) ==
        "[one_hot] there must be a class: got 0");
  CHECK(values(x) == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("numbers that are none make no integers up") {
  CHECK(support::whole(full({2}, NAN, {.dtype = int64})) == std::vector<std::int64_t>{0, 0});
  CHECK(support::whole(full({1}, 1e300, {.dtype = int64})) == std::vector<std::int64_t>{highest});
  CHECK(support::whole(full({1}, -INFINITY, {.dtype = int64})) == std::vector<std::int64_t>{lowest});
  for (const auto& [start, stop, step] : std::vector<std::array<double, 3>>{{0, 1, 0},
                                                                            {0, INFINITY, 1},
                                                                            {NAN, 1, 1},
                                                                            {0, 1, NAN},
                                                                            {-INFINITY, 0, 1},
                                                                            {0, 1e300, 1},
                                                                            {0, 1, 1e-300}}) {
    const std::string text =
        message<ValueError>([=, start = start, stop = stop, step = step] { arange(start, stop, step); });
    CHECK(text.rfind("[arange] the range must be finite and its step not 0: got ", 0) == 0);
  }
  CHECK(arange(5, 0).size() == 0);
  CHECK(arange(0, 5, -1).size() == 0);
  CHECK(linspace(3, 4, 0).size() == 0);
  CHECK(values(linspace(3, 4, 1)) == std::vector<double>{3});
}
