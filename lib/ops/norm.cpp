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

/// The power of two below `x`, such that its inverse is one as well: both are exact factors. Of the least `x`
/// a greater one, so that no product with it loses bits.
Tensor power_of_two(const Tensor& x, Location where) {
  const bool single = x.dtype() == float32;
  const Tensor power = exp2(floor(log2(x, where), where), where);
  const Tensor bounded = maximum({power, where}, single ? 0x1p-100 : 0x1p-900);
  return minimum({bounded, where}, single ? 0x1p126 : 0x1p1022);
}

/// `root` where `total` is not 0; there it is 0, and so is the derivative, as `safe` is a constant.
template <class F>
Tensor root_of(const Tensor& total, F root, Location where) {
  const Tensor none = equal({total, where}, 0.0);
  const Tensor safe = wengert::where({none, where}, 1.0, total);
  return wengert::where({none, where}, 0.0, root(safe));
}

// The result does not depend on the scale, so it is taken as a constant.

/// sqrt(sum x^2), dimensions kept.
Tensor euclidean_norm(const Tensor& x, const Axes& axes, Location where) {
  const Tensor scale = power_of_two(max(abs(x.detach(), where), axes, true, where), where);
  const Tensor scaled = mul({x, where}, reciprocal(scale, where));
  const Tensor total = sum(square(scaled, where), axes, true, where);
  return mul({root_of(
                  total, [=](const Tensor& t) { return sqrt(t, where); }, where),
              where},
             scale);
}

/// (sum |x|^p)^(1/p), dimensions kept.
Tensor power_norm(const Tensor& x, double p, const Axes& axes, Location where) {
  // Powers of the largest element are to be 1; to divide by 0 or inf would make NaN.
  const Tensor largest = max(abs(x.detach(), where), axes, true, where);
  const Tensor usable = logical_and(isfinite(largest, where), greater({largest, where}, 0.0));
  const Tensor scale = wengert::where({usable, where}, largest, 1.0);
  const Tensor absolute = abs(div({x, where}, scale), where), none = equal({absolute, where}, 0.0);
  // Of 0 to the power p only the value is wanted: some derivative of it is infinite.
  const Tensor powers =
      wengert::where({none, where}, 0.0, pow({wengert::where({none, where}, 1.0, absolute), where}, p));
  const auto root = [=](const Tensor& t) { return pow({t, where}, 1.0 / p); };
  return mul({root_of(sum(powers, axes, true, where), root, where), where}, scale);
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
  const Tensor result = p == 2.0 ? euclidean_norm(x, axes, where) : power_norm(x, p, axes, where);
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
