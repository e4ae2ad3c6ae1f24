// Random tensors, from this thread's stream (core/random.hpp): the same seed gives the same numbers on any
// machine and with any number of threads. Distributions with parameters are differentiable in them where they
// can be, since a fixed draw is moved and scaled (reparameterized).
#pragma once

#include "wengert/core/operand.hpp"
#include "wengert/core/random.hpp"
#include "wengert/core/tensor.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert {

/// A leaf, uniform in [0, 1). Throws DTypeError unless the dtype is float32 or float64, ShapeError for a
/// negative extent.
Tensor rand(const Shape& shape, TensorOptions options = {}, Location where = {});
/// A leaf, normal with mean 0 and variance 1, by Box and Muller's transform. Throws as rand does.
Tensor randn(const Shape& shape, TensorOptions options = {}, Location where = {});
/// The same, of the shape of x and, without a dtype, of its. Throw GraphError for an empty Tensor.
Tensor rand_like(const Tensor& x, LikeOptions options = {}, Location where = {});
Tensor randn_like(const Tensor& x, LikeOptions options = {}, Location where = {});

// Parameters are numbers, or tensors that broadcast to `shape`, ShapeError otherwise; their dtype is `dtype`,
// float32 or float64, DTypeError otherwise.

/// low + (high - low) * rand: uniform in [low, high). Throws ValueError unless high - low is finite and 0 or
/// more.
Tensor uniform(const Shape& shape, const Operand& low = 0.0, const Operand& high = 1.0,
               DType dtype = float32);
/// mean + deviation * randn. Throws ValueError for a deviation below 0.
Tensor normal(const Shape& shape, const Operand& mean = 0.0, const Operand& deviation = 1.0,
              DType dtype = float32);
/// -log(u) / rate: exponential with mean 1 / rate. Throws ValueError unless the rate is above 0.
Tensor exponential(const Shape& shape, const Operand& rate = 1.0, DType dtype = float32);
/// location - scale * log(-log(u)). Throws ValueError for a scale below 0.
Tensor gumbel(const Shape& shape, const Operand& location = 0.0, const Operand& scale = 1.0,
              DType dtype = float32);
/// Normal with this mean and deviation before it is cut, and only values of z = (x - mean) / deviation in
/// [low, high], by inversion: accurate for intervals within about eight deviations of the mean. Throws
/// ValueError unless low < high, and for a deviation below 0.
Tensor truncated_normal(const Shape& shape, const Operand& mean = 0.0, const Operand& deviation = 1.0,
                        double low = -2.0, double high = 2.0, DType dtype = float32);
/// 1 with probability p, else 0, of p's shape and dtype. Without derivative. Throws ValueError unless p lies
/// in [0, 1], DTypeError unless it is float32 or float64.
Tensor bernoulli(const Tensor& p, Location where = {});
/// int64 classes drawn with the probabilities softmax(logits) of the last axis, by the largest logit plus
/// Gumbel noise: (..., classes) -> (...). Without derivative. Throws ValueError unless the largest logit of
/// each row is finite, ShapeError where there is no class, DTypeError unless logits are float32 or float64.
Tensor categorical(const Tensor& logits, Location where = {});
/// 0 ... n - 1 as int64 (n,) in random order. Throws ShapeError for a negative n.
Tensor permutation(std::int64_t n, Location where = {});

}  // namespace wengert
