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
  bool absorbed = false;          // by the only one that uses it
  kernel::Chain chain = nullptr;  // of a map: rather than the block
  // Of a map whose chain folds its rows as well: the fold's value, and what its products are with, if so.
  kernel::ChainFold folding = nullptr;
  std::uint16_t folded = none, folded_with = none;
  bool folded_along = false;                // of such a fold
  kernel::FoldProducts products = nullptr;  // of a fold or a total: over in[0] in[1] rather than in[0]
  // Of a sum of rows: a row, and rows added to what is the input after the last.
  kernel::Chain row = nullptr, adding = nullptr;
  std::uint8_t row_inputs = 1;

  void fold_into(std::byte* out, const std::byte* const* from, std::size_t n, std::size_t rows) const {
    products ? products(out, from, n, rows) : fold(out, from[0], n, rows);
  }
};

std::vector<Instruction> fused(std::span<const Value> values);

}  // namespace wengert
