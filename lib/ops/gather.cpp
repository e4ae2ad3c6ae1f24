// gather, scatter_add, index_select and one_hot: reading and adding at int64 positions along an axis.
#include "lib/ops/gather.hpp"

#include <cstring>
#include <type_traits>

#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

constexpr double nanoseconds_each = 1.0;  // about what an element takes

struct IndexAttributes : Attributes {
  explicit IndexAttributes(std::size_t axis, Tensor found = {}) : axis(axis), found(std::move(found)) {}
  std::size_t axis;
  Tensor found;  // the value where it is known, until the node has it
};

std::size_t axis_of(const Node& node) { return static_cast<const IndexAttributes*>(node.attributes)->axis; }

/// An array as outer x extent x inner around an axis.
struct Around {
  std::int64_t outer = 1, extent, inner = 1;
  Around(const Shape& shape, std::size_t axis) : extent(shape[axis]) {
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  }
};

/// Whether an index has the same positions for all elements of a slice, as index_select's has. Such a one is
/// read where it lies: written out it would be as large as what it selects.
bool selects_slices(const Node& index, std::size_t axis) {
  bool same = true;
  for (std::size_t i = 0; same && i < index.shape.size(); ++i)
    same = i == axis || index.shape[i] == 1 || index.strides[i] == 0;
  return same;
}

/// Calls visit(place in x, place in the index, how many follow each other) for every index, both in row-major
/// elements; on several threads, which have parts of the outer dimensions each. Positions are in range.
template <class F>
void for_each_run(const Shape& shape, Node& index, std::size_t axis, F visit) {
  const Around x(shape, axis), at(index.shape, axis);
  const auto counted = [&](std::int64_t position) { return position < 0 ? position + x.extent : position; };
  const auto outer_ranges = [&](auto range) {
    parallel_ranges(at.outer, 1, nanoseconds_each * static_cast<double>(at.extent * at.inner), range);
  };
  if (selects_slices(index, axis)) {
    memory::List<std::int64_t> places;
    const std::int64_t* positions = index.values<std::int64_t>();
    for (std::int64_t e = 0; e < at.extent; ++e)
      places.push_back(counted(positions[e * index.strides[axis]]) * x.inner);
    const auto visit_all = [&](auto inner) {
      outer_ranges([&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t o = begin; o < end; ++o)
          for (std::int64_t e = 0; e < at.extent; ++e)
            visit(o * x.extent * inner + places[static_cast<std::size_t>(e)], (o * at.extent + e) * inner,
                  inner);
      });
    };
    return at.inner == 1 ? visit_all(std::integral_constant<std::int64_t, 1>()) : visit_all(at.inner);
  }
  const Tensor held = dense(index);
  const std::int64_t* positions = held.node().values<std::int64_t>();
  constexpr std::integral_constant<std::int64_t, 1> one;
  outer_ranges([&](std::int64_t begin, std::int64_t end) {
    std::int64_t k = begin * at.extent * at.inner;
    for (std::int64_t o = begin; o < end; ++o) {
      if (at.inner == 1) {
        for (const std::int64_t last = k + at.extent; k < last; ++k)
          visit(o * x.extent + counted(positions[k]), k, one);
        continue;
      }
      for (std::int64_t e = 0; e < at.extent; ++e)
        for (std::int64_t i = 0; i < at.inner; ++i, ++k)
          visit((o * x.extent + counted(positions[k])) * x.inner + i, k, one);
    }
  });
}

void forward_gather(Node& node) {
  auto& attributes = static_cast<IndexAttributes&>(*node.attributes);
  if (attributes.found.defined()) {
    Node& found = attributes.found.node();
    share_value(node, found, 0, found.strides);
    attributes.found = Tensor();
    return;
  }
  std::byte* to = allocate_value(node);
  const Tensor x = dense(node.input(0));
  with_element(node.dtype, [&](auto unit) {
    using T = decltype(unit);
    const T* from = x.node().values<T>();
    for_each_run(x.shape(), node.input(1), axis_of(node),
                 [&](std::int64_t place, std::int64_t k, auto count) {
                   T* const run = reinterpret_cast<T*>(to) + k;
                   if constexpr (std::is_same_v<decltype(count), std::int64_t>)
                     std::memcpy(run, from + place, static_cast<std::size_t>(count) * sizeof(T));
                   else
                     *run = from[place];
                 });
  });
}

