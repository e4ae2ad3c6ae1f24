#include "wengert/nn/loss_margin.hpp"

#include "lib/nn/loss_parts.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

void check_scores(const char* loss, const Tensor& score, const Tensor& target) {
  check_pair(loss, "score", score, "target", target);
  check_signs(loss, target);
}

/// max(margin - y x, 0).
Tensor lacking(const Tensor& x, const Tensor& y, double margin, Location where) {
  return relu(sub({margin, where}, mul({y, where}, x)), where);
}

}  // namespace

Tensor hinge_loss(const Tensor& score, const Tensor& target, const MarginOptions& options, Location where) {
  check_scores("hinge_loss", score, target);
  const LossScope scope("hinge_loss");
  return reduce_loss(lacking(score, target, options.margin, where), options.reduction, where);
}

Tensor squared_hinge_loss(const Tensor& score, const Tensor& target, const MarginOptions& options,
                          Location where) {
  check_scores("squared_hinge_loss", score, target);
  const LossScope scope("squared_hinge_loss");
  const Tensor losses = square(lacking(score, target, options.margin, where), where);
  return reduce_loss(losses, options.reduction, where);
}

Tensor soft_margin_loss(const Tensor& score, const Tensor& target, const LossOptions& options,
                        Location where) {
  check_scores("soft_margin_loss", score, target);
  const LossScope scope("soft_margin_loss");
  const Tensor losses = softplus(neg(mul({target, where}, score), where), where);
  return reduce_loss(losses, options.reduction, where);
}

Tensor multi_margin_loss(const Tensor& scores, const Tensor& labels, const MultiMarginOptions& options,
                         Location where) {
  const char* name = "multi_margin_loss";
  if (options.p != 1 && options.p != 2) fail<ValueError>(name, "p must be 1 or 2: got ", options.p);
  if (scores.ndim() != 2) fail<ShapeError>(name, "scores must be (N, C): got ", scores.shape());
  const Labels checked = check_labels(name, "scores", scores, labels, options.weight, std::nullopt, where);
  const LossScope scope(name);
  const At at{where};
  const std::int64_t classes = scores.shape()[1];
  const Tensor right = unsqueeze(pick(scores, checked.index, where), 1, where);
  Tensor lack = relu(add(at(sub(at(scores), right)), options.margin), where);
  if (options.p == 2) lack = square(lack, where);
  const Tensor is_label = one_hot(checked.index, classes, scores.dtype(), where).astype(boolean, where);
  Tensor losses = div(at(sum(at.pick(is_label, 0.0, lack), {1}, false, where)), static_cast<double>(classes));
  if (options.weight.defined()) losses = mul(at(weights_of(options.weight, checked.index, where)), losses);
  return reduce_loss(losses, options.reduction, where);
}

Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& target,
                           const MarginRankingOptions& options, Location where) {
  const char* name = "margin_ranking_loss";
  check_pair(name, "a", a, "b", b);
  check_pair(name, "a", a, "target", target);
  check_signs(name, target);
  const LossScope scope(name);
  const Tensor losses = lacking(sub({a, where}, b), target, options.margin, where);
  return reduce_loss(losses, options.reduction, where);
}

}  // namespace wengert::nn
