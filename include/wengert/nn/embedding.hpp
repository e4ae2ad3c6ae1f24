// Embedding: a table of vectors that is looked up by whole numbers.
#pragma once

#include <optional>

#include "wengert/nn/module.hpp"

namespace wengert::nn {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  ///< a row that begins as 0 and never gets a gradient
  DType dtype = float32;
};

/// Rows of `weight` (count, extent): int64 indices (...) -> (..., extent). The rows begin normal with mean 0
/// and variance 1.
class Embedding : public Module {
 public:
  /// Throws ValueError for a negative number, IndexError for a padding_idx outside of the table.
  Embedding(std::int64_t count, std::int64_t extent, const EmbeddingOptions& options = {});
  /// Throws IndexError for an index outside of the table, DTypeError unless indices are int64.
  Tensor operator()(const Tensor& indices, Location where = {}) const;
  void visit(Visitor& v) override;

  Tensor weight;

 private:
  std::optional<std::int64_t> padding_idx_;  // in [0, count)
};

}  // namespace wengert::nn
