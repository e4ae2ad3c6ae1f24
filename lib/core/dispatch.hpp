// The kernels of the instruction set that this program runs with, chosen once.
#pragma once

#include "lib/kernels/table.hpp"

namespace wengert::kernel {

/// The table for this processor, or for what WENGERT_ISA names ("baseline", "avx2", "avx512"). Throws
/// ValueError, at the first use, if that cannot be.
const Table& table();
/// The baseline's table on every processor: for what must have the same bits everywhere.
const Table& baseline_table();
/// The name of the instruction set that table() is for.
const char* isa_name();

}  // namespace wengert::kernel
