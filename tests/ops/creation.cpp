// Making tensors from shapes and numbers, at the edges of what can be asked for.
#include "wengert/ops/creation.hpp"

#include "ops/naive.hpp"

using namespace wengert;
using namespace naive;
using support::near;
using support::same_bits;
using support::values;
using support::whole;

namespace {
const std::vector<DType> dtypes{float32, float64, int64, boolean};
const std::vector<Shape> shapes{{}, {1}, {3}, {2, 3}, {0}, {2, 0, 3}, {1, 2, 1, 2, 1, 2, 1}};
}  // namespace

TEST_CASE("full, zeros and ones of every dtype and shape, and their likes") {
  for (const DType dtype : dtypes) {
    for (const Shape& shape : shapes) {
      const auto count = static_cast<std::size_t>(element_count(shape));
      const TensorOptions options{.dtype = dtype};
      for (const auto& [x, value] :
           std::vector<std::pair<Tensor, double>>{{full(shape, -3, options), dtype == boolean ? 1 : -3},
                                                  {zeros(shape, options), 0},
                                                  {ones(shape, options), 1}}) {
        CHECK(x.shape() == shape);
        CHECK(x.dtype() == dtype);
        CHECK(x.is_leaf());
        CHECK(!x.requires_grad());
        CHECK(values(x) == List(count, value));
        CHECK(same_bits(zeros_like(x), zeros(shape, options)));
        CHECK(same_bits(ones_like(x), ones(shape, options)));
        CHECK(same_bits(full_like(x, 7), full(shape, 7, options)));
      }
    }
  }
  CHECK(zeros({2}).dtype() == float32);
  CHECK(ones_like(support::leaf({1, 2})).requires_grad() == false);
  const Tensor other = zeros_like(arange(2, {.dtype = int64}), {.dtype = float64, .requires_grad = true});
  CHECK((other.dtype() == float64 && other.requires_grad() && other.shape() == Shape{2}));
  CHECK(ones_like(transpose(zeros({2, 3}))).shape() == Shape{3, 2});
}

TEST_CASE("full of unusual numbers") {
  CHECK(same_bits(values(full({1}, -0.0)), List{-0.0}));
  CHECK(same_bits(values(full({2}, a_nan)), List{a_nan, a_nan}));
  CHECK(full({}, 1e300).item() == inf);
  CHECK(full({}, 0.1).item() == static_cast<double>(0.1f));
  CHECK(full({}, 0.1, {.dtype = float64}).item() == 0.1);
  // As astype converts: towards 0, cut off at the ends, 0 for NaN.
  CHECK(whole(full({1}, -2.7, {.dtype = int64})) == std::vector<std::int64_t>{-2});
  CHECK(whole(full({1}, inf, {.dtype = int64})) == std::vector<std::int64_t>{highest});
  CHECK(whole(full({1}, -1e300, {.dtype = int64})) == std::vector<std::int64_t>{lowest});
  CHECK(whole(full({1}, a_nan, {.dtype = int64})) == std::vector<std::int64_t>{0});
  CHECK(full({}, a_nan, {.dtype = boolean}).item() == 1);
  CHECK(full({}, tiny, {.dtype = boolean}).item() == 1);
}

TEST_CASE("a leaf that wants a gradient gets one") {
  for (const DType dtype : {float32, float64}) {
    const TensorOptions options{.dtype = dtype, .requires_grad = true};
    for (const Tensor& x : {zeros({2}, options), ones({2}, options), full({2}, 3, options), eye(2, options),
                            arange(2, options), linspace(0, 1, 2, options)}) {
      CHECK(x.requires_grad());
      CHECK(x.is_leaf());
      const Tensor y = sum(x * 3.0);
      y.backward();
      CHECK(values(x.grad()) == List(static_cast<std::size_t>(x.size()), 3.0));
    }
  }
}

TEST_CASE("eye of every size and dtype") {
  for (const DType dtype : dtypes) {
    for (const std::int64_t n : {0, 1, 2, 5}) {
      const Plain expected = array_of({n, n}, [](const Index& i) { return i[0] == i[1]; });
      const Tensor x = eye(n, {.dtype = dtype});
      CHECK(x.shape() == Shape{n, n});
      CHECK(x.dtype() == dtype);
      CHECK(values(x) == expected.data);
    }
  }
}

