// Activations as modules, for nn::Sequential; in a module of one's own the functions serve as well.
// header-only
#pragma once

#include "wengert/nn/functional.hpp"
#include "wengert/nn/module.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::nn {

/// max(x, 0).
class ReLU : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return relu(x, where); }
};

/// x, but slope * x where x is negative.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01) : slope_(slope) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return leaky_relu({x, where}, slope_); }

 private:
  double slope_;
};

/// Hyperbolic tangent.
class Tanh : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return tanh(x, where); }
};

/// 1 / (1 + exp(-x)).
class Sigmoid : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return sigmoid(x, where); }
};

/// log(1 + exp(x)).
class Softplus : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return softplus(x, where); }
};

/// softmax along an axis.
class Softmax : public Module {
 public:
  explicit Softmax(std::int64_t axis = -1) : axis_(axis) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return softmax(x, axis_, where); }

 private:
  std::int64_t axis_;
};

/// log_softmax along an axis.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(std::int64_t axis = -1) : axis_(axis) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return log_softmax(x, axis_, where); }

 private:
  std::int64_t axis_;
};

}  // namespace wengert::nn
