// RMSprop.
#pragma once

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;  ///< how much of the old averages a step keeps
  double eps = 1e-8;
  double weight_decay = 0.0;  ///< adds weight_decay * p to the gradient
  double momentum = 0.0;
  bool centered = false;  ///< divides by the deviation of the gradient: v less the square of its average
  bool maximize = false;  ///< goes up instead of down
};

/// v <- alpha v + (1 - alpha) g^2, p <- p - lr g / (sqrt(v) + eps); centered, with a <- alpha a + (1 - alpha)
/// g, v - a^2 stands for v; with a momentum mu, b <- mu b + g / (sqrt(v) + eps) and p <- p - lr b (Tieleman
/// and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012; centered: Graves, "Generating
/// sequences with recurrent neural networks", 2013).
class RMSprop : public OptimizerOf<RMSpropOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit RMSprop(const std::vector<Tensor>& parameters, const RMSpropOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const RMSpropOptions& options) const override;
};

}  // namespace wengert::optim
