#include "wengert/nn/attention.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/functional_attention.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

constexpr const char* name = "MultiheadAttention";

/// A mask as what is added to the products: -inf where a boolean one hides a key.
Tensor added(const Tensor& mask, DType dtype, Location where) {
  if (mask.dtype() != boolean) return mask;
  return wengert::where({mask, where}, full({}, -INFINITY, {.dtype = dtype}, where), 0.0);
}

void require_mask(const char* what, const Tensor& mask, DType dtype) {
  if (mask.defined() && mask.dtype() != boolean && mask.dtype() != dtype)
    fail<DTypeError>(name, what, " must be boolean or of the query's dtype: got ", mask.dtype(), " for ",
                     dtype);
}

}  // namespace

MultiheadAttention::MultiheadAttention(std::int64_t embed_dim, std::int64_t heads,
                                       const MultiheadAttentionOptions& options)
    : out_proj(embed_dim, embed_dim, {.bias = options.bias, .dtype = options.dtype}),
      embed_dim_(embed_dim),
      heads_(heads),
      kdim_(options.kdim.value_or(embed_dim)),
      vdim_(options.vdim.value_or(embed_dim)),
      dropout_(options.dropout),
      batch_first_(options.batch_first) {
  if (embed_dim < 1 || kdim_ < 1 || vdim_ < 1)
    fail<ValueError>(name, "the extents must be positive: got ", embed_dim, ", ", kdim_, " and ", vdim_);
  if (heads < 1 || embed_dim % heads != 0)
    fail<ValueError>(name, "the heads must divide the extent: got ", heads, " heads for ", embed_dim);
  if (!(dropout_ >= 0.0 && dropout_ <= 1.0))
    fail<ValueError>(name, "dropout must lie within [0, 1]: got ", dropout_);
  const auto drawn = [&](const Shape& shape) {
    const Tensor weight = zeros(shape, {.dtype = options.dtype, .requires_grad = true});
    init::xavier_uniform(weight);
    return weight;
  };
  if (kdim_ == embed_dim && vdim_ == embed_dim) {
    in_proj_weight = drawn({3 * embed_dim, embed_dim});
  } else {
    q_proj_weight = drawn({embed_dim, embed_dim});
    k_proj_weight = drawn({embed_dim, kdim_});
    v_proj_weight = drawn({embed_dim, vdim_});
  }
  if (!options.bias) return;
  in_proj_bias = zeros({3 * embed_dim}, {.dtype = options.dtype, .requires_grad = true});
  init::zeros(out_proj.bias);
}

void MultiheadAttention::visit(Visitor& v) {
  v("in_proj_weight", in_proj_weight);
  v("q_proj_weight", q_proj_weight);
  v("k_proj_weight", k_proj_weight);
  v("v_proj_weight", v_proj_weight);
  v("in_proj_bias", in_proj_bias);
  v("out_proj", out_proj);
}

