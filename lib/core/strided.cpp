#include "lib/core/strided.hpp"

#include <algorithm>
#include <cstring>

#include "lib/core/dispatch.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/tape.hpp"

namespace wengert {
namespace {

constexpr std::int64_t panel_line = 128;    // bytes read at a time: two cache lines, which come together
constexpr std::int64_t panel_columns = 16;  // turned around at a time
constexpr std::int64_t panel_gap = 16;  // between a panel's rows: a power of two apart they share cache sets
constexpr double nanoseconds_each = 0.25;  // about, of an element that is copied
constexpr std::int64_t widest_panel =
    8192;  // elements of a row, so that a panel stays in the second-level cache

void copy_run(std::byte* to, const std::byte* from, std::int64_t count, std::int64_t stride,
              std::size_t item) {
  kernel::table().gather[item / 4](to, from, static_cast<std::size_t>(count), stride);
}

/// Copies a matrix that is read down its columns in square tiles, so that a cache line read is used whole.
template <class T>
void copy_transposed(T* out, const T* in, std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                     std::int64_t column_stride) {
  constexpr std::int64_t tile = 32;
  for (std::int64_t i0 = 0; i0 < rows; i0 += tile)
    for (std::int64_t j0 = 0; j0 < columns; j0 += tile)
      for (std::int64_t i = i0; i < std::min(i0 + tile, rows); ++i)
        for (std::int64_t j = j0; j < std::min(j0 + tile, columns); ++j)
          out[i * columns + j] = in[i * row_stride + j * column_stride];
}

}  // namespace

StridedReader::StridedReader(const std::byte* data, std::size_t item, const Shape& shape,
                             const Strides& strides)
    : data_(data), item_(item) {
  // Folded from the innermost dimension outward.
  std::int64_t extents[max_dimensions], steps[max_dimensions];
  std::size_t count = 0;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    if (count > 0 && strides[i] == steps[count - 1] * extents[count - 1]) {
      extents[count - 1] *= shape[i];
    } else {
      extents[count] = shape[i];
      steps[count++] = strides[i];
    }
  }
  if (count == 0) {
    extents[0] = 1;
    steps[count++] = 1;
  }
  extents_ = Dims::filled(count, 0);
  strides_ = extents_;
  for (std::size_t i = 0; i < count; ++i) {
    extents_[i] = extents[count - 1 - i];
    strides_[i] = steps[count - 1 - i];
  }
  const std::int64_t columns = extents_.back();
  if (count >= 2 && item >= 4 && strides_[count - 2] == 1 && strides_[count - 1] > 16 &&
      extents_[count - 2] > 16 && columns > 16 && columns <= widest_panel)
    panel_rows_ = panel_line / static_cast<std::int64_t>(item);
}

const std::byte* StridedReader::read(std::int64_t start, std::int64_t count, std::byte* buffer) {
  if (extents_.size() == 1) {
    if (strides_[0] == 1) return data_ + start * static_cast<std::int64_t>(item_);
    if (strides_[0] == 0) {
      if (filled_ < count) {
        copy_run(buffer + filled_ * static_cast<std::int64_t>(item_), data_, count - filled_, 0, item_);
        filled_ = count;
      }
      return buffer;
    }
  } else if (strides_.back() == 1 && start % extents_.back() + count <= extents_.back()) {
    std::int64_t offset = start % extents_.back(), rest = start / extents_.back();
    for (std::size_t i = extents_.size() - 1; i-- > 0;) {
      offset += rest % extents_[i] * strides_[i];
      rest /= extents_[i];
    }
    return data_ + offset * static_cast<std::int64_t>(item_);
  }
  if (panel_rows_ > 0) return read_across(start, count, buffer);
  gather(start, count, buffer);
  return buffer;
}

const std::byte* StridedReader::read_across(std::int64_t start, std::int64_t count, std::byte* buffer) {
  const std::int64_t columns = extents_.back();
  const auto item = static_cast<std::int64_t>(item_);
  const auto at = [&](std::int64_t position) {
    const std::int64_t row = position / columns;
    if (row < panel_first_ || row >= panel_end_) fill_panel(row);
    return panel_.data() + ((row - panel_first_) * (columns + panel_gap) + position % columns) * item;
  };
  if (start % columns + count <= columns) return at(start);
  for (std::byte* to = buffer; count > 0;) {
    const std::int64_t run = std::min(count, columns - start % columns);
    std::memcpy(to, at(start), static_cast<std::size_t>(run * item));
    to += run * item;
    start += run;
    count -= run;
  }
  return buffer;
}

