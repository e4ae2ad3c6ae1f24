// Folding a strided array over some of its axes, whatever the order of its strides.
#pragma once

#include <cstdint>

#include "lib/core/dispatch.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

/// Axes as a set of bits. No axes means all. Throws IndexError, and ValueError for an axis named twice.
std::uint64_t axis_mask(const char* operation, const Axes& axes, std::size_t ndim);
/// The shape left by a reduction.
Shape reduced_shape(const Shape& shape, std::uint64_t mask, bool keepdims);
/// Number of elements that go into each result.
std::int64_t reduced_count(const Shape& shape, std::uint64_t mask);

/// The operation on two elements that a reduction is made of.
constexpr kernel::Row row_of(kernel::Reduction reduction) {
  constexpr kernel::Row rows[] = {kernel::Row::add, kernel::Row::mul, kernel::Row::maximum,
                                  kernel::Row::minimum};
  return rows[static_cast<int>(reduction)];
}

/// Rows of fewer elements are combined many at a time.
inline constexpr std::int64_t short_row = 32;

/// Gives `out` (of the reduced shape, and x's dtype) its value.
void reduce(kernel::Reduction reduction, Node& out, const Node& x, std::uint64_t mask);

}  // namespace wengert
