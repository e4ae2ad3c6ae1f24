// Losses of vectors that are to lie near each other, or apart.
#pragma once

#include "wengert/nn/loss_reduction.hpp"

namespace wengert::nn {

// Each throws ShapeError where shapes do not fit and DTypeError where dtypes differ, before anything is
// computed.

struct TripletMarginOptions {
  double margin = 1.0;
  double p = 2.0;     ///< of the distance's norm; above 0
  double eps = 1e-6;  ///< added to each difference, as in pairwise_distance
  bool swap = false;  ///< the negative also keeps its distance from the positive (Balntas et al., 2016)
  Reduction reduction = Reduction::mean;
};
/// max(margin + distance(anchor, positive) - distance(anchor, negative), 0), the distances
/// pairwise_distance's (Schroff et al., "FaceNet", 2015): all of one shape (..., d), the losses (...). With
/// `swap` the smaller of the negative's distances from anchor and positive counts. 0 where the margin is
/// kept, with gradient 0. Throws ValueError unless p > 0.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginOptions& options = {}, Location where = {});

struct CosineEmbeddingOptions {
  double margin = 0.0;  ///< the cosine that a pair which belongs apart may have for nothing
  Reduction reduction = Reduction::mean;
};
/// Of the cosine c of a and b, (N, d), and a target (N): 1 - c where it is 1, max(c - margin, 0) where it is
/// -1. Throws ValueError for any other target.
Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& target,
                             const CosineEmbeddingOptions& options = {}, Location where = {});

struct InfoNceOptions {
  double temperature = 0.1;  ///< what cosines are divided by; above 0
  Tensor negatives = {};     ///< (M, d), what no key is like; none: the keys of the other queries
  Reduction reduction = Reduction::mean;
};
/// -log of the share of a query's own key in the sum over it and the negatives of exp(cosine(query, .) /
/// temperature), for queries and keys (N, d) in pairs: the losses (N) (van den Oord et al., "Representation
/// learning with contrastive predictive coding", 2018; Chen et al., "A simple framework for contrastive
/// learning", 2020). Throws ValueError unless temperature > 0.
Tensor info_nce_loss(const Tensor& query, const Tensor& key, const InfoNceOptions& options = {},
                     Location where = {});

}  // namespace wengert::nn
