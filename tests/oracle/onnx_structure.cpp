// ONNX's operators on shapes and indices.
#include <algorithm>
#include <string>

#include "tests/oracle/onnx.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/order.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace oracle {
namespace {

using namespace wengert;

std::int64_t rank(const Tensor& x) { return static_cast<std::int64_t>(x.ndim()); }
std::int64_t extents_product(const Shape& shape, std::size_t from, std::size_t to) {
  std::int64_t product = 1;
  for (std::size_t i = from; i < to; ++i) product *= shape[i];
  return product;
}

Tensors reshaped(const Node& n) {
  Shape shape = n.list(1);
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0 && !n.flag("allowzero")) shape[i] = n[0].shape()[i];
  return {reshape(n[0], shape)};
}

Tensors expanded(const Node& n) {
  Shape shape = n.list(1);
  const Shape& own = n[0].shape();
  while (shape.size() < own.size()) shape.insert(0, 1);
  for (std::size_t i = 0; i < own.size(); ++i)
    if (std::int64_t& extent = shape[shape.size() - own.size() + i]; extent == 1) extent = own[i];
  return {broadcast_to(n[0], shape)};
}

Tensors unsqueezed(const Node& n) {
  std::vector<std::int64_t> axes;
  const Axes given = n.has(1) ? n.list(1) : n.list("axes", {});
  for (const std::int64_t axis : given)
    axes.push_back(axis < 0 ? axis + rank(n[0]) + static_cast<std::int64_t>(given.size()) : axis);
  std::ranges::sort(axes);
  Tensor x = n[0];
  for (const std::int64_t axis : axes) x = unsqueeze(x, axis);
  return {x};
}

Tensors sliced(const Node& n) {
  const Axes starts = n.list(1), stops = n.list(2);
  Tensor x = n[0];
  for (std::size_t i = 0; i < starts.size(); ++i)
    x = slice(x, n.has(3) ? n.list(3)[i] : static_cast<std::int64_t>(i),
              {starts[i], stops[i], n.has(4) ? n.list(4)[i] : 1});
  return {x};
}

Tensors parts(const Node& n) {
  const std::int64_t axis = n.whole("axis", 0), count = static_cast<std::int64_t>(n.outputs);
  if (n.has(1)) return split(n[0], n.list(1), axis);
  return split(n[0], n[0].shape()[static_cast<std::size_t>(axis < 0 ? axis + rank(n[0]) : axis)] / count,
               axis);
}

Tensors padded(const Node& n) {
  const Axes pads = n.list(1);
  std::vector<PadWidth> widths;
  for (std::size_t i = 0; i < n[0].ndim(); ++i) widths.push_back({pads[i], pads[i + n[0].ndim()]});
  const auto mode = n.get<std::string>("mode", "constant");
  return {pad(n[0], widths,
              {.mode = mode == "reflect" ? PadMode::reflect
                       : mode == "edge"  ? PadMode::replicate
                                         : PadMode::constant,
               .value = n.has(2) ? n.number(std::size_t{2}) : 0.0})};
}

/// Slices of x along `axis`, the indices' shape in place of the axis.
Tensors gathered(const Node& n) {
  const std::size_t axis = static_cast<std::size_t>(n.whole("axis", 0));
  Shape shape = n[0].shape();
  shape.erase(axis);
  for (std::size_t i = n[1].ndim(); i-- > 0;) shape.insert(axis, n[1].shape()[i]);
  return {reshape(index_select(n[0], static_cast<std::int64_t>(axis), flatten(n[1])), shape)};
}

/// The index tensors along the last dimension of `indices`.
Tensors index_columns(const Tensor& indices) {
  Tensors columns;
  for (std::int64_t i = 0; i < indices.shape().back(); ++i)
    columns.push_back(squeeze(slice(indices, -1, i, i + 1), -1));
  return columns;
}

/// x[indices[..., 0], indices[..., 1], ...], for each batch where there are batch dimensions: by the place in
/// a row.
Tensors gathered_by_tuples(const Node& n) {
  const std::size_t batch = static_cast<std::size_t>(n.whole("batch_dims", 0));
  const Tensors columns = index_columns(n[1]);
  const Shape& shape = n[0].shape();
  const std::size_t last = batch + columns.size();
  Tensor place = zeros_like(columns[0]);
  for (std::size_t i = 0; i < columns.size(); ++i) place = place * shape[batch + i] + columns[i];
  if (batch == 1) {
    Shape ahead = Shape::filled(place.ndim(), 1);
    ahead[0] = shape[0];
    const Tensor row = reshape(arange(0, static_cast<double>(shape[0]), 1, {.dtype = int64}), ahead);
    place = place + row * extents_product(shape, batch, last);
  }
  Shape rows(-1), result = place.shape();
  for (std::size_t i = last; i < shape.size(); ++i) {
    rows.push_back(shape[i]);
    result.push_back(shape[i]);
  }
  return {reshape(index_select(reshape(n[0], rows), 0, flatten(place)), result)};
}

/// Replaced: what is there goes out in the sum.
Tensors scattered(const Node& n) {
  const std::int64_t axis = n.whole("axis", 0);
  const bool add = n.get<std::string>("reduction", "none") == "add";
  return {scatter_add(n[0], axis, n[1], add ? n[2] : n[2] - gather(n[0], axis, n[1]))};
}

Tensors compressed(const Node& n) {
  const Tensor places = flatten(nonzero(n[1]));
  return {n.has("axis") ? index_select(n[0], n.whole("axis", 0), places)
                        : index_select(flatten(n[0]), 0, places)};
}

