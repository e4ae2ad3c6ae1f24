// The handle: making tensors from xtensor, adoption, array(), assign(), gradients of leaves.
#include "wengert/core/tensor.hpp"

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::number;
using support::values;

TEST_CASE("a tensor takes the values, shape and type of an xtensor expression") {
  const xt::xarray<float> a{{1, 2}, {3, 4}};
  const Tensor t(a);
  CHECK(t.shape() == Shape(2, 2));
  CHECK(t.ndim() == 2);
  CHECK(t.size() == 4);
  CHECK(t.dtype() == float32);
  CHECK(t.is_leaf());
  CHECK(!t.requires_grad());
  CHECK(values(t) == std::vector<double>{1, 2, 3, 4});
  CHECK(Tensor(a + 1.0f).dtype() == float32);
  CHECK(Tensor(a * 2.0).dtype() == float64);
  CHECK(Tensor(xt::xarray<std::uint8_t>{1, 255}).dtype() == int64);
  CHECK(support::whole(Tensor(xt::xarray<std::uint8_t>{1, 255})) == std::vector<std::int64_t>{1, 255});
  CHECK(Tensor(xt::xarray<bool>{true, false}).dtype() == boolean);
  CHECK(Tensor(a > 2.0f).dtype() == boolean);
  CHECK(Tensor(xt::xarray<long double>{1.5L}).dtype() == float64);
  CHECK(Tensor(xt::xarray<double>(3.5)).shape() == Shape());
  CHECK(Tensor(xt::xarray<double>(3.5)).item() == 3.5);
  CHECK(Tensor(xt::xtensor<float, 2>{{1}, {2}}).shape() == Shape(2, 1));
  CHECK(Tensor(xt::xarray<double>::from_shape({0, 3})).shape() == Shape(0, 3));
  CHECK(values(Tensor(xt::xarray<double>::from_shape({0, 3}))).empty());
}

TEST_CASE("a user's column-major arrays and views keep their elements' places") {
  xt::xarray<double, xt::layout_type::column_major> a = xt::zeros<double>({2, 3});
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j) a(i, j) = static_cast<double>(10 * i + j);
  const std::vector<double> rows{0, 1, 2, 10, 11, 12};
  CHECK(values(Tensor(a)) == rows);
  CHECK(values(Tensor(std::move(a))) == rows);
  const xt::xarray<double> b{{1, 2}, {3, 4}};
  CHECK(values(Tensor(xt::transpose(b))) == std::vector<double>{1, 3, 2, 4});
  const Tensor t = Tensor(b);
  const xt::xarray<double, xt::layout_type::column_major> back = t.array<double>();
  CHECK(back(0, 1) == 2);
}

TEST_CASE("a moved xarray is adopted without a copy") {
  xt::xarray<float> a = xt::ones<float>({100});
  const float* data = a.data();
  const std::int64_t before = memory_stats().live_bytes;
  {
    const Tensor t(std::move(a));
    CHECK(t.array<float>().data() == data);
    CHECK(memory_stats().live_bytes - before == 400);
    CHECK(t.detach().array<float>().data() == data);
    CHECK(parameter(t).array<float>().data() == data);
  }
  CHECK(memory_stats().live_bytes == before);
  xt::xarray<double> b = xt::ones<double>({2, 2});
  const double* place = b.data();
  CHECK(parameter(std::move(b)).array<double>().data() == place);
  const xt::xarray<double> kept = xt::ones<double>({50});
  CHECK(Tensor(kept).array<double>().data() != kept.data());
}

TEST_CASE("array() keeps what it reads alive") {
  const auto of_large = (ones({1000}, {.dtype = float64}) * 2.0).array<double>();
  const auto of_small = (ones({2}, {.dtype = float64}) * 3.0).array<double>();
  const auto of_view = transpose(reshape(arange(600, {.dtype = float64}), {2, 300})).array<double>();
  release_cached_memory();
  const Tensor other = full({1000}, 7.0, {.dtype = float64});
  CHECK(xt::sum(of_large)() == 2000.0);
  CHECK(of_small(1) == 3.0);
  CHECK(of_view(1, 0) == 1.0);
  CHECK(of_view(0, 1) == 300.0);
  CHECK(of_view.shape(0) == 300);
  // It is an expression like any other, and a snapshot.
  const Tensor w = leaf({1, 2, 3, 4, 5, 6});
  const auto before = w.array<double>();
  w.assign(before * 10.0);
  CHECK(before(0) == 1.0);
  CHECK(w.array<double>()(0) == 10.0);
}