void MultiheadAttention::check(const Tensor& query, const Tensor& key, const Tensor& value,
                               const MultiheadAttentionMasks& masks) const {
  const std::size_t dimensions = query.ndim();
  const auto fits = [&](const Tensor& x, std::int64_t extent) {
    return (dimensions == 2 || dimensions == 3) && x.ndim() == dimensions && x.shape().back() == extent;
  };
  const std::size_t batch_axis = batch_first_ ? 0 : 1, length_axis = dimensions == 3 && batch_first_ ? 1 : 0;
  const bool same_batch = dimensions != 3 || !fits(key, kdim_) || !fits(value, vdim_) ||
                          (key.shape()[batch_axis] == query.shape()[batch_axis] &&
                           value.shape()[batch_axis] == query.shape()[batch_axis]);
  if (!fits(query, embed_dim_) || !fits(key, kdim_) || !fits(value, vdim_) || !same_batch ||
      key.shape()[length_axis] != value.shape()[length_axis])
    fail<ShapeError>(
        name, "query, key and value must be ",
        batch_first_ ? "(N, L, E), (N, S, K) and (N, S, V)" : "(L, N, E), (S, N, K) and (S, N, V)",
        " with E, K, V = ", embed_dim_, ", ", kdim_, ", ", vdim_, ", or all without N: got ", query.shape(),
        ", ", key.shape(), " and ", value.shape());
  const std::int64_t batch = dimensions == 3 ? query.shape()[batch_axis] : 1;
  const std::int64_t length = query.shape()[length_axis], keys = key.shape()[length_axis];
  require_mask("the attn_mask", masks.attn_mask, query.dtype());
  require_mask("the key_padding_mask", masks.key_padding_mask, query.dtype());
  if (const Tensor& mask = masks.attn_mask; mask.defined() && mask.shape() != Shape{length, keys} &&
                                            mask.shape() != Shape{batch * heads_, length, keys})
    fail<ShapeError>(name, "the attn_mask must be ", Shape{length, keys}, " or ",
                     Shape{batch * heads_, length, keys}, ": got ", mask.shape());
  const Shape padding = dimensions == 3 ? Shape{batch, keys} : Shape{keys};
  if (masks.key_padding_mask.defined() && masks.key_padding_mask.shape() != padding)
    fail<ShapeError>(name, "the key_padding_mask must be ", padding, ": got ",
                     masks.key_padding_mask.shape());
}

Tensor MultiheadAttention::projected(const Tensor& x, std::int64_t part, Location where) const {
  const std::int64_t e = embed_dim_;
  const Tensor* separate[] = {&q_proj_weight, &k_proj_weight, &v_proj_weight};
  const Tensor weight = in_proj_weight.defined()
                            ? slice(in_proj_weight, 0, part * e, (part + 1) * e, 1, where)
                            : *separate[part];
  const Tensor bias =
      in_proj_bias.defined() ? slice(in_proj_bias, 0, part * e, (part + 1) * e, 1, where) : Tensor();
  const Shape heads{x.shape()[0], x.shape()[1], heads_, e / heads_};
  return permute(reshape(linear(x, weight, bias, where), heads, where), {0, 2, 1, 3}, where);
}

MultiheadAttentionOutput MultiheadAttention::operator()(const Tensor& query, const Tensor& key,
                                                        const Tensor& value,
                                                        const MultiheadAttentionMasks& masks,
                                                        Location where) const {
  check(query, key, value, masks);
  const Scope scope(name);
  const bool single = query.ndim() == 2;
  const auto batch_major = [&](const Tensor& x) {
    return single ? unsqueeze(x, 0, where) : batch_first_ ? x : permute(x, {1, 0, 2}, where);
  };
  const Tensor q = projected(batch_major(query), 0, where), k = projected(batch_major(key), 1, where),
               v = projected(batch_major(value), 2, where);
  const std::int64_t batch = q.shape()[0], length = q.shape()[2], keys = k.shape()[2];

  AttentionOptions seen{.causal = masks.causal};
  if (masks.attn_mask.defined()) {
    const Tensor mask = added(masks.attn_mask, query.dtype(), where);
    seen.mask = mask.ndim() == 2 ? mask : reshape(mask, {batch, heads_, length, keys}, where);
  }
  if (masks.key_padding_mask.defined()) {
    const Tensor mask =
        reshape(added(masks.key_padding_mask, query.dtype(), where), {batch, 1, 1, keys}, where);
    seen.mask = seen.mask.defined() ? add({seen.mask, where}, mask) : mask;
  }
  const Tensor weights = dropout(attention_weights(q, k, seen, where), dropout_, is_training(), where);
  const Tensor heads = permute(matmul(weights, v, where), {0, 2, 1, 3}, where);
  const Tensor y = out_proj(reshape(heads, {batch, length, embed_dim_}, where), where);

  MultiheadAttentionOutput result;
  result.output = single ? squeeze(y, {0}, where) : batch_first_ ? y : permute(y, {1, 0, 2}, where);
  if (!masks.need_weights) return result;
  const Tensor shown = masks.average_attn_weights ? mean(weights, {1}, false, where) : weights;
  result.weights = single ? squeeze(shown, {0}, where) : shown;
  return result;
}

}  // namespace wengert::nn
