// reshape, permute, broadcast_to and what is said with them: the same bytes under other strides where they
// allow it.
#include <optional>

#include "lib/core/lowering.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// Strides that show `node` under `shape` without a copy, if there are any.
std::optional<Strides> reshaped_strides(const Node& node, const Shape& shape) {
  if (is_contiguous(node)) return row_major(shape);
  Strides strides = Dims::filled(shape.size(), 0);
  std::size_t to = shape.size();
  // Groups of old dimensions that lie in one run are matched with groups of new ones, from the last on.
  for (std::size_t from = node.shape.size(); from > 0;) {
    std::int64_t count = node.shape[--from];
    const std::int64_t step = node.strides[from];
    while (from > 0 && (node.shape[from - 1] == 1 || node.strides[from - 1] == step * count))
      count *= node.shape[--from];
    std::int64_t inner = 1;
    while (to > 0 && inner < count) {
      strides[--to] = step * inner;
      inner *= shape[to];
    }
    if (inner != count) return std::nullopt;
  }
  return strides;
}

void forward_reshape(Node& node) {
  Node& x = node.input(0);
  if (const auto strides = reshaped_strides(x, node.shape)) return share_value(node, x, 0, *strides);
  copy_contiguous(allocate_value(node), x);
}

template <Lowering::Kind kind>
bool lower_view(const Node&, Lowering& lowering) {
  lowering.kind = kind;
  return true;
}

struct PermuteAttributes : Attributes {
  explicit PermuteAttributes(const Axes& axes) : axes(axes) {}
  Axes axes;
};

void forward_permute(Node& node) {
  Node& x = node.input(0);
  Strides strides = static_cast<const PermuteAttributes*>(node.attributes)->axes;
  for (std::int64_t& entry : strides) entry = x.strides[static_cast<std::size_t>(entry)];
  share_value(node, x, 0, strides);
}

void forward_broadcast(Node& node) {
  Node& x = node.input(0);
  share_value(node, x, 0, broadcast_strides(x, node.shape));
}

template <class F>
Sample sample(const char* what, const Shape& shape, F call) {
  SampleNumbers numbers(14);
  return {what, {numbers.uniform(shape, -2.0, 2.0)}, [call](const std::vector<Tensor>& in) {
            return call(in[0]);
          }};
}

/// Rule: g in the shape of x.
constexpr Operation reshape_operation{
    .name = "reshape",
    .forward = forward_reshape,
    .rules = {[](const Call& c) { return reshape(c.g, c.input_shape(0)); }},
    .samples =
        [] {
          return std::vector<Sample>{
              sample("(2, 3) to (3, 2)", {2, 3},
                     [](const Tensor& x) {
                       return reshape(x, {3, -1});
                     }),
              sample("transposed", {2, 3}, [](const Tensor& x) { return reshape(transpose(x), {6}); }),
              sample("0-d to (1, 1)", {},
                     [](const Tensor& x) {
                       return reshape(x, {1, 1});
                     }),
              sample("empty", {0, 3}, [](const Tensor& x) {
                return reshape(x, {3, 0});
              })};
        },
    .lower = lower_view<Lowering::Kind::alias>,
    .looks_at = {}};
/// Rule: g with its axes put back.
constexpr Operation permute_operation{
    .name = "permute",
    .forward = forward_permute,
    .rules = {[](const Call& c) {
      const Axes& axes = c.attributes<PermuteAttributes>().axes;
      Axes inverse = axes;
      for (std::size_t i = 0; i < axes.size(); ++i)
        inverse[static_cast<std::size_t>(axes[i])] = static_cast<std::int64_t>(i);
      return permute(c.g, inverse);
    }},
    .samples =
        [] {
          return std::vector<Sample>{sample("three dimensions", {2, 3, 4},
                                            [](const Tensor& x) {
                                              return permute(x, {2, 0, 1});
                                            }),
                                     sample("negative axes", {2, 3},
                                            [](const Tensor& x) {
                                              return permute(x, {-1, 0});
                                            }),
                                     sample("0-d", {}, [](const Tensor& x) { return permute(x, {}); }),
                                     sample("empty", {2, 0, 3}, [](const Tensor& x) {
                                       return permute(x, {2, 0, 1});
                                     })};
        },
    .looks_at = {}};
/// Rule: g summed to the shape of x.
constexpr Operation broadcast_operation{.name = "broadcast_to",
                                        .forward = forward_broadcast,
                                        .rules = {[](const Call& c) { return c.g; }},
                                        .samples =
                                            [] {
                                              return std::vector<Sample>{
                                                  sample("row", {3},
                                                         [](const Tensor& x) {
                                                           return broadcast_to(x, {2, 3});
                                                         }),
                                                  sample("column", {2, 1},
                                                         [](const Tensor& x) {
                                                           return broadcast_to(x, {2, 3});
                                                         }),
                                                  sample("0-d", {},
                                                         [](const Tensor& x) {
                                                           return broadcast_to(x, {2, 2});
                                                         }),
                                                  sample("to nothing", {1, 3},
                                                         [](const Tensor& x) {
                                                           return broadcast_to(x, {0, 3});
                                                         }),
                                                  sample("of nothing", {0, 1}, [](const Tensor& x) {
                                                    return broadcast_to(x, {2, 0, 3});
                                                  })};
                                            },
                                        .lower = lower_view<Lowering::Kind::expand>,
                                        .looks_at = {}};
