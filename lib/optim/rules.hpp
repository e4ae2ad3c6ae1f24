// What the algorithms have in common: the gradient they follow, and norms.
#pragma once

#include <cmath>

#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert::optim {

/// The gradient to go down: turned round to maximize, with weight_decay * p added.
template <class Options>
Tensor descent(const Options& o, const Tensor& p, const Tensor& gradient) {
  const Tensor g = o.maximize ? -gradient : gradient;
  return o.weight_decay != 0.0 ? g + o.weight_decay * p : g;
}

/// (1 - lr weight_decay) p: weight decay beside the gradient.
template <class Options>
Tensor decayed(const Options& o, const Tensor& p) {
  return o.weight_decay != 0.0 ? (1.0 - o.lr * o.weight_decay) * p : p;
}

inline double euclidean_norm(const Tensor& x) {
  return x.size() == 0 ? 0.0 : std::sqrt(sum(square(x)).item());
}

}  // namespace wengert::optim
