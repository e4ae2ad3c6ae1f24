// gather, scatter_add, index_select and one_hot against plain loops, negative indices included, and what they
// refuse.
#include "wengert/ops/indexing.hpp"

#include <xtensor/xtensor.hpp>

#include "ops/naive.hpp"

using namespace wengert;
using namespace naive;
using support::leaf;
using support::tensor;
using support::values;
using support::vector;
using support::whole;

namespace {

/// Indices into an axis of some extent, half of them negative.
Plain indices(const Shape& shape, std::int64_t extent, unsigned seed) {
  Plain x = whole_numbers(shape, seed);
  for (double& entry : x.data) {
    const auto place = (static_cast<std::int64_t>(entry) + 8) % (2 * extent) - extent;
    entry = static_cast<double>(place);
  }
  return x;
}
std::int64_t wrapped(double index, std::int64_t extent) {
  return static_cast<std::int64_t>(index) + (index < 0 ? extent : 0);
}

const Shape shape{3, 4, 5};

}  // namespace

TEST_CASE("gather along every axis of every layout, with indices of every layout") {
  for (const DType dtype : {float32, float64, int64, boolean}) {
    for (const View& x : views(shape, dtype)) {
      for (const std::int64_t axis : {0, 1, 2, -1, -2, -3}) {
        const auto along = static_cast<std::size_t>(axis < 0 ? axis + 3 : axis);
        for (const std::int64_t count : {0, 1, 7}) {
          Shape to = shape;
          to[along] = count;
          const Plain index = indices(to, shape[along], 5);
          const Plain expected = array_of(to, [&](Index i) {
            i[along] = wrapped(index.at(i), shape[along]);
            return dtype == boolean ? x.array.at(i) != 0 : x.array.at(i);
          });
          CAPTURE(x.what);
          CAPTURE(axis);
          const Tensor at = tensor_of(index, int64);
          const Tensor y = gather(x.tensor, axis, at);
          CHECK(y.shape() == to);
          CHECK(y.dtype() == dtype);
          CHECK(values(y) == expected.data);
          CHECK(values(gather(x.tensor, axis, support::view(at, support::Layout::transposed))) ==
                expected.data);
          CHECK(values(gather(x.tensor, axis, support::view(at, support::Layout::backward))) ==
                expected.data);
        }
      }
    }
  }
}

TEST_CASE("scatter_add adds repeated places up, along every axis of every layout") {
  for (const DType dtype : {float32, float64, int64}) {
    for (const View& x : views(shape, dtype)) {
      for (std::size_t along = 0; along < 3; ++along) {
        for (const std::int64_t count : {0, 1, 9}) {
          Shape to = shape;
          to[along] = count;
          const Plain index = indices(to, shape[along], 6), source = whole_numbers(to, 7);
          Plain expected = x.array;
          for_each_index(to, [&](Index i) {
            const double added = source.at(i);
            i[along] = wrapped(index.at(i), shape[along]);
            std::int64_t place = 0;
            for (std::size_t k = 0; k < 3; ++k) place = place * shape[k] + i[k];
            expected.data[static_cast<std::size_t>(place)] += added;
          });
          CAPTURE(x.what);
          CAPTURE(along);
          const Tensor from = tensor_of(source, dtype);
          const auto axis = static_cast<std::int64_t>(along);
          const Tensor y = scatter_add(x.tensor, axis, tensor_of(index, int64), from);
          CHECK(values(y) == expected.data);
          CHECK(y.dtype() == dtype);
          CHECK(values(scatter_add(x.tensor, axis - 3, tensor_of(index, int64),
                                   support::view(from, support::Layout::transposed))) == expected.data);
          CHECK(values(x.tensor) == x.array.data);
        }
      }
    }
  }
  const Tensor sums =
      scatter_add(Tensor(xt::xarray<std::int64_t>{odd}), 0, vector({0, -1}, int64), vector({1, 1}, int64));
  CHECK(whole(sums) == std::vector<std::int64_t>{odd + 2});
}

TEST_CASE("index_select along every axis of every layout") {
  for (const View& x : views(shape, float32)) {
    for (std::size_t along = 0; along < 3; ++along) {
      for (const List& list : {List{}, List{0}, List{2, -1, 0, 0, -3, 1, 2}}) {
        Shape to = shape;
        to[along] = static_cast<std::int64_t>(list.size());
        const Plain expected = array_of(to, [&](Index i) {
          i[along] = wrapped(list[static_cast<std::size_t>(i[along])], shape[along]);
          return x.array.at(i);
        });
        CAPTURE(x.what);
        const Tensor y = index_select(x.tensor, static_cast<std::int64_t>(along) - 3, vector(list, int64));
        CHECK(y.shape() == to);
        CHECK(values(y) == expected.data);
      }
    }
  }
  CHECK(values(index_select(vector({1, 2, 3}), 0, slice(vector({0, 9, 2, 9}, int64), 0, 0, 4, 2))) ==
        List{1, 3});
  CHECK(index_select(zeros({0, 2}), 0, zeros({0}, {.dtype = int64})).shape() == Shape{0, 2});
  CHECK(index_select(zeros({0, 2}), 1, vector({1, 1, 1}, int64)).shape() == Shape{0, 3});
}

