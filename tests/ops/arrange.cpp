#include "wengert/ops/arrange.hpp"

#include "ops/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::tensor;
using support::values;
using List = std::vector<double>;

namespace {

Tensor table() { return tensor({1, 2, 3, 4, 5, 6}, {2, 3}); }

}  // namespace

TEST_CASE("flip and roll") {
  CHECK(values(flip(table())) == List{6, 5, 4, 3, 2, 1});
  CHECK(values(flip(table(), 0)) == List{4, 5, 6, 1, 2, 3});
  CHECK(values(flip(table(), {-1})) == List{3, 2, 1, 6, 5, 4});
  CHECK(values(flip(scalar(3.0, float64))) == List{3});
  CHECK(values(roll(table(), 1)) == List{6, 1, 2, 3, 4, 5});
  CHECK(values(roll(table(), -2, 1)) == List{3, 1, 2, 6, 4, 5});
  CHECK(values(roll(table(), {1, 4}, {0, -1})) == List{6, 4, 5, 3, 1, 2});
  CHECK(values(roll(table(), 6)) == values(table()));
  CHECK(roll(zeros({0, 2}), 1, 0).shape() == Shape{0, 2});
}

TEST_CASE("tile and repeat") {
  CHECK(values(tile(tensor({1, 2}, {2}), 3)) == List{1, 2, 1, 2, 1, 2});
  const Tensor twice = tile(table(), {2, 1, 2});
  CHECK(twice.shape() == Shape{2, 2, 6});
  CHECK(values(slice(twice, 0, 1, 2)) == List{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  CHECK(tile(table(), 0).shape() == Shape{2, 0});
  CHECK(tile(scalar(1.0, float32), {2, 2}).shape() == Shape{2, 2});
  CHECK(values(repeat(table(), 2, -1)) == List{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6});
  CHECK(values(repeat(table(), 2, 0)) == List{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  CHECK(values(repeat(table(), {0, 2, 1}, 1)) == List{2, 2, 3, 5, 5, 6});
  CHECK(repeat(table(), 0, 0).shape() == Shape{0, 3});
}

TEST_CASE("pad") {
  const Tensor x = tensor({1, 2, 3}, {3});
  CHECK(values(pad(x, {{2, 1}})) == List{0, 0, 1, 2, 3, 0});
  CHECK(values(pad(x, {{0, 1}}, {.value = -5})) == List{1, 2, 3, -5});
  CHECK(values(pad(x, {{2, 2}}, {.mode = PadMode::reflect})) == List{3, 2, 1, 2, 3, 2, 1});
  CHECK(values(pad(x, {{2, 1}}, {.mode = PadMode::replicate})) == List{1, 1, 1, 2, 3, 3});
  CHECK(values(pad(table(), {{1, 0}, {0, 1}})) == List{0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0});
  CHECK(values(pad(table(), {{1, 0}, {1, 1}}, {.mode = PadMode::reflect})) ==
        List{5, 4, 5, 6, 5, 2, 1, 2, 3, 2, 5, 4, 5, 6, 5});
  CHECK(pad(zeros({0}), {{1, 2}}).shape() == Shape{3});
  CHECK(pad(scalar(1.0, float32), {}).ndim() == 0);
  CHECK(pad(expect::whole({1, 2}), {{1, 0}}).dtype() == int64);
}

TEST_CASE("split and chunk") {
  const auto pieces = split(table(), 2, 1);
  REQUIRE(pieces.size() == 2);
  CHECK(values(pieces[0]) == List{1, 2, 4, 5});
  CHECK(values(pieces[1]) == List{3, 6});
  const auto several = split(table(), {1, 0, 2}, -1);
  REQUIRE(several.size() == 3);
  CHECK(values(several[0]) == List{1, 4});
  CHECK(several[1].shape() == Shape{2, 0});
  CHECK(values(several[2]) == List{2, 3, 5, 6});
  CHECK(split(table(), 10, 0).size() == 1);
  CHECK(split(zeros({0, 2}), 3).size() == 1);
  const Tensor line = tensor({0, 1, 2, 3, 4, 5, 6, 7, 8}, {9});
  const auto chunks = chunk(line, 4);
  REQUIRE(chunks.size() == 3);  // of 3 each, as many as there are
  CHECK(values(chunks[2]) == List{6, 7, 8});
  CHECK(chunk(zeros({0}), 3).size() == 1);
}

TEST_CASE("diagonals and triangles") {
  CHECK(values(diagonal(table())) == List{1, 5});
  CHECK(values(diagonal(table(), 1)) == List{2, 6});
  CHECK(values(diagonal(table(), -1)) == List{4});
  CHECK(values(diagonal(table(), 2)) == List{3});
  CHECK(diagonal(table(), 3).shape() == Shape{0});
  CHECK(diagonal(table(), -9).shape() == Shape{0});
  const Tensor cube = reshape(arange(12.0, {.dtype = float64}), {2, 2, 3});
  CHECK(values(diagonal(cube)) == List{0, 9, 1, 10, 2, 11});
  CHECK(diagonal(cube).shape() == Shape{3, 2});
  CHECK(values(diagonal(cube, 1, 1, -1)) == List{1, 5, 7, 11});
  CHECK(values(diagonal(cube, 0, 2, 0)) == List{0, 7, 3, 10});
  CHECK(values(diag(tensor({1, 2}, {2}))) == List{1, 0, 0, 2});
  CHECK(values(diag(tensor({1, 2}, {2}), 1)) == List{0, 1, 0, 0, 0, 2, 0, 0, 0});
  CHECK(values(diag(tensor({1, 2}, {2}), -1)) == List{0, 0, 0, 1, 0, 0, 0, 2, 0});
  CHECK(values(diag(table(), 1)) == List{2, 6});
  CHECK(diag(zeros({0})).shape() == Shape{0, 0});
  CHECK(values(tril(table())) == List{1, 0, 0, 4, 5, 0});
  CHECK(values(tril(table(), 1)) == List{1, 2, 0, 4, 5, 6});
  CHECK(values(tril(table(), -1)) == List{0, 0, 0, 4, 0, 0});
  CHECK(values(triu(table())) == List{1, 2, 3, 0, 5, 6});
  CHECK(values(triu(table(), 1)) == List{0, 2, 3, 0, 0, 6});
  CHECK(values(triu(tensor({NAN, NAN, NAN, 1}, {2, 2}), 2)) == List{0, 0, 0, 0});
  CHECK(values(tril(expect::whole({1, 2, 3, 4}, {2, 2}))) == List{1, 0, 3, 4});
  CHECK(tril(zeros({2, 0, 3})).shape() == Shape{2, 0, 3});
}

TEST_CASE("arrangements are differentiable twice") {
  const auto check = [](Tensor (*f)(const Tensor&), const Shape& shape) {
    differentiates([f](const auto& in) { return f(square(in[0])); }, {numbers(shape)});
  };
  check([](const Tensor& x) { return flip(x); }, {2, 3});
  check([](const Tensor& x) { return roll(x, {1, -1}, {0, 1}); }, {2, 3});
  check([](const Tensor& x) { return tile(x, {2, 1, 2}); }, {2, 2});
  check([](const Tensor& x) { return repeat(x, 2, 1); }, {2, 2});
  check([](const Tensor& x) { return repeat(x, {2, 0, 1}, 0); }, {3, 2});
  check([](const Tensor& x) { return pad(x, {{1, 0}, {2, 1}}); }, {2, 2});
  check([](const Tensor& x) { return pad(x, {{1, 0}, {2, 1}}, {.mode = PadMode::reflect}); }, {2, 3});
  check([](const Tensor& x) { return pad(x, {{1, 0}, {2, 1}}, {.mode = PadMode::replicate}); }, {2, 3});
  check([](const Tensor& x) { return split(x, {1, 2}, 1)[1]; }, {2, 3});
  check([](const Tensor& x) { return chunk(x, 2)[0]; }, {3, 2});
  check([](const Tensor& x) { return diagonal(x, 1, 2, 0); }, {2, 2, 3});
  check([](const Tensor& x) { return diag(x, -1); }, {3});
  check([](const Tensor& x) { return tril(x, 1); }, {2, 2, 3});
  check([](const Tensor& x) { return triu(x); }, {3, 2});
}

TEST_CASE("what arrangements refuse") {
  CHECK(message<IndexError>([] { flip(table(), 2); }) ==
        "[flip] an axis must lie within the dimensions: got axis 2 for 2 dimensions");
  CHECK(message<ValueError>([] {
          roll(table(), {1, 2}, 0);
        }) == "[roll] there must be a shift for each axis: got (1, 2) for axes (0,)");
  CHECK(message<IndexError>([] { roll(table(), 1, 5); }) ==
        "[roll] an axis must lie within the dimensions: got axis 5 for 2 dimensions");
  CHECK(message<ValueError>([] {
          tile(table(), {2, -1});
        }) == "[tile] repetitions must be 0 or more: got (2, -1)");
  CHECK(message<ValueError>([] {
          repeat(table(), {1, 2}, 1);
        }) == "[repeat] there must be one count, or one for each element: got (1, 2) for extent 3");
  // Counts whose sum wraps around to 0.
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(message<ShapeError>([] {
          repeat(table(), {most, most, 2}, 1);
        }) == "[repeat] the result is too large: got counts (9223372036854775807, 9223372036854775807, 2)");
  CHECK(message<ValueError>([] { repeat(table(), -1, 1); }) ==
        "[repeat] counts must be 0 or more: got (-1,)");
  CHECK(message<ShapeError>([] {
          pad(table(), {{1, 1}});
        }) == "[pad] there must be a width for each axis: got 1 for shape (2, 3)");
  CHECK(message<ValueError>([] {
          pad(table(), {{0, 0}, {1, -1}});
        }) == "[pad] widths must be 0 or more: got (1, -1) for axis 1");
  CHECK(message<ShapeError>([] {
          pad(table(), {{2, 0}, {0, 0}}, {.mode = PadMode::reflect});
        }) == "[pad] what is reflected must lie within the axis: got width 2 for axis 0 of (2, 3)");
  CHECK(message<ShapeError>([] {
          pad(zeros({0}), {{1, 0}}, {.mode = PadMode::replicate});
        }) == "[pad] there must be an element to replicate: got axis 0 of (0,)");
  CHECK(message<ValueError>([] {
          split(table(), {1, 3}, 1);
        }) == "[split] sizes must be one positive number, or add up to the extent: got (1, 3) for extent 3");
  CHECK(message<ValueError>([] { split(table(), 0); }) ==
        "[split] sizes must be one positive number, or add up to the extent: got (0,) for extent 2");
  CHECK(message<ValueError>([] { chunk(table(), 0); }) == "[chunk] there must be a piece: got 0");
  CHECK(message<ValueError>([] { diagonal(table(), 0, 1, -1); }) ==
        "[diagonal] the two axes must differ: got 1 and -1");
  CHECK(message<ShapeError>([] {
          diag(zeros({1, 2, 3}));
        }) == "[diag] takes a vector or a matrix: got shape (1, 2, 3)");
  CHECK(message<ShapeError>([] { tril(zeros({3})); }) ==
        "[tril] there must be two dimensions: got shape (3,)");
}
