// Lion.
#pragma once

#include <utility>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct LionOptions {
  double lr = 1e-4;
  std::pair<double, double> betas = {0.9, 0.99};  ///< of the step, and of what is remembered
  double weight_decay = 0.0;  ///< takes lr * weight_decay * p off the parameter, beside the gradient
  bool maximize = false;      ///< goes up instead of down
};

/// p <- p - lr (sign(b1 m + (1 - b1) g) + weight_decay p), then m <- b2 m + (1 - b2) g (Chen et al.,
/// "Symbolic discovery of optimization algorithms", 2023).
class Lion : public OptimizerOf<LionOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit Lion(const std::vector<Tensor>& parameters, const LionOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const LionOptions& options) const override;
};

}  // namespace wengert::optim