TEST_CASE("an index that is broadcast is as good as one written out") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {2, 3, 2});
  const Tensor line = slice(vector({2, 9, -3, 9, 2, 9}, int64), 0, 0, 6, 2);  // every other element
  const Tensor same = broadcast_to(reshape(line, {1, 3, 1}), {2, 3, 2});
  const Tensor rows = broadcast_to(tensor({2, 0, 1, -1, 1, 0}, {2, 3, 1}, int64), {2, 3, 2});
  const Tensor columns = broadcast_to(tensor({2, 0, 1, -1, 1, 0}, {1, 3, 2}, int64), {2, 3, 2});
  for (const Tensor& index : {same, rows, columns}) {
    const Tensor written = tensor(values(index), index.shape(), int64);
    CHECK(values(gather(x, 1, index)) == values(gather(x, 1, written)));
    CHECK(values(scatter_add(x, 1, index, x * x)) == values(scatter_add(x, 1, written, x * x)));
  }
  CHECK(values(gather(x, 1, same)) == List{5, 6, 1, 2, 5, 6, 11, 12, 7, 8, 11, 12});
  CHECK(values(scatter_add(zeros_like(x), 1, same, x)) == List{3, 4, 0, 0, 6, 8, 9, 10, 0, 0, 18, 20});
  CHECK(refusal<IndexError>({x}, [&] { gather(x, 0, same); }) ==
        "[gather] an index must lie within the axis: got 2 for axis 0 of (2, 3, 2)");
}

TEST_CASE("gradients of gather, scatter_add and index_select count every reading") {
  const Tensor x = leaf({1, 2, 3});
  const Tensor at = vector({0, -1, 0, 2}, int64), seed = vector({1, 10, 100, 1000});
  CHECK(values(grad(gather(x, 0, at), {x}, {.seeds = {seed}})[0]) == List{101, 0, 1010});
  CHECK(values(grad(index_select(x, 0, at), {x}, {.seeds = {seed}})[0]) == List{101, 0, 1010});
  const Tensor source = leaf({1, 2, 3, 4});
  const auto g = grad(scatter_add(x, 0, at, source), {x, source}, {.seeds = {vector({5, 6, 7})}});
  CHECK(values(g[0]) == List{5, 6, 7});
  CHECK(values(g[1]) == List{5, 7, 5, 7});
  const Tensor y = gather(square(x), 0, at);
  const auto first = grad(y, {x}, {.create_graph = true, .seeds = {seed}});
  CHECK(values(grad(first[0], {x}, {.seeds = {vector({1, 1, 1})}})[0]) == List{202, 0, 2020});
}

TEST_CASE("one_hot in every dtype, of labels of any shape") {
  const Tensor labels = tensor({0, 2, -1, -3}, {2, 2}, int64);
  for (const DType dtype : {float32, float64, int64, boolean}) {
    const Tensor y = one_hot(labels, 3, dtype);
    CHECK(y.dtype() == dtype);
    CHECK(y.shape() == Shape{2, 2, 3});
    CHECK(values(y) == List{1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0});
  }
  CHECK(one_hot(labels, 3).dtype() == float32);
  CHECK(values(one_hot(tensor({1}, {}, int64), 2)) == List{0, 1});
  CHECK(one_hot(zeros({0, 2}, {.dtype = int64}), 4).shape() == Shape{0, 2, 4});
  CHECK(values(one_hot(transpose(labels), 3)) == List{1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0});
  CHECK(values(one_hot(vector({0, 0}, int64), 1)) == List{1, 1});
}

