// MultiheadAttention: attention in several subspaces at once.
#pragma once

#include <optional>

#include "wengert/nn/linear.hpp"
#include "wengert/nn/module.hpp"

namespace wengert::nn {

struct MultiheadAttentionOptions {
  double dropout = 0.0;  ///< of the weights, in training
  bool bias = true;
  bool batch_first = false;               ///< sequences are (N, L, E) instead of (L, N, E)
  std::optional<std::int64_t> kdim = {};  ///< extent of a key; none: that of a query
  std::optional<std::int64_t> vdim = {};  ///< extent of a value; none: that of a query
  DType dtype = float32;
};

/// What may not be seen. Unlike in scaled_dot_product_attention, and as in PyTorch, a boolean mask is true
/// where a key is hidden; a float mask is added to the products.
struct MultiheadAttentionMasks {
  Tensor key_padding_mask = {};  ///< (N, S), or (S) for one sequence
  Tensor attn_mask = {};         ///< (L, S), or (N * heads, L, S)
  bool causal = false;           ///< query i sees keys 0 ... i only
  bool need_weights = true;
  bool average_attn_weights = true;
};

/// `weights` is the mean over the heads, (N, L, S), or without averaging (N, heads, L, S), after dropout;
/// empty if it is not needed.
struct MultiheadAttentionOutput {
  Tensor output, weights;
};

/// concat(head_1, ..., head_h) W^T + b with head_i = scaled_dot_product_attention of query, key and value,
/// each projected to E / heads dimensions (Vaswani et al., "Attention is all you need", 2017): (L, N, E) x
/// (S, N, K) x (S, N, V) -> (L, N, E). The projections are the rows of `in_proj_weight` (3 E, E), or of
/// q_proj_weight (E, E), k_proj_weight (E, K) and v_proj_weight (E, V) if extents differ, and of
/// `in_proj_bias` (3 E). One sequence has no N.
class MultiheadAttention : public Module {
 public:
  /// Throws ValueError unless the extents are positive, heads divides E and dropout lies within [0, 1].
  MultiheadAttention(std::int64_t embed_dim, std::int64_t heads,
                     const MultiheadAttentionOptions& options = {});

  /// Throws ShapeError where shapes do not fit, DTypeError for a mask that is neither boolean nor of the
  /// query's dtype.
  MultiheadAttentionOutput operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                      const MultiheadAttentionMasks& masks = {}, Location where = {}) const;
  void visit(Visitor& v) override;

  Tensor in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias;
  Linear out_proj;

 private:
  void check(const Tensor& query, const Tensor& key, const Tensor& value,
             const MultiheadAttentionMasks& masks) const;
  /// Number `part` of the three projections of x, (N, L, ...), as (N, heads, L, E / heads).
  Tensor projected(const Tensor& x, std::int64_t part, Location where) const;

  std::int64_t embed_dim_, heads_, kdim_, vdim_;
  double dropout_;
  bool batch_first_;
};

}  // namespace wengert::nn
