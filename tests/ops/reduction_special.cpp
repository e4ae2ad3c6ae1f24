// Reductions where it matters: ties, zeros, infinities and NaN in values and derivatives, and reductions over
// nothing.
#include "ops/naive.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using namespace naive;
using support::leaf;
using support::near;
using support::same_bits;
using support::tensor;
using support::values;
using support::vector;

namespace {
/// The second derivatives of f at x, row by row.
List hessian(const Function& f, const List& x) {
  const Tensor p = leaf(x);
  const Tensor first = grad(f({p}), {p}, {.create_graph = true})[0];
  List rows;
  for (std::int64_t i = 0; i < p.size(); ++i) {
    if (!first.requires_grad()) return List(x.size() * x.size(), 0.0);
    const Tensor row =
        grad(sum(slice(first, 0, i, i + 1)), {p}, {.retain_graph = true, .allow_unused = true})[0];
    const List list = row.defined() ? values(row) : List(x.size(), 0.0);
    rows.insert(rows.end(), list.begin(), list.end());
  }
  return rows;
}
}  // namespace

TEST_CASE("max and min share the gradient evenly among ties") {
  const auto largest = [](const auto& in) { return max(in[0]); };
  const auto smallest = [](const auto& in) { return min(in[0]); };
  CHECK(derivatives(largest, {{3, 1, 3, 3}}).first[0] == List{1.0 / 3, 0, 1.0 / 3, 1.0 / 3});
  CHECK(derivatives(largest, {{3, 1, 3, 3}}).second[0] == List{0, 0, 0, 0});
  CHECK(derivatives(smallest, {{1, 1, 2}}).first[0] == List{0.5, 0.5, 0});
  CHECK(derivatives(largest, {{0.0, -0.0}}).first[0] == List{0.5, 0.5});
  CHECK(derivatives(largest, {{-inf, -inf}}).first[0] == List{0.5, 0.5});
  CHECK(derivatives(largest, {{inf, 1}}).first[0] == List{1, 0});
  CHECK(derivatives(smallest, {{inf, -inf, 0}}).first[0] == List{0, 1, 0});
  CHECK(derivatives(largest, {{-5}}).first[0] == List{1});
  const Tensor x = leaf({1, 1, 2, 0, 3, 3}, {2, 3});
  CHECK(values(grad(max(x, 1), {x}, {.seeds = {vector({1, 10})}})[0]) == List{0, 0, 1, 0, 5, 5});
  CHECK(values(grad(max(x, 0), {x}, {.seeds = {vector({1, 2, 3})}})[0]) == List{1, 0, 0, 0, 2, 3});
  CHECK(values(grad(min(x, {0, 1}, true), {x}, {.seeds = {tensor({4}, {1, 1})}})[0]) ==
        List{0, 0, 0, 4, 0, 0});
  const Tensor zero_d = support::number(7);
  CHECK(grad(max(zero_d), {zero_d})[0].item() == 1);
}

TEST_CASE("where the maximum or minimum is NaN, all elements share the gradient") {
  for (const auto f : {&wengert::max, &wengert::min}) {
    const auto call = [&](const auto& in) { return f(in[0], {}, false, {}); };
    CHECK(derivatives(call, {{1, a_nan, 3, 0}}).first[0] == List{0.25, 0.25, 0.25, 0.25});
    CHECK(derivatives(call, {{a_nan, inf, a_nan, -inf}}).first[0] == List{0.25, 0.25, 0.25, 0.25});
    CHECK(derivatives(call, {{a_nan}}).second[0] == List{0});
    const Tensor x = leaf({1, a_nan, 3, 2, 2, 2}, {2, 3});
    CHECK(values(grad(f(x, {1}, false, {}), {x}, {.seeds = {vector({6, 3})}})[0]) == List{2, 2, 2, 1, 1, 1});
  }
}

