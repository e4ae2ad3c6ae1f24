#include "wengert/optim/lr_finder.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/random.hpp"

namespace wengert::optim {
namespace {

/// Gives back what it saw when it was made.
class Restored {
 public:
  Restored(nn::Module& module, Optimizer& optimizer)
      : module_(module), optimizer_(optimizer), of_module_(module.state()), of_optimizer_(optimizer.state()) {
    for (const Tensor& p : optimizer.parameters()) values_.push_back(p.detach());
  }
  ~Restored() {
    module_.load(of_module_);
    const std::vector<Tensor> parameters = optimizer_.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].assign(values_[i]);
    optimizer_.load(of_optimizer_);
    optimizer_.zero_grad();
    module_.zero_grad();
    set_random_state(random_);
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  nn::Module& module_;
  Optimizer& optimizer_;
  nn::State of_module_;
  State of_optimizer_;
  std::vector<Tensor> values_;  // of parameters that are not the module's, too
  RandomKey random_ = random_state();
};

double steepest_of(const LrSweep& sweep) {
  double best = 0.0, lr = 0.0;
  for (std::size_t i = 1; i + 1 < sweep.lr.size(); ++i) {
    // Steps are even in log(lr).
    const double slope = sweep.loss[i + 1] - sweep.loss[i - 1];
    if (slope < best) {
      best = slope;
      lr = sweep.lr[i];
    }
  }
  return lr;
}

}  // namespace

LrSweep find_lr(nn::Module& module, Optimizer& optimizer, const std::function<Tensor()>& loss,
                const LrFinderOptions& o) {
  const auto require = [](bool holds, const char* law, double got) {
    if (!holds) fail<ValueError>("find_lr", law, ": got ", got);
  };
  require(o.start_lr > 0.0, "start_lr must be positive", o.start_lr);
  require(o.end_lr > o.start_lr && std::isfinite(o.end_lr), "end_lr must be finite and above start_lr",
          o.end_lr);
  require(o.steps >= 2, "steps must be 2 or more", static_cast<double>(o.steps));
  require(o.smoothing >= 0.0 && o.smoothing < 1.0, "smoothing must lie within [0, 1)", o.smoothing);
  require(o.diverge_at > 1.0, "diverge_at must be above 1", o.diverge_at);

  LrSweep sweep;
  const Restored restored(module, optimizer);
  double mean = 0.0, lowest = 0.0;
  for (std::int64_t i = 0; i < o.steps; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(o.steps - 1);
    const double lr = o.start_lr * std::pow(o.end_lr / o.start_lr, part);
    optimizer.set_lr(lr);
    optimizer.zero_grad();
    const Tensor value = loss();
    mean = o.smoothing * mean + (1.0 - o.smoothing) * value.item();
    const double smooth = mean / (1.0 - std::pow(o.smoothing, static_cast<double>(i + 1)));
    if (!std::isfinite(smooth) || (i > 0 && lowest > 0.0 && smooth > o.diverge_at * lowest)) {
      sweep.diverged = true;
      break;
    }
    lowest = i == 0 ? smooth : std::min(lowest, smooth);
    sweep.lr.push_back(lr);
    sweep.loss.push_back(smooth);
    value.backward();
    optimizer.step();
  }
  sweep.steepest = steepest_of(sweep);
  return sweep;
}

}  // namespace wengert::optim
