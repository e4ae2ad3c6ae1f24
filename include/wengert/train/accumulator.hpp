// Gradient accumulation: one step of the optimizer for several small batches.
#pragma once

#include <cstdint>
#include <functional>

#include "wengert/core/tensor.hpp"
#include "wengert/optim/optimizer.hpp"

namespace wengert::training {

/// Steps an optimizer once for every `steps` batches, by the mean of their losses: the gradients of one batch
/// that is `steps` times as large, where memory is too small for it.
///
///     training::Accumulator accumulator(optimizer, 4);
///     for (const auto& [x, y] : batches) accumulator.backward(nn::mse_loss(model(x), y));
///     accumulator.flush();      // the last ones, if they are fewer than 4
class Accumulator {
 public:
  /// `before_step` is called between the last backward() and step(), to clip gradients, say. Refers to the
  /// optimizer, which must live as long. Throws ValueError unless steps > 0.
  Accumulator(optim::Optimizer& optimizer, std::int64_t steps, std::function<void()> before_step = {});

  /// Adds the gradients of loss / steps; true if the optimizer made a step by it. The optimizer's gradients
  /// are dropped before the first batch of each step. Throws as Tensor::backward does.
  bool backward(const Tensor& loss);
  /// Makes a step by the batches since the last one, as the mean over their own number; false if there are
  /// none.
  bool flush();
  /// How many batches have been gathered since the last step.
  std::int64_t pending() const noexcept { return pending_; }

 private:
  void step();

  optim::Optimizer* optimizer_;
  std::int64_t steps_, pending_ = 0;
  std::function<void()> before_step_;
};

}  // namespace wengert::training
