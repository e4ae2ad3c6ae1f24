// In which order a reduction reads an array: dimensions are taken in the order of their strides, so memory is
// read forward whichever axes are reduced and however the array was permuted.
#pragma once

#include <array>
#include <cstdlib>
#include <utility>

#include "lib/core/strided.hpp"

namespace wengert {

struct Dimension {
  std::int64_t extent, in, out;  // strides; out is 0 where the dimension is reduced
  std::size_t axis;              // of one that is kept, in the result
};

/// A list in place: a reduction allocates nothing but its result.
struct Dimensions {
  std::array<Dimension, max_dimensions> places;
  std::size_t count = 0;

  Dimension* begin() { return places.data(); }
  Dimension* end() { return places.data() + count; }
  const Dimension& operator[](std::size_t i) const { return places[i]; }
  std::size_t size() const { return count; }
  bool empty() const { return count == 0; }
  Dimension& back() { return places[count - 1]; }
  const Dimension& back() const { return places[count - 1]; }
  /// How many indices there are.
  std::int64_t volume() const {
    std::int64_t product = 1;
    for (std::size_t i = 0; i < count; ++i) product *= places[i].extent;
    return product;
  }
  void push_back(const Dimension& d) { places[count++] = d; }
  void pop_back() { --count; }
};

/// How an array is read: its dimensions by the size of their strides, outermost first, and what comes out.
struct Order {
  Dimensions dimensions;
  std::int64_t first = 0;   // where reading begins: backward dimensions are read forward
  std::int64_t values = 1;  // what is computed, in the order of memory
  StridedArray result;      // the values in the order that was asked for, from result_first on
  std::int64_t result_first = 0;
};

inline void add_dimension(Order& order, std::int64_t extent, std::int64_t stride, bool reduced) {
  if (!reduced) {
    order.result.shape.push_back(extent);
    order.result.strides.push_back(stride < 0 ? -1 : 1);
  }
  // Of what is kept and repeated one is enough.
  if (extent == 1 || (!reduced && stride == 0)) {
    if (!reduced) order.result.strides.back() = 0;
    return;
  }
  if (stride < 0) order.first += stride * (extent - 1);
  order.dimensions.push_back(
      {extent, std::abs(stride), reduced ? 0 : 1, order.result.shape.size() - (reduced ? 0 : 1)});
}

/// By insertion, which keeps the order of equals and, unlike std::stable_sort, allocates nothing. What is
/// read again and again is outermost.
inline void sort_dimensions(Dimensions& dimensions) {
  const auto inner = [](const Dimension& a, const Dimension& b) {
    return a.in != 0 && (b.in == 0 || a.in < b.in);
  };
  for (std::size_t i = 1; i < dimensions.count; ++i)
    for (std::size_t j = i; j > 0 && inner(dimensions[j - 1], dimensions[j]); --j)
      std::swap(dimensions.places[j - 1], dimensions.places[j]);
}

inline Order order_of(const Node& x, std::uint64_t mask) {
  Order order;
  for (std::size_t i = 0; i < x.shape.size(); ++i)
    add_dimension(order, x.shape[i], x.strides[i], mask >> i & 1);
  Dimensions sorted = order.dimensions;
  sort_dimensions(sorted);
  for (std::size_t i = sorted.size(); i-- > 0;) {
    Dimension& d = sorted.places[i];
    if (d.out == 0) continue;
    d.out = order.values;
    std::int64_t& stride = order.result.strides[d.axis];
    if (stride < 0) order.result_first += order.values * (d.extent - 1);
    stride *= order.values;
    order.values *= d.extent;
  }
  Dimensions& folded = order.dimensions;
  folded.count = 0;
  for (const Dimension& d : sorted) {
    if (!folded.empty() && folded.back().in == d.in * d.extent && folded.back().out == d.out * d.extent)
      folded.back() = {folded.back().extent * d.extent, d.in, d.out, d.axis};
    else
      folded.push_back(d);
  }
  if (folded.empty()) folded.push_back({1, 1, 0, 0});
  return order;
}

/// An index of some dimensions, and where it lies.
struct Offset {
  std::array<std::int64_t, max_dimensions> position{};
  std::int64_t in = 0, out = 0;

  Offset(const Dimensions& outer, std::int64_t index) {
    for (std::size_t i = outer.size(); i-- > 0; index /= outer[i].extent) {
      position[i] = index % outer[i].extent;
      in += position[i] * outer[i].in;
      out += position[i] * outer[i].out;
    }
  }
  void advance(const Dimensions& outer) {
    for (std::size_t i = outer.size(); i-- > 0;) {
      in += outer[i].in;
      out += outer[i].out;
      if (++position[i] < outer[i].extent) return;
      in -= outer[i].in * outer[i].extent;
      out -= outer[i].out * outer[i].extent;
      position[i] = 0;
    }
  }
};

}  // namespace wengert
