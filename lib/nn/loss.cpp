#include "wengert/nn/loss.hpp"

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// A shape as it is written in a call: "{4, 1}".
std::string braces(const Shape& shape) {
  std::string text;
  for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "{" + text + "}";
}

void check_pair(const char* loss, const char* name, const Tensor& prediction, const Tensor& target) {
  if (prediction.shape() != target.shape()) {
    const bool same_count = prediction.size() == target.size();
    fail<ShapeError>(loss, name, " and target must have one shape: got ", prediction.shape(), " and ",
                     target.shape(),
                     same_count ? ". Did you mean reshape(target, " + braces(prediction.shape()) + ")?" : "");
  }
  if (!is_float(prediction.dtype()))
    fail<DTypeError>(loss, name, " must be float32 or float64: got ", prediction.dtype());
  if (prediction.dtype() != target.dtype())
    fail<DTypeError>(loss, name, " and target must have one dtype: got ", prediction.dtype(), " and ",
                     target.dtype(), ". Did you mean target.astype(", prediction.dtype(), ")?");
}

void check_weight(const char* loss, const char* name, const Tensor& weight, const Tensor& x) {
  if (!weight.defined()) return;
  const Shape &from = weight.shape(), &to = x.shape();
  bool fits = from.size() <= to.size();
  for (std::size_t i = 1; fits && i <= from.size(); ++i) {
    const std::int64_t extent = from[from.size() - i];
    fits = extent == 1 || extent == to[to.size() - i];
  }
  if (!fits) fail<ShapeError>(loss, name, " must broadcast to the losses: got ", from, " for ", to);
  if (weight.dtype() != x.dtype())
    fail<DTypeError>(loss, name, " must have the dtype of the losses: got ", weight.dtype(), " for ",
                     x.dtype(), ". Did you mean ", name, ".astype(", x.dtype(), ")?");
}

Tensor weighted(const Tensor& losses, const Tensor& weight, Location where) {
  return weight.defined() ? mul({weight, where}, losses) : losses;
}

Tensor reduced(const Tensor& losses, Reduction reduction, Location where) {
  switch (reduction) {
    case Reduction::none:
      return losses;
    case Reduction::mean:
      return mean(losses, {}, false, where);
    case Reduction::sum:
      return sum(losses, {}, false, where);
  }
  return losses;
}

/// A logarithm that is at least -100, with derivative 0 where it is less; where it is `infinite` its own
/// value is not looked at.
Tensor bounded(const Tensor& infinite, const Tensor& logarithm, Location where) {
  return wengert::where({infinite, where}, -100.0, maximum({logarithm, where}, -100.0));
}

/// Labels that were looked at: what gather may use, and which of them count.
struct Labels {
  Tensor index;            // (N), an ignored label replaced by 0
  Tensor counted;          // (N) boolean; empty where all count
  std::int64_t count = 0;  // how many count
};

Labels check_labels(const char* loss, const char* name, const Tensor& x, const Tensor& labels,
                    const Tensor& weight, std::int64_t ignore_index, Location where) {
  if (x.ndim() != 2) fail<ShapeError>(loss, name, " must be (N, C): got ", x.shape());
  if (!is_float(x.dtype())) fail<DTypeError>(loss, name, " must be float32 or float64: got ", x.dtype());
  const std::int64_t n = x.shape()[0], classes = x.shape()[1];
  if (labels.shape() != Shape(n))
    fail<ShapeError>(
        loss, "labels must be (N) for ", name, " (N, C): got ", labels.shape(), " for ", x.shape(),
        labels.size() == n ? ". Did you mean reshape(labels, {" + std::to_string(n) + "})?" : "");
  if (labels.dtype() != int64)
    fail<DTypeError>(loss, "labels must be int64: got ", labels.dtype(),
                     ". Did you mean labels.astype(int64)?");
  if (weight.defined() && weight.shape() != Shape(classes))
    fail<ShapeError>(loss, "weight must be (C) for ", name, " (N, C): got ", weight.shape(), " for ",
                     x.shape());
  if (weight.defined()) check_weight(loss, "weight", weight, x);

  Labels checked{labels, {}, 0};
  const Tensor dense = compact(labels);
  const std::int64_t* label = dense.node().values<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    if (label[i] == ignore_index) continue;
    if (label[i] < 0 || label[i] >= classes)
      fail<IndexError>(loss, "labels must lie in [0, ", classes, "): got ", label[i], " at position ", i);
    ++checked.count;
  }
  if (checked.count < n) {
    checked.counted = not_equal({labels, where}, ignore_index);
    checked.index = wengert::where({checked.counted, where}, labels, 0);
  }
  return checked;
}

/// x[i][labels[i]]: (N, C) -> (N).
Tensor pick(const Tensor& x, const Tensor& labels, Location where) {
  return reshape(gather(x, 1, unsqueeze(labels, 1, where), where), labels.shape(), where);
}

