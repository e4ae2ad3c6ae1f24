// fail: throws an error of one kind with a message put together from its parts. For the library's own
// sources.
#pragma once

#include <sstream>

#include "wengert/core/dtype.hpp"
#include "wengert/core/error.hpp"
#include "wengert/core/shape.hpp"

namespace wengert {

inline std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

template <class Kind, class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const char* operation, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Kind(error_text(operation, text.str()));
}

}  // namespace wengert
