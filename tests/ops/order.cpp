#include "wengert/ops/order.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/expect.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::near;
using support::tensor;
using support::values;
using support::whole;
using List = std::vector<double>;
using Whole = std::vector<std::int64_t>;

namespace {

Tensor table() { return tensor({3, 1, 2, 0, 5, 4}, {2, 3}); }

}  // namespace

TEST_CASE("sort and argsort") {
  CHECK(values(sort(table())) == List{1, 2, 3, 0, 4, 5});
  CHECK(values(sort(table(), 0)) == List{0, 1, 2, 3, 5, 4});
  CHECK(values(sort(table(), -1, true)) == List{3, 2, 1, 5, 4, 0});
  CHECK(whole(argsort(table())) == Whole{1, 2, 0, 0, 2, 1});
  CHECK(whole(argsort(table(), 0, true)) == Whole{0, 1, 1, 1, 0, 0});
  // Equal elements keep their order in both directions.
  CHECK(whole(argsort(tensor({1, 0, 1, 0}, {4}))) == Whole{1, 3, 0, 2});
  CHECK(whole(argsort(tensor({1, 0, 1, 0}, {4}), 0, true)) == Whole{0, 2, 1, 3});
  const double nan = std::nan("");
  CHECK(near(sort(tensor({nan, 2, INFINITY, nan, -1}, {5})), {-1, 2, INFINITY, nan, nan}));
  CHECK(near(sort(tensor({2, nan, INFINITY}, {3}), 0, true), {nan, INFINITY, 2}));
  CHECK(sort(zeros({0, 3}), 0).shape() == Shape{0, 3});
  CHECK(sort(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK(values(sort(expect::whole({3, -1, 2}))) == List{-1, 2, 3});
  const Tensor x = support::leaf({3, 1, 2});
  sum(sort(x) * support::vector({10, 20, 30})).backward();
  CHECK(values(x.grad()) == List{30, 10, 20});
}

TEST_CASE("rows of every length are sorted alike: equal numbers by their places, NaN last") {
  const double nan = std::nan(""), inf = INFINITY;
  const double special[] = {nan, -nan, inf, -inf, 0.0, -0.0, 5e-324, -5e-324, 1e-40, 1.7e308, -1.7e308};
  for (const std::int64_t extent : {1, 2, 39, 40, 95, 96, 300, 2047, 2048, 5000})
    for (const DType dtype : {float32, float64, int64, boolean}) {
      constexpr std::int64_t rows = 3;
      List list;
      std::uint64_t state = 7;
      for (std::int64_t i = 0; i < rows * extent; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto number = static_cast<double>(static_cast<std::int64_t>(state) >> 40);
        list.push_back(is_float(dtype) && state >> 58 < 9 ? special[(state >> 30) % 11]
                       : i % 3 == 0                       ? number
                                                          : std::fmod(number, 5.0));
      }
      const Tensor x = tensor(list, {rows, extent}, dtype);
      const List seen = values(x.astype(float64));  // rounded
      for (const bool descending : {false, true}) {
        CAPTURE(extent);
        CAPTURE(descending);
        Whole expected, first;
        for (std::int64_t r = 0; r < rows; ++r) {
          const double* row = seen.data() + r * extent;
          Whole places(static_cast<std::size_t>(extent));
          std::iota(places.begin(), places.end(), std::int64_t{0});
          std::stable_sort(places.begin(), places.end(), [&](std::int64_t i, std::int64_t j) {
            const double a = row[descending ? j : i], b = row[descending ? i : j];
            return a < b || (a == a && b != b);
          });
          expected.insert(expected.end(), places.begin(), places.end());
          first.insert(first.end(), places.begin(), places.begin() + (extent + 19) / 20);
        }
        CHECK(whole(argsort(x, 1, descending)) == expected);
        CHECK(whole(permute(argsort(permute(x, {1, 0}), 0, descending), {1, 0})) == expected);
        CHECK(whole(topk(x, (extent + 19) / 20, 1, descending).indices) == first);
      }
      const Unique found = unique(x);
      const List different = values(found.values.astype(float64));
      const Whole inverse = whole(found.inverse), counts = whole(found.counts);
      REQUIRE(inverse.size() == seen.size());
      Whole counted(different.size(), 0);
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const auto at = static_cast<std::size_t>(inverse[i]);
        REQUIRE(at < different.size());
        ++counted[at];
        CHECK((different[at] == seen[i] || (different[at] != different[at] && seen[i] != seen[i])));
      }
      CHECK(counts == counted);
      for (std::size_t i = 1; i < different.size(); ++i)
        CHECK(
            (different[i - 1] < different[i] || (different[i] != different[i] && i + 1 == different.size())));
    }
}

TEST_CASE("topk") {
  const TopK two = topk(table(), 2);
  CHECK(values(two.values) == List{3, 2, 5, 4});
  CHECK(whole(two.indices) == Whole{0, 2, 1, 2});
  const TopK least = topk(table(), 1, 0, false);
  CHECK(values(least.values) == List{0, 1, 2});
  CHECK(whole(least.indices) == Whole{1, 0, 0});
  CHECK(whole(topk(tensor({1, 7, 7, 7}, {4}), 2).indices) == Whole{1, 2});
  CHECK(topk(table(), 0).values.shape() == Shape{2, 0});
}

TEST_CASE("searchsorted and unique") {
  const Tensor line = tensor({1, 2, 2, 4}, {4});
  CHECK(whole(searchsorted(line, tensor({0, 1, 2, 3, 4, 5}, {6}))) == Whole{0, 0, 1, 3, 3, 4});
  CHECK(whole(searchsorted(line, tensor({0, 1, 2, 3, 4, 5}, {3, 2}), true)) == Whole{0, 1, 3, 3, 4, 4});
  CHECK(whole(searchsorted(line, scalar(2.5, float64))) == Whole{3});
  CHECK(whole(searchsorted(tensor({1, 3, 2, 4}, {2, 2}), tensor({2, 2}, {2, 1}))) == Whole{1, 0});
  CHECK(whole(searchsorted(zeros({0}), zeros({2}))) == Whole{0, 0});
  const Unique found = unique(tensor({2, 1, 2, 3, 1, 2}, {2, 3}));
  CHECK(values(found.values) == List{1, 2, 3});
  CHECK(whole(found.counts) == Whole{2, 3, 1});
  CHECK(found.inverse.shape() == Shape{2, 3});
  CHECK(whole(found.inverse) == Whole{1, 0, 1, 2, 0, 1});
  CHECK(near(unique(tensor({NAN, 1, NAN}, {3})).values, {1, NAN}));
  CHECK(unique(zeros({0})).values.shape() == Shape{0});
}

TEST_CASE("masked_select, nonzero and take_along_axis") {
  CHECK(values(masked_select(table(), table() > 2.0)) == List{3, 5, 4});
  CHECK(values(masked_select(table(), support::vector({1, 0, 1}) > 0.0)) == List{3, 2, 0, 4});
  CHECK(values(masked_select(support::vector({1, 2}), tensor({1, 0}, {2, 1}) > 0.0)) == List{1, 2});
  CHECK(masked_select(table(), table() > 9.0).shape() == Shape{0});
  CHECK(whole(nonzero(table())) == Whole{0, 0, 0, 1, 0, 2, 1, 1, 1, 2});
  CHECK(nonzero(table()).shape() == Shape{5, 2});
  CHECK(nonzero(scalar(2.0, float32)).shape() == Shape{1, 0});
  CHECK(values(take_along_axis(table(), expect::whole({2, -3, 0, 1}, {2, 2}), 1)) == List{2, 3, 0, 5});
  CHECK(values(take_along_axis(table(), expect::whole({1, 0}, {1, 2}), -1)) == List{1, 3, 5, 0});
  CHECK(values(take_along_axis(tensor({1, 2, 3}, {1, 3}), expect::whole({0, 2}, {2, 1}), 1)) == List{1, 3});
}

TEST_CASE("index_put") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {3, 2});
  const Tensor rows = expect::whole({2, 0}), columns = expect::whole({1, -2});
  CHECK(values(index_put(x, {rows, columns}, support::vector({10, 20}))) == List{20, 2, 3, 4, 5, 10});
  CHECK(values(index_put(x, {rows}, support::vector({10, 20}))) == List{10, 20, 3, 4, 10, 20});
  CHECK(values(index_put(x, {rows}, scalar(7.0, float64), true)) == List{8, 9, 3, 4, 12, 13});
  CHECK(values(index_put(x, {expect::whole({0, 2}, {2, 1}), expect::whole({0, 1})}, scalar(0.0, float64))) ==
        List{0, 0, 3, 4, 0, 0});
  const Tensor same = expect::whole({1, 1, 1});
  CHECK(values(index_put(support::vector({1, 2}), {same}, support::vector({5, 6, 7}))) == List{1, 7});
  CHECK(values(index_put(support::vector({1, 2}), {same}, support::vector({5, 6, 7}), true)) == List{1, 20});
  // What was there, and a zero's sign, do not shine through.
  CHECK(near(index_put(support::vector({NAN, INFINITY}), {expect::whole({0, 1})}, support::vector({-0.0, 2})),
             {-0.0, 2}));
  CHECK(values(index_put(expect::whole({1, 2}), {expect::whole({0})}, expect::whole({9}))) == List{9, 2});
  const Tensor mask = support::vector({1, 1}) > 0.0;
  CHECK(values(index_put(mask, {expect::whole({0})}, scalar(0.0, boolean))) == List{0, 1});
  CHECK(values(index_put(x, {expect::whole({}, {0})}, scalar(1.0, float64))) == values(x));
  const Tensor base = support::leaf({1, 2}), put = support::leaf({5, 6, 7});
  sum(index_put(base, {same}, put)).backward();
  CHECK(values(base.grad()) == List{1, 0});
  CHECK(values(put.grad()) == List{0, 0, 1});
}

