// concat and stack.
#include <optional>

#include "lib/core/memory.hpp"
#include "lib/core/strided.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

struct ConcatAttributes : Attributes {
  explicit ConcatAttributes(std::size_t axis) : axis(axis) {}
  std::size_t axis;
};

std::size_t axis_of(const Node& node) { return static_cast<const ConcatAttributes*>(node.attributes)->axis; }

/// The array as (all before the axis, the axis and all behind), whose elements lie evenly both ways; or not.
std::optional<StridedArray> as_rows(const Node& x, std::size_t axis) {
  StridedArray parts[2];
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    parts[i < axis ? 0 : 1].shape.push_back(x.shape[i]);
    parts[i < axis ? 0 : 1].strides.push_back(x.strides[i]);
  }
  const StridedArray outer = folded(parts[0]), inner = folded(parts[1]);
  if (outer.shape.size() > 1 || inner.shape.size() > 1) return {};
  return StridedArray{
      x.data, item_size(x.dtype), {outer.shape[0], inner.shape[0]}, {outer.strides[0], inner.strides[0]}};
}

void forward_concat(Node& node) {
  std::byte* to = allocate_value(node);
  const std::size_t axis = axis_of(node);
  std::int64_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= node.shape[i];
  for (std::size_t i = axis + 1; i < node.shape.size(); ++i) inner *= node.shape[i];
  for (std::uint32_t k = 0; k < node.input_count; ++k) {
    Node& x = node.input(k);
    if (x.size() == 0) continue;
    if (outer == 1) {
      copy_contiguous(to, x);
    } else if (const std::optional<StridedArray> rows = as_rows(x, axis)) {
      copy_rows(to, node.shape[axis] * inner, *rows);
    } else {
      const Tensor held = compact(Tensor(&x));
      copy_rows(to, node.shape[axis] * inner, *as_rows(held.node(), axis));
    }
    to += x.shape[axis] * inner * static_cast<std::int64_t>(item_size(node.dtype));
  }
}

Tensor concat_rule(const Call& c, std::size_t input) {
  const std::size_t axis = c.attributes<ConcatAttributes>().axis;
  std::int64_t start = 0;
  for (std::size_t k = 0; k < input; ++k) start += c.input_shape(k)[axis];
  return slice(c.g, static_cast<std::int64_t>(axis), start, start + c.input_shape(input)[axis]);
}

/// Rule: each input: the part of g that lies where it lies.
constexpr Operation concat_operation{
    .name = "concat", .forward = forward_concat, .rule_of_input = concat_rule, .samples = [] {
      SampleNumbers numbers(16);
      const auto draw = [&](const Shape& shape) { return numbers.uniform(shape, -2.0, 2.0); };
      return std::vector<Sample>{
          {"rows", {draw({1, 3}), draw({2, 3})}, [](const auto& in) { return concat(in, 0); }},
          {"columns, one of them none",
           {draw({2, 1}), draw({2, 0}), draw({2, 2})},
           [](const auto& in) { return concat(in, -1); }},
          {"four, one transposed",
           {draw({2, 2}), draw({2, 3}), draw({1, 2}), draw({2, 2})},
           [](const auto& in) {
             return concat({in[0], transpose(in[1]), in[2], in[3]}, 0);
           }},
          {"columns, turned, every other one, and reversed",
           {draw({2, 3}), draw({3, 4}), draw({3, 2})},
           [](const auto& in) {
             return concat(
                 {transpose(in[0]), slice(in[1], 1, 0, 4, 2), slice(in[2], 0, {-1, SliceRange::to_end, -1})},
                 1);
           }},
          {"of three axes, moved so that rows do not lie evenly",
           {draw({2, 3, 2}), draw({2, 2, 3})},
           [](const auto& in) {
             return concat({permute(in[0], {2, 0, 1}), in[1]}, 2);
           }},
          {"stacked", {draw({2, 3}), draw({2, 3})}, [](const auto& in) { return stack(in, 1); }}};
    }};
const Registered registered_concat(concat_operation);

void require_some(const char* operation, const std::vector<Tensor>& tensors) {
  if (tensors.empty()) fail<ShapeError>(operation, "there must be a tensor to join: got none");
}

}  // namespace

Tensor concat(const std::vector<Tensor>& tensors, std::int64_t axis, Location where) {
  require_some("concat", tensors);
  for (const Tensor& tensor : tensors) require_value("concat", tensor);
  const Tensor& first = tensors.front();
  const std::size_t along = normalize_axis("concat", axis, first.ndim());
  Shape shape = first.shape();
  memory::List<Node*> nodes;
  nodes.reserve(tensors.size());
  for (const Tensor& tensor : tensors) {
    Node& node = tensor.node();
    bool fits = node.shape.size() == shape.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = i == along || node.shape[i] == shape[i];
    if (!fits)
      fail<ShapeError>("concat", "shapes must agree but along axis ", axis, ": got ", first.shape(), " and ",
                       node.shape);
    require_same_dtype("concat", first.dtype(), node.dtype);
    if (!nodes.empty()) shape[along] += node.shape[along];
    nodes.push_back(&node);
  }
  return record(concat_operation, nodes.data(), nodes.size(), shape, first.dtype(), where,
                new ConcatAttributes(along));
}

Tensor stack(const std::vector<Tensor>& tensors, std::int64_t axis, Location where) {
  const Scope scope("stack");
  require_some("stack", tensors);
  for (const Tensor& tensor : tensors) require_value("stack", tensor);
  const auto along = static_cast<std::int64_t>(normalize_axis("stack", axis, tensors.front().ndim() + 1));
  std::vector<Tensor> widened;
  widened.reserve(tensors.size());
  for (const Tensor& tensor : tensors) {
    if (tensor.shape() != tensors.front().shape())
      fail<ShapeError>("stack", "shapes must be equal: got ", tensors.front().shape(), " and ",
                       tensor.shape());
    widened.push_back(unsqueeze(tensor, along, where));
  }
  return concat(widened, along, where);
}

}  // namespace wengert
