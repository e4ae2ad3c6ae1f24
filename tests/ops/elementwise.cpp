// The elementwise operations: dtypes, int64 exactly, broadcasting over every layout, and the operators beside
// xtensor.
#include "wengert/ops/elementwise.hpp"

#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include "ops/naive.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using namespace naive;
using support::near;
using support::same_bits;
using support::tensor;
using support::values;
using support::vector;
using support::whole;
using Whole = std::vector<std::int64_t>;

namespace {
Tensor int_tensor(const Whole& numbers) {
  xt::xarray<std::int64_t> array = xt::zeros<std::int64_t>({numbers.size()});
  std::copy(numbers.begin(), numbers.end(), array.begin());
  return Tensor(array);
}
}  // namespace

TEST_CASE("int64 arithmetic is exact where double is not") {
  const Tensor x = int_tensor({odd, -odd, 3});
  CHECK(whole(x + 1) == Whole{odd + 1, -odd + 1, 4});
  CHECK(whole(1 - x) == Whole{1 - odd, 1 + odd, -2});
  CHECK(whole(x - odd) == Whole{0, -2 * odd, 3 - odd});
  CHECK(whole(x * 3) == Whole{3 * odd, -3 * odd, 9});
  CHECK(whole(x + x) == Whole{2 * odd, -2 * odd, 6});
  CHECK(whole(x * int_tensor({2, 2, -1})) == Whole{2 * odd, -2 * odd, -3});
  CHECK(whole(-x) == Whole{-odd, odd, -3});
  CHECK(whole(abs(x)) == Whole{odd, odd, 3});
  CHECK(whole(sign(x)) == Whole{1, -1, 1});
  CHECK(whole(sign(int_tensor({0, lowest, highest}))) == Whole{0, -1, 1});
  CHECK(whole(square(int_tensor({3037000499, -3037000499}))) ==
        Whole{3037000499 * 3037000499, 3037000499 * 3037000499});
  CHECK(whole(relu(x)) == Whole{odd, 0, 3});
  CHECK(whole(maximum(x, odd - 1)) == Whole{odd, odd - 1, odd - 1});
  CHECK(whole(minimum(x, int_tensor({odd - 1}))) == Whole{odd - 1, -odd, 3});
  CHECK(whole(maximum(int_tensor({lowest, highest}), 0)) == Whole{0, highest});
  for (const Tensor& y : {x + 1, 1 - x, -x, abs(x), sign(x), square(int_tensor({2})), relu(x), maximum(x, 0)})
    CHECK(y.dtype() == int64);
}

TEST_CASE("int64 comparisons are exact where double is not") {
  const Tensor x = int_tensor({odd - 1, odd, odd + 1});
  CHECK(values(x == odd) == List{0, 1, 0});
  CHECK(values(x != odd) == List{1, 0, 1});
  CHECK(values(x < odd) == List{1, 0, 0});
  CHECK(values(x <= odd) == List{1, 1, 0});
  CHECK(values(x > odd) == List{0, 0, 1});
  CHECK(values(x >= odd) == List{0, 1, 1});
  CHECK(values(odd < x) == List{0, 0, 1});
  CHECK(values(odd == x) == List{0, 1, 0});
  CHECK(values(x == int_tensor({odd})) == List{0, 1, 0});
  CHECK((x == odd).dtype() == boolean);
}

TEST_CASE("comparisons of floats with NaN, infinities and zeros of both signs") {
  const Tensor a = vector({a_nan, a_nan, inf, -inf, 0.0, tiny}), b = vector({a_nan, 1, inf, inf, -0.0, 0.0});
  CHECK(values(a == b) == List{0, 0, 1, 0, 1, 0});
  CHECK(values(a != b) == List{1, 1, 0, 1, 0, 1});
  CHECK(values(a < b) == List{0, 0, 0, 1, 0, 0});
  CHECK(values(a <= b) == List{0, 0, 1, 1, 1, 0});
  CHECK(values(a > b) == List{0, 0, 0, 0, 0, 1});
  CHECK(values(a >= b) == List{0, 0, 1, 0, 1, 1});
  CHECK(values(a.astype(float32) == b.astype(float32)) ==
        List{0, 0, 1, 0, 1, 1});  // denormals of double are 0 in float
}