/// Adds the elements of `source` to an array of `shape` at the places of an index.
void add_at_places(std::byte* sum, const Shape& shape, Node& index, Node& source, std::size_t axis) {
  const Tensor held = dense(source);
  with_element(source.dtype, [&](auto unit) {
    using T = Arithmetic<decltype(unit)>;
    T* to = reinterpret_cast<T*>(sum);
    const T* from = held.node().values<T>();
    for_each_run(shape, index, axis, [&](std::int64_t place, std::int64_t k, auto count) {
      for (std::int64_t i = 0; i < count; ++i) to[place + i] = static_cast<T>(to[place + i] + from[k + i]);
    });
  });
}

void forward_scatter_add(Node& node) {
  copy_contiguous(allocate_value(node), node.input(0));
  add_at_places(node.data, node.shape, node.input(1), node.input(2), axis_of(node));
}

Tensor add_to_zeros(const Call& c);
std::vector<Sample> gather_samples();
std::vector<Sample> scatter_samples();

/// Rule: zeros, to which each element of g is added at the place that it was taken from.
constexpr Operation gather_operation{.name = "gather",
                                     .forward = forward_gather,
                                     .rules = {add_to_zeros, nullptr},
                                     .samples = gather_samples,
                                     // Of several elements at one place the sum is rounded in another order.
                                     .add_to =
                                         [](const Call& c, std::size_t input, std::byte* sum) {
                                           add_at_places(sum, c.input_shape(input), c.node.input(1),
                                                         c.g.node(), axis_of(c.node));
                                         },
                                     .looks_at = {0b10}};
/// Rule: x: g. source: the elements of g at its places.
constexpr Operation scatter_operation{
    .name = "scatter_add",
    .forward = forward_scatter_add,
    .rules = {[](const Call& c) { return c.g; }, nullptr,
              [](const Call& c) {
                return gather(c.g, static_cast<std::int64_t>(c.attributes<IndexAttributes>().axis), c.x(1));
              }},
    .samples = scatter_samples,
    .looks_at = {0, 0, 0b10}};
/// The cotangent of what was gathered from. That the index is right is known.
Tensor add_to_zeros(const Call& c) {
  // One zero, seen everywhere: it is written once, into the result.
  const Tensor zero = broadcast_to(scalar(0.0, c.g.dtype()), c.input_shape(0));
  return record(scatter_operation, {&zero.node(), &c.node.input(1), &c.g.node()}, c.input_shape(0),
                c.g.dtype(), {}, new IndexAttributes(axis_of(c.node)));
}

const Registered registered_gather(gather_operation), registered_scatter(scatter_operation);

std::vector<Sample> gather_samples() {
  SampleNumbers numbers(17);
  return {{"rows, one twice",
           {numbers.uniform({3, 2}, -2, 2), numbers.integers({2, 2}, 2, 3)},
           [](const auto& in) { return gather(in[0], 0, in[1]); }},
          {"columns",
           {numbers.uniform({2, 4}, -2, 2), numbers.integers({2, 3}, 0, 4)},
           [](const auto& in) { return gather(in[0], -1, in[1]); }},
          {"selected rows",
           {numbers.uniform({4, 2, 2}, -2, 2), numbers.integers({5}, 0, 4)},
           [](const auto& in) { return index_select(in[0], 0, in[1]); }},
          {"selected from the middle",
           {numbers.uniform({2, 3, 2}, -2, 2), numbers.integers({4}, -3, 3)},
           [](const auto& in) { return index_select(in[0], 1, in[1]); }},
          {"none selected",
           {numbers.uniform({2, 3}, -2, 2), numbers.integers({0}, 0, 3)},
           [](const auto& in) { return index_select(in[0], 1, in[1]); }}};
}
std::vector<Sample> scatter_samples() {
  SampleNumbers numbers(18);
  return {{"repeated places",
           {numbers.uniform({3, 2}, -2, 2), numbers.integers({4, 2}, 0, 3), numbers.uniform({4, 2}, -2, 2)},
           [](const auto& in) { return scatter_add(in[0], 0, in[1], in[2]); }},
          {"columns",
           {numbers.uniform({2, 4}, -2, 2), numbers.integers({2, 3}, -4, 4), numbers.uniform({2, 3}, -2, 2)},
           [](const auto& in) { return scatter_add(in[0], 1, in[1], in[2]); }},
          {"nothing added",
           {numbers.uniform({2, 3}, -2, 2), numbers.integers({2, 0}, 0, 3), numbers.uniform({2, 0}, -2, 2)},
           [](const auto& in) { return scatter_add(in[0], 1, in[1], in[2]); }}};
}