/// The last dimension put at `axis`.
Tensor last_to(const Tensor& x, std::int64_t axis) {
  Axes order;
  for (std::int64_t i = 0; i + 1 < rank(x); ++i) order.push_back(i);
  order.insert(static_cast<std::size_t>(axis < 0 ? axis + rank(x) : axis), rank(x) - 1);
  return permute(x, order);
}
Tensors one_hots(const Node& n) {
  const auto depth = static_cast<std::int64_t>(n.number(std::size_t{1}));
  const Tensor index = n[0].astype(int64), hot = one_hot(where(index < 0, index + depth, index), depth);
  const std::vector<double> off_on = support::values(n[2]);
  return {last_to(off_on[0] + (off_on[1] - off_on[0]) * hot, n.whole("axis", -1)).astype(n[2].dtype())};
}
Tensors hardmax(const Node& n) {
  const std::int64_t axis = n.whole("axis", -1);
  const std::int64_t classes = n[0].shape()[static_cast<std::size_t>(axis < 0 ? axis + rank(n[0]) : axis)];
  return {last_to(one_hot(argmax(n[0], axis), classes), axis)};
}

Tensors depth_to_space(const Node& n) {
  const Shape& s = n[0].shape();
  const std::int64_t b = n.whole("blocksize", 1), c = s[1] / (b * b);
  const bool crd = n.get<std::string>("mode", "DCR") == "CRD";
  const Tensor x = crd ? permute(reshape(n[0], {s[0], c, b, b, s[2], s[3]}), {0, 1, 4, 2, 5, 3})
                       : permute(reshape(n[0], {s[0], b, b, c, s[2], s[3]}), {0, 3, 4, 1, 5, 2});
  return {reshape(x, {s[0], c, s[2] * b, s[3] * b})};
}
Tensors space_to_depth(const Node& n) {
  const Shape& s = n[0].shape();
  const std::int64_t b = n.whole("blocksize", 1);
  const Tensor x = permute(reshape(n[0], {s[0], s[1], s[2] / b, b, s[3] / b, b}), {0, 3, 5, 1, 2, 4});
  return {reshape(x, {s[0], s[1] * b * b, s[2] / b, s[3] / b})};
}

Tensors filled(const Node& n) {
  const auto& value = n.attributes.at("value").at(0);
  return {full(n.list(std::size_t{0}), value.get<double>(),
               {.dtype = value.is_number_integer() ? int64 : float32})};
}
Tensors eye_like(const Node& n) {
  const std::int64_t type = n.whole("dtype", 0), k = n.whole("k", 0);
  const Tensor band = tril(triu(ones(n[0].shape(), {.dtype = float64}), k), k);
  return {band.astype(type == 11 ? float64 : type == 1 ? float32 : type == 0 ? n[0].dtype() : int64)};
}
Tensors flattened(const Node& n) {
  const std::int64_t axis = n.whole("axis", 1);
  const auto cut = static_cast<std::size_t>(axis < 0 ? axis + rank(n[0]) : axis);
  return {reshape(n[0],
                  {extents_product(n[0].shape(), 0, cut), extents_product(n[0].shape(), cut, n[0].ndim())})};
}
Tensors transposed(const Node& n) {
  Axes reversed;
  for (std::int64_t i = rank(n[0]); i-- > 0;) reversed.push_back(i);
  return {permute(n[0], n.list("perm", reversed))};
}

}  // namespace

void add_structure(OnnxOperators& operators) {
  operators.merge(OnnxOperators{
      {"Compress", compressed},
      {"ConstantOfShape", filled},
      {"DepthToSpace", depth_to_space},
      {"Expand", expanded},
      {"EyeLike", eye_like},
      {"Flatten", flattened},
      {"Gather", gathered},
      {"GatherND", gathered_by_tuples},
      {"Hardmax", hardmax},
      {"OneHot", one_hots},
      {"Pad", padded},
      {"Reshape", reshaped},
      {"Scatter", scattered},
      {"ScatterElements", scattered},
      {"Slice", sliced},
      {"SpaceToDepth", space_to_depth},
      {"Split", parts},
      {"Transpose", transposed},
      {"Unsqueeze", unsqueezed},
      {"Concat", [](const Node& n) -> Tensors { return {concat(n.inputs, n.whole("axis", 0))}; }},
      {"GatherElements", [](const Node& n) -> Tensors { return {gather(n[0], n.whole("axis", 0), n[1])}; }},
      {"NonZero", [](const Node& n) -> Tensors { return {transpose(nonzero(n[0]))}; }},
      {"Range",
       [](const Node& n) -> Tensors {
         return {arange(n.number(std::size_t{0}), n.number(1), n.number(2), {.dtype = n[0].dtype()})};
       }},
      {"ScatterND",
       [](const Node& n) -> Tensors {
         return {
             index_put(n[0], index_columns(n[1]), n[2], n.get<std::string>("reduction", "none") == "add")};
       }},
      {"Squeeze", [](const Node& n) -> Tensors { return {squeeze(n[0], n.has(1) ? n.list(1) : Axes())}; }},
      {"Tile", [](const Node& n) -> Tensors { return {tile(n[0], n.list(1))}; }},
      {"TopK",
       [](const Node& n) -> Tensors {
         const auto [values, indices] =
             topk(n[0], n.list(1).front(), n.whole("axis", -1), n.flag("largest", true));
         return {values, indices};
       }},
      {"Trilu",
       [](const Node& n) -> Tensors {
         const std::int64_t k = n.has(1) ? n.list(1).front() : 0;
         return {n.flag("upper", true) ? triu(n[0], k) : tril(n[0], k)};
       }},
      {"Unique",
       [](const Node& n) -> Tensors {
         const auto [values, inverse, counts] = unique(n[0]);
         return {values, Tensor(), inverse, counts};  // it does not say where each occurs first
       }},
  });
}

}  // namespace oracle
