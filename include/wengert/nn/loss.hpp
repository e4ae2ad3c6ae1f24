// Losses: what a prediction costs, as a tensor to call backward() on. Composed of primitive operations, so
// each has every higher derivative. Shapes are compared, never broadcast: (N, 1) against (N) is an error.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

/// What becomes of the losses of the elements: all of them as they are, their mean, their sum.
enum class Reduction { none, mean, sum };

// Each throws ShapeError where shapes do not fit, DTypeError where dtypes differ, before anything is
// computed. A `weight` multiplies losses and must broadcast to their shape; an empty one is 1 everywhere.

struct LossOptions {
  Reduction reduction = Reduction::mean;
};
/// (prediction - target)^2.
Tensor mse_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options = {},
                Location where = {});
/// |prediction - target|; the derivative is 0 where they are equal.
Tensor l1_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options = {},
               Location where = {});

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
/// -weight[label] * log_probability[label], for log-probabilities (N, C) and int64 labels (N). The mean is
/// over the weights of the labels that count: sum(losses) / sum(weight[labels]); 0 where no label counts.
/// Throws IndexError for a label outside of [0, C).
Tensor nll_loss(const Tensor& log_probabilities, const Tensor& labels, const NllOptions& options = {},
                Location where = {});

struct CrossEntropyOptions {
  double label_smoothing = 0.0;      ///< the share of the target that is spread over all classes
  Tensor weight = {};                ///< of each class, (C)
  std::int64_t ignore_index = -100;  ///< a label that costs nothing
  Reduction reduction = Reduction::mean;
};
/// nll_loss of log_softmax(logits), for logits (N, C) and int64 labels (N). With label smoothing s it is
/// (1 - s) of that and s / C of the sum of -weight[c] * log_softmax(logits)[c] over the classes (Szegedy et
/// al., "Rethinking the inception architecture", 2016), the mean as in nll_loss. Throws IndexError for a
/// label outside of [0, C) and ValueError unless 0 <= label_smoothing <= 1.
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropyOptions& options = {},
                     Location where = {});

}  // namespace wengert::nn