TEST_CASE("asking for what a tensor is not") {
  const Tensor x = zeros({2, 2});
  CHECK(
      message<DTypeError>([&] { x.array<double>(); }) ==
      "[array] the element type must be the tensor's: asked for float64, the tensor is float32. Did you mean "
      "x.astype(float64).array<...>()?");
  CHECK(message<ShapeError>([&] { x.item(); }) ==
        "[item] the tensor must have one element: got shape (2, 2)");
  CHECK(message<GraphError>([&] { x.grad(); }) ==
        "[grad] this tensor wants no gradient: make it with parameter(...)");
  CHECK(message<GraphError>([&] { leaf({1}).grad(); }) ==
        "[grad] no gradient is there yet: call backward() on something computed from this tensor");
  const Tensor y = leaf({1}) * 2.0;
  CHECK(message<GraphError>([&] { y.grad(); }) ==
        "[grad] only a leaf has that: got the result of an operation, mul");
  CHECK(message<GraphError>([&] { y.zero_grad(); }) ==
        "[zero_grad] only a leaf has that: got the result of an operation, mul");
  CHECK(message<GraphError>([&] { y.assign(y); }) ==
        "[assign] only a leaf takes a new value: got the result of an operation");
  CHECK(message<DTypeError>([] {
          parameter(xt::xarray<int>{1, 2});
        }) == "[parameter] only float32 and float64 tensors can want a gradient: got int64");
  CHECK(message<DTypeError>([] { zeros({2}, {.dtype = boolean, .requires_grad = true}); }) ==
        "[parameter] only float32 and float64 tensors can want a gradient: got boolean");
}

TEST_CASE("an empty tensor answers every question with GraphError") {
  const Tensor none;
  CHECK(!none.defined());
  const std::string text = "[tensor] an empty tensor has no value: give it one first";
  CHECK(message<GraphError>([&] { none.shape(); }) == text);
  CHECK(message<GraphError>([&] { none.ndim(); }) == text);
  CHECK(message<GraphError>([&] { none.size(); }) == text);
  CHECK(message<GraphError>([&] { none.dtype(); }) == text);
  CHECK(message<GraphError>([&] { none.requires_grad(); }) == text);
  CHECK(message<GraphError>([&] { none.is_leaf(); }) == text);
  CHECK(message<GraphError>([&] { none.item(); }) == text);
  CHECK(message<GraphError>([&] { none.array<float>(); }) == text);
  CHECK(message<GraphError>([&] { none.grad(); }) == text);
  CHECK(message<GraphError>([&] { none.has_grad(); }) == text);
  CHECK(message<GraphError>([&] { none.zero_grad(); }) == text);
  CHECK(message<GraphError>([&] { none.detach(); }) == text);
  CHECK(message<GraphError>([&] { none.astype(float32); }) == text);
  CHECK(message<GraphError>([&] { none.assign(zeros({})); }) == text);
  CHECK(message<GraphError>([&] { zeros({}).assign(none); }) == text);
  CHECK(message<GraphError>([&] { none.backward(); }) == text);
  CHECK(message<GraphError>([&] { parameter(none); }) == text);
}

TEST_CASE("assign gives a leaf another value; what was recorded keeps the old one") {
  for (const std::size_t n : {2, 1000}) {
    const Tensor w = parameter(full({n}, 3.0, {.dtype = float64})), alias = w;
    const Tensor y = sum(w * w);
    const Tensor kept = w.detach();
    w.assign(w * 0.0 + 5.0);
    CHECK(values(alias)[1] == 5.0);
    CHECK(values(kept)[1] == 3.0);
    CHECK(w.is_leaf());
    CHECK(w.requires_grad());
    y.backward();
    CHECK(values(w.grad())[1] == 6.0);  // of the value it was recorded with
    CHECK(values(alias.grad())[0] == 6.0);
    sum(w * w).backward();
    CHECK(values(w.grad())[1] == 16.0);
  }
}