TEST_CASE("arange stops before its end, in either direction") {
  const TensorOptions options{.dtype = float64};
  CHECK(values(arange(5)) == List{0, 1, 2, 3, 4});
  CHECK(values(arange(2.5)) == List{0, 1, 2});
  CHECK(values(arange(0)) == List{});
  CHECK(values(arange(-3)) == List{});
  CHECK(values(arange(2, 5)) == List{2, 3, 4});
  CHECK(values(arange(5, 2)) == List{});
  CHECK(values(arange(5, 2, -1)) == List{5, 4, 3});
  CHECK(values(arange(2, 5, -1)) == List{});
  CHECK(values(arange(1, 1, 0.5)) == List{});
  CHECK(values(arange(0, 1, 0.25, options)) == List{0, 0.25, 0.5, 0.75});
  CHECK(values(arange(0, 1, 2)) == List{0});
  CHECK(values(arange(0, 1, inf)) == List{});
  CHECK(values(arange(-1, -2, -0.25, options)) == List{-1, -1.25, -1.5, -1.75});
  // start + i * step, not a running sum.
  const Tensor tenths = arange(0, 1000, 0.1, options);
  CHECK(tenths.size() == 10000);
  CHECK(values(tenths)[9999] == 9999 * 0.1);
  // The quotient (stop - start) / step is rounded up here: the end is still left out.
  CHECK(near(arange(1, 1.3, 0.1, options), {1, 1.1, 1.2}));
  CHECK(arange(1e-300, 3e-300, 1e-300, options).size() == 2);
  CHECK(values(arange(0x1p-900, 0x1p-898, 0x1p-900, options)) == List{0x1p-900, 0x1p-899, 0x1.8p-899});
  CHECK(arange(3).dtype() == float32);
  CHECK(arange(0).shape() == Shape{0});
}