TEST_CASE("one NaN anywhere is the maximum, the minimum and the place of both") {
  for (const std::int64_t size : {1, 2, 3, 7, 8, 9, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2049, 5000}) {
    for (std::int64_t place : {std::int64_t{0}, size / 3, size / 2, size - 1}) {
      List list(static_cast<std::size_t>(size));
      for (std::size_t i = 0; i < list.size(); ++i) list[i] = static_cast<double>(i % 17) - 8;
      list[static_cast<std::size_t>(place)] = a_nan;
      for (const DType dtype : {float32, float64}) {
        const Tensor x = vector(list, dtype);
        for (const Tensor& y : {x, concat({x, zeros({3}, {.dtype = dtype})}), reshape(x, {size, 1}),
                                reshape(x, {1, size}), slice(stack({x, x}, 1), 1, 0, 1)}) {
          CHECK(std::isnan(max(y).item()));
          CHECK(std::isnan(min(y).item()));
          CHECK(std::isnan(sum(y).item()));
          const std::int64_t axis = y.ndim() == 2 && y.shape()[0] == 1 ? 1 : 0;
          CHECK(sum(argmax(y, axis)).item() == static_cast<double>(place));
          CHECK(sum(argmin(y, axis)).item() == static_cast<double>(place));
          CHECK(std::isnan(max(max(y, axis)).item()));
        }
      }
    }
  }
  CHECK(argmax(vector({1, a_nan, inf, a_nan})).item() == 1);
  CHECK(argmin(vector({1, a_nan, -inf, a_nan})).item() == 1);
  CHECK(values(argmax(tensor({1, inf, a_nan, 2}, {2, 2}), 1)) == List{1, 0});
  CHECK(argmax(vector({-inf, -inf})).item() == 0);
  CHECK(argmax(vector({0.0, -0.0, 0.0})).item() == 0);
  CHECK(same_bits(values(max(tensor({1, 2, a_nan, 4}, {2, 2}), 0)), List{a_nan, 4}));
}

TEST_CASE("the derivatives of prod with no, one, two and three zeros") {
  const auto f = [](const auto& in) { return prod(in[0]); };
  for (const List& x :
       {List{2, 3, 5, 7}, List{2, 0, 5, 7}, List{0, 3, 0, 7}, List{0, 0, 0, 7}, List{0, 0, 0, 0},
        List{-0.0, 3, 5, 7}, List{2, 0}, List{0, 0}, List{0}, List{2, 3, 0, 5, 7, 11, 0.5}}) {
    const std::size_t n = x.size();
    // The product of all but some.
    const auto without = [&](std::size_t i, std::size_t j) {
      double y = 1;
      for (std::size_t k = 0; k < n; ++k)
        if (k != i && k != j) y *= x[k];
      return y;
    };
    List first, second;
    for (std::size_t i = 0; i < n; ++i) {
      first.push_back(without(i, i));
      for (std::size_t j = 0; j < n; ++j) second.push_back(i == j ? 0 : without(i, j));
    }
    CHECK(derivatives(f, {x}).value == List{without(n, n)});
    CHECK(derivatives(f, {x}).first[0] == first);
    CHECK(near(hessian(f, x), second));
  }
  const Tensor x = leaf({1, 0, 2, 3, 0, 0}, {2, 3});
  CHECK(values(grad(prod(x, 1), {x}, {.seeds = {vector({1, 1})}})[0]) == List{0, 2, 0, 0, 0, 0});
  CHECK(values(grad(prod(x, 0), {x}, {.seeds = {vector({1, 1, 1})}})[0]) == List{3, 0, 0, 1, 0, 2});
}

TEST_CASE("logsumexp of infinities, of very large numbers and of equals") {
  const auto f = [](const auto& in) { return logsumexp(in[0]); };
  const auto check = [&](const List& x, double y, const List& first) {
    const Derivatives d = derivatives(f, {x});
    CHECK(near(d.value[0], y));
    CHECK(near(d.first[0], first));
    for (const double entry : d.second[0]) CHECK(std::isfinite(entry));
  };
  check({-inf, -inf}, -inf, {0, 0});
  check({-inf}, -inf, {0});
  check({-inf, 3}, 3, {0, 1});
  check({1000, 1000}, 1000 + std::log(2.0), {0.5, 0.5});
  check({-1000, -1000}, -1000 + std::log(2.0), {0.5, 0.5});
  check({1e300, -1e300}, 1e300, {1, 0});
  check({-1e300, -1e300}, -1e300, {0.5, 0.5});
  CHECK(logsumexp(vector({-huge, -huge})).item() == -huge);
  CHECK(logsumexp(vector({inf, 1})).item() == inf);
  CHECK(logsumexp(vector({inf, inf})).item() == inf);
  CHECK(logsumexp(vector({inf, -inf})).item() == inf);
  CHECK(std::isnan(logsumexp(vector({a_nan, inf})).item()));
  CHECK(std::isnan(logsumexp(vector({a_nan, -inf})).item()));
  CHECK(logsumexp(vector({200, 200}, float32)).item() == doctest::Approx(200.693147));
  // One hopeless row leaves the others alone.
  const Tensor x = leaf({-inf, -inf, 0, 0, inf, 1}, {3, 2});
  const Tensor y = logsumexp(x, 1);
  CHECK(near(y, {-inf, std::log(2.0), inf}));
  const Tensor g = grad(y, {x}, {.create_graph = true, .seeds = {vector({1, 1, 0})}})[0];
  CHECK(values(slice(g, 0, 0, 2)) == List{0, 0, 0.5, 0.5});
  const Tensor two = slice(x, 0, 0, 2);
  const Tensor h =
      grad(grad(logsumexp(two, 1), {two}, {.create_graph = true, .seeds = {ones_like(slice(y, 0, 0, 2))}})[0],
           {two}, {.seeds = {tensor({1, 0, 1, 0}, {2, 2})}})[0];
  CHECK(near(h, {0, 0, 0.25, -0.25}));
}

