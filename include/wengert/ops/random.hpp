// Random tensors, from this thread's stream (core/random.hpp). All are leaves.
#pragma once

#include "wengert/core/random.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert {

/// Uniform in [0, 1).
Tensor rand(const Shape& shape, TensorOptions options = {}, Location where = {});
/// Normal with mean 0 and variance 1, by Box and Muller's transform.
Tensor randn(const Shape& shape, TensorOptions options = {}, Location where = {});
/// 0 ... n - 1 as int64 in random order.
Tensor permutation(std::int64_t n, Location where = {});

}  // namespace wengert
