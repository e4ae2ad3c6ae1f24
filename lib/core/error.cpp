#include "wengert/core/error.hpp"

#include "wengert/core/scope.hpp"

namespace wengert {

std::string error_text(const char* operation, const std::string& text) {
  std::string scope = Scope::path();
  // A composed function that fails itself is not named twice.
  if (const std::size_t last = scope.rfind('/') + 1; scope.substr(last) == operation)
    scope.erase(last ? last - 1 : 0);
  return "[" + (scope.empty() ? "" : scope + ": ") + operation + "] " + text;
}

}  // namespace wengert
