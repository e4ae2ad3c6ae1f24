// Poolings and resampling as modules, for nn::Sequential; the functions of ops/pooling.hpp say what they do,
// and what is thrown when a module is called.
// header-only
#pragma once

#include "wengert/nn/module.hpp"
#include "wengert/ops/pooling.hpp"

namespace wengert::nn {

/// max_pool1d: (N, C, L) -> (N, C, L').
class MaxPool1d : public Module {
 public:
  explicit MaxPool1d(const Axes& kernel, const MaxPoolOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return max_pool1d(x, kernel_, options_, where);
  }

 private:
  Axes kernel_;
  MaxPoolOptions options_;
};

/// max_pool2d: (N, C, H, W) -> (N, C, H', W').
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const Axes& kernel, const MaxPoolOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return max_pool2d(x, kernel_, options_, where);
  }

 private:
  Axes kernel_;
  MaxPoolOptions options_;
};

/// avg_pool1d: (N, C, L) -> (N, C, L').
class AvgPool1d : public Module {
 public:
  explicit AvgPool1d(const Axes& kernel, const AvgPoolOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return avg_pool1d(x, kernel_, options_, where);
  }

 private:
  Axes kernel_;
  AvgPoolOptions options_;
};

/// avg_pool2d: (N, C, H, W) -> (N, C, H', W').
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const Axes& kernel, const AvgPoolOptions& options = {})
      : kernel_(kernel), options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return avg_pool2d(x, kernel_, options_, where);
  }

 private:
  Axes kernel_;
  AvgPoolOptions options_;
};

/// adaptive_avg_pool2d: (N, C, H, W) -> (N, C, extents).
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(const Axes& extents) : extents_(extents) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return adaptive_avg_pool2d(x, extents_, where);
  }

 private:
  Axes extents_;
};

/// interpolate: (N, C, spatial...) -> (N, C, size...), `nn::Upsample({.scale = {2}})`.
class Upsample : public Module {
 public:
  explicit Upsample(const InterpolateOptions& options) : options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return interpolate(x, options_, where); }

 private:
  InterpolateOptions options_;
};

}  // namespace wengert::nn
