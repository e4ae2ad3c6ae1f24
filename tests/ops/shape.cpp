// reshape, permute, broadcast_to, concat, stack and what is said with them, against plain loops.
#include "wengert/ops/shape.hpp"

#include "ops/naive.hpp"

using namespace wengert;
using namespace naive;
using support::leaf;
using support::values;
using support::vector;

namespace {
const std::vector<DType> dtypes{float32, float64, int64, boolean};
List as(DType dtype, List list) {
  if (dtype == boolean)
    for (double& entry : list) entry = entry != 0;
  return list;
}
}  // namespace

TEST_CASE("reshape keeps the row-major order of every layout") {
  const Shape shape{2, 3, 4};
  const std::vector<Shape> targets{{24},       {6, 4},       {2, 12},
                                   {4, 3, 2},  {1, 24},      {2, 3, 4},
                                   {3, 1, 8},  {-1},         {-1, 6},
                                   {4, -1, 3}, {2, 3, 2, 2}, {1, 1, 2, 3, 1, 4},
                                   {24, -1},   {12, 2},      {2, 2, 3, 2, 1, 1, 1}};
  for (const DType dtype : dtypes) {
    for (const View& view : views(shape, dtype)) {
      for (const Shape& target : targets) {
        CAPTURE(view.what);
        CAPTURE(to_string(target));
        const Tensor y = reshape(view.tensor, target);
        CHECK(y.size() == 24);
        CHECK(y.ndim() == target.size());
        for (std::size_t i = 0; i < target.size(); ++i) CHECK((target[i] == -1 || y.shape()[i] == target[i]));
        CHECK(values(y) == as(dtype, view.array.data));
        CHECK(values(reshape(transpose(y.ndim() > 1 ? y : unsqueeze(y, 0)), {24})).size() == 24);
      }
    }
  }
  CHECK(reshape(zeros({}), {1, 1}).shape() == Shape{1, 1});
  CHECK(reshape(zeros({1, 1}), {}).shape() == Shape());
  CHECK(reshape(zeros({0, 3}), {-1, 3}).shape() == Shape{0, 3});
  CHECK(reshape(zeros({0, 3}), {3, 0, 7}).shape() == Shape{3, 0, 7});
  CHECK(reshape(zeros({0}), {-1}).shape() == Shape{0});
}

TEST_CASE("reshape of every layout to fewer and more dimensions and back, through a large array") {
  for (const View& view : views({8, 20, 30}, float64)) {
    CAPTURE(view.what);
    const Tensor y = reshape(reshape(reshape(view.tensor, {160, 30}), {8, 600}), {4, 2, 10, 2, 30});
    CHECK(values(y) == view.array.data);
    CHECK(values(reshape(y, {8, 20, 30})) == view.array.data);
  }
}

TEST_CASE("permute and transpose by index") {
  const Shape shape{2, 3, 4};
  for (const View& view : views(shape, float32)) {
    for (const Axes& axes : {Axes{0, 1, 2}, Axes{0, 2, 1}, Axes{1, 0, 2}, Axes{1, 2, 0}, Axes{2, 0, 1},
                             Axes{2, 1, 0}, Axes{-1, 0, -2}, Axes{1, -1, -3}}) {
      Index order;
      Shape to;
      for (const std::int64_t axis : axes) {
        order.push_back(axis < 0 ? axis + 3 : axis);
        to.push_back(shape[static_cast<std::size_t>(order.back())]);
      }
      const Plain expected = array_of(to, [&](const Index& i) {
        Index from(3);
        for (std::size_t k = 0; k < 3; ++k) from[static_cast<std::size_t>(order[k])] = i[k];
        return view.array.at(from);
      });
      CAPTURE(view.what);
      CAPTURE(to_string(axes));
      const Tensor y = permute(view.tensor, axes);
      CHECK(y.shape() == to);
      CHECK(values(y) == expected.data);
    }
    CHECK(values(transpose(view.tensor)) == values(permute(view.tensor, {0, 2, 1})));
    CHECK(transpose(view.tensor).shape() == Shape{2, 4, 3});
  }
  CHECK(permute(zeros({}), {}).shape() == Shape());
  CHECK(transpose(zeros({0, 2})).shape() == Shape{2, 0});
}

TEST_CASE("broadcast_to repeats by NumPy's rules") {
  const std::vector<std::pair<Shape, Shape>> pairs{{{}, {}},
                                                   {{}, {2, 3}},
                                                   {{3}, {2, 3}},
                                                   {{2, 1}, {2, 3}},
                                                   {{1, 3}, {4, 2, 3}},
                                                   {{1}, {0}},
                                                   {{2, 1}, {2, 0}},
                                                   {{0}, {3, 0}},
                                                   {{1, 1, 1}, {2, 3, 4}},
                                                   {{5}, {5}},
                                                   {{1, 2, 1}, {3, 1, 2, 4}}};
  for (const auto& [from, to] : pairs) {
    const Plain x = quarters(from);
    const Plain expected = array_of(to, [&, &own = from](const Index& i) {
      Index at(i.end() - static_cast<std::ptrdiff_t>(own.size()), i.end());
      for (std::size_t k = 0; k < at.size(); ++k)
        if (own[k] == 1) at[k] = 0;
      return x.at(at);
    });
    const Tensor y = broadcast_to(tensor_of(x, float64), to);
    CHECK(y.shape() == to);
    CHECK(values(y) == expected.data);
  }
  const Tensor p = leaf({1, 2}, {2, 1});
  CHECK(values(grad(broadcast_to(p, {3, 2, 2}), {p}, {.seeds = {ones({3, 2, 2}, {.dtype = float64})}})[0]) ==
        List{6, 6});
}

