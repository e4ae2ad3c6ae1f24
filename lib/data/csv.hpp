// The CSV parser behind the readers, for text that is in memory already.
#pragma once

#include <string_view>

#include "wengert/data/csv.hpp"

namespace wengert::data {

/// Parses all of `text`. `path` is for messages.
CsvTable parse_csv(const char* operation, const std::string& path, std::string_view text,
                   const CsvOptions& options, Location where);

}  // namespace wengert::data
