// Poolings and resampling as modules, for nn::Sequential; the functions of ops/pooling.hpp say what they do,
// and what is thrown when a module is called.
// header-only
#pragma once

#include "wengert/nn/module.hpp"
#include "wengert/ops/pooling.hpp"

namespace wengert::nn {

/// A pooling as a module, `nn::MaxPool2d(2, {.stride = 1})`: the kernel's extents, and the function's
/// options.
template <auto function, class Options>
class Pooling : public Module {
 public:
  explicit Pooling(const Axes& kernel, const Options& options = {}) : kernel_(kernel), options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const {
    return function(x, kernel_, options_, where);
  }

 private:
  Axes kernel_;
  Options options_;
};

using MaxPool1d = Pooling<max_pool1d, MaxPoolOptions>;  ///< (N, C, L) -> (N, C, L')
using MaxPool2d = Pooling<max_pool2d, MaxPoolOptions>;  ///< (N, C, H, W) -> (N, C, H', W')
using MaxPool3d = Pooling<max_pool3d, MaxPoolOptions>;  ///< (N, C, D, H, W) -> (N, C, D', H', W')
using AvgPool1d = Pooling<avg_pool1d, AvgPoolOptions>;  ///< (N, C, L) -> (N, C, L')
using AvgPool2d = Pooling<avg_pool2d, AvgPoolOptions>;  ///< (N, C, H, W) -> (N, C, H', W')
using AvgPool3d = Pooling<avg_pool3d, AvgPoolOptions>;  ///< (N, C, D, H, W) -> (N, C, D', H', W')

/// A pooling to given extents as a module: `nn::AdaptiveAvgPool2d(1)`.
template <auto function>
class AdaptivePooling : public Module {
 public:
  explicit AdaptivePooling(const Axes& extents) : extents_(extents) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return function(x, extents_, where); }

 private:
  Axes extents_;
};

using AdaptiveAvgPool1d = AdaptivePooling<adaptive_avg_pool1d>;  ///< (N, C, L) -> (N, C, extents)
using AdaptiveAvgPool2d = AdaptivePooling<adaptive_avg_pool2d>;  ///< (N, C, H, W) -> (N, C, extents)
using AdaptiveAvgPool3d = AdaptivePooling<adaptive_avg_pool3d>;  ///< (N, C, D, H, W) -> (N, C, extents)

/// interpolate: (N, C, spatial...) -> (N, C, size...), `nn::Upsample({.scale = {2}})`.
class Upsample : public Module {
 public:
  explicit Upsample(const InterpolateOptions& options) : options_(options) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return interpolate(x, options_, where); }

 private:
  InterpolateOptions options_;
};

}  // namespace wengert::nn
