#include "wengert/nn/distance.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// x as the operand of a broadcast to `dimensions`: ones ahead, so that an axis means the same in both.
Tensor lifted(const Tensor& x, std::size_t dimensions, Location where) {
  if (x.ndim() == dimensions) return x;
  Shape shape = Dims::filled(dimensions - x.ndim(), 1);
  for (const std::int64_t extent : x.shape()) shape.push_back(extent);
  return reshape(x, shape, where);
}

}  // namespace

Tensor normalize(const Tensor& x, const NormalizeOptions& options, Location where) {
  const Scope scope("normalize");
  const Tensor length = norm(x, options.p, {options.axis}, true, where);
  return div({x, where}, maximum({length, where}, options.eps));
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, const CosineSimilarityOptions& options,
                         Location where) {
  const Scope scope("cosine_similarity");
  const std::size_t dimensions = std::max(a.ndim(), b.ndim());
  const NormalizeOptions along{.axis = options.axis, .eps = options.eps};
  Tensor u = lifted(a, dimensions, where), v = lifted(b, dimensions, where);
  const std::size_t axis = normalize_axis("cosine_similarity", options.axis, dimensions);
  // What is broadcast along the axis is a longer vector.
  const auto widen = [&](Tensor& x, std::int64_t extent) {
    Shape shape = x.shape();
    if (shape[axis] != 1 || extent == 1) return;
    shape[axis] = extent;
    x = broadcast_to(x, shape, where);
  };
  widen(u, v.shape()[axis]);
  widen(v, u.shape()[axis]);
  u = normalize(u, along, where);
  v = normalize(v, along, where);
  return sum(mul({u, where}, v), {options.axis}, false, where);
}

Tensor pairwise_distance(const Tensor& a, const Tensor& b, const PairwiseDistanceOptions& options,
                         Location where) {
  const Scope scope("pairwise_distance");
  const Tensor d = add({sub({a, where}, b), where}, options.eps);
  if (d.ndim() == 0) fail<ShapeError>("pairwise_distance", "vectors must have a dimension: got ()");
  return norm(d, options.p, {-1}, options.keepdims, where);
}

}  // namespace wengert::nn
