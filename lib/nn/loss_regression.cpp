#include "wengert/nn/loss_regression.hpp"

#include <cmath>
#include <numbers>

#include "lib/nn/loss_parts.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert::nn {
namespace {

/// d^2 / 2 up to a bound, then straight on: c (d - c / 2) with d held within the bound for c, which knows no
/// branch whose square could overflow.
Tensor huber(const Tensor& d, double bound, Location where) {
  const At at{where};
  const Tensor c = clip(at(d), -bound, bound);
  return mul(at(c), sub(at(d), mul(at(c), 0.5)));
}

}  // namespace

Tensor mse_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options, Location where) {
  check_pair("mse_loss", "prediction", prediction, "target", target);
  const LossScope scope("mse_loss");
  return reduce_loss(square(sub({prediction, where}, target), where), options.reduction, where);
}

Tensor l1_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options, Location where) {
  check_pair("l1_loss", "prediction", prediction, "target", target);
  const LossScope scope("l1_loss");
  return reduce_loss(abs(sub({prediction, where}, target), where), options.reduction, where);
}

Tensor huber_loss(const Tensor& prediction, const Tensor& target, const HuberOptions& options,
                  Location where) {
  check_pair("huber_loss", "prediction", prediction, "target", target);
  if (!(options.delta > 0.0)) fail<ValueError>("huber_loss", "delta must be positive: got ", options.delta);
  const LossScope scope("huber_loss");
  const Tensor losses = huber(sub({prediction, where}, target), options.delta, where);
  return reduce_loss(losses, options.reduction, where);
}

Tensor smooth_l1_loss(const Tensor& prediction, const Tensor& target, const SmoothL1Options& options,
                      Location where) {
  check_pair("smooth_l1_loss", "prediction", prediction, "target", target);
  if (!(options.beta >= 0.0))
    fail<ValueError>("smooth_l1_loss", "beta must not be negative: got ", options.beta);
  const LossScope scope("smooth_l1_loss");
  const Tensor d = sub({prediction, where}, target);
  Tensor losses = options.beta == 0.0 ? abs(d, where) : huber(d, options.beta, where);
  if (options.beta != 0.0 && options.beta != 1.0) losses = div({losses, where}, options.beta);
  return reduce_loss(losses, options.reduction, where);
}

Tensor log_cosh_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options,
                     Location where) {
  check_pair("log_cosh_loss", "prediction", prediction, "target", target);
  const LossScope scope("log_cosh_loss");
  const At at{where};
  const Tensor d = sub({prediction, where}, target);
  // Near 0 from cosh(d) = 1 + 2 sinh(d / 2)^2, far out from exp(|d|) (1 + exp(-2 |d|)) / 2.
  const Tensor a = abs(d, where), near = less(at(a), 1.0);
  const Tensor s = sinh(mul(at(at.pick(near, d, 0.0)), 0.5), where);
  const Tensor inside = log1p(mul(at(square(s, where)), 2.0), where);
  const Tensor outside = add(at(a), sub(at(softplus(mul(at(a), -2.0), where)), std::numbers::ln2));
  return reduce_loss(at.pick(near, inside, outside), options.reduction, where);
}

Tensor quantile_loss(const Tensor& prediction, const Tensor& target, const QuantileOptions& options,
                     Location where) {
  check_pair("quantile_loss", "prediction", prediction, "target", target);
  const double q = options.quantile;
  if (!(q > 0.0 && q < 1.0)) fail<ValueError>("quantile_loss", "quantile must lie in (0, 1): got ", q);
  const LossScope scope("quantile_loss");
  const At at{where};
  const Tensor d = sub(at(prediction), target);
  const Tensor losses = add(at(mul(at(relu(neg(d, where), where)), q)), mul(at(relu(d, where)), 1.0 - q));
  return reduce_loss(losses, options.reduction, where);
}

Tensor poisson_nll_loss(const Tensor& prediction, const Tensor& target, const PoissonNllOptions& options,
                        Location where) {
  check_pair("poisson_nll_loss", "prediction", prediction, "target", target);
  if (!(options.eps >= 0.0))
    fail<ValueError>("poisson_nll_loss", "eps must not be negative: got ", options.eps);
  const LossScope scope("poisson_nll_loss");
  const At at{where};
  const Tensor &x = prediction, &t = target;
  Tensor losses = options.log_input ? sub(at(exp(x, where)), mul(at(t), x))
                                    : sub(at(x), mul(at(t), log(add(at(x), options.eps), where)));
  if (options.full) {
    const Tensor counts = greater(at(t), 1.0), n = at.pick(counts, t, 1.0);
    const Tensor stirling = add(at(sub(at(mul(at(n), log(n, where))), n)),
                                mul(at(log(mul(at(n), 2.0 * std::numbers::pi), where)), 0.5));
    losses = add(at(losses), at.pick(counts, stirling, 0.0));
  }
  return reduce_loss(losses, options.reduction, where);
}

Tensor gaussian_nll_loss(const Tensor& prediction, const Tensor& target, const Tensor& variance,
                         const GaussianNllOptions& options, Location where) {
  const char* name = "gaussian_nll_loss";
  check_pair(name, "prediction", prediction, "target", target);
  check_weight(name, "variance", variance, prediction);
  if (!(options.eps > 0.0)) fail<ValueError>(name, "eps must be positive: got ", options.eps);
  {
    const NoGrad values_only;
    if (any(variance < 0.0).item() != 0.0)
      fail<ValueError>(name, "a variance must not be negative: got ", min(variance).item());
  }
  const LossScope scope(name);
  const At at{where};
  const Tensor held = at.pick(less(at(variance), options.eps), options.eps, variance);
  const Tensor v = straight_through(held, variance, where);
  const Tensor d = sub(at(prediction), target);
  Tensor losses = mul(at(add(at(log(v, where)), div(at(square(d, where)), v))), 0.5);
  if (options.full) losses = add(at(losses), 0.5 * std::log(2.0 * std::numbers::pi));
  return reduce_loss(losses, options.reduction, where);
}

}  // namespace wengert::nn