/// Everything about an index that must hold before an element is touched.
void check_index(const char* operation, const Shape& shape, std::size_t axis, const Tensor& index) {
  if (index.dtype() != int64)
    fail<DTypeError>(operation, "the index must be int64: got ", index.dtype(),
                     ". Did you mean index.astype(int64)?");
  if (index.size() == 0) return;
  Node& node = index.node();
  const bool slices = axis < node.shape.size() && selects_slices(node, axis);
  const Tensor positions = slices ? Tensor(&node) : dense(node);
  const std::int64_t extent = shape[axis], step = slices ? node.strides[axis] : 1,
                     count = slices ? node.shape[axis] : node.size();
  const std::int64_t* at = positions.node().values<std::int64_t>();
  // All at once, as nearly every index passes: the highest bit tells of a place below or above.
  std::uint64_t bits = 0;
  const auto below = static_cast<std::uint64_t>(extent), last = 2 * below - 1;
  for (std::int64_t k = 0; k < count; ++k) {
    const std::uint64_t place = static_cast<std::uint64_t>(at[k * step]) + below;
    bits |= place | (last - place);
  }
  const bool outside = bits >> 63;
  for (std::int64_t k = 0; outside && k < count; ++k)
    if (at[k * step] < -extent || at[k * step] >= extent)
      fail<IndexError>(operation, "an index must lie within the axis: got ", at[k * step], " for axis ", axis,
                       " of ", shape);
}

void check_extents(const char* operation, const Shape& shape, std::size_t axis, const Shape& index) {
  bool fits = index.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = i == axis || index[i] == shape[i];
  if (!fits)
    fail<ShapeError>(operation, "the index must have the tensor's shape but along axis ", axis, ": got ",
                     index, " and ", shape);
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index, Location where) {
  require_value("gather", x);
  require_value("gather", index);
  Node &node = x.node(), &at = index.node();
  const std::size_t along = normalize_axis("gather", axis, node.shape.size());
  check_extents("gather", node.shape, along, at.shape);
  check_index("gather", node.shape, along, index);
  return record(gather_operation, {&node, &at}, at.shape, node.dtype, where, new IndexAttributes(along));
}

Tensor gather_found(const Tensor& x, std::size_t axis, const Tensor& index, const Tensor& found,
                    Location where) {
  Node &node = x.node(), &at = index.node();
  return record(gather_operation, {&node, &at}, at.shape, node.dtype, where,
                new IndexAttributes(axis, found));
}

Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source,
                   Location where) {
  require_value("scatter_add", x);
  require_value("scatter_add", index);
  require_value("scatter_add", source);
  Node &node = x.node(), &at = index.node(), &from = source.node();
  const std::size_t along = normalize_axis("scatter_add", axis, node.shape.size());
  check_extents("scatter_add", node.shape, along, at.shape);
  if (from.shape != at.shape)
    fail<ShapeError>("scatter_add", "source and index must have one shape: got ", from.shape, " and ",
                     at.shape);
  require_same_dtype("scatter_add", node.dtype, from.dtype);
  if (node.dtype == boolean) fail<DTypeError>("scatter_add", "takes numbers: got boolean");
  check_index("scatter_add", node.shape, along, index);
  return record(scatter_operation, {&node, &at, &from}, node.shape, node.dtype, where,
                new IndexAttributes(along));
}

Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index, Location where) {
  const Scope scope("index_select");
  require_value("index_select", x);
  require_value("index_select", index);
  const std::size_t along = normalize_axis("index_select", axis, x.ndim());
  if (index.ndim() != 1)
    fail<ShapeError>("index_select", "the index must have one dimension: got shape ", index.shape());
  Shape around = Dims::filled(x.ndim(), 1), shape = x.shape();
  around[along] = shape[along] = index.size();
  return gather(x, static_cast<std::int64_t>(along),
                broadcast_to(reshape(index, around, where), shape, where), where);
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype, Location where) {
  const Scope scope("one_hot");
  require_value("one_hot", labels);
  if (classes < 1) fail<ValueError>("one_hot", "there must be a class: got ", classes);
  check_index("one_hot", {classes}, 0, labels);
  const Tensor at = unsqueeze(labels, -1, where);
  const Tensor places = at + classes * (at < 0).astype(int64);
  return equal({places, where}, arange(static_cast<double>(classes), {.dtype = int64})).astype(dtype, where);
}

}  // namespace wengert
