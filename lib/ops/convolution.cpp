// convolution and its two adjoints. The three are the derivatives of one function that is linear in each of
// three arrays, so the rules of each are the other two, to any order.
#include "wengert/ops/convolution.hpp"

#include <algorithm>

#include "lib/ops/blocks.hpp"
#include "lib/ops/convolve.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

struct ConvolutionAttributes : Attributes {
  ConvolutionAttributes(const Windows& windows, std::int64_t groups) : windows(windows), groups(groups) {}
  Windows windows;
  std::int64_t groups;
};

const ConvolutionAttributes& told(const Node& node) {
  return *static_cast<const ConvolutionAttributes*>(node.attributes);
}

ConvolutionProblem problem_of(const Node& node, const Shape& x, const Shape& y) {
  return {node.dtype, x[0], x[1], y[1], told(node).groups, told(node).windows};
}

Shape image_shape(std::int64_t batch, std::int64_t channels, const Shape& extents) {
  Shape shape{batch, channels};
  for (const std::int64_t extent : extents) shape.push_back(extent);
  return shape;
}

void forward_convolution(Node& node) {
  const Tensor x = dense(node.input(0)), w = dense(node.input(1));
  const ConvolutionProblem p = problem_of(node, x.shape(), node.shape);
  convolution_kernels(p).forward(p, allocate_value(node), x.node().data, w.node().data);
}
void forward_to_input(Node& node) {
  const Tensor y = dense(node.input(0)), w = dense(node.input(1));
  const ConvolutionProblem p = problem_of(node, node.shape, y.shape());
  convolution_kernels(p).to_input(p, allocate_value(node), y.node().data, w.node().data);
}
void forward_to_weight(Node& node) {
  const Tensor x = dense(node.input(0)), y = dense(node.input(1));
  const ConvolutionProblem p = problem_of(node, x.shape(), y.shape());
  convolution_kernels(p).to_weight(p, allocate_value(node), x.node().data, y.node().data);
}

Tensor convolution(const Tensor& x, const Tensor& w, const ConvolutionAttributes& at, Location where = {});
/// The adjoint in x.
Tensor to_input(const Tensor& y, const Tensor& w, const ConvolutionAttributes& at, Location where = {});
/// The adjoint in w.
Tensor to_weight(const Tensor& x, const Tensor& y, const ConvolutionAttributes& at, Location where = {});

const ConvolutionAttributes& told(const Call& c) { return c.attributes<ConvolutionAttributes>(); }

struct Shapes {
  const char* what;
  Shape x, w;
  ConvOptions options;
};
std::vector<Shapes> sample_shapes() {
  return {{"a line", {2, 2, 4}, {3, 2, 3}, {}},
          {"strided, padded image", {1, 2, 4, 3}, {2, 2, 3, 2}, {.stride = {2, 1}, .padding = {1, 0}}},
          {"dilated", {1, 1, 5, 4}, {2, 1, 2, 2}, {.dilation = {2, 3}}},
          {"two groups", {2, 4, 3}, {2, 2, 2}, {.padding = 1, .groups = 2}},
          {"a group each", {1, 2, 3, 3}, {4, 1, 2, 2}, {.groups = 2}},
          {"one by one", {2, 3, 2, 2}, {2, 3, 1, 1}, {}},
          {"one by one, every other", {1, 2, 3, 3}, {2, 2, 1, 1}, {.stride = 2}},
          {"three dimensions", {1, 1, 2, 3, 2}, {2, 1, 2, 2, 1}, {}},
          {"no image", {0, 2, 3}, {1, 2, 2}, {}},
          {"no channel in", {1, 0, 3}, {2, 0, 2}, {}},
          {"no channel out", {1, 1, 3}, {0, 1, 2}, {}}};
}
ConvolutionAttributes attributes_for(const Shapes& s) {
  return {make_windows("convolution", spatial_extents("convolution", s.x, 0),
                       spatial_extents("convolution", s.w, 0), s.options.stride, s.options.padding,
                       s.options.dilation),
          s.options.groups};
}

enum class Part { output, input, weight };

