// Normalizations as modules; nn/functional_norm.hpp has the formulas, and calls throw as they do.
#pragma once

#include <initializer_list>
#include <optional>

#include "wengert/nn/functional_norm.hpp"
#include "wengert/nn/module.hpp"

namespace wengert::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  ///< none: running statistics are averages of all batches
  bool affine = true;                    ///< whether there are a weight and a bias
  bool track_running_stats = true;       ///< whether statistics are kept for evaluation
  DType dtype = float32;
};

/// What normalizations with running statistics have in common. `weight` (1 at first), `bias` (0),
/// running_mean (0) and running_var (1) are (C); num_batches_tracked is an int64 scalar. What the options
/// leave out is an empty Tensor.
class RunningNorm : public Module {
 public:
  void visit(Visitor& v) override;
  Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 protected:
  RunningNorm(const char* name, std::int64_t channels, const BatchNormOptions& options);
  /// Throws ShapeError unless x has from `least` to `most` dimensions and the channels.
  void check(const char* name, const Tensor& x, std::size_t least, std::size_t most, const char* form) const;
  /// Applies batch_norm or instance_norm, and counts the batch if it is one to learn from.
  Tensor apply(decltype(batch_norm)& function, const Tensor& x, Location where) const;

 private:
  std::int64_t channels_;
  BatchNormOptions options_;
};

/// batch_norm of (N, C) or (N, C, L). In training it normalizes by the batch and moves the running
/// statistics, in evaluation it uses them; without running statistics it always normalizes by the batch.
/// Throws ShapeError for other dimensions or channels.
class BatchNorm1d : public RunningNorm {
 public:
  /// Throws ValueError for a number of channels below 1, a negative eps or a momentum outside of [0, 1].
  explicit BatchNorm1d(std::int64_t channels, const BatchNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
};

/// batch_norm of (N, C, H, W); see BatchNorm1d.
class BatchNorm2d : public RunningNorm {
 public:
  explicit BatchNorm2d(std::int64_t channels, const BatchNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
};

/// batch_norm of (N, C, D, H, W); see BatchNorm1d.
class BatchNorm3d : public RunningNorm {
 public:
  explicit BatchNorm3d(std::int64_t channels, const BatchNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
};

struct InstanceNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
  DType dtype = float32;
};

/// instance_norm of (N, C, L). With running statistics it uses them in evaluation; and it counts batches,
/// which PyTorch's does not. Throws as BatchNorm1d does.
class InstanceNorm1d : public RunningNorm {
 public:
  explicit InstanceNorm1d(std::int64_t channels, const InstanceNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
};

/// instance_norm of (N, C, H, W); see InstanceNorm1d.
class InstanceNorm2d : public RunningNorm {
 public:
  explicit InstanceNorm2d(std::int64_t channels, const InstanceNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
};

/// instance_norm of (N, C, D, H, W); see InstanceNorm1d.
class InstanceNorm3d : public RunningNorm {
 public:
  explicit InstanceNorm3d(std::int64_t channels, const InstanceNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
  DType dtype = float32;
};

/// layer_norm over the last dimensions, with `weight` (1 at first) and `bias` (0) of the normalized shape.
class LayerNorm : public Module {
 public:
  /// Throws ValueError for a negative eps and unless every extent is positive.
  explicit LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {});
  /// LayerNorm({3}): the braces are a shape.
  explicit LayerNorm(std::initializer_list<std::int64_t> shape, const LayerNormOptions& options = {})
      : LayerNorm(Shape(shape), options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const;
  void visit(Visitor& v) override;
  Tensor weight, bias;

 private:
  Shape shape_;
  double eps_;
};

struct RMSNormOptions {
  std::optional<double> eps = {};  ///< none: the distance from 1 to the next number of x's dtype
  bool elementwise_affine = true;
  DType dtype = float32;
};

/// rms_norm over the last dimensions, with `weight` (1 at first) of the normalized shape.
class RMSNorm : public Module {
 public:
  /// Throws ValueError for a negative eps and unless every extent is positive.
  explicit RMSNorm(const Shape& normalized_shape, const RMSNormOptions& options = {});
  explicit RMSNorm(std::initializer_list<std::int64_t> shape, const RMSNormOptions& options = {})
      : RMSNorm(Shape(shape), options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const;
  void visit(Visitor& v) override;
  Tensor weight;

 private:
  Shape shape_;
  std::optional<double> eps_;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  DType dtype = float32;
};

/// group_norm of (N, C, ...), with `weight` (1 at first) and `bias` (0) of shape (C). Throws ShapeError for
/// other channels.
class GroupNorm : public Module {
 public:
  /// Throws ValueError for a negative eps and unless `groups` divides `channels`.
  GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;
  void visit(Visitor& v) override;
  Tensor weight, bias;

 private:
  std::int64_t groups_, channels_;
  double eps_;
};

}  // namespace wengert::nn
