// Dropouts as modules, which know whether they are in training. Calls throw as the functions of
// nn/functional.hpp do.
#pragma once

#include "wengert/nn/module.hpp"

namespace wengert::nn {

/// nn::dropout in training, x itself in evaluation.
class Dropout : public Module {
 public:
  /// Throws ValueError unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5);
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  double p_;
};

/// nn::feature_dropout in training: channels of (N, C, ...) are dropped as a whole.
class FeatureDropout : public Module {
 public:
  /// Throws ValueError unless 0 <= p <= 1.
  explicit FeatureDropout(double p = 0.5);
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  double p_;
};

/// nn::alpha_dropout in training, x itself in evaluation; goes with SELU.
class AlphaDropout : public Module {
 public:
  /// Throws ValueError unless 0 <= p <= 1.
  explicit AlphaDropout(double p = 0.5);
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  double p_;
};

}  // namespace wengert::nn
