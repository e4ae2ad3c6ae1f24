// PlannedDomain: what a program runs over, as it is planned: the rows, and the order in memory of what spans
// it.
#pragma once

#include "lib/core/program.hpp"
#include "lib/core/strided.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

/// How many of the last dimensions make up `width` elements; none where that does not come out even.
std::size_t trailing_dims(const Shape& shape, std::int64_t width);

/// Elements lie in row-major order, or, where the values that span the domain keep the order of their inputs,
/// in that.
struct PlannedDomain : Domain {
  const Node* kept = nullptr;  // a value whose order it is; null for row-major order
  Dims axes;                   // of a value that spans it, outermost in memory first, where there is one

  /// All elements of a value, in its order.
  void start(const Node& value);
  void set_rows(std::int64_t count, std::int64_t elements) {
    rows = count;
    width = elements;
    by_rows = true;
  }
  /// The shape of a value with the axes in the order in which the domain's elements lie.
  Shape in_order(const Shape& shape) const { return turns(shape) ? turned(shape, axes) : shape; }
  /// And the strides of an input that is seen as an array of that shape.
  Strides strides(const Node& input, const Shape& shape) const {
    const Strides all = broadcast_strides(input, shape);
    return turns(shape) ? turned(all, axes) : all;
  }
  /// Whether a value lies in the domain's order, or will. One that does not span it is in row-major order.
  bool is_in_order(const Node& value) const;
  /// Whether the elements of an input that is seen as an array of `shape` lie one after the other.
  bool lies_in_order(const Node& input, const Shape& shape) const;
  /// Whether a contiguous array, broadcast to `shape`, has one element for each row of the domain, in order.
  bool one_a_row(const Shape& from, const Shape& shape) const;
  /// Whether a node that reduces a value, or maps some, is one of the domain.
  bool fits(const Node& node, const Lowering& lowering) const;

 private:
  bool turns(const Shape& shape) const { return kept && shape == kept->shape; }
};

}  // namespace wengert
