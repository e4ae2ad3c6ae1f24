// Convolutions, windows, poolings and resampling against PyTorch.
#include "wengert/ops/convolution.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/pooling.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

namespace {

Entry conv1(const char* name, ConvOptions options) {
  return {name, [options](const In& x) { return conv1d(x[0], x[1], x[2], options); }};
}
Entry conv2(const char* name, ConvOptions options) {
  return {name,
          [options](const In& x) { return conv2d(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), options); }};
}
Entry conv3(const char* name, ConvOptions options) {
  return {name, [options](const In& x) { return conv3d(x[0], x[1], x[2], options); }};
}
Entry transpose1(const char* name, ConvTransposeOptions options) {
  return {name, [options](const In& x) { return conv_transpose1d(x[0], x[1], x[2], options); }};
}
Entry transpose2(const char* name, ConvTransposeOptions options) {
  return {name, [options](const In& x) { return conv_transpose2d(x[0], x[1], x[2], options); }};
}
Entry transpose3(const char* name, ConvTransposeOptions options) {
  return {name, [options](const In& x) { return conv_transpose3d(x[0], x[1], x[2], options); }};
}
/// The square of a pooling, so that there is a second derivative.
template <class F>
Entry squared(const char* name, F pool) {
  return {name, [pool](const In& x) { return square(pool(x[0])); }};
}

}  // namespace

TEST_CASE("convolutions and poolings agree with PyTorch") {
  const WindowOptions windows = {.stride = {1, 2}, .padding = {1, 0}, .dilation = {2, 1}};
  oracle::check_family(
      "convolution",
      {
          conv1("conv1d", {}),
          conv1("conv1d.all", {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}),
          conv2("conv2d", {}),
          conv2("conv2d.stride", {.stride = {2, 3}}),
          conv2("conv2d.padding", {.padding = {1, 2}}),
          conv2("conv2d.dilation", {.dilation = {3, 2}}),
          conv2("conv2d.groups", {.groups = 2}),
          conv2("conv2d.depthwise", {.padding = 1, .groups = 3}),
          conv2("conv2d.all", {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2}),
          conv2("conv2d.point", {}),
          conv3("conv3d", {}),
          conv3("conv3d.all",
                {.stride = {2, 1, 2}, .padding = {1, 0, 1}, .dilation = {2, 1, 1}, .groups = 2}),
          transpose1("conv_transpose1d", {}),
          transpose1("conv_transpose1d.all",
                     {.stride = 2, .padding = 1, .output_padding = 1, .dilation = 2, .groups = 2}),
          transpose2("conv_transpose2d", {}),
          transpose2("conv_transpose2d.stride",
                     {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}}),
          transpose2("conv_transpose2d.all",
                     {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .groups = 2}),
          transpose3("conv_transpose3d", {}),
          transpose3("conv_transpose3d.all", {.stride = {2, 1, 3},
                                              .padding = {1, 0, 1},
                                              .output_padding = {1, 0, 2},
                                              .dilation = {2, 1, 1},
                                              .groups = 2}),
          {"unfold",
           [](const In& x) {
             return unfold(x[0], {2, 2});
           }},
          squared("unfold.all",
                  [=](const Tensor& x) {
                    return unfold(x, {2, 3}, windows);
                  }),
          {"fold",
           [](const In& x) {
             return fold(x[0], {3, 4}, {2, 2});
           }},
          squared("fold.all",
                  [=](const Tensor& x) {
                    return fold(x, {4, 5}, {2, 3}, windows);
                  }),
          squared("max_pool1d", [](const Tensor& x) { return max_pool1d(x, 2); }),
          squared("max_pool1d.all",
                  [](const Tensor& x) {
                    return max_pool1d(x, 3, {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true});
                  }),
          squared("max_pool2d", [](const Tensor& x) { return max_pool2d(x, 2); }),
          squared("max_pool2d.stride",
                  [](const Tensor& x) {
                    return max_pool2d(x, {3, 2}, {.stride = {2, 1}});
                  }),
          squared("max_pool2d.all",
                  [](const Tensor& x) {
                    return max_pool2d(
                        x, 2, {.stride = {2, 1}, .padding = 1, .dilation = {2, 1}, .ceil_mode = true});
                  }),
          squared("avg_pool1d", [](const Tensor& x) { return avg_pool1d(x, 3); }),
          squared("avg_pool1d.all",
                  [](const Tensor& x) {
                    return avg_pool1d(
                        x, 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
                  }),
          squared("avg_pool2d", [](const Tensor& x) { return avg_pool2d(x, 2); }),
          squared("avg_pool2d.padding",
                  [](const Tensor& x) {
                    return avg_pool2d(x, {3, 2}, {.stride = {2, 1}, .padding = 1});
                  }),
          squared("avg_pool2d.inside",
                  [](const Tensor& x) {
                    return avg_pool2d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false});
                  }),
          squared("avg_pool2d.ceil",
                  [](const Tensor& x) {
                    return avg_pool2d(x, 2, {.stride = 2, .padding = 1, .ceil_mode = true});
                  }),
          squared("adaptive_avg_pool2d",
                  [](const Tensor& x) {
                    return adaptive_avg_pool2d(x, {3, 2});
                  }),
          squared("adaptive_avg_pool2d.more",
                  [](const Tensor& x) {
                    return adaptive_avg_pool2d(x, {2, 9});
                  }),
          squared("adaptive_avg_pool1d", [](const Tensor& x) { return adaptive_avg_pool1d(x, 3); }),
          squared("adaptive_avg_pool1d.more", [](const Tensor& x) { return adaptive_avg_pool1d(x, 10); }),
          squared("max_pool3d", [](const Tensor& x) { return max_pool3d(x, 2); }),
          squared("max_pool3d.all",
                  [](const Tensor& x) {
                    return max_pool3d(
                        x, 2, {.stride = {1, 2, 1}, .padding = 1, .dilation = {1, 2, 1}, .ceil_mode = true});
                  }),
          squared("avg_pool3d", [](const Tensor& x) { return avg_pool3d(x, 2); }),
          squared("avg_pool3d.all",
                  [](const Tensor& x) {
                    return avg_pool3d(x, {2, 3, 2},
                                      {.stride = {1, 2, 1},
                                       .padding = {1, 1, 0},
                                       .ceil_mode = true,
                                       .count_include_pad = false});
                  }),
          squared("adaptive_avg_pool3d",
                  [](const Tensor& x) {
                    return adaptive_avg_pool3d(x, {2, 3, 6});
                  }),
          squared("interpolate.nearest",
                  [](const Tensor& x) {
                    return interpolate(x, {.size = {8, 3}});
                  }),
          squared("interpolate.nearest.scale",
                  [](const Tensor& x) { return interpolate(x, {.scale = {1.7}}); }),
          squared("interpolate.bilinear",
                  [](const Tensor& x) {
                    return interpolate(x, {.size = {8, 3}, .mode = Interpolation::bilinear});
                  }),
          squared("interpolate.bilinear.corners",
                  [](const Tensor& x) {
                    return interpolate(
                        x, {.size = {8, 3}, .mode = Interpolation::bilinear, .align_corners = true});
                  }),
          squared("interpolate.bilinear.scale",
                  [](const Tensor& x) {
                    return interpolate(x, {.scale = {1.7, 0.6}, .mode = Interpolation::bilinear});
                  }),
      });
}