TEST_CASE("embedding") {
  const Tensor weight = support::leaf({1, 2, 3, 4, 5, 6}, {3, 2});
  const Tensor y = embedding(weight, expect::whole({2, 0, 2, 1}, {2, 2}));
  CHECK(y.shape() == Shape{2, 2, 2});
  CHECK(values(y) == List{5, 6, 1, 2, 5, 6, 3, 4});
  sum(y).backward();
  CHECK(values(weight.grad()) == List{1, 1, 1, 1, 2, 2});
  CHECK(embedding(weight, scalar(1.0, int64)).shape() == Shape{2});
  CHECK(embedding(weight, expect::whole({}, {0, 4})).shape() == Shape{0, 4, 2});
}

TEST_CASE("what chooses is differentiable twice") {
  const Tensor x = tensor({0.3, -1.1, 0.9, 1.6, -0.4, 0.1}, {2, 3});
  differentiates([](const auto& in) { return sort(square(in[0]), 0); }, {x});
  differentiates([](const auto& in) { return topk(square(in[0]), 2).values; }, {x});
  differentiates([](const auto& in) { return masked_select(square(in[0]), in[0] > 0.0); }, {x});
  differentiates([](const auto& in) { return take_along_axis(square(in[0]), in[1], 1); },
                 {x, expect::whole({0, 0, 2, 1}, {2, 2})});
  for (const bool accumulate : {false, true})
    differentiates(
        [=](const auto& in) { return index_put(square(in[0]), {in[1]}, square(in[2]), accumulate); },
        {x, expect::whole({1, 1}), numbers({2, 3})});
  differentiates([](const auto& in) { return embedding(square(in[0]), in[1]); },
                 {x, expect::whole({1, 0, 1})});
}

