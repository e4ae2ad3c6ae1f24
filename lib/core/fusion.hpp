// Fusion: which of a program's values are computed together in one kernel, so that what one operation leaves
// the next takes from a register. Values that only one other looks at go into its kernel; the bits stay the
// same.
#pragma once

#include <span>
#include <vector>

#include "lib/core/program.hpp"

namespace wengert {

/// How a value of a program is computed once kernels have been joined.
struct Instruction : Value {
  bool absorbed = false;                    // by the only one that uses it
  kernel::FoldProducts products = nullptr;  // of a fold or a total: over in[0] in[1] rather than in[0]
  // Of a sum of rows that are computed as they are added: a row, and a row added to what is the input after
  // the last.
  kernel::Block row = nullptr, adding = nullptr;
  std::uint8_t row_inputs = 0;

  void fold_into(std::byte* out, const std::byte* const* from, std::size_t n, std::size_t rows) const {
    products ? products(out, from, n, rows) : fold(out, from[0], n, rows);
  }
};

std::vector<Instruction> fused(std::span<const Value> values);

}  // namespace wengert
