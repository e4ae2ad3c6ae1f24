// Activations as modules, for nn::Sequential; in a module of one's own the functions serve as well. What a
// function throws, its module throws when it is called.
// header-only
#pragma once

#include "wengert/nn/functional.hpp"
#include "wengert/nn/module.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

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

/// x held within [0, 6].
class ReLU6 : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return relu6(x, where); }
};

/// x, but weight * x where x is negative, with a slope that is learned (He et al., "Delving deep into
/// rectifiers", 2015): one, or one for each channel of (N, C, ...). `weight` (slopes) begins as 0.25. Throws
/// ShapeError where the channels are others.
class PReLU : public Module {
 public:
  explicit PReLU(std::int64_t slopes = 1, double first = 0.25, DType dtype = float32)
      : weight(full({slopes}, first, {.dtype = dtype, .requires_grad = true})) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    if (weight.size() == 1 || x.ndim() < 2) return leaky_relu({x, where}, weight);
    Shape channels = Shape::filled(x.ndim(), 1);
    channels[1] = weight.size();
    return leaky_relu({x, where}, reshape(weight, channels, where));
  }
  void visit(Visitor& v) override { v("weight", weight); }

  Tensor weight;
};

/// elu: x where x > 0, else alpha (exp(x) - 1).
class ELU : public Module {
 public:
  explicit ELU(double alpha = 1.0) : alpha_(alpha) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return elu(x, alpha_, where); }

 private:
  double alpha_;
};

/// selu, which keeps mean 0 and variance 1 through many layers.
class SELU : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return selu(x, where); }
};

/// celu: x where x > 0, else alpha (exp(x / alpha) - 1).
class CELU : public Module {
 public:
  explicit CELU(double alpha = 1.0) : alpha_(alpha) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return celu(x, alpha_, where); }

 private:
  double alpha_;
};

/// gelu: x times the normal distribution's cumulative probability at x, exact or by tanh.
class GELU : public Module {
 public:
  explicit GELU(GeluForm form = GeluForm::erf) : form_(form) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return gelu(x, form_, where); }

 private:
  GeluForm form_;
};

/// x sigmoid(x).
class SiLU : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return silu(x, where); }
};

/// x tanh(softplus(x)).
class Mish : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return mish(x, where); }
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

/// log(sigmoid(x)).
class LogSigmoid : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return log_sigmoid(x, where); }
};

/// x held within [low, high].
class Hardtanh : public Module {
 public:
  explicit Hardtanh(double low = -1.0, double high = 1.0) : low_(low), high_(high) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return hardtanh(x, low_, high_, where); }

 private:
  double low_, high_;
};

/// min(max(x + 3, 0), 6) / 6.
class Hardsigmoid : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return hardsigmoid(x, where); }
};

/// x hardsigmoid(x).
class Hardswish : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return hardswish(x, where); }
};

/// x / (1 + |x|).
class Softsign : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return softsign(x, where); }
};

/// x brought nearer to 0 by `bound`, and 0 within it.
class Softshrink : public Module {
 public:
  explicit Softshrink(double bound = 0.5) : bound_(bound) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return softshrink(x, bound_, where); }

 private:
  double bound_;
};

/// x where |x| > bound, else 0.
class Hardshrink : public Module {
 public:
  explicit Hardshrink(double bound = 0.5) : bound_(bound) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return hardshrink(x, bound_, where); }

 private:
  double bound_;
};

/// x - tanh(x).
class Tanhshrink : public Module {
 public:
  Tensor operator()(const Tensor& x, Location where = {}) const { return tanhshrink(x, where); }
};

/// x where x > bound, else `value`.
class Threshold : public Module {
 public:
  Threshold(double bound, double value) : bound_(bound), value_(value) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return threshold(x, bound_, value_, where);
  }

 private:
  double bound_, value_;
};

/// glu: one half of x along an axis times the sigmoid of the other.
class GLU : public Module {
 public:
  explicit GLU(std::int64_t axis = -1) : axis_(axis) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return glu(x, axis_, where); }

 private:
  std::int64_t axis_;
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

/// x itself.
class Identity : public Module {
 public:
  Tensor operator()(const Tensor& x, Location = {}) const { return x; }
};

}  // namespace wengert::nn