TEST_CASE("what order statistics refuse") {
  const Tensor x = table();
  CHECK(message<IndexError>([&] { sort(x, 2); }) ==
        "[sort] an axis must lie within the dimensions: got axis 2 for 2 dimensions");
  CHECK(message<IndexError>([&] { argsort(scalar(1.0, float64)); }) ==
        "[argsort] an axis must lie within the dimensions: got axis -1 for 0 dimensions");
  CHECK(message<ValueError>([&] { topk(x, 4); }) ==
        "[topk] k must lie between 0 and the extent: got 4 for axis -1 of (2, 3)");
  CHECK(message<ShapeError>([&] {
          searchsorted(x, zeros({3, 1}, {.dtype = float64}));
        }) ==
        "[searchsorted] the sequence must be (n,), or (..., n) for values (..., m): got (2, 3) and (3, 1)");
  CHECK(message<DTypeError>([&] { searchsorted(zeros({2}), x); }) ==
        "[searchsorted] dtypes must be equal: got float32 and float64. Did you mean to cast with "
        "astype(float32)?");
  CHECK(message<DTypeError>([&] { masked_select(x, x); }) ==
        "[masked_select] the mask must be boolean: got float64. Did you mean mask != 0?");
  CHECK(message<ShapeError>([&] { masked_select(x, zeros({2}, {.dtype = boolean})); }) ==
        "[masked_select] shapes must broadcast: got (2, 3) and (2,)");
  CHECK(message<ShapeError>([&] { take_along_axis(x, expect::whole({0}), 0); }) ==
        "[take_along_axis] the index must have as many dimensions: got (1,) and (2, 3)");
  CHECK(message<DTypeError>([&] { take_along_axis(x, x, 0); }) ==
        "[take_along_axis] the index must be int64: got float64. Did you mean index.astype(int64)?");
}