TEST_CASE("arange of integers") {
  const TensorOptions options{.dtype = int64};
  CHECK(whole(arange(3, options)) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(whole(arange(-2, 3, 2, options)) == std::vector<std::int64_t>{-2, 0, 2});
  CHECK(whole(arange(0x1p53 - 2, 0x1p53, 1, options)) == std::vector<std::int64_t>{odd - 3, odd - 2});
  CHECK(whole(arange(3, 0, -1, options)) == std::vector<std::int64_t>{3, 2, 1});
  CHECK(values(arange(3, {.dtype = boolean})) == List{0, 1, 1});
}

TEST_CASE("linspace meets both ends exactly") {
  const TensorOptions options{.dtype = float64};
  CHECK(values(linspace(0, 1, 5, options)) == List{0, 0.25, 0.5, 0.75, 1});
  CHECK(values(linspace(1, 0, 3, options)) == List{1, 0.5, 0});
  CHECK(values(linspace(3, 7, 1, options)) == List{3});
  CHECK(values(linspace(3, 7, 2, options)) == List{3, 7});
  CHECK(values(linspace(3, 7, 0, options)) == List{});
  CHECK(values(linspace(2, 2, 3, options)) == List{2, 2, 2});
  CHECK(whole(linspace(0, 9, 4, {.dtype = int64})) == std::vector<std::int64_t>{0, 3, 6, 9});
  CHECK(whole(linspace(0, 1, 3, {.dtype = int64})) == std::vector<std::int64_t>{0, 0, 1});
  for (const std::int64_t count : {2, 3, 7, 10, 1000}) {
    const List list = values(linspace(-0.1, 0.3, count, options));
    CHECK(list.front() == -0.1);
    CHECK(list.back() == 0.3);
    for (std::size_t i = 1; i < list.size(); ++i) {
      CHECK(list[i] > list[i - 1]);
      CHECK(near(list[i], -0.1 + 0.4 * static_cast<double>(i) / static_cast<double>(count - 1)));
    }
  }
  // The difference of the ends need not be a number.
  CHECK(values(linspace(-huge, huge, 3, options)) == List{-huge, 0, huge});
  CHECK(near(linspace(huge, -huge, 5, options) / huge, {1, 0.5, 0, -0.5, -1}));
  CHECK(linspace(0, 1, 3).dtype() == float32);
}

TEST_CASE("shapes that creation refuses") {
  std::string name;
  const auto negative = [&](const std::string& shape) {
    return "[" + name + "] extents must not be negative: got " + shape;
  };
  const auto large = [&](const std::string& shape) {
    return "[" + name + "] the shape is too large: got " + shape;
  };
  for (const auto& [maker, call] : std::vector<std::pair<std::string, std::function<void(const Shape&)>>>{
           {"zeros", [](const Shape& s) { zeros(s); }},
           {"ones", [](const Shape& s) { ones(s); }},
           {"full", [](const Shape& s) { full(s, 2, {.dtype = boolean}); }}}) {
    name = maker;
    CHECK(refusal<ShapeError>({}, [&] { call({-1}); }) == negative("(-1,)"));
    CHECK(refusal<ShapeError>({}, [&] { call({2, lowest}); }) == negative("(2, -9223372036854775808)"));
    CHECK(refusal<ShapeError>({}, [&] { call({0, -3}); }) == negative("(0, -3)"));
    CHECK(refusal<ShapeError>({}, [&] { call({highest}); }) == large("(9223372036854775807,)"));
    CHECK(refusal<ShapeError>({}, [&] {
            call({std::int64_t{1} << 32, std::int64_t{1} << 32});
          }) == large("(4294967296, 4294967296)"));
    CHECK(refusal<ShapeError>({}, [&] {
            call({0, highest, highest});
          }) == large("(0, 9223372036854775807, 9223372036854775807)"));
    CHECK(refusal<ShapeError>({}, [&] { call(Dims::filled(33, 1)); }) ==
          "[" + name + "] a tensor has at most 32 dimensions: got 33");
  }
  name = "eye";
  CHECK(refusal<ShapeError>({}, [] { eye(-1); }) == negative("(-1, -1)"));
  CHECK(refusal<ShapeError>({}, [] { eye(lowest); }) ==
        negative("(-9223372036854775808, -9223372036854775808)"));
  CHECK(refusal<ShapeError>({}, [] { eye(highest); }) == large("(9223372036854775807, 9223372036854775807)"));
  name = "linspace";
  CHECK(refusal<ShapeError>({}, [] { linspace(0, 1, -1); }) == negative("(-1,)"));
  CHECK(refusal<ShapeError>({}, [] { linspace(0, 1, lowest); }) == negative("(-9223372036854775808,)"));
  CHECK(refusal<ShapeError>({}, [] { linspace(0, 1, highest); }) == large("(9223372036854775807,)"));
}

TEST_CASE("ranges that arange refuses") {
  const std::string text = "[arange] the range must be finite and its step not 0: got ";
  CHECK(refusal<ValueError>({}, [] { arange(0, 1, 0); }) == text + "0, 1, 0");
  CHECK(refusal<ValueError>({}, [] { arange(1, 1, 0); }) == text + "1, 1, 0");
  CHECK(refusal<ValueError>({}, [] { arange(inf); }) == text + "0, inf, 1");
  CHECK(refusal<ValueError>({}, [] { arange(-inf, 0); }) == text + "-inf, 0, 1");
  CHECK(refusal<ValueError>({}, [] { arange(0, a_nan); }) == text + "0, nan, 1");
  CHECK(refusal<ValueError>({}, [] { arange(0, 1, a_nan); }) == text + "0, 1, nan");
  CHECK(refusal<ValueError>({}, [] { arange(0, 1e300); }) == text + "0, 1e+300, 1");
  CHECK(refusal<ValueError>({}, [] { arange(0, 1, tiny); }) == text + "0, 1, 4.94066e-324");
  CHECK(refusal<ShapeError>({}, [] { arange(0x1p45); }) ==
        "[arange] the shape is too large: got (35184372088832,)");
}

TEST_CASE("dtypes and empty tensors that creation refuses") {
  const std::string text = "[parameter] only float32 and float64 tensors can want a gradient: got ";
  for (const DType dtype : {int64, boolean}) {
    const TensorOptions options{.dtype = dtype, .requires_grad = true};
    for (const auto& call : std::vector<std::function<void()>>{
             [&] { zeros({2}, options); }, [&] { ones({2}, options); }, [&] { full({2}, 1, options); },
             [&] { eye(2, options); }, [&] { arange(2, options); }, [&] { arange(0, 2, 1, options); },
             [&] { linspace(0, 1, 2, options); }})
      CHECK(refusal<DTypeError>({}, call) == text + wengert::name(dtype));
  }
  CHECK(refusal<GraphError>({}, [] { zeros_like(Tensor()); }) == no_value("zeros_like"));
  CHECK(refusal<GraphError>({}, [] { ones_like(Tensor()); }) == no_value("ones_like"));
  CHECK(refusal<GraphError>({}, [] { full_like(Tensor(), 1); }) == no_value("full_like"));
}