/// Samples of one of the three products: of the two arrays that are not its result.
template <Part part>
std::vector<Sample> samples() {
  SampleNumbers numbers(32);
  std::vector<Sample> list;
  for (const Shapes& s : sample_shapes()) {
    const ConvolutionAttributes at = attributes_for(s);
    const Shape y = image_shape(s.x[0], s.w[0], at.windows.output);
    const auto draw = [&](const Shape& shape) { return numbers.uniform(shape, -1.0, 1.0); };
    if constexpr (part == Part::output)
      list.push_back(
          {s.what, {draw(s.x), draw(s.w)}, [at](const auto& in) { return convolution(in[0], in[1], at); }});
    else if constexpr (part == Part::input)
      list.push_back(
          {s.what, {draw(y), draw(s.w)}, [at](const auto& in) { return to_input(in[0], in[1], at); }});
    else
      list.push_back(
          {s.what, {draw(s.x), draw(y)}, [at](const auto& in) { return to_weight(in[0], in[1], at); }});
  }
  return list;
}

/// Rule: x: g, convolved back with w (convolution_to_input). w: the products of g and the windows of x
/// (convolution_to_weight).
constexpr Operation convolution_operation{
    .name = "convolution",
    .forward = forward_convolution,
    .rules = {[](const Call& c) { return to_input(c.g, c.x(1), told(c)); },
              [](const Call& c) { return to_weight(c.x(0), c.g, told(c)); }},
    .samples = samples<Part::output>,
    .looks_at = {0b10, 0b01}};
/// Rule: g: the cotangent, convolved with w. w: the products of g and the windows of the cotangent
/// (convolution_to_weight).
constexpr Operation to_input_operation{
    .name = "convolution_to_input",
    .forward = forward_to_input,
    .rules = {[](const Call& c) { return convolution(c.g, c.x(1), told(c)); },
              [](const Call& c) { return to_weight(c.g, c.x(0), told(c)); }},
    .samples = samples<Part::input>,
    .looks_at = {0b10, 0b01}};
/// Rule: x: g, convolved back with the cotangent (convolution_to_input). g: x, convolved with the
/// cotangent.
constexpr Operation to_weight_operation{
    .name = "convolution_to_weight",
    .forward = forward_to_weight,
    .rules = {[](const Call& c) { return to_input(c.x(1), c.g, told(c)); },
              [](const Call& c) { return convolution(c.x(0), c.g, told(c)); }},
    .samples = samples<Part::weight>,
    .looks_at = {0b10, 0b01}};
const Registered registered_convolution(convolution_operation), registered_to_input(to_input_operation),
    registered_to_weight(to_weight_operation);

Tensor convolution(const Tensor& x, const Tensor& w, const ConvolutionAttributes& at, Location where) {
  Node &image = x.node(), &weight = w.node();
  return record(convolution_operation, {&image, &weight},
                image_shape(image.shape[0], weight.shape[0], at.windows.output), image.dtype, where,
                new ConvolutionAttributes(at));
}
Tensor to_input(const Tensor& y, const Tensor& w, const ConvolutionAttributes& at, Location where) {
  Node &output = y.node(), &weight = w.node();
  return record(to_input_operation, {&output, &weight},
                image_shape(output.shape[0], weight.shape[1] * at.groups, at.windows.input), output.dtype,
                where, new ConvolutionAttributes(at));
}
Tensor to_weight(const Tensor& x, const Tensor& y, const ConvolutionAttributes& at, Location where) {
  Node &image = x.node(), &output = y.node();
  return record(to_weight_operation, {&image, &output},
                image_shape(output.shape[1], image.shape[1] / at.groups, at.windows.kernel), image.dtype,
                where, new ConvolutionAttributes(at));
}

/// What holds for convolutions of both directions, before any extent is worked out: dtypes, dimensions,
/// groups.
void check(const char* operation, const Tensor& x, const Tensor& weight, const Tensor& bias, std::size_t rank,
           std::int64_t groups) {
  require_float(operation, x.dtype());
  for (const Tensor* other : {&weight, &bias})
    if (other->defined() && other->dtype() != x.dtype())
      fail<DTypeError>(operation, "dtypes must be equal: got ", x.dtype(), " and ", other->dtype(),
                       ". Did you mean to cast with astype(", x.dtype(), ")?");
  if (weight.ndim() != rank + 2)
    fail<ShapeError>(operation, "the weight must have ", rank + 2, " dimensions: got shape ", weight.shape());
  if (groups < 1) fail<ValueError>(operation, "groups must be 1 or more: got ", groups);
}

void check_bias(const char* operation, const Tensor& bias, std::int64_t channels) {
  if (bias.defined() && bias.shape() != Shape{channels})
    fail<ShapeError>(operation, "the bias must have an entry for each channel of the result: got ",
                     bias.shape(), " for ", channels, " channels");
}

