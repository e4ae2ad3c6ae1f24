// Step sizes by the squares of past gradients: all of them (Adagrad), or of late (Adadelta).
#pragma once

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0.0;                   ///< the t-th step's lr is lr / (1 + (t - 1) lr_decay)
  double weight_decay = 0.0;               ///< adds weight_decay * p to the gradient
  double initial_accumulator_value = 0.0;  ///< where the sum of squares begins
  double eps = 1e-10;
  bool maximize = false;  ///< goes up instead of down
};

/// s <- s + g^2, p <- p - lr g / (sqrt(s) + eps) (Duchi, Hazan and Singer, "Adaptive subgradient methods for
/// online learning and stochastic optimization", 2011).
class Adagrad : public OptimizerOf<AdagradOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit Adagrad(const std::vector<Tensor>& parameters, const AdagradOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const AdagradOptions& options) const override;
};

struct AdadeltaOptions {
  double lr = 1.0;
  double rho = 0.9;  ///< how much of the old averages a step keeps
  double eps = 1e-6;
  double weight_decay = 0.0;
  bool maximize = false;
};

/// v <- rho v + (1 - rho) g^2, d = g sqrt(u + eps) / sqrt(v + eps), u <- rho u + (1 - rho) d^2,
/// p <- p - lr d (Zeiler, "ADADELTA: an adaptive learning rate method", 2012).
class Adadelta : public OptimizerOf<AdadeltaOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit Adadelta(const std::vector<Tensor>& parameters, const AdadeltaOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const AdadeltaOptions& options) const override;
};

}  // namespace wengert::optim