TEST_CASE("flatten, squeeze and unsqueeze") {
  const Tensor x = reshape(arange(24), {1, 2, 3, 1, 4});
  CHECK(flatten(x).shape() == Shape{24});
  CHECK(flatten(x, 1, 2).shape() == Shape{1, 6, 1, 4});
  CHECK(flatten(x, -2, -1).shape() == Shape{1, 2, 3, 4});
  CHECK(flatten(x, 2, 2).shape() == x.shape());
  CHECK(flatten(zeros({})).shape() == Shape{1});
  CHECK(flatten(zeros({2, 0, 3}), 1).shape() == Shape{2, 0});
  CHECK(values(flatten(transpose(squeeze(x)), 0, 2))[1] == 4);
  CHECK(squeeze(x).shape() == Shape{2, 3, 4});
  CHECK(squeeze(x, 0).shape() == Shape{2, 3, 1, 4});
  CHECK(squeeze(x, {-2, 0}).shape() == Shape{2, 3, 4});
  CHECK(squeeze(zeros({1, 1})).shape() == Shape());
  CHECK(squeeze(zeros({})).shape() == Shape());
  CHECK(squeeze(zeros({0, 1})).shape() == Shape{0});
  CHECK(unsqueeze(zeros({2, 3}), 0).shape() == Shape{1, 2, 3});
  CHECK(unsqueeze(zeros({2, 3}), 2).shape() == Shape{2, 3, 1});
  CHECK(unsqueeze(zeros({2, 3}), -1).shape() == Shape{2, 3, 1});
  CHECK(unsqueeze(zeros({2, 3}), -3).shape() == Shape{1, 2, 3});
  CHECK(unsqueeze(zeros({}), 0).shape() == Shape{1});
}

TEST_CASE("concat of every layout along every axis") {
  for (const DType dtype : dtypes) {
    const auto first = views({2, 3, 4}, dtype, 1), second = views({2, 3, 4}, dtype, 60);
    for (std::size_t k = 0; k < first.size(); ++k) {
      const View &a = first[k], &b = second[second.size() - 1 - k];
      for (const std::int64_t axis : {0, 1, 2, -1, -3}) {
        const auto along = static_cast<std::size_t>(axis < 0 ? axis + 3 : axis);
        Shape to{2, 3, 4};
        const std::int64_t extent = to[along];
        to[along] = 3 * extent;
        const Plain joined = array_of(to, [&](Index i) {
          const std::int64_t part = i[along] / extent;
          i[along] %= extent;
          return (part == 1 ? b : a).array.at(i);
        });
        CAPTURE(a.what);
        CAPTURE(axis);
        const Tensor y = concat({a.tensor, b.tensor, a.tensor}, axis);
        CHECK(y.shape() == to);
        CHECK(y.dtype() == dtype);
        CHECK(values(y) == as(dtype, joined.data));
      }
      for (const std::int64_t axis : {0, 1, 2, 3, -1, -4}) {
        const auto along = static_cast<std::size_t>(axis < 0 ? axis + 4 : axis);
        Shape to{2, 3, 4};
        to.insert(along, 2);
        const Plain stacked = array_of(to, [&](Index i) {
          const bool last = i[along] == 1;
          i.erase(i.begin() + static_cast<std::ptrdiff_t>(along));
          return (last ? b : a).array.at(i);
        });
        const Tensor y = stack({a.tensor, b.tensor}, axis);
        CHECK(y.shape() == to);
        CHECK(values(y) == as(dtype, stacked.data));
      }
    }
  }
}

TEST_CASE("concat and stack of one, of many, of different extents and of nothing") {
  CHECK(values(concat({vector({1, 2})})) == List{1, 2});
  CHECK(values(concat({vector({1}), zeros({0}, {.dtype = float64}), vector({2, 3})})) == List{1, 2, 3});
  CHECK(concat({zeros({0, 2}), zeros({0, 2})}).shape() == Shape{0, 2});
  CHECK(concat({zeros({2, 0}), zeros({3, 0})}).shape() == Shape{5, 0});
  CHECK(stack({zeros({}), ones({})}).shape() == Shape{2});
  CHECK(values(stack({zeros({}), ones({})})) == List{0, 1});
  CHECK(stack({zeros({0}), zeros({0})}, 1).shape() == Shape{0, 2});
  std::vector<Tensor> many;
  List expected;
  for (int i = 0; i < 300; ++i) {
    many.push_back(leaf({1.0 * i, -1.0 * i}));
    expected.insert(expected.end(), {1.0 * i, -1.0 * i});
  }
  const Tensor y = concat(many);
  CHECK(values(y) == expected);
  sum(y * y).backward();
  for (int i = 0; i < 300; ++i)
    CHECK(values(many[static_cast<std::size_t>(i)].grad()) == List{2.0 * i, -2.0 * i});
  const Tensor twice = leaf({1, 2});
  CHECK(values(grad(concat({twice, twice}), {twice}, {.seeds = {vector({1, 2, 10, 20})}})[0]) ==
        List{11, 22});
}

TEST_CASE("views share bytes where strides can say it") {
  const Tensor x = reshape(arange(600, {.dtype = float64}), {20, 30});
  const double* data = x.array<double>().data();
  CHECK(reshape(x, {600}).array<double>().data() == data);
  CHECK(transpose(transpose(x)).array<double>().data() == data);
  CHECK(flatten(unsqueeze(x, 1)).array<double>().data() == data);
  CHECK(slice(x, 0, 2, 4).array<double>().data() == data + 60);
  CHECK(reshape(slice(x, 0, 2, 4), {60}).array<double>().data() == data + 60);
}
