// Place: where a value of a program is while a tile is computed.
#pragma once

#include <cstddef>

namespace wengert {

struct Place {
  std::byte* at = nullptr;  // of a full value: the tile; of a row value: an element for each row
  std::size_t pitch = 0;    // bytes from row to row
};

}  // namespace wengert
