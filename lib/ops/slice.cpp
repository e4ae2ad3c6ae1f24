// slice, and unslice, its derivative: a slice put back into zeros.
#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// The elements start, start + step, ... of an axis; `count` of them. All within the axis.
struct SliceAttributes : Attributes {
  SliceAttributes(std::size_t axis, std::int64_t start, std::int64_t step, std::int64_t extent)
      : axis(axis), start(start), step(step), extent(extent) {}
  std::size_t axis;
  std::int64_t start, step;
  std::int64_t extent;  // of the axis before the slice
};

const SliceAttributes& told(const Node& node) {
  return *static_cast<const SliceAttributes*>(node.attributes);
}

Tensor unslice(const Tensor& x, const SliceAttributes& told);
Tensor slice_as(const Tensor& x, const SliceAttributes& told, std::int64_t count, Location where);

void forward_slice(Node& node) {
  Node& x = node.input(0);
  const SliceAttributes& at = told(node);
  Strides strides = x.strides;
  strides[at.axis] *= at.step;
  const bool any = node.shape[at.axis] > 0;
  share_value(node, x, any ? at.start * x.strides[at.axis] : 0, strides);
}

/// The elements of a slice in the array that it was taken from: in each of `outer` pieces `count` runs that
/// are `step` apart, or one where they lie side by side.
struct Region {
  std::int64_t outer = 1, count, run, step, start, extent;  // the last four in bytes
  bool of_elements;                                         // each run is one

  Region(const Shape& slice, const SliceAttributes& at, DType dtype) : count(slice[at.axis]) {
    const auto item = static_cast<std::int64_t>(item_size(dtype));
    run = item;
    for (std::size_t i = 0; i < at.axis; ++i) outer *= slice[i];
    for (std::size_t i = at.axis + 1; i < slice.size(); ++i) run *= slice[i];
    step = at.step * run;
    start = at.start * run;
    extent = at.extent * run;
    if (at.step == 1) {
      run *= count;
      count = 1;
    }
    of_elements = run == item;
  }
  /// Calls visit(piece of the array, piece of the slice), on several threads.
  template <class Visit>
  void for_each_piece(std::byte* array, const std::byte* slice, Visit visit) const {
    constexpr double nanoseconds_each = 0.1;  // about what a byte takes
    parallel_ranges(outer, 1, nanoseconds_each * static_cast<double>(extent),
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t o = begin; o < end; ++o)
                        visit(array + o * extent, slice + o * count * run);
                    });
  }
  /// Calls visit(run in the array, run in the slice) for those of a piece.
  template <class Visit>
  void for_each_run(std::byte* piece, const std::byte* from, Visit visit) const {
    piece += start;
    for (std::int64_t k = 0; k < count; ++k, piece += step, from += run) visit(piece, from);
  }
};

/// Copies x to the places of the slice in an array of zeros.
void forward_unslice(Node& node) {
  std::byte* to = allocate_value(node);
  const Tensor x = dense(node.input(0));
  const Region region(x.shape(), told(node), node.dtype);
  const auto clear = [](std::byte* from, const std::byte* end) {
    std::memset(from, 0, static_cast<std::size_t>(end - from));
  };
  region.for_each_piece(to, x.node().data, [&](std::byte* piece, const std::byte* from) {
    std::byte* done = piece;  // what lies before it is written
    const std::byte* const end = piece + region.extent;
    if (region.of_elements || region.step < 0) clear(std::exchange(done, piece + region.extent), end);
    if (region.of_elements)
      return with_element(node.dtype, [&]<class T>(T) {
        region.for_each_run(piece, from, [](std::byte* at, const std::byte* element) {
          std::memcpy(at, element, sizeof(T));
        });
      });
    region.for_each_run(piece, from, [&](std::byte* at, const std::byte* run) {
      if (at > done) clear(done, at);
      std::memcpy(at, run, static_cast<std::size_t>(region.run));
      done = std::max(done, at + region.run);
    });
    clear(done, end);
  });
}

/// Adds to the places of the slice in what there is. Has the bits of adding the unslice, but that a -0
/// elsewhere stays.
void add_to_region(const Call& c, std::size_t, std::byte* sum) {
  const Tensor g = dense(c.g.node());
  const kernel::Block add = kernel::table().forward[static_cast<int>(kernel::Row::add)][index(g.dtype())];
  const Region region(g.shape(), c.attributes<SliceAttributes>(), g.dtype());
  const std::size_t count = static_cast<std::size_t>(region.run) / item_size(g.dtype());
  region.for_each_piece(sum, g.node().data, [&](std::byte* piece, const std::byte* from) {
    if (region.of_elements)
      return with_element(g.dtype(), [&]<class T>(T) {
        region.for_each_run(piece, from, [](std::byte* at, const std::byte* element) {
          auto* const to = reinterpret_cast<Arithmetic<T>*>(at);
          *to = static_cast<Arithmetic<T>>(*to + *reinterpret_cast<const Arithmetic<T>*>(element));
        });
      });
    region.for_each_run(piece, from, [&](std::byte* at, const std::byte* run) {
      const std::byte* in[2] = {at, run};
      add(at, in, count, 0);
    });
  });
}

