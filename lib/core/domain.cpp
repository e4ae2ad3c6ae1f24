#include "lib/core/domain.hpp"

namespace wengert {

using Kind = Lowering::Kind;

std::size_t trailing_dims(const Shape& shape, std::int64_t width) {
  std::int64_t product = 1;
  for (std::size_t count = 1; count <= shape.size(); ++count) {
    product *= shape[shape.size() - count];
    if (product == width) return count;
    if (product > width) return 0;
  }
  return 0;
}

void PlannedDomain::start(const Node& value) {
  rows = 1;
  width = value.size();
  by_rows = false;
  kept = value.keeps_order ? &value : nullptr;
  axes = kept ? axes_in_memory(kept->strides) : Dims();
}

bool PlannedDomain::one_a_row(const Shape& from, const Shape& shape) const {
  if (element_count(from) != rows) return false;
  Dims order = axes;
  if (!turns(shape)) {
    order = shape;
    for (std::size_t d = 0; d < order.size(); ++d) order[d] = static_cast<std::int64_t>(d);
  }
  const std::size_t dims = trailing_dims(in_order(shape), width);
  if (dims == 0) return false;
  std::int64_t last = -1;
  for (std::size_t d = 0; d < order.size(); ++d) {
    const std::int64_t from_axis = order[d] - static_cast<std::int64_t>(shape.size() - from.size());
    if (from_axis < 0 || from[static_cast<std::size_t>(from_axis)] == 1) continue;
    if (d + dims >= order.size() || from_axis < last) return false;
    last = from_axis;
  }
  return true;
}

bool PlannedDomain::is_in_order(const Node& node) const {
  if (!kept || node.size() != kept->size()) return !node.keeps_order;
  return node.keeps_order && node.shape == kept->shape && lie_alike(node.shape, node.strides, kept->strides);
}

bool PlannedDomain::lies_in_order(const Node& input, const Shape& shape) const {
  if (!turns(shape)) return is_contiguous(input);
  return input.shape == shape && lie_alike(shape, input.strides, kept->strides);
}

bool PlannedDomain::fits(const Node& node, const Lowering& lowering) const {
  const auto spans = [&](const Node& value) { return value.size() == size() && is_in_order(value); };
  switch (lowering.kind) {
    case Kind::map:
      return spans(node) || (by_rows && node.size() == rows && is_in_order(node));
    case Kind::fold:
      return by_rows && node.size() == rows && spans(node.input(0));
    case Kind::sum_rows:
      return by_rows && node.size() == width && spans(node.input(0));
    case Kind::total:
      return !by_rows && spans(node.input(0));
    default:
      return false;
  }
}

}  // namespace wengert