TEST_CASE("assign of what looks at the leaf's own bytes") {
  for (const std::int64_t n : {2, 40}) {
    const Tensor w = parameter(reshape(arange(static_cast<double>(n * n), {.dtype = float64}), {n, n}));
    const NoGrad values_only;
    w.assign(w);
    CHECK(values(w)[1] == 1.0);
    w.assign(transpose(w));
    CHECK(values(w)[1] == static_cast<double>(n));
    CHECK(values(w)[static_cast<std::size_t>(n)] == 1.0);
    w.assign(slice(w, 0, {-1, SliceRange::to_end, -1}));
    CHECK(values(w)[0] == static_cast<double>(n - 1));
    w.assign(broadcast_to(slice(w, 0, 0, 1), {n, n}));
    CHECK(values(w)[static_cast<std::size_t>(n)] == static_cast<double>(n - 1));
    w.assign(w + transpose(w));
    w.assign(reshape(w, {n, n}));
    CHECK(values(w)[0] == 2.0 * static_cast<double>(n - 1));
    w.assign(w.array<double>() * 0.5);
    CHECK(values(w)[0] == static_cast<double>(n - 1));
  }
}

TEST_CASE("a failed assign leaves the leaf as it was") {
  const Tensor w = leaf({1.0, 2.0});
  CHECK(message<ShapeError>([&] { w.assign(zeros({3}, {.dtype = float64})); }) ==
        "[assign] the shapes must be equal: got (3,) for a leaf of (2,)");
  CHECK(message<DTypeError>([&] { w.assign(zeros({2})); }) ==
        "[assign] the dtypes must be equal: got float32 for a leaf of float64. Did you mean "
        "assign(value.astype(float64))?");
  CHECK(message<ShapeError>([&] { w.assign(xt::xarray<double>{1.0}); }).rfind("[assign]", 0) == 0);
  CHECK(values(w) == std::vector<double>{1, 2});
  CHECK(values(w.detach() * 1.0) == std::vector<double>{1, 2});
}

TEST_CASE("assign reuses a leaf's node where nobody else looks at it") {
  const Tensor w = parameter(zeros({100}));
  const std::int64_t before = memory_stats().live_nodes;
  for (int i = 0; i < 1000; ++i) w.assign(zeros({100}));
  CHECK(memory_stats().live_nodes == before);
}

TEST_CASE("astype converts, and its derivative converts back") {
  const Tensor x = leaf({1.75, -2.5, 0.0});
  CHECK(x.astype(float64).dtype() == float64);
  CHECK(values(x.astype(int64)) == std::vector<double>{1, -2, 0});
  CHECK(values(x.astype(boolean)) == std::vector<double>{1, 1, 0});
  CHECK(!x.astype(int64).requires_grad());
  const Tensor y = sum(square(x.astype(float32)));
  CHECK(y.dtype() == float32);
  y.backward();
  CHECK(x.grad().dtype() == float64);
  CHECK(values(x.grad()) == std::vector<double>{3.5, -5, 0});
  CHECK(support::whole(support::vector({1e300, -1e300, NAN, INFINITY, 9.3e18}).astype(int64)) ==
        std::vector<std::int64_t>{INT64_MAX, INT64_MIN, 0, INT64_MAX, INT64_MAX});
  CHECK(values(support::vector({1e300, 1e-300, NAN}).astype(float32))[0] == INFINITY);
}

TEST_CASE("detach and zero_grad") {
  const Tensor x = number(2.0), d = (x * x).detach();
  CHECK(d.is_leaf());
  CHECK(!d.requires_grad());
  (x * d).backward();
  CHECK(x.grad().item() == 4.0);
  x.zero_grad();
  CHECK(!x.has_grad());
  x.zero_grad();
}
