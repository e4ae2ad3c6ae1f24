#include "wengert/train/accumulator.hpp"

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::training {

Accumulator::Accumulator(optim::Optimizer& optimizer, std::int64_t steps, std::function<void()> before_step)
    : optimizer_(&optimizer), steps_(steps), before_step_(std::move(before_step)) {
  if (steps <= 0) fail<ValueError>("Accumulator", "steps must be positive: got ", steps);
}

bool Accumulator::backward(const Tensor& loss) {
  if (pending_ == 0) optimizer_->zero_grad();
  loss.backward({.seed = full_like(loss.detach(), 1.0 / static_cast<double>(steps_))});
  if (++pending_ < steps_) return false;
  step();
  return true;
}

bool Accumulator::flush() {
  if (pending_ == 0) return false;
  // Each was divided by `steps`; their own number is smaller.
  const NoGrad values_only;
  const double factor = static_cast<double>(steps_) / static_cast<double>(pending_);
  for (const Tensor& parameter : optimizer_->parameters()) {
    if (!parameter.has_grad()) continue;
    Tensor mean = parameter.grad() * factor;
    Leaf& leaf = *parameter.node().leaf;
    const std::lock_guard lock(leaf.mutex);
    leaf.grad.swap(mean);  // the old one is freed after the lock
  }
  step();
  return true;
}

void Accumulator::step() {
  if (before_step_) before_step_();
  optimizer_->step();
  pending_ = 0;
}

}  // namespace wengert::training
