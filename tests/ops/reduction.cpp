// Reductions against plain loops: every subset of the axes of every layout, in every dtype.
#include "wengert/ops/reduction.hpp"

#include <algorithm>

#include "ops/naive.hpp"

using namespace wengert;
using namespace naive;
using support::near;
using support::tensor;
using support::values;
using support::vector;
using support::whole;

namespace {

struct Reduced {
  Shape shape;
  std::vector<List> groups;  // of each result, the elements that go into it, in row-major order
};

Reduced grouped(const Plain& x, const Axes& axes, bool keepdims) {
  std::vector<bool> gone(x.shape.size(), axes.empty());
  for (const std::int64_t axis : axes)
    gone[static_cast<std::size_t>(axis < 0 ? axis + std::int64_t(gone.size()) : axis)] = true;
  Reduced result;
  std::int64_t count = 1;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) count *= x.shape[i];
    if (!gone[i] || keepdims) result.shape.push_back(gone[i] ? 1 : x.shape[i]);
  }
  result.groups.resize(static_cast<std::size_t>(count));
  for_each_index(x.shape, [&](const Index& index) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < gone.size(); ++i)
      if (!gone[i]) place = place * x.shape[i] + index[i];
    result.groups[static_cast<std::size_t>(place)].push_back(x.at(index));
  });
  return result;
}

double total(const List& list) {
  double sum = 0;
  for (const double entry : list) sum += entry;
  return sum;
}
double mean_of(const List& list) { return total(list) / static_cast<double>(list.size()); }
double variance(const List& list, double ddof = 0) {
  double squares = 0;
  for (const double entry : list) squares += (entry - mean_of(list)) * (entry - mean_of(list));
  return squares / (static_cast<double>(list.size()) - ddof);
}
double product(const List& list) {
  double y = 1;
  for (const double entry : list) y *= entry;
  return y;
}
double log_of_sum(const List& list) {
  double sum = 0;
  for (const double entry : list) sum += std::exp(entry);
  return std::log(sum);
}

using Reduce = Tensor (*)(const Tensor&, const Axes&, bool, Location);
struct Case {
  const char* name;
  Reduce call;
  double (*plain)(const List&);
  double tolerance;  // 0: exact
  bool whole;        // of int64 too
};
const std::vector<Case> cases{
    {"sum", sum, total, 0, true},
    {"max", max, [](const List& l) { return *std::max_element(l.begin(), l.end()); }, 0, true},
    {"min", min, [](const List& l) { return *std::min_element(l.begin(), l.end()); }, 0, true},
    {"prod", prod, product, 1e-6, true},
    {"count_nonzero", count_nonzero,
     [](const List& l) {
       return static_cast<double>(l.size()) - static_cast<double>(std::count(l.begin(), l.end(), 0.0));
     },
     0, true},
    {"mean", mean, mean_of, 1e-6, false},
    {"var", [](const Tensor& x, const Axes& a, bool k, Location) { return var(x, a, k); },
     [](const List& l) { return variance(l); }, 1e-5, false},
    {"std", [](const Tensor& x, const Axes& a, bool k, Location) { return wengert::std(x, a, k); },
     [](const List& l) { return std::sqrt(variance(l)); }, 1e-5, false},
    {"logsumexp", logsumexp, log_of_sum, 1e-6, false}};

const std::vector<Axes> subsets{{},     {0},       {1},  {2},     {0, 1}, {0, 2},
                                {1, 2}, {0, 1, 2}, {-1}, {-3, 2}, {2, 0}, {-2, -1}};

}  // namespace

