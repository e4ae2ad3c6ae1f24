// matmul against plain loops: every class of shapes, every stride, small and large products, and what it
// refuses.
#include "wengert/ops/linalg.hpp"

#include <algorithm>
#include <array>

#include "ops/naive.hpp"
#include "wengert/core/backward.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using namespace naive;
using support::near;
using support::values;
using support::vector;

namespace {

/// The product of two stacks of matrices, batches broadcast, element by element.
Plain product(const Plain& a, const Plain& b) {
  const std::size_t of_a = a.shape.size(), of_b = b.shape.size(), ndim = std::max(of_a, of_b);
  Shape to;
  for (std::size_t i = 0; i + 2 < ndim; ++i) {
    const std::int64_t left = i + of_a >= ndim ? a.shape[i + of_a - ndim] : 1;
    const std::int64_t right = i + of_b >= ndim ? b.shape[i + of_b - ndim] : 1;
    to.push_back(left == 1 ? right : left);
  }
  to.push_back(a.shape[of_a - 2]);
  to.push_back(b.shape[of_b - 1]);
  const auto first = [&](const Plain& x, const Index& i, std::int64_t row, std::int64_t column) {
    const std::size_t own = x.shape.size();
    Index at(own);
    for (std::size_t k = 0; k + 2 < own; ++k) at[k] = x.shape[k] == 1 ? 0 : i[k + ndim - own];
    at[own - 2] = row;
    at[own - 1] = column;
    return x.place(at);
  };
  const auto terms = static_cast<std::size_t>(a.shape[of_a - 1]),
             step = static_cast<std::size_t>(b.shape[of_b - 1]);
  return array_of(to, [&](const Index& i) {
    const std::size_t row = first(a, i, i[ndim - 2], 0), column = first(b, i, 0, i[ndim - 1]);
    double sum = 0;
    for (std::size_t k = 0; k < terms; ++k) sum += a.data[row + k] * b.data[column + k * step];
    return sum;
  });
}

/// A matrix in every way it can lie in memory.
std::vector<View> matrices(std::int64_t rows, std::int64_t columns, DType dtype, unsigned seed) {
  std::vector<View> list;
  const auto back = [](const Tensor& t, std::int64_t axis) {
    return slice(t, axis, {-1, SliceRange::to_end, -1});
  };
  const Shape shape{rows, columns};
  Plain x = quarters(shape, seed);
  list.push_back({"contiguous", tensor_of(x, dtype), x});
  x = quarters({columns, rows}, seed + 1);
  list.push_back({"transposed", transpose(tensor_of(x, dtype)), array_of(shape, [&](const Index& i) {
                    return x.at({i[1], i[0]});
                  })});
  x = quarters({rows + 1, columns + 3}, seed + 2);
  list.push_back({"a part", slice(slice(tensor_of(x, dtype), 0, 1, rows + 1), 1, 2, columns + 2),
                  array_of(shape, [&](const Index& i) {
                    return x.at({i[0] + 1, i[1] + 2});
                  })});
  x = quarters({rows, 2 * columns}, seed + 3);
  list.push_back({"every other column", slice(tensor_of(x, dtype), 1, 0, 2 * columns, 2),
                  array_of(shape, [&](const Index& i) {
                    return x.at({i[0], 2 * i[1]});
                  })});
  x = quarters({columns, 2 * rows}, seed + 4);
  list.push_back({"every other row of a transposed", transpose(slice(tensor_of(x, dtype), 1, 1, 2 * rows, 2)),
                  array_of(shape, [&](const Index& i) {
                    return x.at({i[1], 2 * i[0] + 1});
                  })});
  x = quarters(shape, seed + 5);
  list.push_back({"rows backward", back(tensor_of(x, dtype), 0), array_of(shape, [&](const Index& i) {
                    return x.at({rows - 1 - i[0], i[1]});
                  })});
  list.push_back({"columns backward", back(tensor_of(x, dtype), 1), array_of(shape, [&](const Index& i) {
                    return x.at({i[0], columns - 1 - i[1]});
                  })});
  x = quarters({1, columns}, seed + 6);
  list.push_back(
      {"one row repeated", broadcast_to(tensor_of(x, dtype), shape), array_of(shape, [&](const Index& i) {
         return x.at({0, i[1]});
       })});
  x = quarters({rows, 1}, seed + 7);
  list.push_back(
      {"one column repeated", broadcast_to(tensor_of(x, dtype), shape), array_of(shape, [&](const Index& i) {
         return x.at({i[0], 0});
       })});
  return list;
}

}  // namespace

