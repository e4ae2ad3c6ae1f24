#include "wengert/nn/functional.hpp"

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
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
  const Tensor product = matmul(x, transpose(weight, where), where);
  return bias.defined() ? add({product, where}, bias) : product;
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
  if (!(p >= 0.0 && p <= 1.0)) fail<ValueError>("dropout", "p must lie within [0, 1]: got ", p);
  if (!training || p == 0.0) return x;
  const Scope scope("dropout");
  const Tensor kept = greater_equal({rand(x.shape(), {.dtype = x.dtype()}, where), where}, p);
  const double scale = p < 1.0 ? 1.0 / (1.0 - p) : 0.0;
  return wengert::where({kept, where}, mul({x, where}, scale), 0.0);
}

}  // namespace wengert::nn
