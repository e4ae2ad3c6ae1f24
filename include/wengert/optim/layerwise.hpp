// Steps scaled to each parameter's norm, for large batches: LARS and LAMB.
#pragma once

#include <utility>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct LARSOptions {
  double lr = 0.1;
  double momentum = 0.9;
  double weight_decay = 0.0;        ///< adds weight_decay * p to the gradient
  double trust_coefficient = 1e-3;  ///< how far a step goes, as a part of the parameter's norm
  double eps = 1e-8;                ///< added to the norms that the ratio is divided by
  bool nesterov = false;            ///< steps by the momentum that comes next
  bool maximize = false;            ///< goes up instead of down
};

/// With a = trust_coefficient |p| / (|g| + weight_decay |p| + eps) of the whole parameter, 1 where |p| or |g|
/// is 0: v <- momentum v + lr a (g + weight_decay p), p <- p - v (You, Gitman and Ginsburg, "Large batch
/// training of convolutional networks", 2017).
class LARS : public OptimizerOf<LARSOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit LARS(const std::vector<Tensor>& parameters, const LARSOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const LARSOptions& options) const override;
};

struct LAMBOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-6;
  double weight_decay = 0.0;
  bool maximize = false;
};

/// With Adam's m' and v': r = m' / (sqrt(v') + eps) + weight_decay p and p <- p - lr |p| / |r| r of the whole
/// parameter; the ratio is 1 where |p| or |r| is 0 (You et al., "Large batch optimization for deep learning:
/// training BERT in 76 minutes", 2020).
class LAMB : public OptimizerOf<LAMBOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit LAMB(const std::vector<Tensor>& parameters, const LAMBOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const LAMBOptions& options) const override;
};

}  // namespace wengert::optim
