// where, clip, logic and closeness: values, dtypes, layouts, and gradients that never come from the branch
// not taken.
#include "wengert/ops/selection.hpp"

#include "ops/naive.hpp"

using namespace wengert;
using namespace naive;
using support::leaf;
using support::same_bits;
using support::tensor;
using support::values;
using support::vector;
using support::whole;

namespace {
Tensor mask_of(const List& list) { return support::vector(list, boolean); }
}  // namespace

TEST_CASE("where takes from one or the other, in every dtype and layout") {
  const Shape shape{3, 4, 40};
  for (const DType dtype : {float32, float64, int64, boolean}) {
    const auto first = views(shape, dtype, 1), second = views(shape, dtype, 70),
               masks = views(shape, boolean, 140);
    for (std::size_t k = 0; k < first.size(); ++k) {
      for (const View& mask : masks) {
        const View &a = first[k], &b = second[second.size() - 1 - k];
        CAPTURE(a.what);
        CAPTURE(mask.what);
        List expected;
        for (std::size_t i = 0; i < a.array.data.size(); ++i) {
          const double taken = mask.array.data[i] != 0 ? a.array.data[i] : b.array.data[i];
          expected.push_back(dtype == boolean ? taken != 0 : taken);
        }
        const Tensor y = where(mask.tensor, a.tensor, b.tensor);
        CHECK(y.dtype() == dtype);
        CHECK(values(y) == expected);
      }
    }
  }
}

TEST_CASE("where broadcasts its three operands and takes numbers") {
  const Tensor mask = tensor({1, 0}, {2, 1}, boolean);
  CHECK(values(where(mask, vector({1, 2, 3}), -1)) == List{1, 2, 3, -1, -1, -1});
  CHECK(values(where(mask, 7, vector({1, 2, 3}))) == List{7, 7, 7, 1, 2, 3});
  CHECK(where(tensor({1}, {1, 1}, boolean), zeros({3}), zeros({2, 1})).shape() == Shape{2, 3});
  CHECK(where(mask_of({}), zeros({1}), zeros({2, 1})).shape() == Shape{2, 0});
  CHECK(values(where(true, vector({1, 2}), 0)) == List{1, 2});
  CHECK(values(where(0, vector({1, 2}), 5)) == List{5, 5});
  CHECK(whole(where(mask, vector({0x1p53}, int64), odd)) == std::vector<std::int64_t>{odd - 1, odd});
  CHECK(whole(where(mask, odd, vector({0}, int64))) == std::vector<std::int64_t>{odd, 0});
  CHECK(where(mask, vector({1}, float32), 0.1).dtype() == float32);
  CHECK(values(masked_fill(vector({1, 2, 3}), mask_of({0, 1, 0}), -inf)) == List{1, -inf, 3});
  CHECK(whole(masked_fill(vector({1, 2, 3}, int64), mask_of({0, 1, 0}), -5)) ==
        std::vector<std::int64_t>{1, -5, 3});
  CHECK(masked_fill(vector({1, 2}), mask, 0).shape() == Shape{2, 2});
}

TEST_CASE("the branch not taken leaks no NaN or infinity into gradients") {
  const List bad{a_nan, inf, -inf, a_nan};
  for (const bool taken : {true, false}) {
    const Tensor x = leaf({1, 2, 3, 4}), broken = leaf(bad), mask = mask_of({1, 1, 1, 1}) == taken;
    const Tensor y = taken ? where(mask, square(x), broken) : where(mask, broken, square(x));
    CHECK(values(y) == List{1, 4, 9, 16});
    const auto first = grad(y, {x, broken}, {.create_graph = true, .seeds = {ones_like(y)}});
    CHECK(values(first[0]) == List{2, 4, 6, 8});
    CHECK(same_bits(values(first[1]), List{0, 0, 0, 0}));
    const auto second = grad(first[0], {x}, {.retain_graph = true, .seeds = {ones_like(y)}});
    CHECK(values(second[0]) == List{2, 2, 2, 2});
  }
  const Derivatives filled = derivatives(
      [](const auto& in) {
        return masked_fill(square(in[0]), mask_of({1, 0, 1}), a_nan);
      },
      {{inf, 3, a_nan}});
  CHECK(same_bits(filled.value, List{a_nan, 9, a_nan}));
  CHECK(filled.first[0][1] == 6);
  CHECK(filled.second[0][1] == 2);
}

