// The 1,797 handwritten digits of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak,
// 1998), which the library carries in itself. Their notice is tutorials/data/uci/copyright.
#pragma once

#include <string>

#include "wengert/data/dataset.hpp"

namespace wengert::data {

/// Inputs float32 (1797, 64): 8x8 pixels, row by row, 0 for paper to 1 for ink. Labels int64 (1797,): 0 to 9.
Dataset digits();

/// The same from a file: CSV, plain or gzipped, a digit a line, 64 pixels from 0 to 16 and the label.
/// Throws IoError where the file is anything else.
Dataset digits(const std::string& path, Location where = {});

}  // namespace wengert::data