template <class F>
Sample sample(const char* what, const Shape& shape, F call) {
  SampleNumbers numbers(15);
  return {what, {numbers.uniform(shape, -2.0, 2.0)}, [call](const std::vector<Tensor>& in) {
            return call(in[0]);
          }};
}

/// All of an axis, in its order or backward: slicing so again undoes it.
bool is_reordering(const SliceAttributes& at, const Shape& slice) { return slice[at.axis] == at.extent; }

/// Rule: zeros, with g at the places that were taken.
constexpr Operation slice_operation{
    .name = "slice",
    .forward = forward_slice,
    .rules = {[](const Call& c) {
      const auto& at = c.attributes<SliceAttributes>();
      return is_reordering(at, c.g.shape()) ? slice_as(c.g, at, at.extent, {}) : unslice(c.g, at);
    }},
    .samples =
        [] {
          return std::vector<Sample>{
              sample("rows", {4, 3}, [](const Tensor& x) { return slice(x, 0, 1, 3); }),
              sample("every other column", {2, 5}, [](const Tensor& x) { return slice(x, -1, 0, 5, 2); }),
              sample("backward", {5},
                     [](const Tensor& x) {
                       return slice(x, 0, {-1, SliceRange::to_end, -1});
                     }),
              sample("every other row of matrices, backward", {2, 5, 3},
                     [](const Tensor& x) {
                       return slice(x, 1, {-1, SliceRange::to_end, -2});
                     }),
              sample("several", {3, 5},
                     [](const Tensor& x) {
                       return slice(x, 1, 0, 2) + slice(x, 1, {4, 1, -2}) * slice(x, 1, 2, 4);
                     }),
              sample("of a transposed", {3, 4},
                     [](const Tensor& x) { return slice(transpose(x), 0, -3, -1); }),
              sample("nothing", {3, 2}, [](const Tensor& x) { return slice(x, 0, 2, 1); }),
              sample("of nothing", {3, 0}, [](const Tensor& x) { return slice(x, 0, 1, 3); })};
        },
    .add_to = add_to_region,
    .looks_at = {}};
/// Rule: (the inverse of a slice: zeros, with x at some places) the elements of g at those places.
constexpr Operation unslice_operation{
    .name = "unslice",
    .forward = forward_unslice,
    .rules = {[](const Call& c) {
      const auto& at = c.attributes<SliceAttributes>();
      return slice_as(c.g, at, c.input_shape(0)[at.axis], {});
    }},
    .samples =
        [] {
          return std::vector<Sample>{
              sample("second and fourth of five", {2, 3},
                     [](const Tensor& x) { return unslice(x, SliceAttributes(0, 1, 2, 5)); }),
              sample("nothing, in three", {2, 0},
                     [](const Tensor& x) { return unslice(x, SliceAttributes(1, 0, 1, 3)); })};
        },
    .looks_at = {}};
const Registered registered_slice(slice_operation), registered_unslice(unslice_operation);

Tensor unslice(const Tensor& x, const SliceAttributes& at) {
  Node& node = x.node();
  Shape shape = node.shape;
  shape[at.axis] = at.extent;
  return record(unslice_operation, {&node}, shape, node.dtype, {}, new SliceAttributes(at));
}

Tensor slice_as(const Tensor& x, const SliceAttributes& at, std::int64_t count, Location where) {
  Node& node = x.node();
  Shape shape = node.shape;
  shape[at.axis] = count;
  return record(slice_operation, {&node}, shape, node.dtype, where, new SliceAttributes(at));
}

}  // namespace

Tensor slice(const Tensor& x, std::int64_t axis, const SliceRange& range, Location where) {
  require_value("slice", x);
  const std::size_t i = normalize_axis("slice", axis, x.ndim());
  const std::int64_t extent = x.shape()[i], step = range.step;
  if (step == 0)
    fail<ValueError>("slice", "the step must not be 0: got ", range.start, ":", range.stop, ":0");
  // Python's rules: positions count from the end when negative, and are cut off at both ends.
  const std::int64_t low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
  const auto position = [&](std::int64_t p) { return std::clamp(p < 0 ? p + extent : p, low, high); };
  const std::int64_t start = position(range.start);
  const std::int64_t stop =
      range.stop == SliceRange::to_end ? (step > 0 ? extent : -1) : position(range.stop);
  const std::int64_t distance = step > 0 ? stop - start : start - stop;
  const std::uint64_t stride =
      step > 0 ? static_cast<std::uint64_t>(step) : -static_cast<std::uint64_t>(step);
  const std::int64_t count =
      distance > 0 ? static_cast<std::int64_t>((static_cast<std::uint64_t>(distance) - 1) / stride + 1) : 0;
  return slice_as(x, SliceAttributes(i, count > 0 ? start : 0, count > 1 ? step : 1, extent), count, where);
}

Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step,
             Location where) {
  return slice(x, axis, SliceRange{start, stop, step}, where);
}

}  // namespace wengert
