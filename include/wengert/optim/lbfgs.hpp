// L-BFGS: steps along a quasi-Newton direction, with a line search.
// lib/optim/lbfgs.cpp lib/optim/line_search.cpp
#pragma once

#include <functional>
#include <memory>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct LBFGSOptions {
  double lr = 1.0;                  ///< the length, of the direction, that a line search tries first
  std::int64_t max_iter = 20;       ///< directions followed in a step
  std::int64_t max_eval = 0;        ///< evaluations of the loss in a step; 0: five fourths of max_iter
  double tolerance_grad = 1e-7;     ///< a step ends where no element of the gradient is larger
  double tolerance_change = 1e-9;   ///< and where the parameters, or the loss, change less
  std::int64_t history_size = 100;  ///< pairs of changes that the curvature is learned from
  bool strong_wolfe = true;         ///< search along each direction; otherwise lr of it is taken unseen
};

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno (Nocedal and Wright, "Numerical
/// optimization", 2nd ed., 2006, algorithm 7.4), with a line search for the strong Wolfe conditions
/// (algorithms 3.5 and 3.6, with cubic interpolation). All parameters are in one group and of one dtype.
///
///     optim::LBFGS optimizer(model.parameters());
///     for (int i = 0; i < 10; ++i) optimizer.step([&] { return nn::mse_loss(model(x), y); });
class LBFGS : public OptimizerOf<LBFGSOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit LBFGS(const std::vector<Tensor>& parameters, const LBFGSOptions& options = {});
  LBFGS(LBFGS&&) noexcept;
  ~LBFGS() override;

  /// Evaluates `loss` as often as it needs, and takes the gradients itself (no backward(), no zero_grad()).
  /// Returns the loss before. Throws ShapeError for a loss of several elements, GraphError for one that is a
  /// constant, and whatever the closure throws; then the parameters are as they were.
  double step(const std::function<Tensor()>& loss);

 protected:
  std::vector<Option> list_options(std::size_t group) override;
  void check(const LBFGSOptions& options) const override;
  State common_state() const override;
  void load_common(const State& state) override;

 private:
  using OptimizerOf::add_group;
  struct History;
  std::unique_ptr<History> history_;
};

}  // namespace wengert::optim
