// Reading elements that do not lie one after the other: runs of the row-major order of a strided array.
#pragma once

#include "wengert/core/node.hpp"

namespace wengert {

/// A strided array: where it begins, the bytes of an element, and strides in elements, one for each
/// dimension; 0 where it is broadcast.
struct StridedArray {
  const std::byte* data = nullptr;
  std::size_t item = 0;
  Shape shape;
  Strides strides;
};

/// The same elements in the same order with as few dimensions as the strides allow, one at least.
StridedArray folded(const StridedArray& array);
/// Copies an array's elements to `to` in row-major order.
void copy_strided(std::byte* to, const StridedArray& array);
/// Copies an array (rows, columns) to rows that are `pitch` elements apart.
void copy_rows(std::byte* to, std::int64_t pitch, const StridedArray& array);

/// Reads a strided array in row-major order. The array is folded, so a contiguous one is read in place
/// whatever its shape.
class StridedReader {
 public:
  StridedReader() = default;
  /// `strides` in elements, one per dimension of `shape`; 0 where the array is broadcast.
  StridedReader(const std::byte* data, std::size_t item, const Shape& shape, const Strides& strides);

  /// True if the elements lie one after the other, so that read() never copies.
  bool in_place() const noexcept { return array_.shape.size() == 1 && array_.strides[0] == 1; }
  /// `count` elements from position `start` on: where they lie, or copied to `buffer`, which must then be the
  /// same for every call and keep what was written.
  const std::byte* read(std::int64_t start, std::int64_t count, std::byte* buffer);

 private:
  enum class Way : std::uint8_t { gather, panels, whole };

  void gather(std::int64_t start, std::int64_t count, std::byte* to) const;
  const std::byte* read_across(std::int64_t start, std::int64_t count, std::byte* buffer);
  void fill_panel(std::int64_t row);
  void copy_whole();

  StridedArray array_;
  std::int64_t filled_ = 0;  // of a single repeated element: how much of the buffer holds it already
  // Rows that run across memory, as a transposed array's do, are turned around some at a time, so that every
  // cache line that is read is used whole; where those that share lines are too far apart, all are.
  Way way_ = Way::gather;
  std::int64_t panel_first_ = -1, panel_end_ = -1, gap_ = 0;
  StorageRef panel_;
};

/// The strides of `node` seen as an array of `shape`, to which it must broadcast.
Strides broadcast_strides(const Node& node, const Shape& shape);
/// Copies a node's elements to `to` in row-major order.
void copy_contiguous(std::byte* to, const Node& node);

}  // namespace wengert
