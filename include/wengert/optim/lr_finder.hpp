// A sweep of the step size, to find one that trains.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "wengert/nn/module.hpp"
#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

struct LrFinderOptions {
  double start_lr = 1e-7;
  double end_lr = 10.0;
  std::int64_t steps = 100;
  double smoothing = 0.9;   ///< how much of the running mean of the loss a step keeps
  double diverge_at = 4.0;  ///< the sweep ends where the mean is as many times its lowest, or not finite
};

struct LrSweep {
  std::vector<double> lr;    ///< growing geometrically from start_lr to end_lr
  std::vector<double> loss;  ///< the running mean of the loss, its beginning corrected for
  double steepest = 0.0;     ///< the lr where the mean falls fastest over log(lr); 0 where it never falls
  bool diverged = false;     ///< whether the sweep ended before end_lr
};

/// Trains for `options.steps` steps while the step size of all groups grows, and then gives the module's
/// parameters and buffers, the optimizer's memory and options, and this thread's random stream the state they
/// had, also when `loss` throws (Smith, "Cyclical learning rates for training neural networks", 2017, section
/// 3.3). `loss` evaluates the next batch. Gradients are dropped. Throws ValueError for options that make no
/// sense.
LrSweep find_lr(nn::Module& module, Optimizer& optimizer, const std::function<Tensor()>& loss,
                const LrFinderOptions& options = {});

}  // namespace wengert::optim