/// Turns around the rows from `row` on, as far as the panel and the matrix go.
void StridedReader::fill_panel(std::int64_t row) {
  const std::size_t last = extents_.size() - 1;
  const std::int64_t columns = extents_[last], rows = extents_[last - 1], pitch = columns + panel_gap;
  const auto item = static_cast<std::int64_t>(item_);
  if (!panel_) panel_ = StorageRef::allocate(static_cast<std::size_t>(panel_rows_ * pitch * item));
  const std::int64_t within = row % rows;
  std::int64_t offset = within, rest = row / rows;
  for (std::size_t i = last - 1; i-- > 0;) {
    offset += rest % extents_[i] * strides_[i];
    rest /= extents_[i];
  }
  const std::int64_t count = std::min(panel_rows_, rows - within);
  const auto turn = kernel::table().transpose[item_ / 8];
  for (std::int64_t column = 0; column < columns; column += panel_columns)
    turn(panel_.data() + column * item, data_ + (offset + column * strides_[last]) * item,
         static_cast<std::size_t>(count), static_cast<std::size_t>(std::min(panel_columns, columns - column)),
         pitch, strides_[last]);
  panel_first_ = row;
  panel_end_ = row + count;
}

void StridedReader::gather(std::int64_t start, std::int64_t count, std::byte* to) const {
  const std::size_t last = extents_.size() - 1;
  Dims position = Dims::filled(extents_.size(), 0);
  std::int64_t offset = 0, rest = start;
  for (std::size_t i = extents_.size(); i-- > 0;) {
    position[i] = rest % extents_[i];
    rest /= extents_[i];
    offset += position[i] * strides_[i];
  }
  const auto item = static_cast<std::int64_t>(item_);
  while (count > 0) {
    const std::int64_t run = std::min(count, extents_[last] - position[last]);
    copy_run(to, data_ + offset * item, run, strides_[last], item_);
    to += run * item;
    count -= run;
    if (count == 0) return;
    offset -= position[last] * strides_[last];
    position[last] = 0;
    for (std::size_t i = last; i-- > 0;) {
      offset += strides_[i];
      if (++position[i] < extents_[i]) break;
      offset -= extents_[i] * strides_[i];
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

void fill_single(std::byte* to, const std::byte* element, std::size_t item) {
  const auto fill = [&](auto unit) {
    std::memcpy(&unit, element, sizeof unit);
    for (std::size_t at = 0; at < kernel::single_bytes; at += sizeof unit)
      std::memcpy(to + at, &unit, sizeof unit);
  };
  if (item == 4)
    fill(std::uint32_t{});
  else if (item == 8)
    fill(std::uint64_t{});
  else
    fill(std::uint8_t{});
}

void copy_contiguous(std::byte* to, const Node& node) {
  const std::int64_t count = node.size();
  if (count == 0) return;
  const std::size_t item = item_size(node.dtype), ndim = node.shape.size();
  if (ndim >= 2 && node.strides[ndim - 1] > 1 && node.shape[ndim - 1] > 1 && count >= 1024) {
    // The last two dimensions by tiles, for every index of the others.
    const std::int64_t rows = node.shape[ndim - 2], columns = node.shape[ndim - 1];
    const auto copy_rows = [&]<class T>(T, std::int64_t row, std::int64_t some) {
      T* const into = reinterpret_cast<T*>(to) + row * columns;
      std::int64_t offset = row % rows * node.strides[ndim - 2], matrix = row / rows;
      for (std::size_t i = ndim - 2; i-- > 0; matrix /= node.shape[i])
        offset += matrix % node.shape[i] * node.strides[i];
      const T* const from = reinterpret_cast<const T*>(node.data) + offset;
      if (sizeof(T) > 1 && node.strides[ndim - 2] == 1)
        kernel::table().transpose[sizeof(T) / 8](
            reinterpret_cast<std::byte*>(into), reinterpret_cast<const std::byte*>(from),
            static_cast<std::size_t>(some), static_cast<std::size_t>(columns), columns,
            node.strides[ndim - 1]);
      else
        copy_transposed(into, from, some, columns, node.strides[ndim - 2], node.strides[ndim - 1]);
    };
    parallel_ranges(count / columns, 32, 4.0 * nanoseconds_each * static_cast<double>(columns),
                    [&](std::int64_t row, std::int64_t end) {
                      while (row < end) {
                        const std::int64_t some = std::min(rows - row % rows, end - row);
                        if (item == 4)
                          copy_rows(std::uint32_t{}, row, some);
                        else if (item == 8)
                          copy_rows(std::uint64_t{}, row, some);
                        else
                          copy_rows(std::uint8_t{}, row, some);
                        row += some;
                      }
                    });
    return;
  }
  parallel_ranges(count, 1024, nanoseconds_each, [&](std::int64_t begin, std::int64_t end) {
    StridedReader reader(node.data, item, node.shape, node.strides);
    std::byte* const into = to + begin * static_cast<std::int64_t>(item);
    const std::byte* from = reader.read(begin, end - begin, into);
    if (from != into) std::memcpy(into, from, static_cast<std::size_t>(end - begin) * item);
  });
}

}  // namespace wengert
