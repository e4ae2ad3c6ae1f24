#include "wengert/nn/loss_classification.hpp"

#include <cmath>

#include "lib/nn/loss_parts.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// A logarithm that is at least -100, with derivative 0 where it is less; where it is `infinite` its own
/// value is not looked at.
Tensor bounded(const Tensor& infinite, const Tensor& logarithm, Location where) {
  return wengert::where({infinite, where}, -100.0, maximum({logarithm, where}, -100.0));
}

/// y pos_weight softplus(-x) + (1 - y) softplus(x).
Tensor logistic(const Tensor& x, const Tensor& y, const Tensor& pos_weight, Location where) {
  const Tensor positive = mul({weighted(y, pos_weight, where), where}, softplus(neg(x, where), where));
  const Tensor negative = mul({sub({1.0, where}, y), where}, softplus(x, where));
  return add({positive, where}, negative);
}

/// cross_entropy of probabilities, for inputs that were looked at.
Tensor cross_entropy_of_probabilities(const Tensor& logits, const Tensor& target,
                                      const CrossEntropyOptions& options, Location where) {
  const At at{where};
  const std::int64_t classes = logits.shape()[1];
  Tensor p = target;
  if (options.label_smoothing > 0.0)
    p = add(at(mul(at(p), 1.0 - options.label_smoothing)),
            options.label_smoothing / static_cast<double>(classes));
  Tensor log_q = log_softmax(logits, 1, where);
  const Tensor idle = logical_and(at(equal(at(p), 0.0)), isinf(log_q, where));
  Tensor terms = mul(at(p), at.pick(idle, 0.0, log_q));
  if (options.weight.defined()) {
    Shape spread = Dims::filled(logits.ndim(), 1);
    spread[1] = classes;
    terms = mul(at(reshape(options.weight, spread, where)), terms);
  }
  const Tensor losses = neg(sum(terms, {1}, false, where), where);
  const bool nothing = options.reduction == Reduction::mean && losses.size() == 0;
  return reduce_loss(losses, nothing ? Reduction::sum : options.reduction, where);
}

}  // namespace

Tensor binary_cross_entropy(const Tensor& probability, const Tensor& target,
                            const BinaryCrossEntropyOptions& options, Location where) {
  const char* name = "binary_cross_entropy";
  check_pair(name, "probability", probability, "target", target);
  check_weight(name, "weight", options.weight, probability);
  const Tensor &p = probability, &y = target;
  {
    const NoGrad values_only;
    if (any(logical_or(p<0.0, p> 1.0)).item() != 0.0)
      fail<ValueError>(name, "a probability must lie within [0, 1]: got values from ", min(p).item(), " to ",
                       max(p).item(), ". Did you mean binary_cross_entropy_with_logits(logits, target)?");
  }
  const LossScope scope(name);
  const Tensor never = less_equal({p, where}, 0.0), surely = greater_equal({p, where}, 1.0);
  const Tensor log_p = bounded(never, log(wengert::where({never, where}, 1.0, p), where), where);
  const Tensor log_q =
      bounded(surely, log1p(neg(wengert::where({surely, where}, 0.0, p), where), where), where);
  const Tensor likelihood = add({mul({y, where}, log_p), where}, mul({sub({1.0, where}, y), where}, log_q));
  return reduce_loss(weighted(neg(likelihood, where), options.weight, where), options.reduction, where);
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options, Location where) {
  const char* name = "binary_cross_entropy_with_logits";
  check_pair(name, "logits", logits, "target", target);
  check_weight(name, "weight", options.weight, logits);
  check_weight(name, "pos_weight", options.pos_weight, logits);
  const LossScope scope(name);
  const Tensor losses = logistic(logits, target, options.pos_weight, where);
  return reduce_loss(weighted(losses, options.weight, where), options.reduction, where);
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& labels, const NllOptions& options,
                Location where) {
  const Labels checked = check_labels("nll_loss", "log_probabilities", log_probabilities, labels,
                                      options.weight, options.ignore_index, where);
  const LossScope scope("nll_loss");
  Tensor losses = neg(pick(log_probabilities, checked.index, where), where);
  if (options.weight.defined())
    losses = mul({weights_of(options.weight, checked.index, where), where}, losses);
  return reduce_labelled(losses, checked, options.weight, options.reduction, where);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options,
                     Location where) {
  const char* name = "cross_entropy";
  const double smoothing = options.label_smoothing;
  if (!(smoothing >= 0.0 && smoothing <= 1.0))
    fail<ValueError>(name, "label_smoothing must lie within [0, 1]: got ", smoothing);
  if (is_float(target.dtype()) && target.ndim() == logits.ndim() && logits.ndim() >= 2) {
    check_pair(name, "logits", logits, "target", target);
    if (options.weight.defined() && options.weight.shape() != Shape(logits.shape()[1]))
      fail<ShapeError>(name, "weight must be (C) for logits (N, C, ...): got ", options.weight.shape(),
                       " for ", logits.shape());
    if (options.weight.defined() && options.weight.dtype() != logits.dtype())
      fail<DTypeError>(name, "weight must have the dtype of the losses: got ", options.weight.dtype(),
                       " for ", logits.dtype(), ". Did you mean weight.astype(", logits.dtype(), ")?");
    if (options.ignore_index != CrossEntropyOptions().ignore_index)
      fail<ValueError>(name, "ignore_index is for labels, the target is of probabilities: got ",
                       options.ignore_index);
    const LossScope scope(name);
    return cross_entropy_of_probabilities(logits, target, options, where);
  }
  const Labels checked =
      check_labels(name, "logits", logits, target, options.weight, options.ignore_index, where);
  const LossScope scope(name);
  const Tensor log_p = log_softmax(logits, 1, where);
  Tensor losses = neg(pick(log_p, checked.index, where), where);
  if (options.weight.defined())
    losses = mul({weights_of(options.weight, checked.index, where), where}, losses);
  if (smoothing > 0.0) {
    Tensor weights = options.weight;
    if (weights.defined()) {
      Shape spread = Dims::filled(logits.ndim() - 1, 1);
      spread[0] = weights.size();
      weights = reshape(weights, spread, where);
    }
    const Tensor spread = neg(sum(weighted(log_p, weights, where), {1}, false, where), where);
    const double classes = static_cast<double>(logits.shape()[1]);
    losses = add({mul({losses, where}, 1.0 - smoothing), where}, mul({spread, where}, smoothing / classes));
  }
  return reduce_labelled(losses, checked, options.weight, options.reduction, where);
}

