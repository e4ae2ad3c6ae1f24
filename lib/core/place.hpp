// Place: where a value of a program is while a tile is computed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/kernels/table.hpp"

namespace wengert {

struct Place {
  std::byte* at = nullptr;      // of a full value: the tile; of a row value: an element for each row
  std::byte* spread = nullptr;  // of a row value: each element filled up to single_bytes
  std::size_t pitch = 0;        // bytes from row to row, as full maps see the value

  /// Repeats each of `rows` elements of `item` bytes.
  void fill_spread(std::size_t item, std::int64_t rows) const {
    if (item == 4)
      repeat<std::uint32_t>(rows);
    else if (item == 8)
      repeat<std::uint64_t>(rows);
    else
      repeat<std::uint8_t>(rows);
  }

 private:
  template <class T>
  void repeat(std::int64_t rows) const {
    const T* from = reinterpret_cast<const T*>(at);
    T* to = reinterpret_cast<T*>(spread);
    constexpr std::size_t count = kernel::single_bytes / sizeof(T);
    for (std::int64_t r = 0; r < rows; ++r, to += count) {
      const T element = from[r];
      for (std::size_t k = 0; k < count; ++k) to[k] = element;
    }
  }
};

}  // namespace wengert
