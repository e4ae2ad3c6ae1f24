// norm and average.
#include <limits>

#include "lib/ops/blocks.hpp"
#include "lib/ops/reduce.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// (sum |x|^p)^(1/p), dimensions kept.
Tensor power_norm(const Tensor& x, double p, const Axes& axes, Location where) {
  // The result does not depend on the scale, so it is taken as a constant; 0 and inf would make NaN.
  const Tensor largest = max(abs(x.detach(), where), axes, true, where);
  const Tensor usable = logical_and(isfinite(largest, where), greater({largest, where}, 0.0));
  const Tensor scale = wengert::where({usable, where}, largest, 1.0);
  const Tensor scaled = div({x, where}, scale);
  Tensor powers;
  if (p == 2.0) {
    powers = square(scaled, where);
  } else {
    const Tensor absolute = abs(scaled, where), none = equal({absolute, where}, 0.0);
    // Of 0 to the power p only the value is wanted: some derivative of it is infinite.
    powers =
        wengert::where({none, where}, 0.0, pow({wengert::where({none, where}, 1.0, absolute), where}, p));
  }
  const Tensor total = sum(powers, axes, true, where), none = equal({total, where}, 0.0);
  const Tensor safe = wengert::where({none, where}, 1.0, total);
  const Tensor root = p == 2.0 ? sqrt(safe, where) : pow({safe, where}, 1.0 / p);
  return mul({wengert::where({none, where}, 0.0, root), where}, scale);
}

}  // namespace

Tensor norm(const Tensor& x, double p, const Axes& axes, bool keepdims, Location where) {
  require_value("norm", x);
  require_float("norm", x.dtype());
  const std::uint64_t mask = axis_mask("norm", axes, x.ndim());
  if (!(p > 0.0)) fail<ValueError>("norm", "p must be positive: got ", p);
  const Scope scope("norm");
  if (p == 1.0 || reduced_count(x.shape(), mask) == 0) return sum(abs(x, where), axes, keepdims, where);
  if (p == std::numeric_limits<double>::infinity()) return max(abs(x, where), axes, keepdims, where);
  const Tensor result = power_norm(x, p, axes, where);
  return keepdims ? result : reshape(result, reduced_shape(x.shape(), mask, false), where);
}

Tensor average(const Tensor& x, const Tensor& weights, const Axes& axes, bool keepdims, Location where) {
  require_value("average", x);
  require_value("average", weights);
  require_float("average", x.dtype());
  axis_mask("average", axes, x.ndim());
  Shape spread = weights.shape();
  if (weights.ndim() == 1 && axes.size() == 1) {
    spread = Dims::filled(x.ndim(), 1);
    spread[normalize_axis("average", axes[0], x.ndim())] = weights.size();
  }
  bool fits = spread.size() <= x.ndim();
  for (std::size_t i = 0; fits && i < spread.size(); ++i)
    fits = spread[i] == 1 || spread[i] == x.shape()[x.ndim() - spread.size() + i];
  if (!fits)
    fail<ShapeError>("average",
                     "the weights must broadcast to the tensor, or be a vector along one axis: got ",
                     weights.shape(), " for ", x.shape());
  if (weights.dtype() != x.dtype())
    fail<DTypeError>("average", "dtypes must be equal: got ", x.dtype(), " and ", weights.dtype(),
                     ". Did you mean to cast with astype(", x.dtype(), ")?");
  const Scope scope("average");
  const Tensor w = broadcast_to(reshape(weights, spread, where), x.shape(), where);
  const Tensor total = sum(mul({x, where}, w), axes, keepdims, where);
  return div({total, where}, sum(w, axes, keepdims, where));
}

}  // namespace wengert
