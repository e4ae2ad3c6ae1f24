// Lowering: how a recorded call is computed inside a program of the evaluator.
#pragma once

#include <array>
#include <cstdint>

#include "lib/kernels/table.hpp"

namespace wengert {

struct Lowering {
  enum class Kind : std::uint8_t {
    map,       ///< block: element by element
    fold,      ///< fold: each row, that is, all trailing axes from some axis on, to one value
    sum_rows,  ///< block, which adds: all rows to one
    total,     ///< fold and block, which adds: everything to one value
    alias,     ///< the input's elements in their order, in another shape
    expand,    ///< the input broadcast
  };
  Kind kind = Kind::map;
  bool dear = false;  ///< takes longer to compute again than to read from memory
  kernel::Block block = nullptr;
  kernel::Fold fold = nullptr;
  /// Of a map: which of the node's inputs stands at each of the kernel's places; -1 for none.
  std::array<std::int8_t, 4> in{{0, -1, -1, -1}};
};

}  // namespace wengert
