// Functions composed of primitive operations, as the workloads written with Wengert use them.
#pragma once

#include "wengert.hpp"

namespace bench {

inline Tensor gelu_tanh(const Tensor& x) {
  return 0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}
inline Tensor gelu_erf(const Tensor& x) { return 0.5 * x * (1.0 + erf(0.7071067811865476 * x)); }

inline Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor deviation = x - mean(x, {-1}, true);
  const Tensor variance = mean(square(deviation), {-1}, true);
  return deviation * rsqrt(variance + 1e-5) * weight + bias;
}

}  // namespace bench
