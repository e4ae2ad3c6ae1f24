// cumprod and logcumsumexp.
#include "wengert/ops/cumulative.hpp"

#include <limits>

#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {

Tensor cumprod(const Tensor& x, std::int64_t axis, Location where) {
  require_value("cumprod", x);
  const std::size_t at = normalize_axis("cumprod", axis, x.ndim());
  require_float("cumprod", x.dtype());
  const Scope scope("cumprod");
  const std::int64_t extent = x.shape()[at], along = static_cast<std::int64_t>(at);
  if (extent == 0) return reshape(x, x.shape(), where);
  // y[i] = x[i] * y[i - 1] + 0, from y[0] = x[0].
  Shape rest = x.shape();
  rest[at] = extent - 1;
  const Tensor start = slice(x, along, 0, 1, 1, where),
               zero = broadcast_to(scalar(-0.0, x.dtype()), rest, where);
  return linear_scan(x, concat({start, zero}, along, where), along, where);
}

Tensor logcumsumexp(const Tensor& x, std::int64_t axis, Location where) {
  require_value("logcumsumexp", x);
  const std::size_t at = normalize_axis("logcumsumexp", axis, x.ndim());
  require_float("logcumsumexp", x.dtype());
  const Scope scope("logcumsumexp");
  const std::int64_t extent = x.shape()[at], along = static_cast<std::int64_t>(at);
  // Sums of 1, 2, 4 ... elements up to each place: log2(n) passes, and no sum is lost beside a larger later
  // one.
  Tensor y = x;
  for (std::int64_t reach = 1; reach < extent; reach *= 2) {
    const Tensor before = slice(y, along, 0, extent - reach, 1, where),
                 here = slice(y, along, reach, extent, 1, where);
    y = concat({slice(y, along, 0, reach, 1, where), logaddexp({here, where}, before)}, along, where);
  }
  // Where nothing was added to -inf, nothing goes back.
  const double nothing = -std::numeric_limits<double>::infinity();
  return wengert::where({equal({y, where}, nothing), where}, nothing, y);
}

}  // namespace wengert
