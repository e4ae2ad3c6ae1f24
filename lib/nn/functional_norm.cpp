#include "wengert/nn/functional_norm.hpp"

#include <limits>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

void require_eps(const char* name, double eps) {
  if (!(eps >= 0.0)) fail<ValueError>(name, "eps must be 0 or more: got ", eps);
}

void require_shape(const char* name, const char* what, const Tensor& tensor, const Shape& shape) {
  if (tensor.defined() && tensor.shape() != shape)
    fail<ShapeError>(name, what, " must be ", shape, ": got ", tensor.shape());
}

/// The axes of x from `first` on.
Axes axes_from(std::size_t first, const Tensor& x) {
  Axes axes;
  for (std::size_t i = first; i < x.ndim(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  return axes;
}

/// The last axes of x, after a check that their extents are `normalized`.
Axes last_axes(const char* name, const Tensor& x, const Shape& normalized) {
  bool fits = !normalized.empty() && normalized.size() <= x.ndim();
  const std::size_t first = fits ? x.ndim() - normalized.size() : 0;
  for (std::size_t i = 0; fits && i < normalized.size(); ++i) fits = x.shape()[first + i] == normalized[i];
  if (!fits)
    fail<ShapeError>(name, "the last extents of x must be the normalized shape: got ", x.shape(), " for ",
                     normalized);
  return axes_from(first, x);
}

/// The number of channels of (N, C, ...), after a check that the vectors of channels are (C).
std::int64_t channels_of(const char* name, const Tensor& x, std::size_t least_dimensions, const char* form,
                         const Tensor& weight, const Tensor& bias) {
  if (x.ndim() < least_dimensions) fail<ShapeError>(name, "x must be ", form, ": got ", x.shape());
  const std::int64_t channels = x.shape()[1];
  require_shape(name, "the weight", weight, {channels});
  require_shape(name, "the bias", bias, {channels});
  return channels;
}

Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias, Location where) {
  const Tensor scaled = weight.defined() ? mul({x, where}, weight) : x;
  return bias.defined() ? add({scaled, where}, bias) : scaled;
}

/// A vector (C) so that it broadcasts against (N, C, ...); an empty one stays empty.
Tensor along_channels(const Tensor& vector, const Tensor& x, Location where) {
  if (!vector.defined()) return vector;
  Shape shape = Dims::filled(x.ndim(), 1);
  shape[1] = vector.shape()[0];
  return reshape(vector, shape, where);
}

/// 1 / sqrt(var + eps).
Tensor inverse_deviation(const Tensor& variance, double eps, Location where) {
  return rsqrt(add({variance, where}, eps), where);
}

/// The mean over the axes, kept, what is left without it, and the mean of its squares.
struct Moments {
  Tensor mean, deviation, variance;
  Moments(const Tensor& x, const Axes& axes, Location where)
      : mean(wengert::mean(x, axes, true, where)),
        deviation(sub({x, where}, mean)),
        variance(wengert::mean(square(deviation, where), axes, true, where)) {}
};

/// deviation * scale * weight + bias, where scale and weight, one number for many elements, come first.
Tensor scaled(const Tensor& deviation, const Tensor& scale, const Tensor& weight, const Tensor& bias,
              Location where) {
  return affine(deviation, weight.defined() ? mul({scale, where}, weight) : scale, bias, where);
}

/// running = (1 - momentum) * running + momentum * now, outside the tape. `now` is (N or 1, C, 1...).
void move_on(const Tensor& running, const Tensor& now, double momentum, double factor, Location where) {
  if (!running.defined()) return;
  const NoGrad values_only;
  Axes all_but_channels{0};
  for (const std::int64_t axis : axes_from(2, now)) all_but_channels.push_back(axis);
  const Tensor latest = mul({mean(now, all_but_channels, false, where), where}, momentum * factor);
  running.assign(add({mul({running, where}, 1.0 - momentum), where}, latest));
}

/// What batch_norm and instance_norm share; `axes` are those a mean is taken over.
Tensor running_norm(const char* name, const Tensor& x, const Axes& axes, const Tensor& running_mean,
                    const Tensor& running_var, const Tensor& weight, const Tensor& bias,
                    const RunningNormOptions& options, Location where) {
  const Shape vector{x.shape()[1]};
  require_shape(name, "the running mean", running_mean, vector);
  require_shape(name, "the running variance", running_var, vector);
  require_eps(name, options.eps);
  std::int64_t count = 1;
  for (const std::int64_t axis : axes) count *= x.shape()[static_cast<std::size_t>(axis)];
  if (options.training && count < 2)
    fail<ValueError>(name, "in training there must be more than one value for a channel: got ", x.shape());
  if (!options.training && !(running_mean.defined() && running_var.defined()))
    fail<ValueError>(name, "outside of training there must be running statistics: got none");
  for (const Tensor* running : {&running_mean, &running_var})
    if (options.training && running->defined() && running->dtype() != x.dtype())
      fail<DTypeError>(name, "running statistics must have the dtype of x: got ", running->dtype(), " for ",
                       x.dtype());
  const Scope scope(name);
  const Tensor w = along_channels(weight, x, where), b = along_channels(bias, x, where);
  if (!options.training) {
    const Tensor deviation = sub({x, where}, along_channels(running_mean, x, where));
    const Tensor variance = along_channels(running_var, x, where);
    return scaled(deviation, inverse_deviation(variance, options.eps, where), w, b, where);
  }
  const Moments moments(x, axes, where);
  const Tensor y =
      scaled(moments.deviation, inverse_deviation(moments.variance, options.eps, where), w, b, where);
  const auto n = static_cast<double>(count);
  move_on(running_mean, moments.mean, options.momentum, 1.0, where);
  move_on(running_var, moments.variance, options.momentum, n / (n - 1.0), where);
  return y;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias,
                  const NormOptions& options, Location where) {
  const Axes axes = last_axes("layer_norm", x, normalized_shape);
  require_shape("layer_norm", "the weight", weight, normalized_shape);
  require_shape("layer_norm", "the bias", bias, normalized_shape);
  require_eps("layer_norm", options.eps);
  const Scope scope("layer_norm");
  const Moments moments(x, axes, where);
  const Tensor scale = inverse_deviation(moments.variance, options.eps, where);
  return affine(mul({moments.deviation, where}, scale), weight, bias, where);
}

Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                const RmsNormOptions& options, Location where) {
  const Axes axes = last_axes("rms_norm", x, normalized_shape);
  require_shape("rms_norm", "the weight", weight, normalized_shape);
  const double eps = options.eps.value_or(x.dtype() == float32 ? std::numeric_limits<float>::epsilon()
                                                               : std::numeric_limits<double>::epsilon());
  require_eps("rms_norm", eps);
  const Scope scope("rms_norm");
  const Tensor scale = inverse_deviation(mean(square(x, where), axes, true, where), eps, where);
  return affine(mul({x, where}, scale), weight, {}, where);
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias,
                  const NormOptions& options, Location where) {
  const std::int64_t channels = channels_of("group_norm", x, 2, "(N, C, ...)", weight, bias);
  if (groups < 1 || channels % groups != 0)
    fail<ShapeError>("group_norm", "the groups must divide the channels: got ", groups, " groups for ",
                     x.shape());
  require_eps("group_norm", options.eps);
  const Scope scope("group_norm");
  const std::int64_t in_group = x.size() == 0 ? 0 : x.size() / (x.shape()[0] * groups);
  const Tensor grouped = reshape(x, {x.shape()[0], groups, in_group}, where);
  const Moments moments(grouped, {2}, where);
  // One number for each image and channel.
  Shape each = Dims::filled(x.ndim(), 1);
  each[0] = x.shape()[0];
  each[1] = channels;
  const Tensor scale = reshape(broadcast_to(inverse_deviation(moments.variance, options.eps, where),
                                            {x.shape()[0], groups, channels / groups}, where),
                               each, where);
  return scaled(reshape(moments.deviation, x.shape(), where), scale, along_channels(weight, x, where),
                along_channels(bias, x, where), where);
}

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, const RunningNormOptions& options,
                  Location where) {
  channels_of("batch_norm", x, 2, "(N, C, ...)", weight, bias);
  Axes axes{0};
  for (const std::int64_t axis : axes_from(2, x)) axes.push_back(axis);
  return running_norm("batch_norm", x, axes, running_mean, running_var, weight, bias, options, where);
}

Tensor instance_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                     const Tensor& weight, const Tensor& bias, const RunningNormOptions& options,
                     Location where) {
  channels_of("instance_norm", x, 3, "(N, C, spatial...)", weight, bias);
  return running_norm("instance_norm", x, axes_from(2, x), running_mean, running_var, weight, bias, options,
                      where);
}

}  // namespace wengert::nn
