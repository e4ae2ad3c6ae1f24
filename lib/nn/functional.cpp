#include "wengert/nn/functional.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "lib/ops/matmul.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/products.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// x less its largest element along the axis. The results do not depend on this shift, so it is a constant.
Tensor shifted(const Tensor& x, std::int64_t axis, Location where) {
  const Tensor largest = [&] {
    const NoGrad constant;
    return max(x, {axis}, true, where);
  }();
  return sub({x, where}, largest);
}

void require_probability(const char* name, double p) {
  if (!(p >= 0.0 && p <= 1.0)) fail<ValueError>(name, "p must lie within [0, 1]: got ", p);
}

/// True with probability 1 - p.
Tensor keep(const Shape& shape, DType dtype, double p, Location where) {
  return greater_equal({rand(shape, {.dtype = dtype}, where), where}, p);
}

/// x / (1 - p) where it is kept.
Tensor scaled_where(const Tensor& kept, const Tensor& x, double p, Location where) {
  const double scale = p < 1.0 ? 1.0 / (1.0 - p) : 0.0;
  return wengert::where({kept, where}, mul({x, where}, scale), 0.0);
}

/// The shape without its last extent.
Shape leading(const Shape& shape) {
  Shape ahead = shape;
  ahead.pop_back();
  return ahead;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Location where) {
  if (weight.ndim() != 2) fail<ShapeError>("linear", "the weight must be (out, in): got ", weight.shape());
  if (x.ndim() == 0 || x.shape().back() != weight.shape()[1])
    fail<ShapeError>("linear", "the last extent of x must be the weight's: got ", x.shape(),
                     " for a weight of ", weight.shape());
  if (bias.defined() && bias.shape() != Shape(weight.shape()[0]))
    fail<ShapeError>("linear", "the bias must be (out): got ", bias.shape(), " for a weight of ",
                     weight.shape());
  const Scope scope("linear");
  const bool plain = x.ndim() > 1 && x.dtype() == weight.dtype() && is_float(x.dtype());
  const Tensor product =
      plain ? matmul_transposed(x, weight, where) : matmul(x, transpose(weight, where), where);
  return bias.defined() ? add({product, where}, bias) : product;
}

Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias,
                Location where) {
  if (weight.ndim() != 3)
    fail<ShapeError>("bilinear", "the weight must be (out, in1, in2): got ", weight.shape());
  if (x1.ndim() == 0 || x2.ndim() == 0 || x1.shape().back() != weight.shape()[1] ||
      x2.shape().back() != weight.shape()[2])
    fail<ShapeError>("bilinear", "the last extents of x1 and x2 must be the weight's: got ", x1.shape(),
                     " and ", x2.shape(), " for a weight of ", weight.shape());
  if (leading(x1.shape()) != leading(x2.shape()))
    fail<ShapeError>("bilinear", "x1 and x2 must agree in all extents but the last: got ", x1.shape(),
                     " and ", x2.shape());
  if (bias.defined() && bias.shape() != Shape(weight.shape()[0]))
    fail<ShapeError>("bilinear", "the bias must be (out): got ", bias.shape(), " for a weight of ",
                     weight.shape());
  const Scope scope("bilinear");
  const Tensor product = einsum("...i,oij,...j->...o", {x1, weight, x2}, where);
  return bias.defined() ? add({product, where}, bias) : product;
}

Tensor glu(const Tensor& x, std::int64_t axis, Location where) {
  const std::int64_t extent = x.shape()[normalize_axis("glu", axis, x.ndim())];
  if (extent % 2 != 0)
    fail<ShapeError>("glu", "the extent along the axis must be even: got ", x.shape(), " for axis ", axis);
  const Scope scope("glu");
  const Tensor value = slice(x, axis, 0, extent / 2, 1, where),
               gate = slice(x, axis, extent / 2, extent, 1, where);
  return mul({value, where}, sigmoid(gate, where));
}

Tensor softmax(const Tensor& x, std::int64_t axis, Location where) {
  const Scope scope("softmax");
  const Tensor e = exp(shifted(x, axis, where), where);
  return div({e, where}, sum(e, {axis}, true, where));
}

Tensor log_softmax(const Tensor& x, std::int64_t axis, Location where) {
  const Scope scope("log_softmax");
  const Tensor z = shifted(x, axis, where);
  return sub({z, where}, log(sum(exp(z, where), {axis}, true, where), where));
}

Tensor softmin(const Tensor& x, std::int64_t axis, Location where) {
  const Scope scope("softmin");
  return softmax(neg(x, where), axis, where);
}

Tensor dropout(const Tensor& x, double p, bool training, Location where) {
  require_probability("dropout", p);
  if (!training || p == 0.0) return x;
  const Scope scope("dropout");
  return scaled_where(keep(x.shape(), x.dtype(), p, where), x, p, where);
}

Tensor feature_dropout(const Tensor& x, double p, bool training, Location where) {
  require_probability("feature_dropout", p);
  if (x.ndim() < 2) fail<ShapeError>("feature_dropout", "x must be (N, C, ...): got ", x.shape());
  if (!training || p == 0.0) return x;
  const Scope scope("feature_dropout");
  Shape channels = Dims::filled(x.ndim(), 1);
  channels[0] = x.shape()[0];
  channels[1] = x.shape()[1];
  return scaled_where(keep(channels, x.dtype(), p, where), x, p, where);
}

Tensor alpha_dropout(const Tensor& x, double p, bool training, Location where) {
  require_probability("alpha_dropout", p);
  if (!training || p == 0.0) return x;
  const Scope scope("alpha_dropout");
  const Tensor kept = keep(x.shape(), x.dtype(), p, where);
  constexpr double saturation = -1.7580993408473768599;  // -scale * alpha of selu
  const double a = p < 1.0 ? 1.0 / std::sqrt((1.0 - p) * (1.0 + p * saturation * saturation)) : 0.0;
  const Tensor affine = add({mul({x, where}, a), where}, -a * p * saturation);
  return wengert::where({kept, where}, affine, a * saturation - a * p * saturation);
}

}  // namespace wengert::nn
