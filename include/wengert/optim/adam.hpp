// Adam, with AMSGrad, and AdamW.
#pragma once

#include <utility>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct AdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;  ///< adds weight_decay * p to the gradient
  bool amsgrad = false;       ///< divides by the largest v so far
  bool maximize = false;      ///< goes up instead of down
};

/// m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, and with m' = m / (1 - b1^t), v' = v / (1 - b2^t) of the
/// t-th step p <- p - lr m' / (sqrt(v') + eps) (Kingma and Ba, "Adam", 2015; AMSGrad: Reddi et al., "On the
/// convergence of Adam and beyond", 2018).
class Adam : public OptimizerOf<AdamOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const AdamOptions& options) const override;
};

struct AdamWOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;  ///< takes lr * weight_decay * p off the parameter, beside the gradient
  bool amsgrad = false;
  bool maximize = false;
};

/// Adam whose weight decay does not pass through m and v: p <- (1 - lr weight_decay) p before the step
/// (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
class AdamW : public OptimizerOf<AdamWOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const AdamWOptions& options) const override;
};

}  // namespace wengert::optim
