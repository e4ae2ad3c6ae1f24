// The mathematics of layers, without their state: functions of tensors, composed of primitive operations.
// They take float32 and float64: DTypeError otherwise, and where dtypes differ. An axis out of range is an
// IndexError.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

/// y = x W^T + b, (..., in) x (out, in) -> (..., out); an empty bias is none. Throws ShapeError where the
/// extents do not fit.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Location where = {});
/// y[..., o] = x1^T W[o] x2 + b[o], (..., in1) x (..., in2) x (out, in1, in2) -> (..., out); an empty bias is
/// none. Throws ShapeError where the extents do not fit.
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {},
                Location where = {});

/// a sigmoid(b), a and b the two halves of x along `axis`, (..., 2 n) -> (..., n) for axis -1 (Dauphin et
/// al., "Language modeling with gated convolutional networks", 2017). Throws ShapeError for an odd extent.
Tensor glu(const Tensor& x, std::int64_t axis = -1, Location where = {});

/// exp(x) / sum(exp(x)) along `axis`, of x's shape, without overflow. A row of nothing but -inf has no
/// softmax: NaN. Throws ShapeError for an axis of extent 0.
Tensor softmax(const Tensor& x, std::int64_t axis = -1, Location where = {});
/// x - log(sum(exp(x))) along `axis`, of x's shape, without overflow and accurate where softmax is near 0 or
/// 1. Throws as softmax does.
Tensor log_softmax(const Tensor& x, std::int64_t axis = -1, Location where = {});
/// softmax(-x): the smallest elements get the largest shares. Throws as softmax does.
Tensor softmin(const Tensor& x, std::int64_t axis = -1, Location where = {});

/// In training each element is 0 with probability p and x / (1 - p) otherwise, drawn from this thread's
/// stream; the expectation is x (Srivastava et al., "Dropout", 2014). x itself, of any dtype, when not in
/// training. Throws ValueError unless 0 <= p <= 1.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true, Location where = {});
/// dropout of whole channels: of (N, C, ...) each x[n, c] is 0 or scaled as one (Tompson et al., "Efficient
/// object localization using convolutional networks", 2015). Throws ValueError as dropout does, ShapeError
/// for fewer than two dimensions.
Tensor feature_dropout(const Tensor& x, double p = 0.5, bool training = true, Location where = {});
/// dropout that keeps mean 0 and variance 1 where x has them, for networks of selu: a (x or s) + b, each
/// element s with probability p, s = -1.7581 the value at which selu saturates, a = ((1 - p) (1 + p
/// s^2))^(-1/2), b = -a p s (Klambauer et al., "Self-normalizing neural networks", 2017). 0 for p = 1. Throws
/// ValueError as dropout does.
Tensor alpha_dropout(const Tensor& x, double p = 0.5, bool training = true, Location where = {});

}  // namespace wengert::nn
