// Copies and runs of strided arrays, of sizes at which rows are turned around, against each element on its
// own.
#include "lib/core/strided.hpp"

#include <cmath>
#include <limits>

#include "lib/core/dispatch.hpp"
#include "support/guarded.hpp"
#include "support/tensors.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using support::values;

namespace {

/// Views of many strides, of more and fewer elements than a tile has in either direction.
std::vector<Tensor> views(DType dtype) {
  const auto numbers = [=](const Shape& shape) {
    const NoGrad values_only;
    const Tensor line = arange(static_cast<double>(element_count(shape)), {.dtype = int64});
    const Tensor all = reshape(dtype == boolean ? (sin(line.astype(float64) * 3.0) > 0.0) : line, shape);
    return all.astype(dtype).detach();
  };
  const auto every = [](const Tensor& x, std::int64_t axis, std::int64_t step) {
    return slice(x, axis, {step < 0 ? -1 : 0, SliceRange::to_end, step});
  };
  std::vector<Tensor> list;
  // The last ones' columns, as rows, begin in the same sets of a cache.
  for (const Shape& shape : {Shape{70, 131}, Shape{9, 300}, Shape{300, 9}, Shape{3, 400}, Shape{128, 128},
                             Shape{512, 75}, Shape{1024, 37}}) {
    const Tensor x = numbers(shape);
    for (const Tensor& v :
         {x, every(x, 0, -1), every(x, 1, -1), every(x, 1, 2), every(x, 0, 2), every(x, 1, 3)}) {
      list.push_back(v);
      list.push_back(transpose(v));
    }
  }
  list.push_back(transpose(numbers({9000, 20})));
  list.push_back(broadcast_to(numbers({90, 1}), {90, 70}));
  list.push_back(broadcast_to(numbers({90}), {70, 90}));
  list.push_back(broadcast_to(unsqueeze(transpose(numbers({20, 30})), 1), {30, 12, 20}));
  for (const std::int64_t run : {1, 2, 3, 5, 7, 8, 15, 16, 31, 130}) {
    const Tensor runs = permute(numbers({9, 30, run}), {1, 0, 2});
    list.push_back(runs);
    list.push_back(every(runs, 1, -2));
    list.push_back(every(runs, 2, -1));
  }
  const Tensor long_lines = numbers({40, 200});
  for (const std::int64_t step : {-3, -2, 4, 7}) list.push_back(every(long_lines, 1, step));
  const Tensor cube = numbers({21, 34, 17});
  for (const Axes& axes : {Axes{0, 2, 1}, Axes{1, 0, 2}, Axes{1, 2, 0}, Axes{2, 0, 1}, Axes{2, 1, 0}}) {
    list.push_back(permute(cube, axes));
    list.push_back(every(permute(cube, axes), 2, -2));
  }
  return list;
}

/// Row-major, by nothing but offsets.
template <class T>
std::vector<double> one_by_one(const Node& node) {
  std::vector<double> list;
  for (std::int64_t k = 0; k < node.size(); ++k) {
    std::int64_t rest = k, offset = 0;
    for (std::size_t d = node.shape.size(); d-- > 0; rest /= node.shape[d])
      offset += rest % node.shape[d] * node.strides[d];
    list.push_back(static_cast<double>(node.values<T>()[offset]));
  }
  return list;
}
std::vector<double> one_by_one(const Node& node) {
  if (node.dtype == float32) return one_by_one<float>(node);
  if (node.dtype == float64) return one_by_one<double>(node);
  return node.dtype == int64 ? one_by_one<std::int64_t>(node) : one_by_one<bool>(node);
}

}  // namespace

TEST_CASE("a copy of any strides has every element in its place") {
  for (const DType dtype : {float32, float64, int64, boolean})
    for (const Tensor& view : views(dtype)) {
      CAPTURE(to_string(view.shape()));
      CAPTURE(to_string(view.node().strides));
      CHECK(values(view) == one_by_one(view.node()));
    }
}

TEST_CASE("runs of any length and start are those of the copy") {
  for (const DType dtype : {float32, int64, boolean})
    for (const Tensor& view : views(dtype)) {
      const Node& node = view.node();
      const std::size_t item = item_size(dtype);
      CAPTURE(to_string(node.shape));
      CAPTURE(to_string(node.strides));
      std::vector<std::byte> whole(static_cast<std::size_t>(node.size()) * item), buffer(1024 * item);
      copy_contiguous(whole.data(), node);
      StridedReader reader(node.data, item, node.shape, node.strides);
      bool same = true;
      for (std::int64_t start = 0, length = 1; start < node.size();
           start += length, length = length * 7 % 1021 + 1) {
        const std::int64_t count = std::min(length, node.size() - start);
        const std::byte* run = reader.read(start, count, buffer.data());
        same &= std::equal(run, run + count * static_cast<std::int64_t>(item),
                           whole.begin() + start * static_cast<std::int64_t>(item));
      }
      CHECK(same);
    }
}

