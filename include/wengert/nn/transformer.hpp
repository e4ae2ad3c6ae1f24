// The layers of a transformer: TransformerEncoderLayer, TransformerDecoderLayer, and PositionalEncoding
// (Vaswani et al., "Attention is all you need", 2017).
#pragma once

#include "wengert/nn/attention.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/module.hpp"
#include "wengert/nn/normalization.hpp"

namespace wengert::nn {

enum class TransformerActivation { relu, gelu };

struct TransformerLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout =
      0.1;  ///< of the attention's weights, inside the feed-forward part, and of what each part adds
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< sequences are (N, L, E) instead of (L, N, E)
  bool norm_first = false;   ///< whether each part reads normalized values, or its sum is normalized
  DType dtype = float32;
};

/// Masks as MultiheadAttention takes them.
struct TransformerEncoderMasks {
  Tensor mask = {};              ///< of what positions see of each other, (L, L)
  Tensor key_padding_mask = {};  ///< (N, L)
  bool causal = false;           ///< position i sees 0 ... i only
};

/// x = norm1(x + attention(x)), x = norm2(x + feed_forward(x)), or with norm_first x =
/// x + attention(norm1(x)), x = x + feed_forward(norm2(x)), feed_forward(x) =
/// linear2(activation(linear1(x))): (L, N, E) -> (L, N, E). Throws as MultiheadAttention does.
class TransformerEncoderLayer : public Module {
 public:
  /// Throws ValueError as MultiheadAttention, Linear and LayerNorm do.
  TransformerEncoderLayer(std::int64_t embed_dim, std::int64_t heads,
                          const TransformerLayerOptions& options = {});
  Tensor operator()(const Tensor& x, const TransformerEncoderMasks& masks, Location where = {}) const;
  Tensor operator()(const Tensor& x, Location where = {}) const { return (*this)(x, {}, where); }
  void visit(Visitor& v) override;

  MultiheadAttention self_attn;
  Linear linear1, linear2;
  LayerNorm norm1, norm2;

 private:
  TransformerLayerOptions options_;
};

/// Masks as MultiheadAttention takes them; `memory_` ones are of what the decoder sees of the encoder's
/// result.
struct TransformerDecoderMasks {
  Tensor mask = {};                     ///< (L, L)
  Tensor memory_mask = {};              ///< (L, S)
  Tensor key_padding_mask = {};         ///< (N, L)
  Tensor memory_key_padding_mask = {};  ///< (N, S)
  bool causal = false;                  ///< position i sees 0 ... i of its own sequence only
};

/// An encoder layer with a part between its two, norm2 and multihead_attn, that attends to `memory`, the
/// encoder's result; the feed-forward part has norm3. (L, N, E) x (S, N, E) -> (L, N, E). Throws as
/// MultiheadAttention does.
class TransformerDecoderLayer : public Module {
 public:
  /// Throws ValueError as TransformerEncoderLayer does.
  TransformerDecoderLayer(std::int64_t embed_dim, std::int64_t heads,
                          const TransformerLayerOptions& options = {});
  Tensor operator()(const Tensor& x, const Tensor& memory, const TransformerDecoderMasks& masks = {},
                    Location where = {}) const;
  void visit(Visitor& v) override;

  MultiheadAttention self_attn, multihead_attn;
  Linear linear1, linear2;
  LayerNorm norm1, norm2, norm3;

 private:
  TransformerLayerOptions options_;
};

struct PositionalEncodingOptions {
  double dropout = 0.1;
  bool batch_first = false;
};

/// x + p, and dropout of that in training, with p[t, 2 i] = sin(t / 10000^(2 i / E)) and p[t, 2 i + 1] the
/// cosine: (L, N, E), (N, L, E) with batch_first, or (L, E), of any length. It has no parameters.
class PositionalEncoding : public Module {
 public:
  /// Throws ValueError unless dropout lies within [0, 1].
  explicit PositionalEncoding(const PositionalEncodingOptions& options = {});
  /// Throws ShapeError unless x has two or three dimensions.
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  PositionalEncodingOptions options_;
};

}  // namespace wengert::nn
