// Stochastic gradient descent.
#pragma once

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0.0;
  double dampening = 0.0;     ///< of the gradient as it enters the momentum, after the first step
  double weight_decay = 0.0;  ///< adds weight_decay * p to the gradient
  bool nesterov = false;      ///< wants a momentum and no dampening
  bool maximize = false;      ///< goes up instead of down
};

/// p <- p - lr g; with a momentum mu, v <- mu v + (1 - dampening) g (v = g in the first step) and p <- p - lr
/// v, or p <- p - lr (g + mu v) for Nesterov's (Sutskever et al., "On the importance of initialization and
/// momentum in deep learning", 2013, in PyTorch's form).
class SGD : public OptimizerOf<SGDOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit SGD(const std::vector<Tensor>& parameters, const SGDOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const SGDOptions& options) const override;
};

}  // namespace wengert::optim