TEST_CASE("std of a constant is 0, with gradient 0; var and std by ddof") {
  for (const double value : {0.0, 3.0, -1e300, 1e-300}) {
    const Derivatives d =
        derivatives([](const auto& in) { return wengert::std(in[0]); }, {{value, value, value, value}});
    CHECK(d.value[0] == 0);
    CHECK(d.first[0] == List{0, 0, 0, 0});
    for (const double entry : d.second[0]) CHECK(std::isfinite(entry));
  }
  const Tensor x = leaf({2, 2, 1, 5}, {2, 2});
  CHECK(values(wengert::std(x, 1)) == List{0, 2});
  CHECK(values(grad(wengert::std(x, 1), {x}, {.seeds = {vector({1, 1})}})[0]) == List{0, 0, -0.5, 0.5});
  CHECK(var(vector({1, 2, 3, 4}), {}, false, 1).item() == doctest::Approx(5.0 / 3));
  CHECK(wengert::std(vector({1, 3}), {}, false, 1).item() == doctest::Approx(std::sqrt(2.0)));
  CHECK(var(vector({1, 2, 3, 4}), {}, false, 0.5).item() == doctest::Approx(5.0 / 3.5));
  CHECK(std::isnan(var(vector({5}), {}, false, 1).item()));
  CHECK(var(vector({1, 3}), {}, false, 2).item() == inf);
  CHECK(var(vector({5})).item() == 0);
  // A large mean does not drown the deviations, as the mean of squares minus the square of the mean would.
  CHECK(var(vector({1e9, 1e9 + 1, 1e9 + 2})).item() == doctest::Approx(2.0 / 3));
  CHECK(std::isnan(var(vector({1, inf})).item()));
}

TEST_CASE("var of no more elements than ddof is infinite, or NaN where they do not deviate") {
  CHECK(var(support::vector({0, 1}), {}, false, 3).item() == inf);
  CHECK(std::isnan(var(support::vector({2}), {}, false, 1).item()));
}

TEST_CASE("sums with infinities and zeros of both signs") {
  CHECK(sum(vector({inf, 1, -1e308})).item() == inf);
  CHECK(std::isnan(sum(vector({inf, -inf})).item()));
  CHECK(sum(vector({huge, huge})).item() == inf);
  CHECK(sum(vector({tiny, tiny})).item() == 2 * tiny);
  CHECK(mean(vector({inf, 1})).item() == inf);
  CHECK(derivatives([](const auto& in) { return sum(in[0]); }, {{inf, a_nan}}).first[0] == List{1, 1});
  CHECK(derivatives([](const auto& in) { return mean(in[0]); }, {{inf, a_nan}}).first[0] == List{0.5, 0.5});
  CHECK(prod(vector({inf, 0})).item() != prod(vector({inf, 0})).item());
  CHECK(values(count_nonzero(vector({a_nan, 0.0, -0.0, tiny, inf}))) == List{3});
}

