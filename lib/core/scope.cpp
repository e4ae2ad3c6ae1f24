#include "wengert/core/scope.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "lib/core/this_thread.hpp"

namespace wengert {
namespace {

const ScopePath* intern(const ScopePath* outer, const char* name) {
  // What this thread found before, without the lock.
  static thread_local std::array<const ScopePath*, 64> found{};
  const auto hash = (reinterpret_cast<std::uintptr_t>(outer) >> 4) + reinterpret_cast<std::uintptr_t>(name);
  const ScopePath*& known = found[hash % found.size()];
  if (known && known->outer == outer && known->name == name) return known;
  // Never destroyed: nodes in static storage may outlive any static object here.
  static auto& paths = *new std::map<std::pair<const ScopePath*, std::string_view>, ScopePath*>;
  static auto& mutex = *new std::mutex;
  const std::lock_guard lock(mutex);
  ScopePath*& path = paths[{outer, name}];
  if (!path) path = new ScopePath{outer, name};
  if (path->name == name) known = path;
  return path;
}

}  // namespace

Scope::Scope(const char* name) noexcept : outer_(this_thread.scope), name_(name) { this_thread.scope = this; }
Scope::~Scope() { this_thread.scope = outer_; }

std::string Scope::path() {
  std::string path;
  for (const Scope* scope = this_thread.scope; scope; scope = scope->outer_)
    path = path.empty() ? scope->name_ : scope->name_ + ("/" + path);
  return path;
}

const ScopePath* current_scope() {
  if (!this_thread.scope) return nullptr;
  Scope* scope = const_cast<Scope*>(this_thread.scope);
  if (!scope->interned_) {
    // Interned once per Scope, from the outside in, and only when something is recorded within.
    this_thread.scope = scope->outer_;
    const ScopePath* outer = current_scope();
    this_thread.scope = scope;
    scope->interned_ = intern(outer, scope->name_);
  }
  return scope->interned_;
}

std::string to_string(const ScopePath* path) {
  if (!path) return "";
  const std::string outer = to_string(path->outer);
  return outer.empty() ? path->name : outer + "/" + path->name;
}

}  // namespace wengert