// Products of quarters and their sums are exact in float32 as well, so results must be equal to the last bit.

TEST_CASE("every stride of both operands, for products on both sides of the switch to BLAS") {
  const std::vector<std::array<std::int64_t, 3>> sizes{
      {1, 1, 1},    {2, 3, 4},     {1, 7, 5},    {6, 1, 5},   {15, 16, 17},
      {16, 16, 16}, {17, 16, 16},  {1, 70, 60},  {70, 1, 60}, {70, 60, 1},
      {33, 34, 35}, {100, 1, 300}, {53, 40, 90}, {6, 1, 520}, {1, 6, 520}};
  for (const auto& [m, n, k] : sizes) {
    for (const DType dtype : {float32, float64}) {
      const auto left = matrices(m, k, dtype, 1), right = matrices(k, n, dtype, 30);
      for (const View& a : left) {
        for (const View& b : right) {
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(k);
          CAPTURE(a.what);
          CAPTURE(b.what);
          const Tensor y = matmul(a.tensor, b.tensor);
          CHECK(y.shape() == Shape{m, n});
          CHECK(y.dtype() == dtype);
          CHECK(values(y) == product(a.array, b.array).data);
        }
      }
    }
  }
}

TEST_CASE("long and flat products") {
  for (const auto& [m, n, k] : std::vector<std::array<std::int64_t, 3>>{{1, 1, 5000},
                                                                        {1, 5000, 1},
                                                                        {5000, 1, 1},
                                                                        {2, 2, 2000},
                                                                        {1, 64, 65},
                                                                        {300, 2, 7},
                                                                        {61, 70, 600},
                                                                        {7, 400, 257},
                                                                        {4, 1, 512},
                                                                        {7, 1, 700},
                                                                        {1, 9, 533}}) {
    for (const DType dtype : {float32, float64}) {
      const Plain a = quarters({m, k}, 3), b = quarters({k, n}, 4);
      CHECK(values(matmul(tensor_of(a, dtype), tensor_of(b, dtype))) == product(a, b).data);
    }
  }
}

namespace {

std::vector<Tensor> derivatives(const Tensor& y, const std::vector<Tensor>& of, bool create_graph = false) {
  const std::vector<Tensor> outputs{y}, seeds{ones(y.shape(), {.dtype = y.dtype()})};
  return run_backward(outputs, seeds, of, {.create_graph = create_graph});
}

}  // namespace

TEST_CASE("a matrix that several products use gets the sum of their cotangents") {
  for (const DType dtype : {float32, float64}) {
    for (const auto& [m, n, k] :
         std::vector<std::array<std::int64_t, 3>>{{3, 2, 4}, {20, 33, 17}, {9, 300, 40}}) {
      const Plain a = quarters({m, k}, 1), b = quarters({k, n}, 2), g = quarters({m, n}, 3),
                  a_batch = quarters({2, m, k}, 4), g_batch = quarters({2, m, n}, 5);
      const auto gradients = [&](const Tensor& x, const Tensor& w, bool create_graph) {
        // As they are, turned, and one of many times one: three terms for each.
        const Tensor y = sum(matmul(x, w) * tensor_of(g, dtype)) +
                         sum(transpose(matmul(transpose(w), transpose(x))) * tensor_of(g, dtype)) +
                         sum(matmul(tensor_of(a_batch, dtype), w) * tensor_of(g_batch, dtype));
        return derivatives(y, {x, w}, create_graph);
      };
      const auto in_place = gradients(parameter(tensor_of(a, dtype)), parameter(tensor_of(b, dtype)), false);
      const auto recorded = gradients(parameter(tensor_of(a, dtype)), parameter(tensor_of(b, dtype)), true);
      for (std::size_t i = 0; i < 2; ++i) CHECK(values(in_place[i]) == values(recorded[i]));
      const Tensor x = parameter(tensor_of(a_batch, dtype)), w = parameter(unsqueeze(tensor_of(b, dtype), 0));
      const Tensor y = sum(matmul(x, w) * tensor_of(g_batch, dtype)) + sum(matmul(x, w));
      const Tensor of_w = derivatives(y, {w})[0];
      CHECK(values(of_w) == values(sum(matmul(transpose(x), tensor_of(g_batch, dtype) + 1.0), {0})));
    }
  }
}

