// Tables of numbers as text: comma, semicolon, tab or blank separated, plain or gzipped.
#pragma once

#include <string>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::data {

struct CsvOptions {
  char delimiter = ',';         ///< between fields; ' ' means any run of blanks
  std::int64_t skip_rows = 0;   ///< lines left out at the beginning, whatever they hold
  bool header = false;          ///< leave out one more line, of column names
  DType dtype = float64;        ///< float64 or float32
  bool missing_as_nan = false;  ///< read empty fields, `nan`, `NA` and `?` as NaN; otherwise they are errors
  std::int64_t max_bytes = std::int64_t{1} << 30;  ///< of the text, unpacked; a longer one is an error
};

/// Reads a file of numbers, one row a line, as a constant (rows, columns). Numbers are written as in C
/// whatever the locale is, with an optional sign; blanks around them, quotes around a field, either line
/// ending, a byte-order mark and blank last lines are fine. A gzip file is known by its first bytes. Throws
/// IoError, naming file, line and column (both from 1), for a field that is no number or does not fit the
/// dtype, for rows of different lengths and for a file without rows; ValueError or DTypeError for a bad
/// option.
Tensor read_csv(const std::string& path, const CsvOptions& options = {}, Location where = {});

/// A table and the names of its columns.
struct CsvTable {
  std::vector<std::string> names;
  Tensor values;  ///< (rows, columns)
};
/// As read_csv, of a file whose first line (after `skip_rows`) names the columns; `header` need not be set.
CsvTable read_csv_table(const std::string& path, CsvOptions options = {}, Location where = {});

}  // namespace wengert::data
