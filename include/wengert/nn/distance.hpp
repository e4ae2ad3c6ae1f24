// Lengths, angles and distances of vectors, as functions of tensors.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

struct NormalizeOptions {
  double p = 2.0;         ///< of the norm; above 0, also INFINITY
  std::int64_t axis = 1;  ///< of the vectors
  double eps = 1e-12;     ///< the least that is divided by
};
/// x / max(norm(x, p, axis), eps), of x's shape: vectors of length 1, but those shorter than eps. A vector of
/// zeros stays, with the gradient g / eps. Throws IndexError for an axis that x does not have, ValueError
/// unless p > 0, DTypeError unless x is float32 or float64.
Tensor normalize(const Tensor& x, const NormalizeOptions& options = {}, Location where = {});

struct CosineSimilarityOptions {
  std::int64_t axis = 1;  ///< of the vectors, in the broadcast shape
  double eps = 1e-8;      ///< the least length that is divided by
};
/// The cosine of the angle between the vectors of a and b along `axis`, which is dropped, (n, d) and (n, d)
/// -> (n,): sum(a b) / (max(|a|, eps) max(|b|, eps)); 0 for a vector of zeros. a and b are broadcast. Throws
/// ShapeError where they cannot be, IndexError for an axis that they do not have, DTypeError unless both are
/// of one float dtype.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, const CosineSimilarityOptions& options = {},
                         Location where = {});

struct PairwiseDistanceOptions {
  double p = 2.0;     ///< of the norm; above 0, also INFINITY
  double eps = 1e-6;  ///< added to each difference, so that equal vectors have a gradient
  bool keepdims = false;
};
/// norm(a - b + eps, p) over the last dimension: (..., d) and (..., d) -> (...), broadcast. Throws ShapeError
/// where they cannot be and for tensors without dimensions, ValueError unless p > 0, DTypeError unless both
/// are of one float dtype.
Tensor pairwise_distance(const Tensor& a, const Tensor& b, const PairwiseDistanceOptions& options = {},
                         Location where = {});

}  // namespace wengert::nn
