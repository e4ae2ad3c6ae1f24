// The mathematics of layers, without their state: functions of tensors, composed of primitive operations.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

/// y = x W^T + b, (..., in) x (out, in) -> (..., out); an empty bias is none.
/// Throws ShapeError where the extents do not fit.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Location where = {});

/// exp(x) / sum(exp(x)) along `axis`, without overflow. A row of nothing but -inf has no softmax: NaN.
Tensor softmax(const Tensor& x, std::int64_t axis = -1, Location where = {});
/// x - log(sum(exp(x))) along `axis`, without overflow and accurate where softmax is near 0 or 1.
Tensor log_softmax(const Tensor& x, std::int64_t axis = -1, Location where = {});
/// softmax(-x): the smallest elements get the largest shares.
Tensor softmin(const Tensor& x, std::int64_t axis = -1, Location where = {});

/// In training each element is 0 with probability p and x / (1 - p) otherwise, drawn from this thread's
/// stream; the expectation is x (Srivastava et al., "Dropout", 2014). x itself when not in training. Throws
/// ValueError unless 0 <= p <= 1.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true, Location where = {});

}  // namespace wengert::nn
