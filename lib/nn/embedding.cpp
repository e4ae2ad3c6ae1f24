#include "wengert/nn/embedding.hpp"

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/order.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// Whether each of int64 `indices`, which may be negative, is row `row` of `count`.
Tensor is_row(const Tensor& indices, std::int64_t row, std::int64_t count, Location where) {
  return logical_or({equal({indices, where}, row), where}, equal({indices, where}, row - count));
}

}  // namespace

Embedding::Embedding(std::int64_t count, std::int64_t extent, const EmbeddingOptions& options)
    : padding_idx_(options.padding_idx) {
  if (count < 0 || extent < 0)
    fail<ValueError>("Embedding", "the extents must not be negative: got ", count, " and ", extent);
  if (padding_idx_) {
    if (*padding_idx_ < -count || *padding_idx_ >= count)
      fail<IndexError>("Embedding", "padding_idx must be a row of the table: got ", *padding_idx_, " for ",
                       count, " rows");
    if (*padding_idx_ < 0) *padding_idx_ += count;
  }
  weight = zeros({count, extent}, {.dtype = options.dtype, .requires_grad = true});
  init::normal(weight);
  if (!padding_idx_) return;
  const NoGrad values_only;
  const Tensor rows = unsqueeze(arange(static_cast<double>(count), {.dtype = int64}), 1);
  weight.assign(wengert::where(rows == *padding_idx_, 0.0, weight));
}

Tensor Embedding::operator()(const Tensor& indices, Location where) const {
  const Tensor rows = embedding(weight, indices, where);
  if (!padding_idx_) return rows;
  const Scope scope("embedding");
  const Tensor padding = is_row(indices, *padding_idx_, weight.shape()[0], where);
  return wengert::where({unsqueeze(padding, -1, where), where}, rows.detach(where), rows);
}

void Embedding::visit(Visitor& v) { v("weight", weight); }

}  // namespace wengert::nn