TEST_CASE("batches are broadcast, in every layout") {
  const std::vector<std::pair<Shape, Shape>> pairs{
      {{2, 3, 4}, {2, 4, 5}},       {{1, 3, 4}, {6, 4, 5}}, {{6, 3, 4}, {1, 4, 5}},
      {{3, 4}, {6, 4, 5}},          {{6, 3, 4}, {4, 5}},    {{5, 1, 3, 4}, {2, 4, 5}},
      {{2, 1, 3, 4}, {2, 5, 4, 1}}, {{2, 5, 3, 4}, {4, 5}}, {{1, 1, 3, 4}, {4, 5}},
      {{2, 20, 21}, {2, 21, 22}},   {{0, 3, 4}, {4, 5}},    {{0, 3, 4}, {1, 4, 5}},
      {{2, 0, 4}, {2, 4, 5}},       {{2, 3, 0}, {2, 0, 5}}, {{3, 4}, {0, 4, 5}},
      {{2, 3, 4}, {2, 4, 0}},       {{2, 3, 0}, {0, 5}},    {{0, 3, 0}, {0, 5}},
      {{2, 2, 1, 4}, {2, 1, 4, 1}}};
  for (const auto& [of_a, of_b] : pairs) {
    CAPTURE(to_string(of_a));
    CAPTURE(to_string(of_b));
    const Plain a = quarters(of_a, 5), b = quarters(of_b, 6);
    const Plain expected = product(a, b);
    for (const DType dtype : {float32, float64}) {
      const Tensor left = tensor_of(a, dtype), right = tensor_of(b, dtype);
      CHECK(matmul(left, right).shape() == expected.shape);
      CHECK(values(matmul(left, right)) == expected.data);
      for (const auto layout :
           {support::Layout::transposed, support::Layout::every_other, support::Layout::backward}) {
        CHECK(values(matmul(support::view(left, layout), right)) == expected.data);
        CHECK(values(matmul(left, support::view(right, layout))) == expected.data);
        CHECK(values(matmul(support::view(left, layout), support::view(right, layout))) == expected.data);
      }
    }
  }
}

TEST_CASE("views of three dimensions as batches") {
  const auto left = views({3, 4, 5}, float64, 1), right = views({3, 5, 4}, float64, 90);
  for (const View& a : left) {
    for (const View& b : right) {
      CAPTURE(a.what);
      CAPTURE(b.what);
      CHECK(values(matmul(a.tensor, b.tensor)) == product(a.array, b.array).data);
    }
    const Plain b = quarters({5, 6}, 8);
    CHECK(values(matmul(a.tensor, tensor_of(b, float64))) == product(a.array, b).data);
  }
}

