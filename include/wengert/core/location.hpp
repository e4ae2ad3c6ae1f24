// Where in the user's program an operation was called.
// header-only
#pragma once

namespace wengert {

/// A line of the user's program. As a defaulted last argument it is the caller's own line;
/// std::source_location is not used because clang 14's tools lack it.
struct Location {
  const char* file;
  int line;
  constexpr Location(const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept
      : file(file), line(line) {}
};

}  // namespace wengert
