#include "wengert/nn/transformer.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

MultiheadAttention attention_of(std::int64_t embed_dim, std::int64_t heads,
                                const TransformerLayerOptions& options) {
  return {embed_dim,
          heads,
          {.dropout = options.dropout, .batch_first = options.batch_first, .dtype = options.dtype}};
}

LayerNorm norm_of(std::int64_t embed_dim, const TransformerLayerOptions& options) {
  return LayerNorm({embed_dim}, {.eps = options.layer_norm_eps, .dtype = options.dtype});
}

/// x + dropout(part(x)), normalized after or, inside the part, before.
template <class Part>
Tensor residual(const Tensor& x, const LayerNorm& norm, const TransformerLayerOptions& options, bool training,
                Location where, const Part& part) {
  const Tensor added = part(options.norm_first ? norm(x, where) : x);
  const Tensor sum = add({x, where}, dropout(added, options.dropout, training, where));
  return options.norm_first ? sum : norm(sum, where);
}

Tensor feed_forward(const Tensor& x, const Linear& linear1, const Linear& linear2,
                    const TransformerLayerOptions& options, bool training, Location where) {
  const Tensor inner = linear1(x, where);
  const Tensor active = options.activation == TransformerActivation::relu ? relu(inner, where)
                                                                          : gelu(inner, GeluForm::erf, where);
  return linear2(dropout(active, options.dropout, training, where), where);
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t embed_dim, std::int64_t heads,
                                                 const TransformerLayerOptions& options)
    : self_attn(attention_of(embed_dim, heads, options)),
      linear1(embed_dim, options.dim_feedforward, {.dtype = options.dtype}),
      linear2(options.dim_feedforward, embed_dim, {.dtype = options.dtype}),
      norm1(norm_of(embed_dim, options)),
      norm2(norm_of(embed_dim, options)),
      options_(options) {}

Tensor TransformerEncoderLayer::operator()(const Tensor& x, const TransformerEncoderMasks& masks,
                                           Location where) const {
  const Scope scope("TransformerEncoderLayer");
  const bool training = is_training();
  const Tensor seen = residual(x, norm1, options_, training, where, [&](const Tensor& h) {
    return self_attn(h, h, h,
                     {.key_padding_mask = masks.key_padding_mask,
                      .attn_mask = masks.mask,
                      .causal = masks.causal,
                      .need_weights = false},
                     where)
        .output;
  });
  return residual(seen, norm2, options_, training, where, [&](const Tensor& h) {
    return feed_forward(h, linear1, linear2, options_, training, where);
  });
}

void TransformerEncoderLayer::visit(Visitor& v) {
  v("self_attn", self_attn);
  v("linear1", linear1);
  v("linear2", linear2);
  v("norm1", norm1);
  v("norm2", norm2);
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t embed_dim, std::int64_t heads,
                                                 const TransformerLayerOptions& options)
    : self_attn(attention_of(embed_dim, heads, options)),
      multihead_attn(attention_of(embed_dim, heads, options)),
      linear1(embed_dim, options.dim_feedforward, {.dtype = options.dtype}),
      linear2(options.dim_feedforward, embed_dim, {.dtype = options.dtype}),
      norm1(norm_of(embed_dim, options)),
      norm2(norm_of(embed_dim, options)),
      norm3(norm_of(embed_dim, options)),
      options_(options) {}

Tensor TransformerDecoderLayer::operator()(const Tensor& x, const Tensor& memory,
                                           const TransformerDecoderMasks& masks, Location where) const {
  const Scope scope("TransformerDecoderLayer");
  const bool training = is_training();
  const Tensor own = residual(x, norm1, options_, training, where, [&](const Tensor& h) {
    return self_attn(h, h, h,
                     {.key_padding_mask = masks.key_padding_mask,
                      .attn_mask = masks.mask,
                      .causal = masks.causal,
                      .need_weights = false},
                     where)
        .output;
  });
  const Tensor seen = residual(own, norm2, options_, training, where, [&](const Tensor& h) {
    return multihead_attn(h, memory, memory,
                          {.key_padding_mask = masks.memory_key_padding_mask,
                           .attn_mask = masks.memory_mask,
                           .need_weights = false},
                          where)
        .output;
  });
  return residual(seen, norm3, options_, training, where, [&](const Tensor& h) {
    return feed_forward(h, linear1, linear2, options_, training, where);
  });
}

void TransformerDecoderLayer::visit(Visitor& v) {
  v("self_attn", self_attn);
  v("multihead_attn", multihead_attn);
  v("linear1", linear1);
  v("linear2", linear2);
  v("norm1", norm1);
  v("norm2", norm2);
  v("norm3", norm3);
}

PositionalEncoding::PositionalEncoding(const PositionalEncodingOptions& options) : options_(options) {
  if (!(options.dropout >= 0.0 && options.dropout <= 1.0))
    fail<ValueError>("PositionalEncoding", "dropout must lie within [0, 1]: got ", options.dropout);
}

Tensor PositionalEncoding::operator()(const Tensor& x, Location where) const {
  if (x.ndim() != 2 && x.ndim() != 3)
    fail<ShapeError>("PositionalEncoding", "x must be ", options_.batch_first ? "(N, L, E)" : "(L, N, E)",
                     " or (L, E): got ", x.shape());
  const Scope scope("PositionalEncoding");
  const bool batch_second = x.ndim() == 3 && !options_.batch_first;
  const std::int64_t length = x.shape()[x.ndim() == 3 && options_.batch_first ? 1 : 0],
                     extent = x.shape().back(), pairs = (extent + 1) / 2;
  // In float64 whatever x is: positions times frequencies lose what sine and cosine need.
  const auto numbers = [&](std::int64_t count) {
    return arange(static_cast<double>(count), {.dtype = float64}, where);
  };
  const Tensor frequencies =
      exp(mul({numbers(pairs), where}, -2.0 * std::log(10000.0) / static_cast<double>(extent)), where);
  const Tensor angles = mul({unsqueeze(numbers(length), 1, where), where}, frequencies);
  const Tensor both = stack({sin(angles, where), cos(angles, where)}, 2, where);  // a sine, its cosine, ...
  const Tensor code =
      slice(reshape(both, {length, 2 * pairs}, where), 1, 0, extent, 1, where).astype(x.dtype(), where);
  const Tensor placed = add({x, where}, batch_second ? unsqueeze(code, 1, where) : code);
  return dropout(placed, options_.dropout, is_training(), where);
}

}  // namespace wengert::nn