Tensor kl_div(const Tensor& log_probabilities, const Tensor& target, const KlDivOptions& options,
              Location where) {
  check_pair("kl_div", "log_probabilities", log_probabilities, "target", target);
  const LossScope scope("kl_div");
  const At at{where};
  const Tensor absent = equal(at(target), options.log_target ? -INFINITY : 0.0);
  const Tensor given = at.pick(absent, options.log_target ? 0.0 : 1.0, target);
  const Tensor x = at.pick(absent, 0.0, log_probabilities);
  const Tensor p = options.log_target ? exp(given, where) : given;
  const Tensor log_p = options.log_target ? given : log(given, where);
  const Tensor losses = at.pick(absent, 0.0, mul(at(p), sub(at(log_p), x)));
  return reduce_loss(losses, options.reduction, where);
}

Tensor focal_loss(const Tensor& logits, const Tensor& target, const FocalOptions& options, Location where) {
  check_pair("focal_loss", "logits", logits, "target", target);
  if (!(options.alpha <= 1.0))
    fail<ValueError>("focal_loss", "alpha must not be above 1: got ", options.alpha);
  if (!(options.gamma >= 0.0))
    fail<ValueError>("focal_loss", "gamma must not be negative: got ", options.gamma);
  const LossScope scope("focal_loss");
  const At at{where};
  const Tensor &x = logits, &y = target;
  const Tensor other = sub({1.0, where}, y);
  Tensor losses = logistic(x, y, {}, where);
  if (options.gamma > 0.0) {
    // 1 - q from the logits, which keeps it accurate near 0; of 0 to a power only the value is wanted.
    const Tensor missed =
        add(at(mul(at(y), sigmoid(neg(x, where), where))), mul(at(other), sigmoid(x, where)));
    const Tensor none = equal(at(missed), 0.0);
    const Tensor power = pow(at(at.pick(none, 1.0, missed)), options.gamma);
    losses = mul(at(at.pick(none, 0.0, power)), losses);
  }
  if (options.alpha >= 0.0)
    losses = mul(at(add(at(mul(at(y), options.alpha)), mul(at(other), 1.0 - options.alpha))), losses);
  return reduce_loss(losses, options.reduction, where);
}

Tensor dice_loss(const Tensor& probability, const Tensor& target, const DiceOptions& options,
                 Location where) {
  check_pair("dice_loss", "probability", probability, "target", target);
  if (probability.ndim() == 0) fail<ShapeError>("dice_loss", "probability must be (N, ...): got ()");
  if (!(options.smooth >= 0.0))
    fail<ValueError>("dice_loss", "smooth must not be negative: got ", options.smooth);
  const LossScope scope("dice_loss");
  const At at{where};
  const std::int64_t n = probability.shape()[0];
  const Shape rows{n, n == 0 ? 0 : probability.size() / n};
  const Tensor p = reshape(probability, rows, where), y = reshape(target, rows, where);
  const auto size = [&](const Tensor& x) { return options.squared ? square(x, where) : x; };
  const Tensor both = mul(at(sum(mul(at(p), y), {1}, false, where)), 2.0);
  const Tensor all = sum(add(at(size(p)), size(y)), {1}, false, where);
  const Tensor above = add(at(both), options.smooth), below = add(at(all), options.smooth);
  const Tensor none = equal(at(below), 0.0);
  const Tensor found = div(at(at.pick(none, 1.0, above)), at.pick(none, 1.0, below));
  return reduce_loss(sub({1.0, where}, found), options.reduction, where);
}

}  // namespace wengert::nn
