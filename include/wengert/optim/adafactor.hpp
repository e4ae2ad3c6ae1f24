// Adafactor: Adam's second moments of a matrix in the memory of a row and a column.
#pragma once

#include <utility>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct AdafactorOptions {
  double lr = 1e-2;           ///< the largest relative step: step t takes rho_t = min(lr, 1 / sqrt(t))
  double beta2_decay = -0.8;  ///< b2 of step t is 1 - t^beta2_decay
  std::pair<double, double> eps = {1e-30,
                                   1e-3};  ///< added to g^2; the least RMS a parameter is taken to have
  double d = 1.0;                          ///< the RMS above which an update is scaled down
  double weight_decay = 0.0;  ///< takes lr * weight_decay * p off the parameter, beside the gradient
  bool maximize = false;      ///< goes up instead of down
};

/// Of a tensor of two dimensions or more, (..., m, n), only the averages r (..., m, 1) of g^2 + eps1 over
/// rows and c (..., 1, n) over columns are remembered, and v = r c / mean(r); of others v itself. Then with
/// u = g / sqrt(v): p <- p - max(eps2, RMS(p)) rho_t u / max(1, RMS(u) / d) (Shazeer and Stern, "Adafactor:
/// adaptive learning rates with sublinear memory cost", 2018, algorithms 4 and 5).
class Adafactor : public OptimizerOf<AdafactorOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit Adafactor(const std::vector<Tensor>& parameters, const AdafactorOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const AdafactorOptions& options) const override;
  Shape memory_shape(const Tensor& parameter, std::size_t memory) const override;
};

}  // namespace wengert::optim