TEST_CASE("a vector is a row on the left and a column on the right") {
  const Plain a = quarters({4}, 1), b = quarters({4}, 2), m = quarters({3, 4}, 3), n = quarters({4, 3}, 4),
              batch = quarters({2, 4, 3}, 5);
  const auto as = [](const Plain& x, const Shape& shape) { return Plain{shape, x.data}; };
  const auto tensor = [](const Plain& x) { return tensor_of(x, float64); };
  CHECK(matmul(tensor(a), tensor(b)).shape() == Shape());
  CHECK(values(matmul(tensor(a), tensor(b))) == product(as(a, {1, 4}), as(b, {4, 1})).data);
  CHECK(matmul(tensor(a), tensor(n)).shape() == Shape{3});
  CHECK(values(matmul(tensor(a), tensor(n))) == product(as(a, {1, 4}), n).data);
  CHECK(matmul(tensor(m), tensor(b)).shape() == Shape{3});
  CHECK(values(matmul(tensor(m), tensor(b))) == product(m, as(b, {4, 1})).data);
  CHECK(matmul(tensor(a), tensor(batch)).shape() == Shape{2, 3});
  CHECK(values(matmul(tensor(a), tensor(batch))) == product(as(a, {1, 4}), batch).data);
  CHECK(matmul(transpose(tensor(batch)), tensor(b)).shape() == Shape{2, 3});
  CHECK(values(matmul(transpose(tensor(batch)), tensor(b))) == values(matmul(tensor(b), tensor(batch))));
  const Tensor backward = slice(tensor(a), 0, {-1, SliceRange::to_end, -1}),
               repeated = broadcast_to(tensor_of(quarters({1}), float64), {4});
  CHECK(values(matmul(backward, tensor(n))) == values(matmul(vector(values(backward)), tensor(n))));
  CHECK(values(matmul(tensor(m), repeated)) == values(matmul(tensor(m), vector(values(repeated)))));
}

TEST_CASE("a sum over nothing is 0") {
  for (const DType dtype : {float32, float64}) {
    const TensorOptions options{.dtype = dtype};
    CHECK(values(matmul(zeros({2, 0}, options), zeros({0, 3}, options))) == List(6, 0.0));
    CHECK(values(matmul(zeros({100, 0}, options), zeros({0, 100}, options))) == List(10000, 0.0));
    CHECK(matmul(zeros({0}, options), zeros({0}, options)).item() == 0);
    CHECK(values(matmul(zeros({2, 0}, options), zeros({0}, options))) == List{0, 0});
    CHECK(matmul(zeros({0, 3}, options), zeros({3, 2}, options)).shape() == Shape{0, 2});
    CHECK(matmul(zeros({3, 2}, options), zeros({2, 0}, options)).shape() == Shape{3, 0});
  }
  const Tensor a = support::leaf({}, {2, 0}), b = support::leaf({}, {0, 3});
  const auto g = grad(matmul(a, b), {a, b}, {.seeds = {ones({2, 3}, {.dtype = float64})}});
  CHECK(g[0].shape() == Shape{2, 0});
  CHECK(g[1].shape() == Shape{0, 3});
}

TEST_CASE("NaN and infinities go through, whatever they are multiplied by") {
  for (const std::int64_t n : {2, 40}) {
    for (const DType dtype : {float32, float64}) {
      Plain a = quarters({n, n}, 1);
      a.data[1] = a_nan;
      a.data[static_cast<std::size_t>(n)] = inf;
      const Tensor y = matmul(tensor_of(a, dtype), zeros({n, n}, {.dtype = dtype}));
      for (std::int64_t j = 0; j < n; ++j) {
        CHECK(std::isnan(values(y)[static_cast<std::size_t>(j)]));
        CHECK(std::isnan(values(y)[static_cast<std::size_t>(n + j)]));
      }
      if (n > 2) CHECK(values(y)[static_cast<std::size_t>(2 * n)] == 0);
    }
  }
}

