// Newton's method with Hessian-vector products in place of the Hessian.
#pragma once

#include <functional>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct NewtonCGOptions {
  std::int64_t max_iter = 1;  ///< points moved to in a step
  std::int64_t cg_iterations =
      0;  ///< Hessian-vector products for one point; 0: twice as many as numbers trained
  double tolerance_grad = 1e-7;  ///< a step ends where the gradient's norm is no larger
  double radius = 1.0;           ///< how far the first move may go
  double max_radius = 1e3;       ///< how far any
};

/// The quadratic model of the loss, by its exact gradient and Hessian, is made small within a trust region by
/// conjugate gradients that stop at its edge or at negative curvature (Steihaug, "The conjugate gradient
/// method and trust regions in large scale optimization", 1983; Nocedal and Wright, "Numerical optimization",
/// 2nd ed., 2006, algorithms 4.1 and 7.2). Points at which the loss is not lower (but for rounding) are not
/// moved to; the region shrinks and grows with how well the model foretells the loss. Hessian-vector products
/// are derivatives of the recorded gradient, so the loss may be any function that can be differentiated
/// twice. All parameters are in one group and of one dtype.
class NewtonCG : public OptimizerOf<NewtonCGOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit NewtonCG(const std::vector<Tensor>& parameters, const NewtonCGOptions& options = {});

  /// Evaluates `loss` as often as it needs, and takes the gradients itself (no backward(), no zero_grad()).
  /// Returns the loss before. Throws ShapeError for a loss of several elements, GraphError for one that is a
  /// constant, and whatever the closure throws; then the parameters are as they were.
  double step(const std::function<Tensor()>& loss);

  /// How far the next move may go.
  double radius() const noexcept { return radius_; }

 protected:
  std::vector<Option> list_options(std::size_t group) override;
  void check(const NewtonCGOptions& options) const override;
  State common_state() const override;
  void load_common(const State& state) override;

 private:
  using OptimizerOf::add_group;
  double radius_;
};

}  // namespace wengert::optim
