// Scope: the name of the composed function an operation was recorded in, for errors and traces.
#pragma once

#include <string>

namespace wengert {

/// Names what is recorded while it lives: `Scope scope("layer_norm");`. Scopes nest per thread.
/// `name` must outlive the program's use of the tensors recorded (a string literal).
class Scope {
 public:
  explicit Scope(const char* name) noexcept;
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// The scopes now open on this thread, outermost first, joined by '/'; "" when there is none.
  static std::string path();

 private:
  const Scope* outer_;
  const char* name_;
  const struct ScopePath* interned_ = nullptr;
  friend const ScopePath* current_scope();
};

/// A chain of scope names kept for the whole run of the program, so that a node can point to it.
struct ScopePath {
  const ScopePath* outer;
  const char* name;
};
/// The interned path of the scopes open on this thread; null when there is none.
const ScopePath* current_scope();
/// The names of a path joined by '/', as Scope::path() gives them; "" for null.
std::string to_string(const ScopePath* path);

}  // namespace wengert
