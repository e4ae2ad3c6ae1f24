// Dropout as a module, which knows whether it is in training.
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

}  // namespace wengert::nn
