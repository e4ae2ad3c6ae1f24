#include "wengert/nn/convolution.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::nn {
namespace {

ConvOptions told(const ConvLayerOptions& o) {
  return {.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups};
}
ConvTransposeOptions told(const ConvTransposeLayerOptions& o) {
  return {.stride = o.stride,
          .padding = o.padding,
          .output_padding = o.output_padding,
          .dilation = o.dilation,
          .groups = o.groups};
}

}  // namespace

ConvLayer::ConvLayer(const char* name, std::int64_t in, std::int64_t out, const Axes& kernel,
                     std::size_t dimensions, std::int64_t groups, bool transposed, bool has_bias,
                     DType dtype) {
  if (in < 1 || out < 1) fail<ValueError>(name, "the channels must be positive: got ", in, " and ", out);
  if (groups < 1 || in % groups != 0 || out % groups != 0)
    fail<ValueError>(name, "the groups must divide both numbers of channels: got ", groups, " for ", in,
                     " and ", out);
  if ((kernel.size() != 1 && kernel.size() != dimensions) ||
      std::ranges::any_of(kernel, [](std::int64_t extent) { return extent < 1; }))
    fail<ValueError>(name, "the kernel must be one positive number, or ", dimensions, ": got ", kernel);
  Shape shape = transposed ? Shape{in, out / groups} : Shape{out, in / groups};
  for (std::size_t i = 0; i < dimensions; ++i) shape.push_back(kernel[kernel.size() == 1 ? 0 : i]);
  weight = zeros(shape, {.dtype = dtype, .requires_grad = true});
  init::kaiming_uniform(weight, {.slope = std::sqrt(5.0)});
  if (!has_bias) return;
  const double bound = 1.0 / std::sqrt(static_cast<double>(init::fans(weight).in));
  bias = zeros({out}, {.dtype = dtype, .requires_grad = true});
  init::uniform(bias, -bound, bound);
}

void ConvLayer::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

Conv1d::Conv1d(std::int64_t in, std::int64_t out, const Axes& kernel, const ConvLayerOptions& o)
    : ConvLayer("Conv1d", in, out, kernel, 1, o.groups, false, o.bias, o.dtype), options_(told(o)) {}
Conv2d::Conv2d(std::int64_t in, std::int64_t out, const Axes& kernel, const ConvLayerOptions& o)
    : ConvLayer("Conv2d", in, out, kernel, 2, o.groups, false, o.bias, o.dtype), options_(told(o)) {}
Conv3d::Conv3d(std::int64_t in, std::int64_t out, const Axes& kernel, const ConvLayerOptions& o)
    : ConvLayer("Conv3d", in, out, kernel, 3, o.groups, false, o.bias, o.dtype), options_(told(o)) {}
ConvTranspose1d::ConvTranspose1d(std::int64_t in, std::int64_t out, const Axes& kernel,
                                 const ConvTransposeLayerOptions& o)
    : ConvLayer("ConvTranspose1d", in, out, kernel, 1, o.groups, true, o.bias, o.dtype), options_(told(o)) {}
ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, const Axes& kernel,
                                 const ConvTransposeLayerOptions& o)
    : ConvLayer("ConvTranspose2d", in, out, kernel, 2, o.groups, true, o.bias, o.dtype), options_(told(o)) {}
ConvTranspose3d::ConvTranspose3d(std::int64_t in, std::int64_t out, const Axes& kernel,
                                 const ConvTransposeLayerOptions& o)
    : ConvLayer("ConvTranspose3d", in, out, kernel, 3, o.groups, true, o.bias, o.dtype), options_(told(o)) {}

Tensor Conv1d::operator()(const Tensor& x, Location where) const {
  return conv1d(x, weight, bias, options_, where);
}
Tensor Conv2d::operator()(const Tensor& x, Location where) const {
  return conv2d(x, weight, bias, options_, where);
}
Tensor Conv3d::operator()(const Tensor& x, Location where) const {
  return conv3d(x, weight, bias, options_, where);
}
Tensor ConvTranspose1d::operator()(const Tensor& x, Location where) const {
  return conv_transpose1d(x, weight, bias, options_, where);
}
Tensor ConvTranspose2d::operator()(const Tensor& x, Location where) const {
  return conv_transpose2d(x, weight, bias, options_, where);
}
Tensor ConvTranspose3d::operator()(const Tensor& x, Location where) const {
  return conv_transpose3d(x, weight, bias, options_, where);
}

}  // namespace wengert::nn
