// Losses of probabilities, or of the numbers they are made from, against classes or other probabilities.
#pragma once

#include "wengert/nn/loss_reduction.hpp"

namespace wengert::nn {

// Each throws ShapeError where shapes do not fit, DTypeError where dtypes differ, before anything is
// computed. A `weight` multiplies losses and must broadcast to their shape, but where it is said to be of
// each class; an empty one is 1 everywhere.

struct BinaryCrossEntropyOptions {
  Tensor weight = {};
  Reduction reduction = Reduction::mean;
};
/// -(y log(p) + (1 - y) log(1 - p)) for probabilities p and targets y in [0, 1]. A logarithm of 0 counts as
/// -100, with derivative 0, so p = 0 and p = 1 learn nothing; the function of the logits has no such place.
/// Throws ValueError for a p outside of [0, 1].
Tensor binary_cross_entropy(const Tensor& probability, const Tensor& target,
                            const BinaryCrossEntropyOptions& options = {}, Location where = {});

struct BinaryCrossEntropyWithLogitsOptions {
  Tensor weight = {};
  Tensor pos_weight = {};  ///< multiplies the losses of positive targets; broadcasts to the logits
  Reduction reduction = Reduction::mean;
};
/// binary_cross_entropy of p = sigmoid(x), accurate for any x:
/// pos_weight y softplus(-x) + (1 - y) softplus(x).
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options = {},
                                        Location where = {});

struct NllOptions {
  Tensor weight = {};                ///< of each class, (C)
  std::int64_t ignore_index = -100;  ///< a label that costs nothing
  Reduction reduction = Reduction::mean;
};
/// -weight[label] * log_probability[label], for log-probabilities (N, C) and int64 labels (N), or (N, C, d1,
/// ...) and (N, d1, ...). The mean is over the weights of the labels that count: sum(losses) /
/// sum(weight[labels]); 0 where no label counts. Throws IndexError for a label outside of [0, C).
Tensor nll_loss(const Tensor& log_probabilities, const Tensor& labels, const NllOptions& options = {},
                Location where = {});

struct CrossEntropyOptions {
  double label_smoothing = 0.0;      ///< the share of the target that is spread over all classes
  Tensor weight = {};                ///< of each class, (C)
  std::int64_t ignore_index = -100;  ///< a label that costs nothing; for labels only
  Reduction reduction = Reduction::mean;
};
/// Of int64 labels: nll_loss of log_softmax(logits), for logits (N, C) and labels (N), or (N, C, d1, ...) and
/// (N, d1, ...). Of probabilities, a target of the logits' shape and dtype: the sum over the classes of
/// -weight[c] target[c] log_softmax(logits)[c], its mean by the number of such sums, 0 over nothing; a target
/// of 0 costs nothing, also beside a logit of -inf. With label smoothing s the target is (1 - s) of itself
/// and s / C of each class (Szegedy et al., "Rethinking the inception architecture", 2016), the mean as
/// without. Throws IndexError for a label outside of [0, C), ValueError unless 0 <= label_smoothing <= 1, and
/// for an ignore_index beside probabilities.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {},
                     Location where = {});

struct KlDivOptions {
  bool log_target = false;  ///< the target is given as its logarithm
  Reduction reduction = Reduction::mean;
};
/// p (log(p) - x) for log-probabilities x and a target p, element by element: their sum is the divergence of
/// Kullback and Leibler ("On information and sufficiency", 1951) of exp(x) from p. The mean is over the
/// elements: for the divergence of the average row of (N, C) divide the sum by N. An element with p = 0 costs
/// nothing and has no gradient, also where x is -inf.
Tensor kl_div(const Tensor& log_probabilities, const Tensor& target, const KlDivOptions& options = {},
              Location where = {});

struct FocalOptions {
  double alpha = 0.25;  ///< weight of the positive targets, 1 - alpha of the others; below 0: both weigh 1
  double gamma = 2.0;   ///< how little an easy element counts; 0: binary_cross_entropy_with_logits
  Reduction reduction = Reduction::mean;
};
/// (1 - q)^gamma times binary_cross_entropy_with_logits, q the probability of the target: sigmoid(x) where y
/// = 1 and sigmoid(-x) where y = 0, between them for a y between (Lin et al., "Focal loss for dense object
/// detection", 2017). Throws ValueError for an alpha above 1 and a gamma below 0.
Tensor focal_loss(const Tensor& logits, const Tensor& target, const FocalOptions& options = {},
                  Location where = {});

struct DiceOptions {
  double smooth = 1.0;   ///< added above and below the line; 0 or above
  bool squared = false;  ///< sums of squares below the line, as in the paper
  Reduction reduction = Reduction::mean;
};
/// 1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth) for probabilities p and targets y (N, ...), a loss
/// for each of the N (Milletari et al., "V-Net", 2016). 0 / 0 is 1: nothing was there and nothing was found.
/// Throws ShapeError for a tensor without dimensions and ValueError for a negative smooth.
Tensor dice_loss(const Tensor& probability, const Tensor& target, const DiceOptions& options = {},
                 Location where = {});

}  // namespace wengert::nn