TEST_CASE("gradients through every layout are those of the plain formula") {
  for (const auto& [m, n, k] : std::vector<std::array<std::int64_t, 3>>{{2, 3, 4}, {20, 21, 22}}) {
    const Plain seed = quarters({m, n}, 9);
    for (const auto layout :
         {support::Layout::transposed, support::Layout::every_other, support::Layout::backward}) {
      const Plain a = quarters({m, k}, 7), b = quarters({k, n}, 8);
      const Tensor left = parameter(tensor_of(a, float64)), right = parameter(tensor_of(b, float64));
      const Tensor y = matmul(support::view(left, layout), support::view(right, layout));
      const auto g = grad(y, {left, right}, {.seeds = {support::view(tensor_of(seed, float64), layout)}});
      const auto turned = [](const Plain& x) {
        return array_of({x.shape[1], x.shape[0]}, [&](const Index& i) { return x.at({i[1], i[0]}); });
      };
      CHECK(values(g[0]) == product(seed, turned(b)).data);
      CHECK(values(g[1]) == product(turned(a), seed).data);
    }
  }
}

TEST_CASE("what matmul refuses") {
  const Tensor a = zeros({2, 3}), b = zeros({4, 3}), v = zeros({3}), point = zeros({}), none;
  const auto shapes = [](const Tensor& x, const Tensor& y) {
    return refusal<ShapeError>({x, y}, [&] { matmul(x, y); });
  };
  const std::string inner = "[matmul] inner dimensions must agree: got ",
                    operands = "[matmul] operands must be vectors, matrices or batches of matrices: got ";
  CHECK(shapes(a, b) == inner + "(2, 3) and (4, 3). Did you mean matmul(a, transpose(b))?");
  CHECK(shapes(zeros({3, 2}), zeros({3, 4})) ==
        inner + "(3, 2) and (3, 4). Did you mean matmul(transpose(a), b)?");
  CHECK(shapes(a, zeros({5, 7})) == inner + "(2, 3) and (5, 7)");
  CHECK(shapes(zeros({2}), v) == inner + "(2,) and (3,)");
  CHECK(shapes(v, a) == inner + "(3,) and (2, 3)");
  CHECK(shapes(a, zeros({2})) == inner + "(2, 3) and (2,)");
  CHECK(shapes(zeros({5, 2, 3}), zeros({5, 2, 3})) == inner + "(5, 2, 3) and (5, 2, 3)");
  CHECK(shapes(zeros({2, 0}), zeros({1, 2})) == inner + "(2, 0) and (1, 2)");
  CHECK(shapes(point, a) == operands + "() and (2, 3). Did you mean a * b?");
  CHECK(shapes(v, point) == operands + "(3,) and (). Did you mean a * b?");
  CHECK(shapes(zeros({2, 3, 4}), zeros({3, 4, 5})) == "[matmul] shapes must broadcast: got (2,) and (3,)");
  const auto dtypes = [](const Tensor& x, const Tensor& y) {
    return refusal<DTypeError>({x, y}, [&] { matmul(x, y); });
  };
  const std::string equal = "[matmul] dtypes must be equal: got ",
                    floats = "[matmul] takes float32 and float64: got ";
  CHECK(dtypes(a, v.astype(float64)) ==
        equal + "float32 and float64. Did you mean to cast with astype(float32)?");
  CHECK(dtypes(a.astype(int64), v) ==
        equal + "int64 and float32. Did you mean to cast with astype(float32)?");
  CHECK(dtypes(a.astype(int64), v.astype(int64)) == floats + "int64. Did you mean x.astype(float32)?");
  CHECK(dtypes(a.astype(boolean), v.astype(boolean)) == floats + "boolean. Did you mean x.astype(float32)?");
  CHECK(dtypes(a.astype(int64), v.astype(boolean)) == floats + "int64. Did you mean x.astype(float32)?");
  CHECK(refusal<GraphError>({a}, [&] { matmul(none, a); }) == no_value("matmul"));
  CHECK(refusal<GraphError>({a}, [&] { matmul(a, none); }) == no_value("matmul"));
  const Tensor tall = broadcast_to(zeros({}), {std::int64_t{1} << 40, 1}), wide = transpose(tall);
  CHECK(refusal<ShapeError>({}, [&] { matmul(tall, wide); }) ==
        "[matmul] the shape is too large: got (1099511627776, 1099511627776)");
}