TEST_CASE("what index_put and embedding refuse") {
  const Tensor x = table(), one = scalar(1.0, float64), at = expect::whole({0, 1});
  CHECK(message<IndexError>([&] {
          index_put(x, {expect::whole({0}), expect::whole({3})}, one);
        }) == "[index_put] an index must lie within the axis: got 3 for axis 1 of (2, 3)");
  CHECK(
      message<IndexError>([&] { index_put(x, {}, one); }) ==
      "[index_put] there must be an index for the first axis, and no more than axes: got 0 for shape (2, 3)");
  CHECK(message<DTypeError>([&] { index_put(x, {x}, one); }) ==
        "[index_put] the index must be int64: got float64. Did you mean index.astype(int64)?");
  CHECK(message<DTypeError>([&] { index_put(x, {at}, zeros({})); }) ==
        "[index_put] dtypes must be equal: got float64 and float32. Did you mean to cast with "
        "astype(float64)?");
  CHECK(message<ShapeError>([&] {
          index_put(x, {at, expect::whole({0, 1, 2})}, one);
        }) == "[index_put] shapes must broadcast: got (2,) and (3,)");
  CHECK(message<ShapeError>([&] {
          index_put(x, {at}, zeros({4, 2, 3}, {.dtype = float64}));
        }) == "[index_put] the values must broadcast to the places: got (4, 2, 3) for (2, 3)");
  CHECK(message<DTypeError>([&] { embedding(x, x); }) ==
        "[embedding] the index must be int64: got float64. Did you mean index.astype(int64)?");
  // By index_select, whose text it is.
  CHECK(message<IndexError>([&] {
          embedding(x, expect::whole({2}));
        }).find("an index must lie within the axis: got 2 for axis 0 of (2, 3)") != std::string::npos);
  CHECK(message<ShapeError>([&] { embedding(one, at); }) ==
        "[embedding] the weight must have rows: got shape ()");
}
