#include "wengert/nn/normalization.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::nn {
namespace {

void require_eps(const char* name, double eps) {
  if (!(eps >= 0.0)) fail<ValueError>(name, "eps must be 0 or more: got ", eps);
}

void require_extents(const char* name, const Shape& shape) {
  if (shape.empty() || std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 1; }))
    fail<ValueError>(name, "the normalized extents must be positive: got ", shape);
}

BatchNormOptions as_batch_norm(const InstanceNormOptions& o) {
  return {.eps = o.eps,
          .momentum = o.momentum,
          .affine = o.affine,
          .track_running_stats = o.track_running_stats,
          .dtype = o.dtype};
}

Tensor ones_parameter(const Shape& shape, DType dtype) {
  return ones(shape, {.dtype = dtype, .requires_grad = true});
}
Tensor zeros_parameter(const Shape& shape, DType dtype) {
  return zeros(shape, {.dtype = dtype, .requires_grad = true});
}

}  // namespace

RunningNorm::RunningNorm(const char* name, std::int64_t channels, const BatchNormOptions& options)
    : channels_(channels), options_(options) {
  if (channels < 1) fail<ValueError>(name, "the channels must be positive: got ", channels);
  require_eps(name, options.eps);
  if (options.momentum && !(*options.momentum >= 0.0 && *options.momentum <= 1.0))
    fail<ValueError>(name, "the momentum must lie within [0, 1]: got ", *options.momentum);
  if (options.affine) {
    weight = ones_parameter({channels}, options.dtype);
    bias = zeros_parameter({channels}, options.dtype);
  }
  if (!options.track_running_stats) return;
  running_mean = zeros({channels}, {.dtype = options.dtype});
  running_var = ones({channels}, {.dtype = options.dtype});
  num_batches_tracked = zeros({}, {.dtype = int64});
}

void RunningNorm::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
  v.buffer("running_mean", running_mean);
  v.buffer("running_var", running_var);
  v.buffer("num_batches_tracked", num_batches_tracked);
}

void RunningNorm::check(const char* name, const Tensor& x, std::size_t least, std::size_t most,
                        const char* form) const {
  if (x.ndim() < least || x.ndim() > most || x.shape()[1] != channels_)
    fail<ShapeError>(name, "x must be ", form, " with ", channels_, " channels: got ", x.shape());
}

Tensor RunningNorm::apply(decltype(batch_norm)& function, const Tensor& x, Location where) const {
  const bool tracked = running_mean.defined() && running_var.defined(), learns = is_training() && tracked;
  Tensor count;
  if (learns) {
    const NoGrad values_only;
    count = add({num_batches_tracked, where}, 1);
  }
  const double momentum = options_.momentum.value_or(learns ? 1.0 / count.item() : 0.0);
  const Tensor y =
      function(x, running_mean, running_var, weight, bias,
               {.training = is_training() || !tracked, .momentum = momentum, .eps = options_.eps}, where);
  if (learns) num_batches_tracked.assign(count);
  return y;
}

BatchNorm1d::BatchNorm1d(std::int64_t channels, const BatchNormOptions& options)
    : RunningNorm("BatchNorm1d", channels, options) {}
BatchNorm2d::BatchNorm2d(std::int64_t channels, const BatchNormOptions& options)
    : RunningNorm("BatchNorm2d", channels, options) {}
BatchNorm3d::BatchNorm3d(std::int64_t channels, const BatchNormOptions& options)
    : RunningNorm("BatchNorm3d", channels, options) {}
InstanceNorm1d::InstanceNorm1d(std::int64_t channels, const InstanceNormOptions& options)
    : RunningNorm("InstanceNorm1d", channels, as_batch_norm(options)) {}
InstanceNorm2d::InstanceNorm2d(std::int64_t channels, const InstanceNormOptions& options)
    : RunningNorm("InstanceNorm2d", channels, as_batch_norm(options)) {}
InstanceNorm3d::InstanceNorm3d(std::int64_t channels, const InstanceNormOptions& options)
    : RunningNorm("InstanceNorm3d", channels, as_batch_norm(options)) {}

Tensor BatchNorm1d::operator()(const Tensor& x, Location where) const {
  check("BatchNorm1d", x, 2, 3, "(N, C) or (N, C, L)");
  return apply(batch_norm, x, where);
}
Tensor BatchNorm2d::operator()(const Tensor& x, Location where) const {
  check("BatchNorm2d", x, 4, 4, "(N, C, H, W)");
  return apply(batch_norm, x, where);
}
Tensor BatchNorm3d::operator()(const Tensor& x, Location where) const {
  check("BatchNorm3d", x, 5, 5, "(N, C, D, H, W)");
  return apply(batch_norm, x, where);
}
Tensor InstanceNorm1d::operator()(const Tensor& x, Location where) const {
  check("InstanceNorm1d", x, 3, 3, "(N, C, L)");
  return apply(instance_norm, x, where);
}
Tensor InstanceNorm2d::operator()(const Tensor& x, Location where) const {
  check("InstanceNorm2d", x, 4, 4, "(N, C, H, W)");
  return apply(instance_norm, x, where);
}
Tensor InstanceNorm3d::operator()(const Tensor& x, Location where) const {
  check("InstanceNorm3d", x, 5, 5, "(N, C, D, H, W)");
  return apply(instance_norm, x, where);
}

LayerNorm::LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options)
    : shape_(normalized_shape), eps_(options.eps) {
  require_extents("LayerNorm", shape_);
  require_eps("LayerNorm", eps_);
  if (!options.elementwise_affine) return;
  weight = ones_parameter(shape_, options.dtype);
  if (options.bias) bias = zeros_parameter(shape_, options.dtype);
}
Tensor LayerNorm::operator()(const Tensor& x, Location where) const {
  return layer_norm(x, shape_, weight, bias, {.eps = eps_}, where);
}
void LayerNorm::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

RMSNorm::RMSNorm(const Shape& normalized_shape, const RMSNormOptions& options)
    : shape_(normalized_shape), eps_(options.eps) {
  require_extents("RMSNorm", shape_);
  if (eps_) require_eps("RMSNorm", *eps_);
  if (options.elementwise_affine) weight = ones_parameter(shape_, options.dtype);
}
Tensor RMSNorm::operator()(const Tensor& x, Location where) const {
  return rms_norm(x, shape_, weight, {.eps = eps_}, where);
}
void RMSNorm::visit(Visitor& v) { v("weight", weight); }

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options)
    : groups_(groups), channels_(channels), eps_(options.eps) {
  if (groups < 1 || channels < 1 || channels % groups != 0)
    fail<ValueError>("GroupNorm", "the groups must divide the channels: got ", groups, " groups for ",
                     channels);
  require_eps("GroupNorm", eps_);
  if (!options.affine) return;
  weight = ones_parameter({channels}, options.dtype);
  bias = zeros_parameter({channels}, options.dtype);
}
Tensor GroupNorm::operator()(const Tensor& x, Location where) const {
  if (x.ndim() < 2 || x.shape()[1] != channels_)
    fail<ShapeError>("GroupNorm", "x must be (N, C, ...) with ", channels_, " channels: got ", x.shape());
  return group_norm(x, groups_, weight, bias, {.eps = eps_}, where);
}
void GroupNorm::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

}  // namespace wengert::nn
