// ONNX's products, convolutions, poolings, normalizations and losses. What Wengert has no function for is
// composed here, as a user would.
#include <algorithm>
#include <limits>
#include <string>

#include "tests/oracle/onnx.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/convolution.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/pooling.hpp"
#include "wengert/ops/products.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace oracle {
namespace {

using namespace wengert;

Axes axes_from(const Tensor& x, std::int64_t first) {
  Axes axes;
  const auto rank = static_cast<std::int64_t>(x.ndim());
  for (std::int64_t i = first < 0 ? first + rank : first; i < rank; ++i) axes.push_back(i);
  return axes;
}

/// Windows over the spatial dimensions, and what to put around x first.
struct Windows {
  Axes kernel, stride, dilation;
  std::vector<PadWidth> widths;

  Windows(const Node& n, const Axes& kernel_shape) : kernel(kernel_shape) {
    const std::size_t count = kernel.size();
    stride = n.list("strides", Axes::filled(count, 1));
    dilation = n.list("dilations", Axes::filled(count, 1));
    const Axes pads = n.list("pads", Axes::filled(2 * count, 0));
    const auto mode = n.get<std::string>("auto_pad", "NOTSET");
    widths = {{0, 0}, {0, 0}};
    for (std::size_t i = 0; i < count; ++i) {
      if (!mode.starts_with("SAME")) {
        widths.push_back({pads[i], pads[i + count]});
        continue;
      }
      const std::int64_t extent = n[0].shape()[i + 2], places = (extent + stride[i] - 1) / stride[i];
      const std::int64_t all =
          std::max<std::int64_t>((places - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - extent, 0);
      const std::int64_t less = all / 2;
      widths.push_back(mode == "SAME_UPPER" ? PadWidth{less, all - less} : PadWidth{all - less, less});
    }
  }
  bool any() const {
    return std::ranges::any_of(widths, [](const PadWidth& w) { return w.before != 0 || w.after != 0; });
  }
  Tensor around(const Tensor& x, double value) const { return any() ? pad(x, widths, {.value = value}) : x; }
};

Shape spatial(const Tensor& weight) {
  Shape result;
  for (std::size_t i = 2; i < weight.ndim(); ++i) result.push_back(weight.shape()[i]);
  return result;
}

Tensors convolved(const Node& n) {
  const Windows w(n, spatial(n[1]));
  const ConvOptions options = {.stride = w.stride, .dilation = w.dilation, .groups = n.whole("group", 1)};
  const Tensor x = w.around(n[0], 0.0), bias = n.has(2) ? n[2] : Tensor();
  return {x.ndim() == 3   ? conv1d(x, n[1], bias, options)
          : x.ndim() == 4 ? conv2d(x, n[1], bias, options)
                          : conv3d(x, n[1], bias, options)};
}

/// The whole of the adjoint, of which the padding is then taken off; an `output_shape` beyond it is filled up
/// with 0.
Tensors convolved_transposed(const Node& n) {
  const Windows w(n, spatial(n[1]));
  const Axes more = n.list("output_padding", Axes::filled(w.kernel.size(), 0));
  const ConvTransposeOptions options = {
      .stride = w.stride, .output_padding = more, .dilation = w.dilation, .groups = n.whole("group", 1)};
  Tensor y = n[0].ndim() == 3   ? conv_transpose1d(n[0], n[1], {}, options)
             : n[0].ndim() == 4 ? conv_transpose2d(n[0], n[1], {}, options)
                                : conv_transpose3d(n[0], n[1], {}, options);
  const auto mode = n.get<std::string>("auto_pad", "NOTSET");
  const bool same = mode.starts_with("SAME");
  for (std::size_t i = 0; i < w.kernel.size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i) + 2;
    const std::int64_t extent = y.shape()[i + 2];
    std::int64_t before = w.widths[i + 2].before, after = w.widths[i + 2].after;
    if (same || n.has("output_shape")) {
      const std::int64_t wanted = same ? n[0].shape()[i + 2] * w.stride[i] : n.list("output_shape", {})[i];
      const std::int64_t all = extent - wanted;
      before = mode == "SAME_UPPER" || all < 0 ? all / 2 : all - all / 2;
      after = all - before;
    }
    if (after < 0) {
      std::vector<PadWidth> widths(y.ndim());
      widths[i + 2].after = -after;
      y = pad(y, widths);
    }
    y = slice(y, axis, before, std::min(extent - after, y.shape()[i + 2]));
  }
  return {y};
}

/// By padding first, so that any padding will do; a mean that counts no padding divides by the mean of ones.
Tensors averaged(const Node& n) {
  const Windows w(n, n.list("kernel_shape", {}));
  const AvgPoolOptions options = {.stride = w.stride, .ceil_mode = n.flag("ceil_mode")};
  const auto mean_of = [&](const Tensor& x) {
    const Tensor around = w.around(x, 0.0);
    const auto pool = x.ndim() == 3 ? avg_pool1d : x.ndim() == 4 ? avg_pool2d : avg_pool3d;
    return pool(around, w.kernel, options, {});
  };
  const Tensor y = mean_of(n[0]);
  return {n.flag("count_include_pad") || !w.any() ? y : y / mean_of(ones_like(n[0]))};
}
Tensors largest(const Node& n) {
  const Windows w(n, n.list("kernel_shape", {}));
  const MaxPoolOptions options = {
      .stride = w.stride, .dilation = w.dilation, .ceil_mode = n.flag("ceil_mode")};
  const bool whole = n[0].dtype() == int64;
  const Tensor x = w.around(whole ? n[0].astype(float64) : n[0], -std::numeric_limits<double>::infinity());
  const auto pool = x.ndim() == 3 ? max_pool1d : x.ndim() == 4 ? max_pool2d : max_pool3d;
  const Tensor y = pool(x, w.kernel, options, {});
  return {whole ? y.astype(int64) : y};
}

Tensors resized(const Node& n) {
  InterpolateOptions options;
  const std::size_t last = n.inputs.size() - 1;  // Resize: roi, scales, sizes; Upsample: scales
  const std::vector<double> numbers = support::values(n[last]);
  for (std::size_t i = 2; i < numbers.size(); ++i) {
    if (last == 3)
      options.size.push_back(static_cast<std::int64_t>(numbers[i]));
    else
      options.scale.push_back(numbers[i]);
  }
  if (n.get<std::string>("mode", "nearest") == "linear") options.mode = Interpolation::bilinear;
  options.align_corners =
      n.get<std::string>("coordinate_transformation_mode", "half_pixel") == "align_corners";
  return {interpolate(n[0], options)};
}

/// A vector of the channels, dimension 1.
Tensor channels(const Tensor& v, const Tensor& x) {
  Shape shape = Shape::filled(x.ndim(), 1);
  shape[1] = v.size();
  return reshape(v, shape);
}
Tensors batch_norm(const Node& n) {
  Axes others = axes_from(n[0], 1);
  others[0] = 0;
  if (n[0].ndim() > 2) {
    others = axes_from(n[0], 2);
    others.insert(0, 0);
  }
  const bool training = n.flag("training_mode");
  const Tensor centre = training ? mean(n[0], others) : n[3], spread = training ? var(n[0], others) : n[4];
  const double kept = n.number("momentum", 0.9);
  const Tensor unit =
      (n[0] - channels(centre, n[0])) / sqrt(channels(spread, n[0]) + n.number("epsilon", 1e-5));
  return {unit * channels(n[1], n[0]) + channels(n[2], n[0]), kept * n[3] + (1 - kept) * centre,
          kept * n[4] + (1 - kept) * spread};
}
Tensors instance_norm(const Node& n) {
  const Axes places = axes_from(n[0], 2);
  const Tensor unit =
      (n[0] - mean(n[0], places, true)) / sqrt(var(n[0], places, true) + n.number("epsilon", 1e-5));
  return {unit * channels(n[1], n[0]) + channels(n[2], n[0])};
}
Tensors layer_norm(const Node& n) {
  const Axes axes = axes_from(n[0], n.whole("axis", -1));
  const Tensor centre = mean(n[0], axes, true),
               scale = 1.0 / sqrt(var(n[0], axes, true) + n.number("epsilon", 1e-5));
  return {(n[0] - centre) * scale * n[1] + n[2], centre, scale};
}
Tensors mean_variance(const Node& n) {
  const Axes axes = n.list("axes", {0, 2, 3});
  return {(n[0] - mean(n[0], axes, true)) / (wengert::std(n[0], axes, true) + 1e-9)};
}

/// The loss of (N, C, places...) for labels (N, places...): the places become rows.
Tensor rows_nll(const Node& n, const Tensor& x) {
  Axes order = {0};
  for (std::size_t i = 2; i < x.ndim(); ++i) order.push_back(static_cast<std::int64_t>(i));
  order.push_back(1);
  const Tensor rows = reshape(permute(x, order), {n[1].size(), x.shape()[1]});
  const auto reduction = n.get<std::string>("reduction", "mean");
  const nn::NllOptions options = {.weight = n.has(2) ? n[2] : Tensor(),
                                  .ignore_index = n.whole("ignore_index", -100),
                                  .reduction = reduction == "none"  ? nn::Reduction::none
                                               : reduction == "sum" ? nn::Reduction::sum
                                                                    : nn::Reduction::mean};
  const Tensor loss = nn::nll_loss(rows, flatten(n[1]), options);
  return reduction == "none" ? reshape(loss, n[1].shape()) : loss;
}

Tensors gemm(const Node& n) {
  const Tensor a = n.flag("transA") ? transpose(n[0]) : n[0], b = n.flag("transB") ? transpose(n[1]) : n[1];
  const Tensor y = n.number("alpha", 1) * matmul(a, b);
  return {n.has(2) ? y + n.number("beta", 1) * n[2] : y};
}

}  // namespace

