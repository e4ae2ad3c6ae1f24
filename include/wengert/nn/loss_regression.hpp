// Losses of numbers against numbers. d is the prediction less the target.
#pragma once

#include "wengert/nn/loss_reduction.hpp"

namespace wengert::nn {

// Each takes a prediction and a target of one shape and one float dtype, and throws ShapeError or DTypeError
// otherwise, before anything is computed. The mean over nothing is NaN, the sum 0.

/// d^2.
Tensor mse_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options = {},
                Location where = {});
/// |d|; the derivative is 0 where d = 0.
Tensor l1_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options = {},
               Location where = {});

struct HuberOptions {
  double delta = 1.0;  ///< up to where the loss is a parabola; above 0
  Reduction reduction = Reduction::mean;
};
/// d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2) (Huber, "Robust estimation of a location
/// parameter", 1964). Throws ValueError unless delta > 0.
Tensor huber_loss(const Tensor& prediction, const Tensor& target, const HuberOptions& options = {},
                  Location where = {});

struct SmoothL1Options {
  double beta = 1.0;  ///< up to where the loss is a parabola; 0 or above
  Reduction reduction = Reduction::mean;
};
/// d^2 / (2 beta) where |d| <= beta, else |d| - beta / 2: huber_loss with delta = beta, divided by beta;
/// l1_loss for beta = 0 (Girshick, "Fast R-CNN", 2015). Throws ValueError unless beta >= 0.
Tensor smooth_l1_loss(const Tensor& prediction, const Tensor& target, const SmoothL1Options& options = {},
                      Location where = {});

/// log(cosh(d)), accurate near 0 and without overflow: about d^2 / 2 there and |d| - log(2) far out (Saleh
/// and Saleh, "Statistical properties of the log-cosh loss function used in machine learning", 2022).
Tensor log_cosh_loss(const Tensor& prediction, const Tensor& target, const LossOptions& options = {},
                     Location where = {});

struct QuantileOptions {
  double quantile = 0.5;  ///< in (0, 1); 0.9: the target is to be below the prediction nine times out of ten
  Reduction reduction = Reduction::mean;
};
/// quantile * -d where d < 0, else (1 - quantile) * d, whose least mean is at the target's quantile (Koenker
/// and Bassett, "Regression quantiles", 1978). The derivative is 0 where d = 0. Throws ValueError for another
/// quantile.
Tensor quantile_loss(const Tensor& prediction, const Tensor& target, const QuantileOptions& options = {},
                     Location where = {});

struct PoissonNllOptions {
  bool log_input = true;  ///< the prediction is the logarithm of the rate, not the rate itself
  bool full = false;      ///< with Stirling's approximation of log(target!), for targets above 1
  double eps = 1e-8;      ///< added to a rate before its logarithm is taken
  Reduction reduction = Reduction::mean;
};
/// -log of the Poisson distribution's probability of the target, without the term log(target!), which no
/// prediction changes: exp(x) - target * x for log-rates x, rate - target * log(rate + eps) for rates. `full`
/// adds target log(target) - target + log(2 pi target) / 2 where target > 1. Throws ValueError for a negative
/// eps.
Tensor poisson_nll_loss(const Tensor& prediction, const Tensor& target, const PoissonNllOptions& options = {},
                        Location where = {});

struct GaussianNllOptions {
  bool full = false;  ///< with the constant log(2 pi) / 2
  double eps = 1e-6;  ///< the least variance; above 0
  Reduction reduction = Reduction::mean;
};
/// (log(v) + d^2 / v) / 2 with v = max(variance, eps), -log of the normal density (Nix and Weigend,
/// "Estimating the mean and variance of the target probability distribution", 1994). The variance broadcasts
/// to the prediction; its gradient passes through the maximum as if it were not there. Throws ValueError for
/// a negative variance and for eps not above 0.
Tensor gaussian_nll_loss(const Tensor& prediction, const Tensor& target, const Tensor& variance,
                         const GaussianNllOptions& options = {}, Location where = {});

}  // namespace wengert::nn