TEST_CASE("the gathering kernels take exactly what lies in the array, whatever the steps") {
  for (const kernel::Table* table : {&kernel::table(), &kernel::baseline_table()})
    for (const std::size_t item : {1, 4, 8})
      for (const std::ptrdiff_t column_step : {-5, -3, -2, -1, 0, 1, 2, 3, 4, 11})
        for (std::ptrdiff_t columns = 1; columns < 70; columns += columns < 36 ? 1 : 11) {
          constexpr std::ptrdiff_t rows = 3;
          const std::ptrdiff_t width = (columns - 1) * std::abs(column_step) + 1, pitch = columns + 2;
          // Of exactly the elements that are wanted: tools that watch memory see a read beyond it.
          std::vector<std::uint8_t> from(static_cast<std::size_t>(rows * width) * item);
          for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
          const std::ptrdiff_t first = column_step < 0 ? width - 1 : 0;
          std::vector<std::uint8_t> to(static_cast<std::size_t>(rows * pitch) * item, 99), wanted = to;
          const auto at = [&](std::ptrdiff_t element) { return static_cast<std::size_t>(element) * item; };
          for (std::ptrdiff_t i = 0; i < rows; ++i)
            for (std::ptrdiff_t j = 0; j < columns; ++j)
              std::copy_n(from.data() + at(first + i * width + j * column_step), item,
                          wanted.data() + at(i * pitch + j));
          table->gather[item / 4](reinterpret_cast<std::byte*>(to.data()),
                                  reinterpret_cast<const std::byte*>(from.data() + at(first)), rows,
                                  static_cast<std::size_t>(columns), pitch, width, column_step);
          CAPTURE(item);
          CAPTURE(column_step);
          CAPTURE(columns);
          CHECK(to == wanted);
        }
}

TEST_CASE("rows are folded in order, whatever their number and width") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const kernel::Table* table : {&kernel::table(), &kernel::baseline_table()})
    for (const std::size_t rows : {1, 2, 16})
      for (std::size_t columns = 1; columns < 140; columns += columns < 40 ? 1 : 7) {
        const std::size_t step = columns + 3, size = (rows - 1) * step + columns;
        const support::Guarded room(size * sizeof(double));
        double* const from = room.as<double>();
        for (std::size_t i = 0; i < size; ++i)
          from[i] = i % 13 == 5 ? nan : std::sin(static_cast<double>(i * i));
        std::vector<double> sums(columns), most(columns);
        const auto fold = [&](kernel::Reduction reduction, std::vector<double>& to) {
          table->fold_rows[static_cast<int>(reduction)][1](reinterpret_cast<std::byte*>(to.data()),
                                                           room.data(), rows, columns,
                                                           static_cast<std::ptrdiff_t>(step));
        };
        fold(kernel::Reduction::sum, sums);
        fold(kernel::Reduction::max, most);
        bool same = true;
        for (std::size_t j = 0; j < columns; ++j) {
          double sum = from[j], largest = from[j];
          for (std::size_t i = 1; i < rows; ++i) {
            const double next = from[i * step + j];
            sum += next;
            largest = std::isnan(largest) || largest > next ? largest : next;
          }
          same &= std::isnan(sum) ? std::isnan(sums[j]) : sum == sums[j];
          same &= std::isnan(largest) ? std::isnan(most[j]) : largest == most[j];
        }
        CAPTURE(rows);
        CAPTURE(columns);
        CHECK(same);
      }
}

TEST_CASE("reductions of any strides are those of the copy") {
  for (const DType dtype : {float64, int64})  // sums of whole numbers, which are exact
    for (const Tensor& view : views(dtype)) {
      CAPTURE(to_string(view.shape()));
      CAPTURE(to_string(view.node().strides));
      const Tensor dense = support::tensor(one_by_one(view.node()), view.shape(), dtype);
      CHECK(values(sum(view)) == values(sum(dense)));
      for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(view.ndim()); ++axis) {
        CHECK(values(sum(view, {axis})) == values(sum(dense, {axis})));
        CHECK(values(max(view, {axis}, true)) == values(max(dense, {axis}, true)));
        CHECK(values(argmax(view, axis)) == values(argmax(dense, axis)));
      }
    }
}
