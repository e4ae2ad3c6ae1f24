#include "wengert/nn/loss_embedding.hpp"

#include "lib/nn/loss_parts.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/distance.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginOptions& options, Location where) {
  const char* name = "triplet_margin_loss";
  check_pair(name, "anchor", anchor, "positive", positive);
  check_pair(name, "anchor", anchor, "negative", negative);
  if (anchor.ndim() == 0) fail<ShapeError>(name, "anchor must be (..., d): got ()");
  if (!(options.p > 0.0)) fail<ValueError>(name, "p must be positive: got ", options.p);
  const LossScope scope(name);
  const At at{where};
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return pairwise_distance(a, b, {.p = options.p, .eps = options.eps}, where);
  };
  Tensor apart = distance(anchor, negative);
  if (options.swap) apart = minimum(at(apart), distance(positive, negative));
  const Tensor lacking = sub(at(add(at(distance(anchor, positive)), options.margin)), apart);
  return reduce_loss(relu(lacking, where), options.reduction, where);
}

Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& target,
                             const CosineEmbeddingOptions& options, Location where) {
  const char* name = "cosine_embedding_loss";
  check_pair(name, "a", a, "b", b);
  if (a.ndim() != 2) fail<ShapeError>(name, "a must be (N, d): got ", a.shape());
  if (target.shape() != Shape(a.shape()[0]))
    fail<ShapeError>(name, "target must be (N) for a (N, d): got ", target.shape(), " for ", a.shape(),
                     target.size() == a.shape()[0]
                         ? ". Did you mean reshape(target, {" + std::to_string(target.size()) + "})?"
                         : "");
  if (target.dtype() != a.dtype())
    fail<DTypeError>(name, "a and target must have one dtype: got ", a.dtype(), " and ", target.dtype(),
                     ". Did you mean target.astype(", a.dtype(), ")?");
  check_signs(name, target);
  const LossScope scope(name);
  const At at{where};
  const Tensor cosine = cosine_similarity(a, b, {}, where);
  const Tensor apart = relu(sub(at(cosine), options.margin), where);
  const Tensor losses = at.pick(greater(at(target), 0.0), sub({1.0, where}, cosine), apart);
  return reduce_loss(losses, options.reduction, where);
}

Tensor info_nce_loss(const Tensor& query, const Tensor& key, const InfoNceOptions& options, Location where) {
  const char* name = "info_nce_loss";
  check_pair(name, "query", query, "key", key);
  if (query.ndim() != 2) fail<ShapeError>(name, "query must be (N, d): got ", query.shape());
  const Tensor& others = options.negatives;
  if (others.defined()) {
    if (others.ndim() != 2 || others.shape()[1] != query.shape()[1])
      fail<ShapeError>(name, "negatives must be (M, d) for query (N, d): got ", others.shape(), " for ",
                       query.shape());
    if (others.dtype() != query.dtype())
      fail<DTypeError>(name, "query and negatives must have one dtype: got ", query.dtype(), " and ",
                       others.dtype(), ". Did you mean negatives.astype(", query.dtype(), ")?");
  }
  if (!(options.temperature > 0.0))
    fail<ValueError>(name, "temperature must be positive: got ", options.temperature);
  const LossScope scope(name);
  const At at{where};
  const Tensor q = normalize(query, {}, where), k = normalize(key, {}, where);
  const Tensor own = sum(mul(at(q), k), {1}, true, where);
  const auto cosines = [&](const Tensor& keys) { return matmul(q, transpose(keys, where), where); };
  const Tensor all =
      others.defined() ? concat({own, cosines(normalize(others, {}, where))}, 1, where) : cosines(k);
  const Tensor total = logsumexp(div(at(all), options.temperature), {1}, false, where);
  const Tensor losses = sub(at(total), div(at(squeeze(own, {1}, where)), options.temperature));
  return reduce_loss(losses, options.reduction, where);
}

}  // namespace wengert::nn