TEST_CASE("every subset of the axes of every layout") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{1, 5, 1}, Shape{3, 2, 140}, Shape{2, 70, 3}}) {
    for (const DType dtype : {float32, float64, int64}) {
      for (View& view : views(shape, dtype)) {
        for (const Axes& axes : subsets) {
          for (const bool keepdims : {false, true}) {
            const Reduced expected = grouped(view.array, axes, keepdims);
            for (const Case& one : cases) {
              if (dtype == int64 && !one.whole) continue;
              const bool product_of_many = one.plain == &product;
              if (product_of_many && element_count(shape) > 100) continue;
              CAPTURE(one.name);
              CAPTURE(view.what);
              CAPTURE(to_string(axes));
              List list;
              for (const List& group : expected.groups) list.push_back(one.plain(group));
              const Tensor y = one.call(view.tensor, axes, keepdims, {});
              CHECK(y.shape() == expected.shape);
              CHECK(y.dtype() == (one.call == static_cast<Reduce>(count_nonzero) ? int64 : dtype));
              if (dtype == int64 || one.tolerance == 0)
                CHECK(values(y) == list);
              else
                CHECK(near(y, list, dtype == float64 ? 1e-12 : one.tolerance));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("argmax and argmin along every axis of every layout take the first of equals") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{3, 1, 50}}) {
    for (const DType dtype : {float32, float64, int64}) {
      for (const View& view : views(shape, dtype)) {
        for (const std::int64_t axis : {0, 1, 2, -1, -2, -3}) {
          for (const bool keepdims : {false, true}) {
            CAPTURE(view.what);
            CAPTURE(axis);
            const Reduced expected = grouped(view.array, axis, keepdims);
            List largest, smallest;
            for (const List& g : expected.groups) {
              largest.push_back(static_cast<double>(std::max_element(g.begin(), g.end()) - g.begin()));
              smallest.push_back(static_cast<double>(std::min_element(g.begin(), g.end()) - g.begin()));
            }
            CHECK(argmax(view.tensor, axis, keepdims).shape() == expected.shape);
            CHECK(values(argmax(view.tensor, axis, keepdims)) == largest);
            CHECK(values(argmin(view.tensor, axis, keepdims)) == smallest);
          }
        }
      }
    }
  }
  CHECK(values(argmax(tensor({1, 3, 2, 9, 8, 7}, {2, 3}))) == List{1, 0});
  CHECK(argmax(vector({1})).dtype() == int64);
}

TEST_CASE("all, any and sums of booleans over every subset of the axes") {
  for (const View& view : views({2, 3, 4}, boolean, 9)) {
    for (const Axes& axes : subsets) {
      const Reduced expected = grouped(view.array, axes, false);
      List every, some, count;
      for (const List& g : expected.groups) {
        count.push_back(static_cast<double>(g.size()) -
                        static_cast<double>(std::count(g.begin(), g.end(), 0.0)));
        every.push_back(count.back() == static_cast<double>(g.size()));
        some.push_back(count.back() > 0);
      }
      CAPTURE(view.what);
      CHECK(values(all(view.tensor, axes)) == every);
      CHECK(values(any(view.tensor, axes)) == some);
      CHECK(values(sum(view.tensor, axes)) == count);
      CHECK(values(count_nonzero(view.tensor, axes)) == count);
      CHECK(all(view.tensor, axes, true).ndim() == 3);
      CHECK(any(view.tensor, axes, true).dtype() == boolean);
      CHECK(sum(view.tensor, axes).dtype() == int64);
    }
  }
}

TEST_CASE("int64 sums and extrema are exact where double is not") {
  xt::xarray<std::int64_t> numbers = xt::zeros<std::int64_t>({200});
  for (std::size_t i = 0; i < 200; ++i) numbers(i) = odd + 2 * static_cast<std::int64_t>(i);
  const Tensor x = reshape(Tensor(numbers), {100, 2});
  CHECK(whole(sum(x)) == std::vector<std::int64_t>{200 * odd + 199 * 200});
  CHECK(whole(sum(x, 0)) == std::vector<std::int64_t>{100 * odd + 4 * 4950, 100 * odd + 4 * 4950 + 200});
  CHECK(whole(max(x)) == std::vector<std::int64_t>{odd + 398});
  CHECK(whole(min(x, 0)) == std::vector<std::int64_t>{odd, odd + 2});
  CHECK(whole(argmax(x, 0)) == std::vector<std::int64_t>{99, 99});
  const Tensor ends(xt::xarray<std::int64_t>{lowest, highest});
  CHECK(whole(max(ends)) == std::vector<std::int64_t>{highest});
  CHECK(whole(min(ends)) == std::vector<std::int64_t>{lowest});
  CHECK(whole(max(slice(ends, 0, 0, 1))) == std::vector<std::int64_t>{lowest});
  CHECK(whole(min(slice(ends, 0, 1, 2))) == std::vector<std::int64_t>{highest});
  CHECK(whole(prod(Tensor(xt::xarray<std::int64_t>{3, odd}))) == std::vector<std::int64_t>{3 * odd});
  CHECK(whole(sum(ends)) == std::vector<std::int64_t>{-1});
}

TEST_CASE("booleans multiply as int64, however many there are") {
  for (const std::int64_t count : {0, 1, 2, 3}) {
    const Tensor y = prod(ones({count}, {.dtype = boolean}));
    CHECK(y.dtype() == int64);
    CHECK(y.item() == 1);
  }
  CHECK(prod(vector({1, 0}, boolean)).item() == 0);
}

TEST_CASE("long sums are accurate in float32, along whatever axis") {
  // Ten million times 0.1f: added one after the other it would be off by a tenth.
  const double tenth = static_cast<double>(0.1f);
  const auto close = [&](const Tensor& y, double count) {
    for (const double entry : values(y))
      CHECK(std::fabs(entry - count * tenth) <= 4 * 0x1p-24 * count * tenth);
  };
  const Tensor x = full({10000000}, 0.1);
  close(sum(x), 1e7);
  close(mean(x) * 1e7, 1e7);
  close(sum(slice(x, 0, {-1, SliceRange::to_end, -1})), 1e7);
  close(sum(slice(x, 0, {0, SliceRange::to_end, 2})), 5e6);
  close(sum(reshape(x, {2500000, 4}), 0), 2.5e6);
  close(sum(reshape(x, {4, 2500000}), 1), 2.5e6);
  close(sum(transpose(reshape(x, {4, 2500000})), 0), 2.5e6);
  close(sum(reshape(x, {5000, 2000}), 0), 5e3);
  close(sum(reshape(x, {1250000, 2, 4}), {0, 2}), 5e6);
  close(sum(reshape(x, {2, 1250000, 4}), 1), 1.25e6);
  close(sum(slice(reshape(x, {1000000, 2, 5}), 2, 0, 4), 0), 1e6);
  close(sum(permute(reshape(x, {2500, 4, 1000}), {1, 0, 2}), {1, 2}), 2.5e6);
  close(sum(broadcast_to(full({}, 0.1), {10000000})), 1e7);
  close(sum(broadcast_to(full({2}, 0.1), {5000000, 2}), 0), 5e6);
}
