// What all losses share: what becomes of the losses of the elements.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

/// The losses of the elements as they are, their mean, their sum.
enum class Reduction { none, mean, sum };

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

/// For losses of one's own: `losses`, their mean or their sum. The mean of nothing is NaN, the sum 0. Throws
/// DTypeError unless the losses are float32 or float64.
Tensor reduce_loss(const Tensor& losses, Reduction reduction = Reduction::mean, Location where = {});

}  // namespace wengert::nn
