#include "wengert/core/error.hpp"

#include "wengert/core/scope.hpp"

namespace wengert {

std::string error_text(const char* operation, const std::string& text) {
  const std::string scope = Scope::path();
  return "[" + (scope.empty() ? "" : scope + ": ") + operation + "] " + text;
}

}  // namespace wengert
