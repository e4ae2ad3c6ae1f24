// A tensor as a matrix: one row for each position along an axis. For the regularizers and initializers.
#pragma once

#include "wengert/core/node.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {

/// The axis counted from the front. Throws IndexError for one that x does not have.
inline std::int64_t axis_of(const char* operation, std::int64_t axis, const Tensor& x) {
  return static_cast<std::int64_t>(normalize_axis(operation, axis, x.ndim()));
}

/// (extent of `axis`, product of the others), `axis` counted from the front.
inline Tensor rows_along(const Tensor& x, std::int64_t axis, Location where) {
  Axes order(axis);
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(x.ndim()); ++d)
    if (d != axis) order.push_back(d);
  std::int64_t others = 1;
  for (const std::int64_t d : order) others *= d == axis ? 1 : x.shape()[static_cast<std::size_t>(d)];
  return reshape(permute(x, order, where), {x.shape()[static_cast<std::size_t>(axis)], others}, where);
}

}  // namespace wengert::nn
