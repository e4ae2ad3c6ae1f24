// Attention as a function of queries, keys and values.
#pragma once

#include <optional>

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

struct AttentionOptions {
  Tensor mask = {};                  ///< boolean: true where a query sees a key; float: added to the products
  bool causal = false;               ///< query i sees keys 0 ... i only
  double dropout = 0.0;              ///< of the weights; set it to 0 when not in training
  std::optional<double> scale = {};  ///< of the products q k^T; none: 1 / sqrt(E)
};

/// How much each query sees of each key: softmax(scale q k^T + mask) over the keys, (..., L, E) x (..., S, E)
/// -> (..., L, S), batches broadcast. `dropout` is left out of it. A query that sees no key has NaN. Throws
/// ShapeError where extents do not fit, DTypeError for a mask that is neither boolean nor of q's dtype, and
/// unless queries and keys are of one float dtype.
Tensor attention_weights(const Tensor& query, const Tensor& key, const AttentionOptions& options = {},
                         Location where = {});

/// attention_weights times the values, (..., L, S) x (..., S, V) -> (..., L, V), the weights after dropout
/// (Vaswani et al., "Attention is all you need", 2017). Throws as attention_weights does, and ValueError
/// unless 0 <= dropout <= 1.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options = {}, Location where = {});

}  // namespace wengert::nn