TEST_CASE("where twice keeps a function's pole out of both derivatives") {
  const auto safe_sqrt = [](const auto& in) {
    const Tensor positive = in[0] > 0.0;
    return where(positive, sqrt(where(positive, in[0], 1.0)), 0.0);
  };
  const Derivatives root = derivatives(safe_sqrt, {{0, -0.0, -1, 4, -inf}});
  CHECK(root.value == List{0, 0, 0, 2, 0});
  CHECK(root.first[0] == List{0, 0, 0, 0.25, 0});
  CHECK(root.second[0] == List{0, 0, 0, -1.0 / 32, 0});
  const auto xlogx = [](const auto& in) {
    const Tensor none = in[0] == 0.0;
    return in[0] * log(where(none, 1.0, in[0]));
  };
  const Derivatives entropy = derivatives(xlogx, {{0, 1}});
  CHECK(entropy.value == List{0, 0});
  CHECK(entropy.second[0] == List{0, 1});
}

TEST_CASE("clip holds values within its bounds and gives the gradient at a bound to x") {
  const Derivatives d = derivatives([](const auto& in) { return clip(in[0], -1, 2); },
                                    {{-3, -1, 0, 2, 2.5, inf, -inf, a_nan, std::nextafter(2, 3), -0.0}});
  CHECK(same_bits(d.value, List{-1, -1, 0, 2, 2, 2, -1, a_nan, 2, -0.0}));
  CHECK(d.first[0] == List{0, 1, 1, 1, 0, 0, 0, 1, 0, 1});
  CHECK(d.second[0] == List(10, 0.0));
  const Derivatives bounds = derivatives([](const auto& in) { return clip(in[0], in[1], in[2]); },
                                         {{-3, -1, 0, 2, 5}, {-1, -1, -1, -1, -1}, {2, 2, 2, 2, 2}});
  CHECK(bounds.value == List{-1, -1, 0, 2, 2});
  CHECK(bounds.first[0] == List{0, 1, 1, 1, 0});
  CHECK(bounds.first[1] == List{1, 0, 0, 0, 0});
  CHECK(bounds.first[2] == List{0, 0, 0, 0, 1});
}

TEST_CASE("clip keeps a NaN, of the tensor or of a bound") {
  CHECK(same_bits(values(clip(vector({a_nan, 5}), 0, 1)), List{a_nan, 1}));
  CHECK(same_bits(values(clip(vector({1, 2}), a_nan, 3)), List{a_nan, a_nan}));
  CHECK(same_bits(values(clip(vector({1, 2}), 0, a_nan)), List{a_nan, a_nan}));
  CHECK(same_bits(values(clip(vector({1, 5}), vector({a_nan, 0}), vector({3, 3}))), List{a_nan, 3}));
  CHECK(same_bits(values(clip(vector({1, 5}, float32), 0, vector({a_nan, 3}, float32))), List{a_nan, 3}));
  // The gradient belongs to the bound that is taken.
  const Derivatives d = derivatives([](const auto& in) { return clip(in[0], in[1], in[2]); },
                                    {{1, 1, 1}, {a_nan, 0, 0}, {2, a_nan, 2}});
  CHECK(d.first[0] == List{0, 0, 1});
  CHECK(d.first[1] == List{1, 0, 0});
  CHECK(d.first[2] == List{0, 1, 0});
}

TEST_CASE("clip of integers, with tensors as bounds, with one bound and with bounds that crossed") {
  CHECK(whole(clip(vector({-5, 0, 5}, int64), -1, 3)) == std::vector<std::int64_t>{-1, 0, 3});
  CHECK(values(clip(vector({-5, 0, 5}), tensor({-1, 0}, {2, 1}), 3)) == List{-1, 0, 3, 0, 0, 3});
  CHECK(values(clip(vector({-5, 0, 5}), -inf, 1)) == List{-5, 0, 1});
  CHECK(values(clip(vector({-5, 0, 5}), -1, inf)) == List{-1, 0, 5});
  CHECK(values(clip(vector({-5, 0, 5}), 2, 1)) ==
        List{1, 1, 1});  // the upper bound has the last word, as in NumPy
  CHECK(values(clip(1.5, vector({0, 2}), vector({1, 3}))) == List{1, 2});
  CHECK(clip(zeros({0, 2}), 0, 1).shape() == Shape{0, 2});
}