TEST_CASE("what gather and index_select refuse") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3}), at = vector({0, 1}, int64), none;
  const auto index = [](const List& list, const Shape& of) { return tensor(list, of, int64); };
  const auto beyond = [&](std::int64_t position) {
    xt::xtensor<std::int64_t, 2> list{{0}, {0}};
    list(1, 0) = position;
    return Tensor(list);
  };
  for (const std::int64_t position : {std::int64_t{3}, std::int64_t{-4}, highest, lowest}) {
    const std::string text =
        "an index must lie within the axis: got " + std::to_string(position) + " for axis 1 of (2, 3)";
    CHECK(refusal<IndexError>({x}, [&] { gather(x, 1, beyond(position)); }) == "[gather] " + text);
    CHECK(refusal<IndexError>({x}, [&] { index_select(x, -1, reshape(beyond(position), {2})); }) ==
          "[index_select: gather] " + text);
  }
  CHECK(refusal<IndexError>({}, [&] { gather(zeros({0}), 0, index({0}, {1})); }) ==
        "[gather] an index must lie within the axis: got 0 for axis 0 of (0,)");
  for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, highest, lowest}) {
    const std::string text =
        "an axis must lie within the dimensions: got axis " + std::to_string(axis) + " for 2 dimensions";
    CHECK(refusal<IndexError>({x}, [&] { gather(x, axis, index({0, 0}, {1, 2})); }) == "[gather] " + text);
    CHECK(refusal<IndexError>({x}, [&] { index_select(x, axis, at); }) == "[index_select] " + text);
  }
  CHECK(refusal<ShapeError>({x, at}, [&] { gather(x, 1, at); }) ==
        "[gather] the index must have the tensor's shape but along axis 1: got (2,) and (2, 3)");
  CHECK(refusal<ShapeError>({x}, [&] {
          gather(x, 0, index({0, 0}, {1, 2}));
        }) == "[gather] the index must have the tensor's shape but along axis 0: got (1, 2) and (2, 3)");
  CHECK(refusal<DTypeError>({x}, [&] {
          gather(x, 1, zeros({2, 1}));
        }) == "[gather] the index must be int64: got float32. Did you mean index.astype(int64)?");
  CHECK(
      refusal<DTypeError>({x}, [&] {
        index_select(x, 0, vector({1, 0}, boolean));
      }) == "[index_select: gather] the index must be int64: got boolean. Did you mean index.astype(int64)?");
  CHECK(refusal<ShapeError>({x}, [&] {
          index_select(x, 0, index({0, 1}, {1, 2}));
        }) == "[index_select] the index must have one dimension: got shape (1, 2)");
  CHECK(refusal<ShapeError>({x}, [&] { index_select(x, 0, index({0}, {})); }) ==
        "[index_select] the index must have one dimension: got shape ()");
  CHECK(refusal<GraphError>({}, [&] { gather(none, 0, at); }) == no_value("gather"));
  CHECK(refusal<GraphError>({x}, [&] { gather(x, 0, none); }) == no_value("gather"));
  CHECK(refusal<GraphError>({}, [&] { index_select(none, 0, at); }) == no_value("index_select"));
  CHECK(refusal<GraphError>({x}, [&] { index_select(x, 0, none); }) == no_value("index_select"));
}

TEST_CASE("what scatter_add and one_hot refuse") {
  const Tensor x = vector({1, 2, 3}), at = vector({0, 1}, int64), two = vector({1, 2}), none;
  CHECK(refusal<IndexError>({x, at, two}, [&] {
          scatter_add(x, 0, vector({0, 3}, int64), two);
        }) == "[scatter_add] an index must lie within the axis: got 3 for axis 0 of (3,)");
  CHECK(refusal<IndexError>({x}, [&] { scatter_add(x, 1, at, two); }) ==
        "[scatter_add] an axis must lie within the dimensions: got axis 1 for 1 dimension");
  CHECK(refusal<ShapeError>({x}, [&] { scatter_add(x, 0, at, x); }) ==
        "[scatter_add] source and index must have one shape: got (3,) and (2,)");
  CHECK(refusal<ShapeError>({x}, [&] { scatter_add(x, 0, unsqueeze(at, 0), two); }) ==
        "[scatter_add] the index must have the tensor's shape but along axis 0: got (1, 2) and (3,)");
  CHECK(refusal<DTypeError>({x}, [&] { scatter_add(x, 0, at, two.astype(float32)); }) ==
        "[scatter_add] dtypes must be equal: got float64 and float32. Did you mean to cast with "
        "astype(float64)?");
  CHECK(refusal<DTypeError>({x}, [&] { scatter_add(x, 0, two, two); }) ==
        "[scatter_add] the index must be int64: got float64. Did you mean index.astype(int64)?");
  CHECK(refusal<DTypeError>({x}, [&] { scatter_add(x.astype(boolean), 0, at, two.astype(boolean)); }) ==
        "[scatter_add] takes numbers: got boolean");
  for (int place = 0; place < 3; ++place)
    CHECK(refusal<GraphError>({x, at, two}, [&] {
            scatter_add(place == 0 ? none : x, 0, place == 1 ? none : at, place == 2 ? none : two);
          }) == no_value("scatter_add"));

  CHECK(refusal<IndexError>({at}, [&] { one_hot(at, 1); }) ==
        "[one_hot] an index must lie within the axis: got 1 for axis 0 of (1,)");
  CHECK(refusal<IndexError>({}, [&] { one_hot(vector({-3}, int64), 2); }) ==
        "[one_hot] an index must lie within the axis: got -3 for axis 0 of (2,)");
  for (const std::int64_t classes : {std::int64_t{0}, std::int64_t{-1}, lowest})
    CHECK(refusal<ValueError>({at}, [&] { one_hot(at, classes); }) ==
          "[one_hot] there must be a class: got " + std::to_string(classes));
  CHECK(refusal<DTypeError>({two}, [&] { one_hot(two, 3); }) ==
        "[one_hot] the index must be int64: got float64. Did you mean index.astype(int64)?");
  CHECK(refusal<ValueError>({at}, [&] { one_hot(at, highest); }) ==
        "[one_hot: arange] the range must be finite and its step not 0: got 0, 9.22337e+18, 1");
  CHECK(refusal<GraphError>({}, [&] { one_hot(none, 3); }) == no_value("one_hot"));
}
