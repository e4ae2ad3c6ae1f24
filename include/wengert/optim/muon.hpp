// Muon: momentum, orthogonalized, for the weights of hidden layers.
#pragma once

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct MuonOptions {
  double lr = 1e-3;
  double weight_decay = 0.1;  ///< takes lr * weight_decay * p off the parameter, beside the gradient
  double momentum = 0.95;
  bool nesterov = true;
  double eps = 1e-7;          ///< added to the norm that the iteration begins with a division by
  std::int64_t ns_steps = 5;  ///< iterations of the orthogonalization
  bool maximize = false;      ///< goes up instead of down
};

/// b <- mu b + (1 - mu) g, u = b, or (1 - mu) g + mu b for Nesterov's, and p <- p - lr sqrt(max(1, m / n))
/// O(u) with u (m, n), whatever dimensions come after the first taken as one. O(u) has the singular vectors
/// of u and singular values near 1: from x = u / |u|, of which the smaller side is made the rows,
/// x <- a x + (b A + c A A) x with A = x xᵀ, (a, b, c) = (3.4445, -4.7750, 2.0315), an iteration of
/// Newton and Schulz (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024). Give
/// biases, embeddings and the last layer to AdamW.
class Muon : public OptimizerOf<MuonOptions> {
 public:
  /// Throws ValueError for options that make no sense, ShapeError for a parameter of fewer than two
  /// dimensions, and as Optimizer::add_slots.
  explicit Muon(const std::vector<Tensor>& parameters, const MuonOptions& options = {});

 protected:
  void update(Slot& slot, const Tensor& gradient) override;
  std::vector<Option> list_options(std::size_t group) override;
  void check(const MuonOptions& options) const override;
  void check_parameter(const Tensor& parameter, std::size_t number) const override;
};

}  // namespace wengert::optim