TEST_CASE("logic by its truth tables, broadcast, with numbers") {
  const Tensor a = mask_of({0, 0, 1, 1}), b = mask_of({0, 1, 0, 1});
  CHECK(values(logical_and(a, b)) == List{0, 0, 0, 1});
  CHECK(values(logical_or(a, b)) == List{0, 1, 1, 1});
  CHECK(values(logical_xor(a, b)) == List{0, 1, 1, 0});
  CHECK(values(logical_not(a)) == List{1, 1, 0, 0});
  CHECK(values(logical_and(a, true)) == values(a));
  CHECK(values(logical_or(1, b)) == List{1, 1, 1, 1});
  CHECK(values(logical_xor(b, true)) == List{1, 0, 1, 0});
  CHECK(values(logical_and(true, false)) == List{0});
  CHECK(logical_and(tensor({1, 0}, {2, 1}, boolean), b).shape() == Shape{2, 4});
  CHECK(values(logical_or(tensor({1, 0}, {2, 1}, boolean), b)) == List{1, 1, 1, 1, 0, 1, 0, 1});
  for (const Tensor& y : {logical_and(a, b), logical_or(a, b), logical_xor(a, b), logical_not(a)})
    CHECK(y.dtype() == boolean);
}

TEST_CASE("isnan, isinf and isfinite in every dtype") {
  const List list{0, -0.0, 1, tiny, huge, inf, -inf, a_nan, -a_nan};
  CHECK(values(isnan(vector(list))) == List{0, 0, 0, 0, 0, 0, 0, 1, 1});
  CHECK(values(isinf(vector(list))) == List{0, 0, 0, 0, 0, 1, 1, 0, 0});
  CHECK(values(isfinite(vector(list))) == List{1, 1, 1, 1, 1, 0, 0, 0, 0});
  CHECK(values(isfinite(vector(list, float32))) == List{1, 1, 1, 1, 0, 0, 0, 0, 0});
  for (const DType dtype : {int64, boolean}) {
    const Tensor x = vector({0, 1}, dtype);
    CHECK(values(isnan(x)) == List{0, 0});
    CHECK(values(isinf(x)) == List{0, 0});
    CHECK(values(isfinite(x)) == List{1, 1});
    CHECK(isnan(x).dtype() == boolean);
  }
}

TEST_CASE("isclose by its tolerances, with infinities and NaN") {
  const Tensor a = vector({inf, inf, inf, 1, a_nan, a_nan, -inf, huge}),
               b = vector({inf, -inf, 1, inf, a_nan, 1, -inf, -huge});
  CHECK(values(isclose(a, b)) == List{1, 0, 0, 0, 0, 0, 1, 0});
  CHECK(values(isclose(a, b, 1.0, inf)) == List{1, 0, 1, 0, 0, 0, 1, 1});
  // |a - b| <= absolute + relative * |b|: the second operand is the measure, and the bound counts as close.
  CHECK(values(isclose(vector({1.5, 1}), vector({1, 1.5}), 0.5, 0)) == List{1, 1});
  CHECK(values(isclose(vector({2, 1}), vector({1, 2}), 0.5, 0)) == List{0, 1});
  CHECK(values(isclose(vector({0.25, 0.26}), 0, 100, 0.25)) == List{1, 0});
  CHECK(values(isclose(vector({0, 1e-8, 1.1e-8}), 0)) == List{1, 1, 0});
  CHECK(values(isclose(vector({1e10, 1e10}), vector({1.00001e10, 1.0001e10}))) == List{1, 0});
  CHECK(values(isclose(vector({3, 4}, int64), vector({3, 5}, int64))) == List{1, 0});
  CHECK(values(isclose(vector({0, 1}, boolean), vector({0, 0}, boolean))) == List{1, 0});
  CHECK(isclose(zeros({2, 1}), zeros({3})).shape() == Shape{2, 3});
  CHECK(isclose(a, b).dtype() == boolean);
}

TEST_CASE("allclose asks for all") {
  CHECK(allclose(vector({1, 2}), vector({1, 2 + 1e-9})));
  CHECK(!allclose(vector({1, 2}), vector({1, 2.1})));
  CHECK(allclose(vector({1, 2}), vector({1, 2.1}), 0.0, 0.11));
  CHECK(allclose(vector({5, 5}), 5));
  CHECK(!allclose(vector({a_nan}), vector({a_nan})));
  CHECK(allclose(vector({inf, -inf}), vector({inf, -inf})));
  CHECK(allclose(zeros({0}), zeros({0})));
  CHECK(allclose(zeros({2, 2}), zeros({2})));
}
