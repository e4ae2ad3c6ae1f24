// Convolutions as modules. Weights begin uniform as PyTorch's do: within 1 / sqrt(fan_in) of 0, the bias too.
// Constructors throw ValueError unless channels, kernel and groups are positive and the groups divide both
// numbers of channels; calls throw as the functions of ops/convolution.hpp do, also for a bad stride, padding
// or dilation.
#pragma once

#include "wengert/nn/module.hpp"
#include "wengert/ops/convolution.hpp"

namespace wengert::nn {

/// Of stride, padding and dilation each is one number, or one for each spatial dimension in braces.
struct ConvLayerOptions {
  Axes stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  DType dtype = float32;
};
struct ConvTransposeLayerOptions {
  Axes stride = 1, padding = 0, output_padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  Axes dilation = 1;
  DType dtype = float32;
};

/// What convolution layers have in common: the parameters. Without a bias `bias` is an empty Tensor.
class ConvLayer : public Module {
 public:
  void visit(Visitor& v) override;
  Tensor weight, bias;

 protected:
  /// Gives weight and bias their shapes and first values. Throws ValueError unless channels, kernel and
  /// groups are positive and the groups divide both numbers of channels.
  ConvLayer(const char* name, std::int64_t in, std::int64_t out, const Axes& kernel, std::size_t dimensions,
            std::int64_t groups, bool transposed, bool has_bias, DType dtype);
};

/// conv1d with `weight` (out, in / groups, kernel) and `bias` (out): (N, in, L) -> (N, out, L').
class Conv1d : public ConvLayer {
 public:
  Conv1d(std::int64_t in, std::int64_t out, const Axes& kernel, const ConvLayerOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  ConvOptions options_;
};

/// conv2d with `weight` (out, in / groups, kernel, kernel): (N, in, H, W) -> (N, out, H', W'). The kernel is
/// one number for a square, or {height, width}.
class Conv2d : public ConvLayer {
 public:
  Conv2d(std::int64_t in, std::int64_t out, const Axes& kernel, const ConvLayerOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  ConvOptions options_;
};

/// conv3d with `weight` (out, in / groups, kernel, kernel, kernel): (N, in, D, H, W) -> (N, out, D', H', W').
class Conv3d : public ConvLayer {
 public:
  Conv3d(std::int64_t in, std::int64_t out, const Axes& kernel, const ConvLayerOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  ConvOptions options_;
};

/// conv_transpose1d with `weight` (in, out / groups, kernel): (N, in, L) -> (N, out, L').
class ConvTranspose1d : public ConvLayer {
 public:
  ConvTranspose1d(std::int64_t in, std::int64_t out, const Axes& kernel,
                  const ConvTransposeLayerOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  ConvTransposeOptions options_;
};

/// conv_transpose2d with `weight` (in, out / groups, kernel, kernel): (N, in, H, W) -> (N, out, H', W').
class ConvTranspose2d : public ConvLayer {
 public:
  ConvTranspose2d(std::int64_t in, std::int64_t out, const Axes& kernel,
                  const ConvTransposeLayerOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  ConvTransposeOptions options_;
};

/// conv_transpose3d with `weight` (in, out / groups, kernel, kernel, kernel): (N, in, D, H, W) -> (N, out,
/// D', H', W').
class ConvTranspose3d : public ConvLayer {
 public:
  ConvTranspose3d(std::int64_t in, std::int64_t out, const Axes& kernel,
                  const ConvTransposeLayerOptions& options = {});
  Tensor operator()(const Tensor& x, Location where = {}) const;

 private:
  ConvTransposeOptions options_;
};

}  // namespace wengert::nn
