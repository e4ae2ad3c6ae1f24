// Every optimizer under one interface, for tests that hold for all of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wengert/optim/adafactor.hpp"
#include "wengert/optim/adagrad.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/adamax.hpp"
#include "wengert/optim/gauss_newton.hpp"
#include "wengert/optim/layerwise.hpp"
#include "wengert/optim/lbfgs.hpp"
#include "wengert/optim/lion.hpp"
#include "wengert/optim/muon.hpp"
#include "wengert/optim/newton_cg.hpp"
#include "wengert/optim/rmsprop.hpp"
#include "wengert/optim/sgd.hpp"

namespace kinds {

using Closure = std::function<wengert::Tensor()>;

/// An optimizer, and how a step is taken with it.
struct Trainer {
  std::shared_ptr<wengert::optim::Optimizer> optimizer;
  std::function<void(const Closure& loss, const Closure& residuals)> step;
};
using Make = std::function<Trainer(const std::vector<wengert::Tensor>&)>;

/// One that follows the gradients that backward() leaves.
template <class Optimizer, class Options>
Make first_order(const Options& options) {
  return [options](const std::vector<wengert::Tensor>& parameters) {
    auto optimizer = std::make_shared<Optimizer>(parameters, options);
    return Trainer{optimizer, [optimizer](const Closure& loss, const Closure&) {
                     optimizer->zero_grad();
                     loss().backward();
                     optimizer->step();
                   }};
  };
}
/// One that evaluates the loss itself.
template <class Optimizer, class Options>
Make of_loss(const Options& options) {
  return [options](const std::vector<wengert::Tensor>& parameters) {
    auto optimizer = std::make_shared<Optimizer>(parameters, options);
    return Trainer{optimizer, [optimizer](const Closure& loss, const Closure&) { optimizer->step(loss); }};
  };
}
/// One that evaluates residuals.
template <class Optimizer, class Options>
Make of_residuals(const Options& options) {
  return [options](const std::vector<wengert::Tensor>& parameters) {
    auto optimizer = std::make_shared<Optimizer>(parameters, options);
    return Trainer{optimizer,
                   [optimizer](const Closure&, const Closure& residuals) { optimizer->step(residuals); }};
  };
}

}  // namespace kinds
