// Losses that ask for a margin: between a score and the other side, or between scores. Their kinks have
// derivative 0: what has its margin learns nothing.
#pragma once

#include "wengert/nn/loss_reduction.hpp"

namespace wengert::nn {

// Each throws ShapeError where shapes do not fit and DTypeError where dtypes differ, before anything is
// computed. A target y is 1 or -1, in the dtype of the scores: ValueError otherwise.

struct MarginOptions {
  double margin = 1.0;
  Reduction reduction = Reduction::mean;
};
/// max(margin - y x, 0) for scores x and targets y of one shape (Cortes and Vapnik, "Support-vector
/// networks", 1995).
Tensor hinge_loss(const Tensor& score, const Tensor& target, const MarginOptions& options = {},
                  Location where = {});
/// max(margin - y x, 0)^2 (Tang, "Deep learning using linear support vector machines", 2013).
Tensor squared_hinge_loss(const Tensor& score, const Tensor& target, const MarginOptions& options = {},
                          Location where = {});
/// log(1 + exp(-y x)), without overflow.
Tensor soft_margin_loss(const Tensor& score, const Tensor& target, const LossOptions& options = {},
                        Location where = {});

struct MultiMarginOptions {
  int p = 1;  ///< 1 or 2
  double margin = 1.0;
  Tensor weight = {};  ///< of each class, (C)
  Reduction reduction = Reduction::mean;
};
/// weight[l] / C times the sum over the classes c other than the label l of max(margin - x[l] + x[c], 0)^p,
/// for scores (N, C) and int64 labels (N) (Crammer and Singer, "On the algorithmic implementation of
/// multiclass kernel-based vector machines", 2001). The mean is by N; NaN over nothing. Throws IndexError for
/// a label outside of [0, C), ValueError for another p.
Tensor multi_margin_loss(const Tensor& scores, const Tensor& labels, const MultiMarginOptions& options = {},
                         Location where = {});

struct MarginRankingOptions {
  double margin = 0.0;
  Reduction reduction = Reduction::mean;
};
/// max(margin - y (a - b), 0): y = 1 asks for a above b, y = -1 for b above a; all of one shape.
Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& target,
                           const MarginRankingOptions& options = {}, Location where = {});

}  // namespace wengert::nn