/// The losses of the labels that count, reduced; the mean is by the labels' weights.
Tensor reduced(Tensor losses, const Labels& labels, const Tensor& weight, Reduction reduction,
               Location where) {
  if (labels.counted.defined()) losses = wengert::where({labels.counted, where}, losses, 0.0);
  if (reduction != Reduction::mean) return reduced(losses, reduction, where);
  Tensor total = sum(losses, {}, false, where);
  if (labels.count == 0) return total;
  if (!weight.defined()) return div({total, where}, static_cast<double>(labels.count));
  Tensor weights = index_select(weight, 0, labels.index, where);
  if (labels.counted.defined()) weights = wengert::where({labels.counted, where}, weights, 0.0);
  return div({total, where}, sum(weights, {}, false, where));
}

}  // namespace

Tensor mse_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options, Location where) {
  check_pair("mse_loss", "prediction", prediction, target);
  const Scope scope("mse_loss");
  return reduced(square(sub({prediction, where}, target), where), options.reduction, where);
}

Tensor l1_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options, Location where) {
  check_pair("l1_loss", "prediction", prediction, target);
  const Scope scope("l1_loss");
  return reduced(abs(sub({prediction, where}, target), where), options.reduction, where);
}

Tensor binary_cross_entropy(const Tensor& probability, const Tensor& target,
                            const BinaryCrossEntropyOptions& options, Location where) {
  const char* name = "binary_cross_entropy";
  check_pair(name, "probability", probability, target);
  check_weight(name, "weight", options.weight, probability);
  const Tensor &p = probability, &y = target;
  {
    const NoGrad values_only;
    if (any(logical_or(p<0.0, p> 1.0)).item() != 0.0)
      fail<ValueError>(name, "a probability must lie within [0, 1]: got values from ", min(p).item(), " to ",
                       max(p).item(), ". Did you mean binary_cross_entropy_with_logits(logits, target)?");
  }
  const Scope scope(name);
  const Tensor never = less_equal({p, where}, 0.0), surely = greater_equal({p, where}, 1.0);
  const Tensor log_p = bounded(never, log(wengert::where({never, where}, 1.0, p), where), where);
  const Tensor log_q =
      bounded(surely, log1p(neg(wengert::where({surely, where}, 0.0, p), where), where), where);
  const Tensor likelihood = add({mul({y, where}, log_p), where}, mul({sub({1.0, where}, y), where}, log_q));
  return reduced(weighted(neg(likelihood, where), options.weight, where), options.reduction, where);
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options, Location where) {
  const char* name = "binary_cross_entropy_with_logits";
  check_pair(name, "logits", logits, target);
  check_weight(name, "weight", options.weight, logits);
  check_weight(name, "pos_weight", options.pos_weight, logits);
  const Scope scope(name);
  const Tensor &x = logits, &y = target;
  const Tensor positive =
      mul({weighted(y, options.pos_weight, where), where}, softplus(neg(x, where), where));
  const Tensor negative = mul({sub({1.0, where}, y), where}, softplus(x, where));
  return reduced(weighted(add({positive, where}, negative), options.weight, where), options.reduction, where);
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& labels, const NllOptions& options,
                Location where) {
  const Labels checked = check_labels("nll_loss", "log_probabilities", log_probabilities, labels,
                                      options.weight, options.ignore_index, where);
  const Scope scope("nll_loss");
  Tensor losses = neg(pick(log_probabilities, checked.index, where), where);
  if (options.weight.defined())
    losses = mul({index_select(options.weight, 0, checked.index, where), where}, losses);
  return reduced(losses, checked, options.weight, options.reduction, where);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropyOptions& options,
                     Location where) {
  const char* name = "cross_entropy";
  const double smoothing = options.label_smoothing;
  if (!(smoothing >= 0.0 && smoothing <= 1.0))
    fail<ValueError>(name, "label_smoothing must lie within [0, 1]: got ", smoothing);
  const Labels checked =
      check_labels(name, "logits", logits, labels, options.weight, options.ignore_index, where);
  const Scope scope(name);
  const Tensor log_p = log_softmax(logits, 1, where);
  Tensor losses = neg(pick(log_p, checked.index, where), where);
  if (options.weight.defined())
    losses = mul({index_select(options.weight, 0, checked.index, where), where}, losses);
  if (smoothing > 0.0) {
    const Tensor spread = neg(sum(weighted(log_p, options.weight, where), {1}, false, where), where);
    const double classes = static_cast<double>(logits.shape()[1]);
    losses = add({mul({losses, where}, 1.0 - smoothing), where}, mul({spread, where}, smoothing / classes));
  }
  return reduced(losses, checked, options.weight, options.reduction, where);
}

}  // namespace wengert::nn