TEST_CASE("booleans compare, false before true") {
  const Tensor a = tensor({0, 0, 1, 1}, {4}, boolean), b = tensor({0, 1, 0, 1}, {4}, boolean);
  CHECK(values(a == b) == List{1, 0, 0, 1});
  CHECK(values(a != b) == List{0, 1, 1, 0});
  CHECK(values(a < b) == List{0, 1, 0, 0});
  CHECK(values(a >= b) == List{1, 0, 1, 1});
  CHECK(values(a == true) == List{0, 0, 1, 1});
}

TEST_CASE("a plain number of any type takes the tensor's dtype") {
  const Tensor f = vector({0.5, 3}, float32), d = vector({0.5, 3}), i = int_tensor({1, 2});
  CHECK(same_bits(f + 0.1, f + vector({0.1f}, float32)));
  CHECK(values(f + 0.1)[0] == static_cast<double>(0.5f + 0.1f));
  CHECK((f * 2).dtype() == float32);
  CHECK((f * 2.0L).dtype() == float32);
  CHECK((2 * d).dtype() == float64);
  CHECK(values(d + true) == List{1.5, 4});
  CHECK(values(d - 'a') == List{0.5 - 97, 3 - 97});
  CHECK(values(d * std::uint64_t{18446744073709551615u}) == List{0x1p63, 3 * 0x1p64});
  CHECK(whole(i + std::int8_t{-3}) == Whole{-2, -1});
  CHECK(whole(i * std::uint8_t{200}) == Whole{200, 400});
  CHECK(whole(i + true) == Whole{2, 3});
  CHECK(values(vector({1e300}) * 1e300) == List{inf});
  CHECK(values(vector({1}, float32) * 1e300) == List{inf});
  CHECK(near(values(pow(2, d)), {std::sqrt(2.0), 8}));
  CHECK(near(values(atan2(1, d)), {std::atan2(1.0, 0.5), std::atan2(1.0, 3.0)}));
}

TEST_CASE("every layout of either operand gives the plain loop's result") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{3, 20, 40}}) {
    for (const DType dtype : {float32, float64, int64}) {
      const auto left = views(shape, dtype, 1), right = views(shape, dtype, 50);
      for (const View& a : left) {
        for (const View& b : right) {
          CAPTURE(a.what);
          CAPTURE(b.what);
          List difference, greater, larger;
          for (std::size_t k = 0; k < a.array.data.size(); ++k) {
            const double x = a.array.data[k], y = b.array.data[k];
            difference.push_back(x * y - y);
            greater.push_back(x > y);
            larger.push_back(x > y ? x : y);
          }
          CHECK(values(a.tensor * b.tensor - b.tensor) == difference);
          CHECK(values(a.tensor > b.tensor) == greater);
          CHECK(values(maximum(a.tensor, b.tensor)) == larger);
        }
        List squares;
        for (const double x : a.array.data) squares.push_back(x * x);
        CHECK(values(square(a.tensor)) == squares);
        CHECK(values(a.tensor) == a.array.data);
      }
    }
  }
}