void add_networks(OnnxOperators& operators) {
  operators.merge(OnnxOperators{
      {"AveragePool", averaged},
      {"BatchNormalization", batch_norm},
      {"Conv", convolved},
      {"ConvTranspose", convolved_transposed},
      {"Gemm", gemm},
      {"InstanceNormalization", instance_norm},
      {"LayerNormalization", layer_norm},
      {"MaxPool", largest},
      {"MeanVarianceNormalization", mean_variance},
      {"Resize", resized},
      {"Upsample", resized},
      {"Det", [](const Node& n) -> Tensors { return {det(n[0])}; }},
      {"Einsum",
       [](const Node& n) -> Tensors { return {einsum(n.get<std::string>("equation", ""), n.inputs)}; }},
      {"GlobalAveragePool", [](const Node& n) -> Tensors { return {mean(n[0], axes_from(n[0], 2), true)}; }},
      {"GlobalMaxPool", [](const Node& n) -> Tensors { return {max(n[0], axes_from(n[0], 2), true)}; }},
      {"LogSoftmax", [](const Node& n) -> Tensors { return {nn::log_softmax(n[0], n.whole("axis", -1))}; }},
      {"MatMul", [](const Node& n) -> Tensors { return {matmul(n[0], n[1])}; }},
      {"NegativeLogLikelihoodLoss", [](const Node& n) -> Tensors { return {rows_nll(n, n[0])}; }},
      {"Softmax", [](const Node& n) -> Tensors { return {nn::softmax(n[0], n.whole("axis", -1))}; }},
      {"SoftmaxCrossEntropyLoss",
       [](const Node& n) -> Tensors {
         const Tensor logs = nn::log_softmax(n[0], 1);
         return {rows_nll(n, logs), logs};
       }},
  });
}

}  // namespace oracle
