// Slices as Python means them, against its rules written out over a grid of starts, stops and steps.
#include "ops/naive.hpp"
#include "wengert/core/backward.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using namespace naive;
using support::values;

namespace {

/// The places that range(*slice(start, stop, step).indices(extent)) visits; `open` stands for a stop left
/// out.
std::vector<std::int64_t> places(std::int64_t extent, std::int64_t start, std::int64_t stop, bool open,
                                 std::int64_t step) {
  using Wide = __int128;
  const Wide low = step < 0 ? -1 : 0, high = step < 0 ? extent - 1 : extent;
  const auto within = [&](Wide p) {
    if (p < 0) p += extent;
    return p < low ? low : p > high ? high : p;
  };
  const Wide first = within(start), last = open ? (step < 0 ? Wide(-1) : Wide(extent)) : within(stop);
  std::vector<std::int64_t> list;
  for (Wide p = first; step > 0 ? p < last : p > last; p += step)
    list.push_back(static_cast<std::int64_t>(p));
  return list;
}

}  // namespace

TEST_CASE("every start, stop and step gives what Python gives") {
  const std::vector<std::int64_t> positions{lowest, lowest + 1, -9, -6, -5, -4, -2,          -1,     0,
                                            1,      2,          4,  5,  6,  9,  highest - 1, highest};
  const std::vector<std::int64_t> steps{1, 2, 3, 5, 9, highest, -1, -2, -3, -5, -9, lowest, lowest + 1};
  for (const std::int64_t extent : {0, 1, 2, 5}) {
    const Plain rows = quarters({extent, 2}), columns = quarters({2, extent}, 2);
    const Tensor x = tensor_of(rows, float64), y = tensor_of(columns, float64), turned = transpose(y);
    for (const std::int64_t start : positions) {
      for (const std::int64_t stop : positions) {
        for (const std::int64_t step : steps) {
          CAPTURE(extent);
          CAPTURE(start);
          CAPTURE(stop);
          CAPTURE(step);
          const auto kept = places(extent, start, stop, stop == SliceRange::to_end, step);
          const auto count = static_cast<std::int64_t>(kept.size());
          const auto at = [&](const Index& i, std::size_t axis) {
            return kept[static_cast<std::size_t>(i[axis])];
          };
          const Plain of_rows = array_of({count, 2}, [&](const Index& i) {
            return rows.at({at(i, 0), i[1]});
          });
          const Plain of_columns = array_of({2, count}, [&](const Index& i) {
            return columns.at({i[0], at(i, 1)});
          });
          const Plain of_turned = array_of({count, 2}, [&](const Index& i) {
            return columns.at({i[1], at(i, 0)});
          });
          const Tensor a = slice(x, 0, {start, stop, step}), b = slice(y, -1, start, stop, step),
                       c = slice(turned, -2, {start, stop, step});
          bool same =
              a.shape() == of_rows.shape && b.shape() == of_columns.shape && c.shape() == of_turned.shape;
          same = same && values(a) == of_rows.data && values(b) == of_columns.data &&
                 values(c) == of_turned.data;
          CHECK(same);
        }
      }
    }
  }
}

TEST_CASE("slices of slices, in every dtype, and what they give back to the gradient") {
  for (const DType dtype : {float32, float64, int64, boolean}) {
    const Tensor x = arange(12, {.dtype = int64}).astype(dtype);
    const Tensor y = slice(slice(slice(x, 0, 1, 12, 2), 0, {-1, SliceRange::to_end, -1}), 0, 1, -1);
    CHECK(y.dtype() == dtype);
    CHECK(values(y) == (dtype == boolean ? List{1, 1, 1, 1} : List{9, 7, 5, 3}));
  }
  const Tensor p = support::leaf({1, 2, 3, 4, 5});
  const Tensor y = slice(p, 0, {-1, SliceRange::to_end, -2});
  CHECK(values(y) == List{5, 3, 1});
  CHECK(values(grad(y, {p}, {.seeds = {support::vector({10, 20, 30})}})[0]) == List{30, 0, 20, 0, 10});
  const Tensor empty = slice(p, 0, 3, 1);
  CHECK(values(grad(empty, {p}, {.seeds = {zeros({0}, {.dtype = float64})}})[0]) == List{0, 0, 0, 0, 0});
  CHECK(values(slice(p, 0, 2, SliceRange::to_end)) == List{3, 4, 5});
  CHECK(values(slice(p, 0, {})) == List{1, 2, 3, 4, 5});
}

TEST_CASE("a slice shares its tensor's bytes and leaves it as it was") {
  const Tensor x = arange(100, {.dtype = float64});
  const auto before = x.array<double>();
  const Tensor y = slice(x, 0, 10, 20);
  CHECK(y.array<double>().data() == before.data() + 10);
  CHECK(values(slice(x, 0, {-1, SliceRange::to_end, -1}))[0] == 99);
  CHECK(values(x) == List(before.begin(), before.end()));
}

TEST_CASE("several slices of a tensor add up in its gradient, in all layouts") {
  const Tensor x = support::leaf(std::vector<double>(15, 1.0), {3, 5});
  const auto weighted = [](const Tensor& part) { return sum(part * part.detach() * 3.0); };
  (weighted(slice(x, 1, 0, 2)) + weighted(slice(x, 1, 1, 5)) +
   weighted(slice(x, 0, {2, SliceRange::to_end, -2})) + weighted(slice(transpose(x), 0, 0, 5, 3)) +
   weighted(slice(x, 1, 3, 3)))
      .backward();
  CHECK(values(x.grad()) == std::vector<double>{9, 9, 6, 9, 6, 6, 6, 3, 6, 3, 9, 9, 6, 9, 6});
}

TEST_CASE("a slice's cotangent is added to nothing that others see") {
  const Tensor x = support::leaf(std::vector<double>(100, 1.0));
  const Tensor y = x * 1.0, part = slice(y, 0, 10, 20);
  const std::vector<Tensor> outputs{y, part}, seeds{ones_like(y), ones_like(part)};
  const Tensor gradient = run_backward(outputs, seeds, std::vector<Tensor>{x}, {})[0];
  CHECK(values(sum(gradient))[0] == 110.0);
  CHECK(values(gradient)[15] == 2.0);
  CHECK(values(sum(seeds[0]))[0] == 100.0);
}

TEST_CASE("what slice refuses") {
  const Tensor x = arange(6, {.dtype = float64}), matrix = reshape(x, {2, 3});
  CHECK(refusal<ValueError>({x}, [&] { slice(x, 0, 1, 4, 0); }) ==
        "[slice] the step must not be 0: got 1:4:0");
  CHECK(refusal<ValueError>({x}, [&] {
          slice(x, 0, {lowest, highest, 0});
        }) == "[slice] the step must not be 0: got -9223372036854775808:9223372036854775807:0");
  for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, lowest, highest})
    CHECK(refusal<IndexError>({matrix}, [&] { slice(matrix, axis, 0, 1); }) ==
          "[slice] an axis must lie within the dimensions: got axis " + std::to_string(axis) +
              " for 2 dimensions");
  CHECK(refusal<IndexError>({}, [] { slice(zeros({}), 0, 0, 1); }) ==
        "[slice] an axis must lie within the dimensions: got axis 0 for 0 dimensions");
  CHECK(refusal<GraphError>({}, [] { slice(Tensor(), 0, 0, 1); }) == no_value("slice"));
  CHECK(refusal<GraphError>({}, [] { slice(Tensor(), 0, {}); }) == no_value("slice"));
}