TEST_CASE("sums of narrow rows have the bits of sums of wide ones") {
  for (const DType dtype : {float32, float64, int64})
    for (const std::int64_t rows : {1, 2, 16, 17, 100, 1000, 3001})
      for (const std::int64_t width : {2, 3, 4, 5, 7, 8, 11, 16, 17, 24, 31}) {
        CAPTURE(rows);
        CAPTURE(width);
        List numbers(static_cast<std::size_t>(rows * width));
        for (std::size_t i = 0; i < numbers.size(); ++i)
          numbers[i] =
              dtype == int64 ? static_cast<double>(i % 1001) - 300 : 1.0 / static_cast<double>(i + 3);
        const Tensor x = tensor(numbers, {rows, width}, dtype);
        // Side by side as often as it takes to fill more than forty columns, each of which is added alike.
        const Tensor wide = concat(std::vector<Tensor>(static_cast<std::size_t>(40 / width + 1), x), 1);
        const Tensor expected = slice(sum(wide, 0), 0, 0, width);
        CHECK(same_bits(sum(x, 0), expected));
        CHECK(same_bits(max(x, 0), slice(max(wide, 0), 0, 0, width)));
        CHECK(same_bits(min(x, 0), slice(min(wide, 0), 0, 0, width)));
        // Rows that lie apart, and columns that do.
        CHECK(same_bits(sum(slice(wide, 1, 0, width), 0), expected));
        CHECK(same_bits(sum(slice(repeat(x, 2, 1), 1, 0, 2 * width, 2), 0),
                        slice(sum(repeat(wide, 2, 1), 0), 0, 0, 2 * width, 2)));
      }
}

TEST_CASE("rows of few elements are added one element after the other, however many they are") {
  for (const DType dtype : {float32, float64, int64})
    for (const std::int64_t rows : {1, 3, 4, 8, 9, 31, 300})
      for (const std::int64_t width : {1, 2, 3, 5, 8, 15}) {
        CAPTURE(rows);
        CAPTURE(width);
        List numbers(static_cast<std::size_t>(rows * width));
        for (std::size_t i = 0; i < numbers.size(); ++i)
          numbers[i] = dtype == int64 ? static_cast<double>(i * 37 % 1001) - 300
                                      : std::cos(static_cast<double>(i)) / static_cast<double>(i + 3);
        const Tensor x = tensor(numbers, {rows, width}, dtype);
        const auto one_by_one = [&](auto combine) {
          Tensor y = slice(x, 1, 0, 1);
          for (std::int64_t j = 1; j < width; ++j) y = combine(y, slice(x, 1, j, j + 1));
          return reshape(y, {rows});
        };
        const Tensor total = one_by_one([](const Tensor& a, const Tensor& b) { return a + b; });
        CHECK(same_bits(sum(x, 1), total));
        CHECK(same_bits(sum(slice(repeat(x, 2, 1), 1, 0, 2 * width, 2), 1), total));
        CHECK(
            same_bits(max(x, 1), one_by_one([](const Tensor& a, const Tensor& b) { return maximum(a, b); })));
        CHECK(
            same_bits(min(x, 1), one_by_one([](const Tensor& a, const Tensor& b) { return minimum(a, b); })));
      }
}

TEST_CASE("reductions over nothing give the neutral element, which wants a gradient like any result") {
  const Tensor x = support::leaf({}, {0, 3});
  CHECK(values(sum(x, 0)) == List{0, 0, 0});
  CHECK(values(prod(x, 0)) == List{1, 1, 1});
  CHECK(values(logsumexp(x, 0)) == List{-inf, -inf, -inf});
  CHECK(prod(x).item() == 1);
  CHECK(prod(zeros({2, 0}, {.dtype = int64}), 1).dtype() == int64);
  CHECK(logsumexp(x, {}, true).shape() == Shape{1, 1});
  CHECK(std::isnan(mean(x).item()));
  CHECK(std::isnan(var(x).item()));
  CHECK(all(zeros({0}, {.dtype = boolean})).item() == 1);
  CHECK(any(zeros({0}, {.dtype = boolean})).item() == 0);
  CHECK(values(all(zeros({2, 0}, {.dtype = boolean}), 1)) == List{1, 1});
  CHECK(count_nonzero(x).item() == 0);
  CHECK(max(x, 1).shape() == Shape{0});
  CHECK(argmin(x, 1).shape() == Shape{0});
  CHECK(argmin(x, 1, true).shape() == Shape{0, 1});
  for (const auto f : {&sum, &prod, &logsumexp, &mean}) {
    const Tensor y = f(x, {}, false, {});
    REQUIRE(y.requires_grad());
    x.zero_grad();
    y.backward();
    CHECK(x.grad().shape() == Shape{0, 3});
  }
}

TEST_CASE("a tensor of no dimensions is reduced to itself") {
  const Tensor x = support::number(-2.5);
  for (const auto f : {&sum, &prod, &max, &min, &mean, &logsumexp}) {
    const Tensor y = f(x, {}, true, {});
    CHECK(y.shape() == Shape());
    CHECK(near(y.item(), -2.5));
    CHECK(near(grad(y, {x})[0].item(), 1.0));
  }
  CHECK(var(x).item() == 0);
  CHECK(wengert::std(x).item() == 0);
  CHECK(count_nonzero(x).item() == 1);
}
