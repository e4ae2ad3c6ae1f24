// Normalizations as functions: values less their mean, over their deviation, in groups that differ from one
// to the next. Composed of primitive operations; the variance is the mean squared deviation, plus `eps`.
#pragma once

#include <optional>

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

// An empty weight is 1, an empty bias 0. The result has x's shape. Each throws ShapeError where shapes do not
// fit and ValueError for a negative eps, before anything is computed; DTypeError unless all are of one float
// dtype.

struct NormOptions {
  double eps = 1e-5;
};

/// (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions of x (..., d...), whose extents d...
/// are `normalized_shape`, as are those of weight and bias (Ba et al., "Layer normalization", 2016).
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, const NormOptions& options = {}, Location where = {});

struct RmsNormOptions {
  std::optional<double> eps = {};  ///< none: the distance from 1 to the next number of x's dtype
};
/// x / sqrt(mean(x^2) + eps) * weight over the last dimensions of x (..., d...), whose extents d... are
/// `normalized_shape`, as are those of weight (Zhang and Sennrich, "Root mean square layer normalization",
/// 2019).
Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                const RmsNormOptions& options = {}, Location where = {});

/// x (N, C, ...) normalized over `groups` runs of channels and all dimensions behind them, one sample at a
/// time; weight and bias are (C) (Wu and He, "Group normalization", 2018). Throws ShapeError unless `groups`
/// divides C.
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  const NormOptions& options = {}, Location where = {});

/// What batch_norm and instance_norm do about the statistics that are kept from call to call.
struct RunningNormOptions {
  bool training = false;  ///< normalize by this batch and move the running statistics, or use those
  double momentum = 0.1;  ///< running = (1 - momentum) * running + momentum * this batch's
  double eps = 1e-5;
};

/// x (N, C, ...) normalized for each channel over the batch and all dimensions behind (Ioffe and Szegedy,
/// "Batch normalization", 2015). All other tensors are (C). In training running_mean and running_var, where
/// they are given, are assigned new values, of the variance the unbiased one; nothing of this is on the tape.
/// Throws ValueError where there is but one value for a channel in training, or where there are no running
/// statistics outside of training; GraphError for running statistics that are no leaves in training.
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight = {}, const Tensor& bias = {}, const RunningNormOptions& options = {},
                  Location where = {});

/// x (N, C, spatial...) normalized for each channel of each sample over the spatial dimensions (Ulyanov et
/// al., "Instance normalization", 2016). All other tensors are (C); running statistics are the means over the
/// batch of what batch_norm keeps. Throws as batch_norm does.
Tensor instance_norm(const Tensor& x, const Tensor& running_mean = {}, const Tensor& running_var = {},
                     const Tensor& weight = {}, const Tensor& bias = {},
                     const RunningNormOptions& options = {.training = true}, Location where = {});

}  // namespace wengert::nn
