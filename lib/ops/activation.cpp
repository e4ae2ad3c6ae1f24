#include "wengert/ops/activation.hpp"

#include "lib/ops/at.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// value where x <= low or x >= high, x between: NaN stays, and at a bound nothing goes back.
Tensor held(const Tensor& x, double low, double high, Location where) {
  const At at{where};
  return at.pick(less_equal(at(x), low), low, at.pick(greater_equal(at(x), high), high, x));
}

/// alpha (exp(x / alpha) - 1) where x is not positive: what is not taken is kept from overflowing.
Tensor exponential_part(const Tensor& x, double divisor, double alpha, const Tensor& positive,
                        Location where) {
  const At at{where};
  const Tensor safe = at.pick(positive, 0.0, x);
  return mul(at(expm1(divisor == 1.0 ? safe : div(at(safe), divisor), where)), alpha);
}

void require_bound(const char* name, double bound) {
  if (!(bound >= 0.0)) fail<ValueError>(name, "the bound must be 0 or more: got ", bound);
}

}  // namespace

Tensor log_sigmoid(const Tensor& x, Location where) {
  const Scope scope("log_sigmoid");
  return neg(softplus(neg(x, where), where), where);
}

Tensor elu(const Tensor& x, double alpha, Location where) {
  const Scope scope("elu");
  const At at{where};
  const Tensor positive = greater(at(x), 0.0);
  return at.pick(positive, x, exponential_part(x, 1.0, alpha, positive, where));
}

Tensor selu(const Tensor& x, Location where) {
  const Scope scope("selu");
  return mul({elu(x, 1.6732632423543772848, where), where}, 1.0507009873554804934);
}

Tensor celu(const Tensor& x, double alpha, Location where) {
  if (alpha == 0.0) fail<ValueError>("celu", "alpha must not be 0: got ", alpha);
  const Scope scope("celu");
  const At at{where};
  const Tensor positive = greater(at(x), 0.0);
  return at.pick(positive, x, exponential_part(x, alpha, alpha, positive, where));
}

Tensor gelu(const Tensor& x, GeluForm form, Location where) {
  const Scope scope("gelu");
  const At at{where};
  const Tensor half = mul(at(x), 0.5);
  // 1 + erf(z) is erfc(-z), which keeps its digits where it is small.
  if (form == GeluForm::erf) return mul(at(half), erfc(mul(at(x), -0.70710678118654752440), where));
  // Beyond 30 tanh is 1 in both dtypes, and of a cube that overflows the derivative would be 0 * inf.
  const Tensor z = maximum(at(minimum(at(x), 30.0)), -30.0);
  const Tensor cubic = mul(at(z), add(at(mul(at(square(z, where)), 0.044715)), 1.0));
  return mul(at(half), add(at(tanh(mul(at(cubic), 0.79788456080286535588), where)), 1.0));
}

Tensor silu(const Tensor& x, Location where) {
  const Scope scope("silu");
  return mul({x, where}, sigmoid(x, where));
}

Tensor mish(const Tensor& x, Location where) {
  const Scope scope("mish");
  return mul({x, where}, tanh(softplus(x, where), where));
}

Tensor hardtanh(const Tensor& x, double low, double high, Location where) {
  if (!(low < high)) fail<ValueError>("hardtanh", "low must be less than high: got ", low, " and ", high);
  const Scope scope("hardtanh");
  return held(x, low, high, where);
}

Tensor hardsigmoid(const Tensor& x, Location where) {
  const Scope scope("hardsigmoid");
  const At at{where};
  const Tensor between = mul(at(add(at(x), 3.0)), 1.0 / 6.0);
  return at.pick(less_equal(at(x), -3.0), 0.0, at.pick(greater_equal(at(x), 3.0), 1.0, between));
}

Tensor hardswish(const Tensor& x, Location where) {
  const Scope scope("hardswish");
  const At at{where};
  const Tensor above = greater_equal(at(x), 3.0);
  // So that what is not picked stays finite.
  const Tensor inside = at.pick(less_equal(at(x), -3.0), -3.0, at.pick(above, 3.0, x));
  const Tensor between = mul(at(mul(at(add(at(inside), 3.0)), inside)), 1.0 / 6.0);
  return at.pick(above, x, between);
}

Tensor softsign(const Tensor& x, Location where) {
  const Scope scope("softsign");
  return div({x, where}, add({abs(x, where), where}, 1.0));
}

Tensor softshrink(const Tensor& x, double bound, Location where) {
  require_bound("softshrink", bound);
  const Scope scope("softshrink");
  const At at{where};
  return at.pick(less_equal(at(abs(x, where)), bound), 0.0, sub(at(x), copysign({bound, where}, x)));
}

Tensor hardshrink(const Tensor& x, double bound, Location where) {
  require_bound("hardshrink", bound);
  const Scope scope("hardshrink");
  const At at{where};
  return at.pick(less_equal(at(abs(x, where)), bound), 0.0, x);
}

Tensor tanhshrink(const Tensor& x, Location where) {
  const Scope scope("tanhshrink");
  return sub({x, where}, tanh(x, where));
}

Tensor relu6(const Tensor& x, Location where) {
  const Scope scope("relu6");
  return held(x, 0.0, 6.0, where);
}

Tensor threshold(const Tensor& x, double bound, double value, Location where) {
  const Scope scope("threshold");
  const At at{where};
  return at.pick(less_equal(at(x), bound), value, x);
}

Tensor logaddexp(const Operand& a, const Operand& b) {
  const Pair pair("logaddexp", a, b);
  require_float("logaddexp", pair.dtype());
  broadcast_shape("logaddexp", pair.a.shape(), pair.b.shape());
  const Scope scope("logaddexp");
  const At at{a.where()};
  // Smooth where the two are equal as well: the first is then taken for the larger one on either path.
  const Tensor first = greater_equal(at(pair.a), pair.b);
  const Tensor larger = at.pick(first, pair.a, pair.b), smaller = at.pick(first, pair.b, pair.a);
  const Tensor endless = logical_and(at(isinf(larger, at.where)), equal(at(larger), smaller));
  const Tensor distance = sub(at(at.pick(endless, 0.0, smaller)), at.pick(endless, 0.0, larger));
  return at.pick(endless, larger.detach(at.where), add(at(larger), softplus(distance, at.where)));
}

Tensor xlogy(const Operand& x, const Operand& y) {
  const Pair pair("xlogy", x, y);
  require_float("xlogy", pair.dtype());
  broadcast_shape("xlogy", pair.a.shape(), pair.b.shape());
  const Scope scope("xlogy");
  const At at{x.where()};
  const Tensor unusable = logical_or(at(less_equal(at(pair.b), 0.0)), isinf(pair.b, at.where));
  const Tensor none = logical_and(at(equal(at(pair.a), 0.0)), unusable);
  return mul(at(pair.a), log(at.pick(none, 1.0, pair.b), at.where));
}

Tensor lerp(const Operand& a, const Operand& b, const Operand& t) {
  const Scope scope("lerp");
  if (a.is_number() && b.is_number()) return add(a, mul(t, {b.number() - a.number(), a.where()}));
  return add(a, mul({sub(b, a), a.where()}, t));
}

Tensor squared_difference(const Operand& a, const Operand& b) {
  const Scope scope("squared_difference");
  return square(sub(a, b), a.where());
}

}  // namespace wengert
