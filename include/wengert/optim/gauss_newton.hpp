// Sums of squares: the method of Gauss and Newton, and that of Levenberg and Marquardt.
#pragma once

#include <functional>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct GaussNewtonOptions {
  std::int64_t max_halvings = 20;  ///< of a step that does not lower the sum of squares
};

/// For residuals r (m) of parameters p (n), m >= n: p <- p + a d, with d that makes |r + J d| least, J the
/// Jacobian (m, n), and a the first of 1, 1/2, 1/4 ... at which the sum of squares is lower by at least a
/// 1e-4 th of what its slope foretells. Where none is, the parameters stay (Nocedal and Wright, "Numerical
/// optimization", 2nd ed., 2006, section 10.3). J takes min(m, n) passes. All parameters are in one group and
/// of one dtype.
///
///     optim::GaussNewton optimizer({a, b});
///     optimizer.step([&] { return a * exp(b * x) - y; });
class GaussNewton : public OptimizerOf<GaussNewtonOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit GaussNewton(const std::vector<Tensor>& parameters, const GaussNewtonOptions& options = {});

  /// `residuals` returns a tensor of any shape; the derivatives are taken of it here. Returns half the sum of
  /// squares before. Throws ShapeError for fewer residuals than numbers to train, ValueError for a J without
  /// full rank, GraphError for residuals that are constants, and whatever the closure throws; then the
  /// parameters are as they were.
  double step(const std::function<Tensor()>& residuals);

 protected:
  std::vector<Option> list_options(std::size_t group) override;
  void check(const GaussNewtonOptions& options) const override;

 private:
  using OptimizerOf::add_group;
};

struct LevenbergMarquardtOptions {
  double damping = 1e-3;  ///< lambda of the first step, as a part of the largest element of diag(Jᵀ J)
  bool scaled = false;    ///< D of the largest norms so far of J's columns, not the identity
  std::int64_t max_tries = 20;  ///< dampings tried in a step
};

/// p <- p + d, with d that makes |r + J d|^2 + lambda |D d|^2 least; lambda grows until the sum of squares is
/// lower, and shrinks as the linear model foretells it well (Levenberg 1944, Marquardt 1963, with the changes
/// of lambda by Nielsen, "Damping parameter in Marquardt's method", 1999, and D as in Moré, "The
/// Levenberg-Marquardt algorithm: implementation and theory", 1978). Any number of residuals, and J of any
/// rank. All parameters are in one group and of one dtype.
class LevenbergMarquardt : public OptimizerOf<LevenbergMarquardtOptions> {
 public:
  /// Throws ValueError for options that make no sense, and as Optimizer::add_slots.
  explicit LevenbergMarquardt(const std::vector<Tensor>& parameters,
                              const LevenbergMarquardtOptions& options = {});

  /// As GaussNewton::step, but for any number of residuals and any rank.
  double step(const std::function<Tensor()>& residuals);

  /// lambda of the next step; 0 before the first.
  double damping() const noexcept { return damping_; }

 protected:
  std::vector<Option> list_options(std::size_t group) override;
  void check(const LevenbergMarquardtOptions& options) const override;
  State common_state() const override;
  void load_common(const State& state) override;

 private:
  using OptimizerOf::add_group;
  double damping_ = 0.0, growth_ = 2.0;
  Tensor scale_;  // the diagonal of D; empty before the first step that is scaled
};

}  // namespace wengert::optim
