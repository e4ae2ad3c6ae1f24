// Files that the library carries in itself. Their bytes become sources when the library is built:
// tools/embed.
#pragma once

#include <string_view>

namespace wengert::data {

/// tutorials/data/uci/digits.csv.gz
std::string_view embedded_digits();

}  // namespace wengert::data