TEST_CASE("two inputs are broadcast as NumPy does it") {
  const std::vector<std::pair<Shape, Shape>> pairs{{{}, {}},         {{3}, {}},           {{2, 1}, {3}},
                                                   {{2, 3}, {1}},    {{4, 1, 3}, {2, 1}}, {{1, 1}, {5}},
                                                   {{0, 3}, {1, 3}}, {{0}, {1}},          {{2, 0}, {}}};
  for (const auto& [of_a, of_b] : pairs) {
    const Plain a = quarters(of_a, 3), b = quarters(of_b, 4);
    const std::size_t ndim = std::max(of_a.size(), of_b.size());
    Shape shape;
    for (std::size_t i = 0; i < ndim; ++i) {
      const std::int64_t left = i + of_a.size() >= ndim ? of_a[i + of_a.size() - ndim] : 1;
      const std::int64_t right = i + of_b.size() >= ndim ? of_b[i + of_b.size() - ndim] : 1;
      shape.push_back(left == 1 ? right : left);
    }
    const auto at = [&](const Plain& x, const Index& index) {
      Index own(index.end() - static_cast<std::ptrdiff_t>(x.shape.size()), index.end());
      for (std::size_t i = 0; i < own.size(); ++i)
        if (x.shape[i] == 1) own[i] = 0;
      return x.at(own);
    };
    const Plain expected = array_of(shape, [&](const Index& i) { return at(a, i) - 2 * at(b, i); });
    const Tensor y = tensor_of(a, float64) - 2 * tensor_of(b, float64);
    CHECK(y.shape() == shape);
    CHECK(values(y) == expected.data);
    CHECK((tensor_of(b, float64) < tensor_of(a, float64)).shape() == shape);
  }
}

TEST_CASE("operators between a tensor and an xtensor expression compute") {
  const xt::xarray<double> a{{1, 2}, {3, 4}}, b{{10, 20}, {30, 40}};
  const xt::xtensor<float, 1> f{1, 2};
  const Tensor t(a), t32 = Tensor(xt::xarray<float>{3, 5});
  CHECK(values(t + b) == List{11, 22, 33, 44});
  CHECK(values(b - t) == List{9, 18, 27, 36});
  CHECK(values((a + b) * t) == List{11, 44, 99, 176});
  CHECK(values(t / (b * 0.1)) == List{1, 1, 1, 1});
  CHECK(values(t * xt::view(b, 0, xt::all())) == List{10, 40, 30, 80});
  CHECK(values(t32 - f) == List{2, 3});
  CHECK((t32 - f).dtype() == float32);
  CHECK(values(t == a) == List{1, 1, 1, 1});
  CHECK(values(a != t) == List{0, 0, 0, 0});
  CHECK(values(t < b) == List{1, 1, 1, 1});
  CHECK(values(b <= t) == List{0, 0, 0, 0});
  CHECK(values(t > a + 1.0) == List{0, 0, 0, 0});
  CHECK(values(a >= t) == List{1, 1, 1, 1});
  CHECK((t == a).dtype() == boolean);
  CHECK(values(Tensor(xt::xarray<std::int64_t>{1, 2}) + xt::xarray<int>{10, 20}) == List{11, 22});
  CHECK(refusal<DTypeError>({t},
                            [&] {
                              t + xt::xarray<float>{{1, 2}, {3, 4}};
                            }) ==
        "[add] dtypes must be equal: got float64 and float32. Did you mean to cast with astype(float64)?");
  CHECK(refusal<ShapeError>({t}, [&] {
          xt::xarray<double>{1, 2, 3} * t;
        }) == "[mul] shapes must broadcast: got (3,) and (2, 2)");
}

TEST_CASE("a tensor beside an xtensor expression keeps its gradient and nothing of the expression") {
  const Tensor p = support::leaf({2, 3});
  Tensor y;
  {
    xt::xarray<double> scale{5, 7};
    y = p * scale + scale;
    scale.fill(0);
  }
  CHECK(values(y) == List{15, 28});
  sum(y).backward();
  CHECK(values(p.grad()) == List{5, 7});
}

TEST_CASE("no operation of the rows changes its inputs") {
  const List numbers{0.5, -0.25, 0.75};
  const Tensor a = vector(numbers), b = vector({0.125, 2, -3});
#define UNARY(name, ...) name(a);
#define BINARY(name, ...) name(a, b);
#define COMPARE BINARY
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  CHECK(same_bits(values(a), numbers));
  CHECK(same_bits(values(b), List{0.125, 2, -3}));
}
