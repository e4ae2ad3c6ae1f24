// Operands: tensors, numbers of any type, and tensors beside xtensor expressions.
#include "wengert/core/operand.hpp"

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::message;
using support::values;

// Compound assignment does not exist: a tensor's value does not change.
template <class T, class U>
concept CompoundAssignable = requires(T& x, const U& y) {
  x += y;
}
|| requires(T& x, const U& y) { x -= y; }
|| requires(T& x, const U& y) { x *= y; }
|| requires(T& x, const U& y) { x /= y; };
static_assert(!CompoundAssignable<Tensor, Tensor> && !CompoundAssignable<Tensor, double>);
static_assert(!CompoundAssignable<Tensor, xt::xarray<double>> && CompoundAssignable<double, double>);

TEST_CASE("a number takes the dtype of the tensor beside it") {
  const Tensor f = support::vector({1, 2}, float32), d = support::vector({1, 2}),
               i = support::vector({1, 2}, int64);
  CHECK((f * 2).dtype() == float32);
  CHECK((2.0 * f).dtype() == float32);
  CHECK((d + 1).dtype() == float64);
  CHECK((i + 1).dtype() == int64);
  CHECK((1L - i).dtype() == int64);
  CHECK(values(1 - i) == std::vector<double>{0, -1});
  CHECK((f * 0.1).array<float>()(0) == 0.1f);  // rounded once
  CHECK(support::whole(i * 0 + std::int64_t{9007199254740993})[0] == 9007199254740993);
  CHECK(message<DTypeError>([&] { i * 0.5; }) ==
        "[mul] an int64 tensor takes whole numbers only: got 0.5. Did you mean x.astype(float64)?");
}

TEST_CASE("dtypes are not mixed silently") {
  const Tensor f = zeros({2}), d = zeros({2}, {.dtype = float64}), i = zeros({2}, {.dtype = int64}),
               b = f > 0.0;
  CHECK(message<DTypeError>([&] { f + d; }) ==
        "[add] dtypes must be equal: got float32 and float64. Did you mean to cast with astype(float32)?");
  CHECK(message<DTypeError>([&] { i* d; }) ==
        "[mul] dtypes must be equal: got int64 and float64. Did you mean to cast with astype(float64)?");
  CHECK(message<DTypeError>([&] { b + b; }) ==
        "[add] boolean tensors have no arithmetic: got boolean. Did you mean x.astype(int64)?");
  CHECK(message<DTypeError>([&] { add(1.0, 2.0); }) ==
        "[add] one operand must be a tensor: got two numbers. Did you mean full({}, 1) for the first?");
}

TEST_CASE("a tensor beside an xtensor expression computes at once") {
  const Tensor x = support::leaf({1, 2, 3});
  xt::xarray<double> a{10, 20, 30};
  const Tensor left = a - x, right = x * a, of_expression = (a + 1.0) * x,
               of_temporary = xt::xarray<double>{1, 1, 1} / x;
  a.fill(0.0);
  CHECK(values(left) == std::vector<double>{9, 18, 27});
  CHECK(values(right) == std::vector<double>{10, 40, 90});
  CHECK(values(of_expression) == std::vector<double>{11, 42, 93});
  CHECK(values(of_temporary)[1] == 0.5);
  CHECK(left.requires_grad());
  sum(right + of_expression).backward();
  CHECK(values(x.grad()) == std::vector<double>{21, 41, 61});
  const Tensor compared = x > xt::xarray<double>{1, 1, 1};
  CHECK(compared.dtype() == boolean);
  CHECK(values(compared) == std::vector<double>{0, 1, 1});
  CHECK(values(xt::xarray<double>{1, 1, 1} == x) == std::vector<double>{1, 0, 0});
  CHECK(message<DTypeError>([&] {
          x + xt::xarray<float>{1, 2, 3};
        }).rfind("[add] dtypes must be equal", 0) == 0);
  CHECK(message<ShapeError>([&] {
          x + xt::xarray<double>{1, 2};
        }) == "[add] shapes must broadcast: got (3,) and (2,)");
  CHECK(values(x + xt::xtensor<double, 2>{{1}, {2}}).size() == 6);
}
