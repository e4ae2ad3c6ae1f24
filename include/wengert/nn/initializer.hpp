// First values for parameters. Each gives a leaf a new value of its shape and dtype, drawn from this thread's
// stream where it is random; fans and gains are PyTorch's. Throw GraphError for what is not a leaf, and where
// the value is random DTypeError unless it is float32 or float64.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert::nn::init {

/// Every element `value`.
void constant(const Tensor& leaf, double value);
/// Every element 0.
void zeros(const Tensor& leaf);
/// Every element 1.
void ones(const Tensor& leaf);
/// Uniform in [low, high). Throws ValueError unless low <= high.
void uniform(const Tensor& leaf, double low = 0.0, double high = 1.0);
/// Normal. Throws ValueError for a deviation below 0.
void normal(const Tensor& leaf, double mean = 0.0, double deviation = 1.0);
/// Normal with this mean and deviation before it is cut, and only values in [low, high], bounds of the values
/// themselves as in PyTorch. Throws ValueError unless low < high and deviation > 0.
void truncated_normal(const Tensor& leaf, double mean = 0.0, double deviation = 1.0, double low = -2.0,
                      double high = 2.0);
/// The identity, rectangular if need be: 1 at (i, i), else 0. Throws ShapeError unless leaf is a matrix.
void eye(const Tensor& leaf);

struct Fans {
  std::int64_t in, out;
};
/// How many inputs an output has and how many outputs an input has: for a weight (out, in, k1, k2, ...)
/// in * k1 * k2 ... and out * k1 * k2 ... Throws ShapeError for fewer than two dimensions.
Fans fans(const Tensor& weight);

enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };
/// What a layer's deviation is multiplied by so that the nonlinearity after it keeps the scale: 1, 1, 5/3,
/// sqrt(2), sqrt(2 / (1 + slope^2)), 3/4.
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

/// Variance 2 gain^2 / (fan_in + fan_out) (Glorot and Bengio, "Understanding the difficulty of training deep
/// feedforward neural networks", 2010). Throw ShapeError as fans does.
void xavier_uniform(const Tensor& leaf, double gain = 1.0);
void xavier_normal(const Tensor& leaf, double gain = 1.0);

enum class Fan { in, out };
struct KaimingOptions {
  double slope = 0.0;  ///< of a leaky_relu
  Fan fan = Fan::in;   ///< `in` keeps the scale of values, `out` that of gradients
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
};
/// Variance gain^2 / fan (He et al., "Delving deep into rectifiers", 2015). Throw ShapeError as fans does.
void kaiming_uniform(const Tensor& leaf, const KaimingOptions& options = {});
void kaiming_normal(const Tensor& leaf, const KaimingOptions& options = {});
/// Variance 1 / fan_in, normal (LeCun et al., "Efficient BackProp", 1998), which networks of selu ask for.
/// Throws ShapeError as fans does.
void lecun_normal(const Tensor& leaf);

/// As a matrix (first extent, others): orthonormal rows, or columns where there are fewer of them, times
/// `gain`; uniform over all such matrices (Saxe et al., "Exact solutions to the nonlinear dynamics of
/// learning in deep linear neural networks", 2014). Throws ShapeError for fewer than two dimensions.
void orthogonal(const Tensor& leaf, double gain = 1.0);
/// Of each column of a matrix (rows, columns) ceil(sparsity * rows) elements, chosen at random, are 0, the
/// others normal with mean 0 (Martens, "Deep learning via Hessian-free optimization", 2010). Throws
/// ShapeError unless leaf is a matrix and ValueError unless 0 <= sparsity <= 1 and deviation >= 0.
void sparse(const Tensor& leaf, double sparsity, double deviation = 0.01);

}  // namespace wengert::nn::init