Tensor with_bias(const Tensor& y, const Tensor& bias, std::size_t rank, Location where) {
  if (!bias.defined()) return y;
  Shape shape = Dims::filled(rank + 1, 1);
  shape[0] = bias.size();
  return add({y, where}, reshape(bias, shape, where));
}

Tensor conv(const char* name, std::size_t rank, const Tensor& x, const Tensor& weight, const Tensor& bias,
            const ConvOptions& options, Location where) {
  require_value(name, x);
  require_value(name, weight);
  const Shape extents = spatial_extents(name, x.shape(), rank);
  const std::int64_t groups = options.groups;
  check(name, x, weight, bias, rank, groups);
  const std::int64_t in = x.shape()[1], out = weight.shape()[0];
  if (in % groups != 0 || in / groups != weight.shape()[1] || out % groups != 0)
    fail<ShapeError>(name, "the weight must be (O, C / groups, ...), O a multiple of groups: got ",
                     weight.shape(), " for input ", x.shape(), " and groups ", groups);
  check_bias(name, bias, out);
  const ConvolutionAttributes at(make_windows(name, extents, spatial_extents(name, weight.shape(), rank),
                                              options.stride, options.padding, options.dilation),
                                 groups);
  const Scope scope(name);
  return with_bias(convolution(x, weight, at, where), bias, rank, where);
}

Tensor conv_transpose(const char* name, std::size_t rank, const Tensor& x, const Tensor& weight,
                      const Tensor& bias, const ConvTransposeOptions& options, Location where) {
  require_value(name, x);
  require_value(name, weight);
  const Shape places = spatial_extents(name, x.shape(), rank);
  const std::int64_t groups = options.groups;
  check(name, x, weight, bias, rank, groups);
  if (x.shape()[1] != weight.shape()[0] || x.shape()[1] % groups != 0)
    fail<ShapeError>(name, "the weight must be (C, O / groups, ...), C a multiple of groups: got ",
                     weight.shape(), " for input ", x.shape(), " and groups ", groups);
  require_possible(name, "the channels of each group, and the groups,", {weight.shape()[1], groups});
  check_bias(name, bias, weight.shape()[1] * groups);
  Windows w{places,
            per_dimension(name, "kernel", spatial_extents(name, weight.shape(), rank), rank, 1),
            places,
            per_dimension(name, "stride", options.stride, rank, 1),
            per_dimension(name, "padding", options.padding, rank, 0),
            per_dimension(name, "dilation", options.dilation, rank, 1)};
  const Dims extra = per_dimension(name, "output_padding", options.output_padding, rank, 0);
  for (std::size_t d = 0; d < rank; ++d) {
    if (extra[d] >= w.stride[d] && extra[d] >= w.dilation[d])
      fail<ValueError>(name, "output_padding must be less than the stride or the dilation: got ", extra,
                       " with stride ", w.stride, " and dilation ", w.dilation);
    // The one product of an option and an extent that may be beyond int64.
    const __int128 spread = static_cast<__int128>(places[d] - 1) * w.stride[d];
    w.input[d] = static_cast<std::int64_t>(std::min<__int128>(spread, std::int64_t{1} << 60)) -
                 2 * w.padding[d] + w.dilation[d] * (w.kernel[d] - 1) + extra[d] + 1;
    if (places[d] < 1 || w.input[d] < 1)
      fail<ShapeError>(name, "the result must have an element: got extents ", w.input, " for input ",
                       x.shape());
  }
  require_possible(name, "the extents of the result", w.input);
  const Scope scope(name);
  return with_bias(to_input(x, weight, {w, groups}, where), bias, rank, where);
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options,
              Location where) {
  return conv("conv1d", 1, x, weight, bias, options, where);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options,
              Location where) {
  return conv("conv2d", 2, x, weight, bias, options, where);
}
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options,
              Location where) {
  return conv("conv3d", 3, x, weight, bias, options, where);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options, Location where) {
  return conv_transpose("conv_transpose1d", 1, x, weight, bias, options, where);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options, Location where) {
  return conv_transpose("conv_transpose2d", 2, x, weight, bias, options, where);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options, Location where) {
  return conv_transpose("conv_transpose3d", 3, x, weight, bias, options, where);
}

}  // namespace wengert
