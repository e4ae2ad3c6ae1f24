// Relatives of Adam: Adamax, NAdam and RAdam.
#pragma once

#include <utility>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct AdamaxOptions {
  double lr = 2e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;  ///< adds weight_decay * p to the gradient
  bool maximize = false;      ///< goes up instead of down
};

/// m <- b1 m + (1 - b1) g, u <- max(b2 u, |g| + eps), p <- p - lr / (1 - b1^t) m / u (Kingma and Ba, "Adam",
/// 2015, section 7.1).
class Adamax : public OptimizerOf<AdamaxOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit Adamax(const std::vector<Tensor>& parameters, const AdamaxOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const AdamaxOptions& options) const override;
};

struct NAdamOptions {
  double lr = 2e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;
  double momentum_decay = 4e-3;  ///< how slowly b1 reaches its value
  bool maximize = false;
};

/// Adam with Nesterov's momentum: with mu_t = b1 (1 - 0.96^(t momentum_decay) / 2), their product P_t up to
/// t, and Adam's m and v', p <- p - lr (mu_(t+1) m / (1 - P_(t+1)) + (1 - mu_t) g / (1 - P_t)) / (sqrt(v') +
/// eps) (Dozat, "Incorporating Nesterov momentum into Adam", 2016).
class NAdam : public OptimizerOf<NAdamOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit NAdam(const std::vector<Tensor>& parameters, const NAdamOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const NAdamOptions& options) const override;
};

struct RAdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;
  bool maximize = false;
};

/// Adam whose steps are not divided by sqrt(v) as long as v has been averaged over too few of them, and are
/// held back a while then: with R = 2 / (1 - b2) - 1 and r = R - 2 t b2^t / (1 - b2^t), a step is
/// lr m' where r <= 5, else lr m' sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r)) sqrt(1 - b2^t) / (sqrt(v) +
/// eps) (Liu et al., "On the variance of the adaptive learning rate and beyond", 2020).
class RAdam : public OptimizerOf<RAdamOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit RAdam(const std::vector<Tensor>& parameters, const RAdamOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const RAdamOptions& options) const override;
};

}  // namespace wengert::optim
