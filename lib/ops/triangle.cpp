// diagonal, diag, tril and triu.
#include <algorithm>

#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// A boolean matrix: condition(column - row).
template <class F>
Tensor band(std::int64_t rows, std::int64_t columns, Location where, F condition) {
  return filled<bool>({rows, columns}, boolean, where, [=](bool* to) {
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) *to++ = condition(j - i);
  });
}

template <class F>
Tensor triangle(const char* name, const Tensor& x, Location where, F condition) {
  require_value(name, x);
  if (x.ndim() < 2) fail<ShapeError>(name, "there must be two dimensions: got shape ", x.shape());
  const Scope scope(name);
  const Tensor kept = band(x.shape()[x.ndim() - 2], x.shape().back(), where, condition);
  return wengert::where({kept, where}, x, 0);
}

}  // namespace

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2,
                Location where) {
  require_value("diagonal", x);
  const std::size_t ndim = x.ndim(), first = normalize_axis("diagonal", axis1, ndim),
                    second = normalize_axis("diagonal", axis2, ndim);
  if (first == second) fail<ValueError>("diagonal", "the two axes must differ: got ", axis1, " and ", axis2);
  const Scope scope("diagonal");
  Axes order;
  Shape shape;
  for (std::size_t i = 0; i < ndim; ++i)
    if (i != first && i != second) {
      order.push_back(static_cast<std::int64_t>(i));
      shape.push_back(x.shape()[i]);
    }
  order.push_back(static_cast<std::int64_t>(first));
  order.push_back(static_cast<std::int64_t>(second));
  const std::int64_t rows = x.shape()[first], columns = x.shape()[second];
  // Within the plane, written row by row, a diagonal is every (columns + 1)-th element. Offsets beyond it are
  // cut off.
  offset = std::clamp(offset, -rows, columns);
  const std::int64_t count = std::max<std::int64_t>(
      std::min(offset < 0 ? rows + offset : rows, offset > 0 ? columns - offset : columns), 0);
  const std::int64_t start = count == 0 ? 0 : offset < 0 ? -offset * columns : offset;
  shape.push_back(rows * columns);
  const Tensor plane = reshape(permute(x, order, where), shape, where);
  return slice(plane, -1, start, count == 0 ? 0 : start + (count - 1) * (columns + 1) + 1, columns + 1,
               where);
}

Tensor diag(const Tensor& x, std::int64_t offset, Location where) {
  require_value("diag", x);
  if (x.ndim() == 2) return diagonal(x, offset, 0, 1, where);
  if (x.ndim() != 1) fail<ShapeError>("diag", "takes a vector or a matrix: got shape ", x.shape());
  if (offset < -(std::int64_t{1} << 46) || offset > std::int64_t{1} << 46)
    fail<ShapeError>("diag", "the result is too large: got offset ", offset);
  const Scope scope("diag");
  const std::int64_t ahead = std::max<std::int64_t>(-offset, 0), behind = std::max<std::int64_t>(offset, 0);
  const std::int64_t extent = x.size() + ahead + behind;
  const Tensor column = unsqueeze(pad(x, {{ahead, behind}}, {}, where), 1, where);
  const Tensor at = band(extent, extent, where, [=](std::int64_t distance) { return distance == offset; });
  return wengert::where({at, where}, column, 0);
}

Tensor tril(const Tensor& x, std::int64_t offset, Location where) {
  return triangle("tril", x, where, [=](std::int64_t distance) { return distance <= offset; });
}
Tensor triu(const Tensor& x, std::int64_t offset, Location where) {
  return triangle("triu", x, where, [=](std::int64_t distance) { return distance >= offset; });
}

}  // namespace wengert
