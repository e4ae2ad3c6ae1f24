#include "wengert/nn/functional_attention.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

void check(const char* name, const Tensor& query, const Tensor& key, const AttentionOptions& options) {
  if (query.ndim() < 2 || key.ndim() < 2 || query.shape().back() != key.shape().back())
    fail<ShapeError>(name, "queries must be (..., L, E) and keys (..., S, E): got ", query.shape(), " and ",
                     key.shape());
  if (!options.mask.defined()) return;
  if (options.mask.dtype() != boolean && options.mask.dtype() != query.dtype())
    fail<DTypeError>(name, "the mask must be boolean or of the queries' dtype: got ", options.mask.dtype(),
                     " for ", query.dtype());
  const Shape& mask = options.mask.shape();
  const std::int64_t expected[] = {key.shape()[key.ndim() - 2], query.shape()[query.ndim() - 2]};
  for (std::size_t i = 0; i < 2 && i < mask.size(); ++i)
    if (const std::int64_t extent = mask[mask.size() - 1 - i]; extent != 1 && extent != expected[i])
      fail<ShapeError>(name, "the mask must broadcast to (..., L, S): got ", mask, " for queries ",
                       query.shape(), " and keys ", key.shape());
}

}  // namespace

Tensor attention_weights(const Tensor& query, const Tensor& key, const AttentionOptions& options,
                         Location where) {
  check("attention_weights", query, key, options);
  const Scope scope("attention_weights");
  const double scale = options.scale.value_or(1.0 / std::sqrt(static_cast<double>(query.shape().back())));
  Tensor products = matmul(mul({query, where}, scale), transpose(key, where), where);
  if (options.mask.defined())
    products = options.mask.dtype() == boolean ? wengert::where({options.mask, where}, products, -INFINITY)
                                               : add({products, where}, options.mask);
  if (options.causal) {
    const auto places = [&](std::size_t axis) {
      return arange(static_cast<double>(products.shape()[axis]), {.dtype = int64}, where);
    };
    const Tensor queries = unsqueeze(places(products.ndim() - 2), 1, where),
                 keys = places(products.ndim() - 1);
    products = wengert::where({less_equal({keys, where}, queries), where}, products, -INFINITY);
  }
  return softmax(products, -1, where);
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options, Location where) {
  constexpr const char* name = "scaled_dot_product_attention";
  check(name, query, key, options);
  if (value.ndim() < 2 || value.shape()[value.ndim() - 2] != key.shape()[key.ndim() - 2])
    fail<ShapeError>(name, "there must be a value for each key: got keys ", key.shape(), " and values ",
                     value.shape());
  if (!(options.dropout >= 0.0 && options.dropout <= 1.0))
    fail<ValueError>(name, "dropout must lie within [0, 1]: got ", options.dropout);
  const Scope scope(name);
  const Tensor weights = attention_weights(query, key, options, where);
  return matmul(dropout(weights, options.dropout, true, where), value, where);
}

}  // namespace wengert::nn
