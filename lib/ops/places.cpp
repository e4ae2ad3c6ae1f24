// masked_select, nonzero, take_along_axis, index_put and embedding: all by the places in an array seen as one
// row.
#include <algorithm>

#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/order.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// int64 (n,): the places of the true elements of a boolean tensor.
Tensor true_places(const Tensor& mask, Location where) {
  const Tensor flat = dense(mask.node());
  const bool* from = flat.node().values<bool>();
  const std::int64_t size = flat.size(), count = std::count(from, from + size, true);
  return index_tensor(count, where, [&](std::int64_t* to) {
    for (std::int64_t i = 0; i < size; ++i)
      if (from[i]) *to++ = i;
  });
}

void require_index(const char* operation, const Tensor& index) {
  if (index.dtype() != int64)
    fail<DTypeError>(operation, "the index must be int64: got ", index.dtype(),
                     ". Did you mean index.astype(int64)?");
}

/// The rows of x, seen as (rows, ...) over its first indices.size() dimensions, that the indices name; of
/// shape B.
std::vector<std::int64_t> rows_named(const Tensor& x, const std::vector<Tensor>& indices,
                                     const Shape& common) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(element_count(common)), 0);
  for (std::size_t d = 0; d < indices.size(); ++d) {
    const std::int64_t extent = x.shape()[d];
    const Tensor positions = dense(broadcast_to(indices[d], common).node());
    const std::int64_t* at = positions.node().values<std::int64_t>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (at[i] < -extent || at[i] >= extent)
        fail<IndexError>("index_put", "an index must lie within the axis: got ", at[i], " for axis ", d,
                         " of ", x.shape());
      rows[i] = rows[i] * extent + (at[i] < 0 ? at[i] + extent : at[i]);
    }
  }
  return rows;
}

}  // namespace

Tensor masked_select(const Tensor& x, const Tensor& mask, Location where) {
  require_value("masked_select", x);
  require_value("masked_select", mask);
  if (mask.dtype() != boolean)
    fail<DTypeError>("masked_select", "the mask must be boolean: got ", mask.dtype(),
                     ". Did you mean mask != 0?");
  const Shape shape = broadcast_shape("masked_select", x.shape(), mask.shape());
  const Scope scope("masked_select");
  const Tensor places = true_places(broadcast_to(mask.detach(), shape, where), where);
  return index_select(reshape(broadcast_to(x, shape, where), {element_count(shape)}, where), 0, places,
                      where);
}

Tensor nonzero(const Tensor& x, Location where) {
  const Scope scope("nonzero");
  const Tensor places = true_places(x.detach().astype(boolean), where);
  const Shape& shape = x.shape();
  const std::int64_t* from = places.node().values<std::int64_t>();
  return index_tensor({places.size(), shape.size()}, where, [&](std::int64_t* to) {
    for (std::int64_t i = 0; i < places.size(); ++i, to += shape.size()) {
      std::int64_t rest = from[i];
      for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d]) to[d] = rest % shape[d];
    }
  });
}

Tensor take_along_axis(const Tensor& x, const Tensor& index, std::int64_t axis, Location where) {
  require_value("take_along_axis", x);
  require_value("take_along_axis", index);
  const std::size_t along = normalize_axis("take_along_axis", axis, x.ndim());
  require_index("take_along_axis", index);
  if (index.ndim() != x.ndim())
    fail<ShapeError>("take_along_axis", "the index must have as many dimensions: got ", index.shape(),
                     " and ", x.shape());
  Shape own = x.shape(), asked = index.shape();
  own[along] = asked[along] = 1;
  Shape to = broadcast_shape("take_along_axis", own, asked);
  const Scope scope("take_along_axis");
  to[along] = x.shape()[along];
  const Tensor wide = broadcast_to(x, to, where);
  to[along] = index.shape()[along];
  return gather(wide, axis, broadcast_to(index, to, where), where);
}

Tensor index_put(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& values, bool accumulate,
                 Location where) {
  require_value("index_put", x);
  require_value("index_put", values);
  for (const Tensor& index : indices) require_value("index_put", index);
  constexpr const char* name = "index_put";
  if (indices.empty() || indices.size() > x.ndim())
    fail<IndexError>(name, "there must be an index for the first axis, and no more than axes: got ",
                     indices.size(), " for shape ", x.shape());
  Shape common;
  for (const Tensor& index : indices) {
    require_index(name, index);
    common = broadcast_shape(name, common, index.shape());
  }
  require_same_dtype(name, x.dtype(), values.dtype());
  Shape shape = common;
  std::int64_t row_count = 1, inner = 1;
  for (std::size_t i = 0; i < x.ndim(); ++i) {
    (i < indices.size() ? row_count : inner) *= x.shape()[i];
    if (i >= indices.size()) shape.push_back(x.shape()[i]);
  }
  if (broadcast_shape(name, shape, values.shape()) != shape)
    fail<ShapeError>(name, "the values must broadcast to the places: got ", values.shape(), " for ", shape);
  std::vector<std::int64_t> rows = rows_named(x, indices, common);
  const Scope scope(name);
  if (x.dtype() == boolean)
    return index_put(x.astype(int64, where), indices, values.astype(int64, where), accumulate, where)
        .astype(boolean, where);
  Tensor base = reshape(x, {row_count, inner}, where);
  Tensor source = reshape(broadcast_to(values, shape, where), {element_count(common), inner}, where);
  if (!accumulate) {
    // Only the last value for a place counts: the others are left out, and the place is emptied for it.
    std::vector<std::int64_t> last(static_cast<std::size_t>(row_count), -1), kept, kept_rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
      last[static_cast<std::size_t>(rows[i])] = static_cast<std::int64_t>(i);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (last[static_cast<std::size_t>(rows[i])] == static_cast<std::int64_t>(i)) {
        kept.push_back(static_cast<std::int64_t>(i));
        kept_rows.push_back(rows[i]);
      }
    const Tensor replaced = filled<bool>({row_count, 1}, boolean, where, [&](bool* to) {
      for (std::size_t i = 0; i < last.size(); ++i) to[i] = last[i] >= 0;
    });
    // -0 is what any number, -0 too, may be added to and stays.
    base = is_float(x.dtype()) ? wengert::where({replaced, where}, -0.0, base)
                               : wengert::where({replaced, where}, 0, base);
    source = index_select(
        source, 0,
        index_tensor(kept.size(), where, [&](std::int64_t* to) { std::copy(kept.begin(), kept.end(), to); }),
        where);
    rows = kept_rows;
  }
  const Tensor at = index_tensor({rows.size(), 1}, where,
                                 [&](std::int64_t* to) { std::copy(rows.begin(), rows.end(), to); });
  const Tensor put = scatter_add(base, 0, broadcast_to(at, source.shape(), where), source, where);
  return reshape(put, x.shape(), where);
}

Tensor embedding(const Tensor& weight, const Tensor& indices, Location where) {
  require_value("embedding", weight);
  require_value("embedding", indices);
  require_index("embedding", indices);
  if (weight.ndim() < 1)
    fail<ShapeError>("embedding", "the weight must have rows: got shape ", weight.shape());
  const Scope scope("embedding");
  Shape shape = indices.shape();
  for (std::size_t i = 1; i < weight.ndim(); ++i) shape.push_back(weight.shape()[i]);
  return reshape(index_select(weight, 0, reshape(indices, {indices.size()}, where), where), shape, where);
}

}  // namespace wengert
