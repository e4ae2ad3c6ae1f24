// Where in the user's program an operation was called.
// header-only
#pragma once

namespace wengert {

/// A line of the user's program. As a defaulted last argument it is the caller's own line;
/// std::source_location is not used because clang 14's tools lack it.
struct Location {
  const char* file;
  int line;
  constexpr Location(const char* of_file = __builtin_FILE(), int of_line = __builtin_LINE()) noexcept
      : file(of_file), line(of_line) {}
};

}  // namespace wengert
