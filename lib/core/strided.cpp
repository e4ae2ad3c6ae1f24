#include "lib/core/strided.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "lib/core/dispatch.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/tape.hpp"

namespace wengert {
namespace {

constexpr std::int64_t line_bytes = 64;
constexpr std::int64_t panel_bytes = 512 * 1024;  // at most, so that it stays in the second-level cache
constexpr std::int64_t panel_gap = 16;  // between a panel's rows: a power of two apart they share cache sets
constexpr double nanoseconds_each = 0.25;    // about, of an element that is copied
constexpr std::int64_t widest_panel = 8192;  // elements of a row
constexpr std::int64_t fewest = 8;           // rows or columns that are worth turning around

void copy_run(std::byte* to, const std::byte* from, std::int64_t count, std::int64_t stride,
              std::size_t item) {
  if (stride == 1)
    std::memcpy(to, from, static_cast<std::size_t>(count) * item);
  else
    kernel::table().gather[item / 4](to, from, 1, static_cast<std::size_t>(count), count, 0, stride);
}

/// Two dimensions of an array: element (i, j) lies at i * row_step + j * column_step.
struct Plane {
  std::int64_t rows, columns, row_step, column_step;

  /// Whether neighbours down a column lie closer together than those along a row.
  bool across() const {
    return std::abs(row_step) < std::abs(column_step) && rows >= fewest && columns >= fewest;
  }
};

/// A plane whose rows run across memory: elements down the columns are brought together, then turned around.
void copy_across(std::byte* to, std::int64_t pitch, const std::byte* from, const Plane& plane,
                 std::size_t item) {
  constexpr std::int64_t side = 64;
  const auto bytes = static_cast<std::int64_t>(item);
  alignas(64) std::byte room[side * side * 8];
  const auto turn = kernel::table().transpose[item / 4];
  for (std::int64_t i = 0; i < plane.rows; i += side)
    for (std::int64_t j = 0; j < plane.columns; j += side) {
      const std::int64_t rows = std::min(side, plane.rows - i), columns = std::min(side, plane.columns - j);
      const std::byte* at = from + (i * plane.row_step + j * plane.column_step) * bytes;
      for (std::int64_t k = 0; k < columns; ++k)
        copy_run(room + k * side * bytes, at + k * plane.column_step * bytes, rows, plane.row_step, item);
      turn(to + (i * pitch + j) * bytes, room, static_cast<std::size_t>(rows),
           static_cast<std::size_t>(columns), pitch, side);
    }
}

/// Copies a plane to rows that are `pitch` elements apart.
void copy_plane(std::byte* to, std::int64_t pitch, const std::byte* from, const Plane& plane,
                std::size_t item) {
  const auto bytes = static_cast<std::int64_t>(item);
  if (plane.across() && plane.row_step == 1)
    return kernel::table().transpose[item / 4](to, from, static_cast<std::size_t>(plane.rows),
                                               static_cast<std::size_t>(plane.columns), pitch,
                                               plane.column_step);
  if (plane.across() && plane.row_step != 0) return copy_across(to, pitch, from, plane, item);
  if (plane.row_step != 0)
    return kernel::table().gather[item / 4](to, from, static_cast<std::size_t>(plane.rows),
                                            static_cast<std::size_t>(plane.columns), pitch, plane.row_step,
                                            plane.column_step);
  copy_run(to, from, plane.columns, plane.column_step, item);
  for (std::int64_t i = 1; i < plane.rows; ++i)
    std::memcpy(to + i * pitch * bytes, to, static_cast<std::size_t>(plane.columns) * item);
}

void copy_plane_in_parts(std::byte* to, std::int64_t pitch, const std::byte* from, const Plane& plane,
                         std::size_t item) {
  const auto bytes = static_cast<std::int64_t>(item);
  parallel_ranges(plane.rows, 64, 4.0 * nanoseconds_each * static_cast<double>(plane.columns),
                  [&](std::int64_t begin, std::int64_t end) {
                    Plane part = plane;
                    part.rows = end - begin;
                    copy_plane(to + begin * pitch * bytes, pitch, from + begin * plane.row_step * bytes, part,
                               item);
                  });
}

/// The dimension along which elements lie closest together, of those that are not broadcast; the last one if
/// no other is closer.
std::size_t closest(const StridedArray& array) {
  std::size_t best = array.shape.size() - 1;
  for (std::size_t i = best; i-- > 0;)
    if (array.strides[i] != 0 && array.shape[i] >= fewest &&
        std::abs(array.strides[i]) < std::abs(array.strides[best]))
      best = i;
  return best;
}

}  // namespace

StridedArray folded(const StridedArray& array) {
  // From the innermost dimension outward.
  std::int64_t extents[max_dimensions], steps[max_dimensions];
  std::size_t count = 0;
  for (std::size_t i = array.shape.size(); i-- > 0;) {
    if (array.shape[i] == 1) continue;
    if (count > 0 && array.strides[i] == steps[count - 1] * extents[count - 1]) {
      extents[count - 1] *= array.shape[i];
    } else {
      extents[count] = array.shape[i];
      steps[count++] = array.strides[i];
    }
  }
  if (count == 0) {
    extents[0] = 1;
    steps[count++] = 1;
  }
  StridedArray result{array.data, array.item, Dims::filled(count, 0), Dims::filled(count, 0)};
  for (std::size_t i = 0; i < count; ++i) {
    result.shape[i] = extents[count - 1 - i];
    result.strides[i] = steps[count - 1 - i];
  }
  return result;
}

void copy_strided(std::byte* to, const StridedArray& from) {
  if (element_count(from.shape) == 0) return;
  StridedArray array = folded(from);
  const auto bytes = static_cast<std::int64_t>(array.item);
  if (array.shape.size() == 1)
    return parallel_ranges(array.shape[0], 1024, nanoseconds_each, [&](std::int64_t begin, std::int64_t end) {
      copy_run(to + begin * bytes, array.data + begin * array.strides[0] * bytes, end - begin,
               array.strides[0], array.item);
    });
  // The last dimension and one more make a plane, one for every index of the others.
  const std::size_t last = array.shape.size() - 1;
  std::size_t other = closest(array);
  if (other == last) other = last - 1;
  const Strides pitches = row_major(array.shape);
  const Plane plane{array.shape[other], array.shape[last], array.strides[other], array.strides[last]};
  array.shape[last] = array.shape[other] = 1;
  Dims position = Dims::filled(last + 1, 0);
  std::int64_t in = 0, out = 0;
  while (true) {
    copy_plane_in_parts(to + out * bytes, pitches[other], array.data + in * bytes, plane, array.item);
    std::size_t i = last + 1;
    for (; i-- > 0;) {
      in += array.strides[i];
      out += pitches[i];
      if (++position[i] < array.shape[i]) break;
      in -= array.strides[i] * array.shape[i];
      out -= pitches[i] * array.shape[i];
      position[i] = 0;
    }
    if (i == static_cast<std::size_t>(-1)) return;
  }
}

void copy_rows(std::byte* to, std::int64_t pitch, const StridedArray& array) {
  if (element_count(array.shape) == 0) return;
  copy_plane_in_parts(to, pitch, array.data,
                      {array.shape[0], array.shape[1], array.strides[0], array.strides[1]}, array.item);
}

StridedReader::StridedReader(const std::byte* data, std::size_t item, const Shape& shape,
                             const Strides& strides)
    : array_(folded({data, item, shape, strides})) {
  const std::size_t last = array_.shape.size() - 1, along = closest(array_);
  if (along == last || array_.shape[last] < fewest) return;
  way_ = along + 1 == last && array_.shape[last] <= widest_panel ? Way::panels : Way::whole;
}

const std::byte* StridedReader::read(std::int64_t start, std::int64_t count, std::byte* buffer) {
  if (way_ == Way::whole) copy_whole();
  const auto item = static_cast<std::int64_t>(array_.item);
  const Shape& extents = array_.shape;
  const Strides& strides = array_.strides;
  if (extents.size() == 1) {
    if (strides[0] == 1) return array_.data + start * item;
    if (strides[0] == 0) {
      if (filled_ < count) {
        copy_run(buffer + filled_ * item, array_.data, count - filled_, 0, array_.item);
        filled_ = count;
      }
      return buffer;
    }
  } else if (strides.back() == 1 && start % extents.back() + count <= extents.back()) {
    std::int64_t offset = start % extents.back(), rest = start / extents.back();
    for (std::size_t i = extents.size() - 1; i-- > 0;) {
      offset += rest % extents[i] * strides[i];
      rest /= extents[i];
    }
    return array_.data + offset * item;
  }
  if (way_ == Way::panels) return read_across(start, count, buffer);
  gather(start, count, buffer);
  return buffer;
}

/// From now on the array is a copy of itself that lies contiguously.
void StridedReader::copy_whole() {
  const std::int64_t count = element_count(array_.shape);
  panel_ = StorageRef::allocate(static_cast<std::size_t>(count) * array_.item);
  copy_strided(panel_.data(), array_);
  array_ = {panel_.data(), array_.item, {count}, {1}};
  way_ = Way::gather;
}

const std::byte* StridedReader::read_across(std::int64_t start, std::int64_t count, std::byte* buffer) {
  const std::int64_t columns = array_.shape.back();
  const auto item = static_cast<std::int64_t>(array_.item);
  // Several rows at a time are to lie one after the other.
  if (!panel_) gap_ = count > columns ? 0 : panel_gap;
  const auto at = [&](std::int64_t position) {
    const std::int64_t row = position / columns;
    if (row < panel_first_ || row >= panel_end_) fill_panel(row);
    return panel_.data() + ((row - panel_first_) * (columns + gap_) + position % columns) * item;
  };
  const auto in_one_run = [&](std::int64_t position) {
    return gap_ > 0 ? columns - position % columns : panel_end_ * columns - position;
  };
  const std::byte* first = at(start);
  if (count <= in_one_run(start)) return first;
  for (std::byte* to = buffer;; first = at(start)) {
    const std::int64_t run = std::min(count, in_one_run(start));
    std::memcpy(to, first, static_cast<std::size_t>(run * item));
    if (run == count) return buffer;
    to += run * item;
    start += run;
    count -= run;
  }
}

/// Turns around the rows from `row` on, as far as the panel and the matrix go.
void StridedReader::fill_panel(std::int64_t row) {
  const std::size_t last = array_.shape.size() - 1;
  const std::int64_t columns = array_.shape[last], rows = array_.shape[last - 1], pitch = columns + gap_;
  const auto item = static_cast<std::int64_t>(array_.item);
  // Of each row that is read some lines, or one.
  const std::int64_t line = line_bytes / item,
                     most =
                         std::clamp(panel_bytes / (pitch * item) / line, std::int64_t{1}, std::int64_t{4}) *
                         line,
                     within = row % rows;
  if (!panel_) panel_ = StorageRef::allocate(static_cast<std::size_t>(most * pitch * item));
  std::int64_t offset = within * array_.strides[last - 1], rest = row / rows;
  for (std::size_t i = last - 1; i-- > 0;) {
    offset += rest % array_.shape[i] * array_.strides[i];
    rest /= array_.shape[i];
  }
  const std::int64_t count = std::min(most, rows - within);
  copy_plane(panel_.data(), pitch, array_.data + offset * item,
             {count, columns, array_.strides[last - 1], array_.strides[last]}, array_.item);
  panel_first_ = row;
  panel_end_ = row + count;
}

void StridedReader::gather(std::int64_t start, std::int64_t count, std::byte* to) const {
  const std::size_t last = array_.shape.size() - 1;
  Dims position = Dims::filled(array_.shape.size(), 0);
  std::int64_t offset = 0, rest = start;
  for (std::size_t i = array_.shape.size(); i-- > 0;) {
    position[i] = rest % array_.shape[i];
    rest /= array_.shape[i];
    offset += position[i] * array_.strides[i];
  }
  const auto item = static_cast<std::int64_t>(array_.item);
  const std::int64_t columns = array_.shape[last];
  while (count > 0) {
    // Whole rows together where there are several: their runs may be a few elements only.
    const std::int64_t rows = last == 0 || position[last] > 0
                                  ? 0
                                  : std::min(count / columns, array_.shape[last - 1] - position[last - 1]);
    const std::byte* from = array_.data + offset * item;
    if (rows > 0) {
      copy_plane(to, columns, from, {rows, columns, array_.strides[last - 1], array_.strides[last]},
                 array_.item);
      to += rows * columns * item;
      count -= rows * columns;
      offset += (rows - 1) * array_.strides[last - 1];
      position[last - 1] += rows - 1;
    } else {
      const std::int64_t run = std::min(count, columns - position[last]);
      copy_run(to, from, run, array_.strides[last], array_.item);
      to += run * item;
      count -= run;
      offset -= position[last] * array_.strides[last];
      position[last] = 0;
    }
    if (count == 0) return;
    for (std::size_t i = last; i-- > 0;) {
      offset += array_.strides[i];
      if (++position[i] < array_.shape[i]) break;
      offset -= array_.shape[i] * array_.strides[i];
      position[i] = 0;
    }
  }
}

Strides broadcast_strides(const Node& node, const Shape& shape) {
  Strides strides = Dims::filled(shape.size(), 0);
  const std::size_t ahead = shape.size() - node.shape.size();
  for (std::size_t i = 0; i < node.shape.size(); ++i)
    if (node.shape[i] != 1) strides[ahead + i] = node.strides[i];
  return strides;
}

void copy_contiguous(std::byte* to, const Node& node) {
  copy_strided(to, {node.data, item_size(node.dtype), node.shape, node.strides});
}

}  // namespace wengert