const Registered registered_reshape(reshape_operation), registered_permute(permute_operation),
    registered_broadcast(broadcast_operation);

}  // namespace

Tensor reshape(const Tensor& x, const Shape& asked, Location where) {
  require_value("reshape", x);
  Node& node = recorded(x);
  Shape shape = asked;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  bool too_many = false;
  for (std::int64_t& extent : shape) {
    if (extent < -1 || (extent == -1 && open))
      fail<ShapeError>("reshape", "extents must be 0 or more, one may be -1: got ", asked);
    if (extent == -1)
      open = &extent;
    else
      too_many |= __builtin_mul_overflow(known, extent, &known);
  }
  const std::int64_t count = node.size();
  if (open && !too_many && known == 0)
    fail<ShapeError>("reshape", "-1 has no one answer beside an extent of 0: got ", asked);
  if (open && !too_many) *open = count / known;
  if (too_many || (open ? known * *open : known) != count)
    fail<ShapeError>("reshape", "the number of elements must stay the same: got ", node.shape, " and ",
                     asked);
  return record(reshape_operation, {&node}, shape, node.dtype, where);
}

Tensor flatten(const Tensor& x, std::int64_t start, std::int64_t end, Location where) {
  require_value("flatten", x);
  if (x.ndim() == 0) return reshape(x, {1}, where);
  const std::size_t first = normalize_axis("flatten", start, x.ndim()),
                    last = normalize_axis("flatten", end, x.ndim());
  if (first > last) fail<ShapeError>("flatten", "start must not come after end: got ", start, " and ", end);
  Shape shape;
  for (std::size_t i = 0; i < x.ndim(); ++i) {
    if (i <= first || i > last)
      shape.push_back(x.shape()[i]);
    else
      shape[first] *= x.shape()[i];
  }
  return reshape(x, shape, where);
}

Tensor squeeze(const Tensor& x, const Axes& axes, Location where) {
  require_value("squeeze", x);
  std::uint64_t named = 0;
  for (const std::int64_t axis : axes) {
    const std::size_t i = normalize_axis("squeeze", axis, x.ndim());
    if (x.shape()[i] != 1)
      fail<ShapeError>("squeeze", "a dimension that goes must have extent 1: got axis ", axis, " of ",
                       x.shape());
    named |= std::uint64_t{1} << i;
  }
  Shape shape;
  for (std::size_t i = 0; i < x.ndim(); ++i)
    if (axes.empty() ? x.shape()[i] != 1 : !(named >> i & 1)) shape.push_back(x.shape()[i]);
  return reshape(x, shape, where);
}

Tensor unsqueeze(const Tensor& x, std::int64_t axis, Location where) {
  require_value("unsqueeze", x);
  Shape shape = x.shape();
  shape.insert(normalize_axis("unsqueeze", axis, x.ndim() + 1), 1);
  return reshape(x, shape, where);
}

Tensor permute(const Tensor& x, const Axes& axes, Location where) {
  require_value("permute", x);
  Node& node = x.node();
  const std::size_t ndim = node.shape.size();
  if (axes.size() != ndim)
    fail<ShapeError>("permute", "every axis must be named once: got ", axes, " for shape ", node.shape);
  Axes order = axes;
  Shape shape = node.shape;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < ndim; ++i) {
    const std::size_t from = normalize_axis("permute", axes[i], ndim);
    if (seen >> from & 1)
      fail<ShapeError>("permute", "every axis must be named once: got ", axes, " for shape ", node.shape);
    seen |= std::uint64_t{1} << from;
    order[i] = static_cast<std::int64_t>(from);
    shape[i] = node.shape[from];
  }
  return record(permute_operation, {&node}, shape, node.dtype, where, new PermuteAttributes(order));
}

Tensor transpose(const Tensor& x, Location where) {
  require_value("transpose", x);
  const auto ndim = static_cast<std::int64_t>(x.ndim());
  if (ndim < 2)
    fail<ShapeError>("transpose", "there must be two dimensions to exchange: got shape ", x.shape());
  Axes axes;
  for (std::int64_t i = 0; i < ndim - 2; ++i) axes.push_back(i);
  axes.push_back(ndim - 1);
  axes.push_back(ndim - 2);
  return permute(x, axes, where);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, Location where) {
  require_value("broadcast_to", x);
  Node& node = recorded(x);
  const std::size_t ahead = shape.size() - node.shape.size();
  bool fits = shape.size() >= node.shape.size();
  for (std::size_t i = 0; fits && i < node.shape.size(); ++i)
    fits = node.shape[i] == 1 || node.shape[i] == shape[ahead + i];
  if (!fits)
    fail<ShapeError>("broadcast_to", "the shape must broadcast to the other: got ", node.shape, " and ",
                     shape);
  return record(broadcast_operation, {&node}, shape, node.dtype, where);
}

}  // namespace wengert
