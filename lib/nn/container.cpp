#include "wengert/nn/container.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"

namespace wengert::nn {

void ModuleList::visit(Visitor& v) {
  for (std::size_t i = 0; i < modules_.size(); ++i) v(std::to_string(i), modules_[i].module());
}

std::size_t ModuleList::checked(std::size_t i) const {
  if (i >= modules_.size())
    fail<IndexError>("ModuleList", "there must be a module at the index: got ", i, " for ", modules_.size());
  return i;
}

void ModuleList::wrong_type(std::size_t i) {
  fail<ValueError>("ModuleList", "the module must be of the type asked for: module ", i, " is another");
}

void ModuleDict::visit(Visitor& v) {
  for (auto& [name, module] : entries_) v(name, module.module());
}

bool ModuleDict::contains(std::string_view name) const noexcept {
  return std::ranges::find(entries_, name, &Entry::first) != entries_.end();
}

void ModuleDict::put(std::string_view name, AnyModule module) {
  if (name.empty() || name.find('.') != std::string_view::npos)
    fail<ValueError>("ModuleDict", "a name must not be empty nor have a dot: got '", name, "'");
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  if (found != entries_.end())
    found->second = std::move(module);
  else
    entries_.emplace_back(std::string(name), std::move(module));
}

std::size_t ModuleDict::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  if (found == entries_.end())
    fail<IndexError>("ModuleDict", "there must be a module of the name: got '", name, "'");
  return static_cast<std::size_t>(found - entries_.begin());
}

void ModuleDict::wrong_type(std::string_view name) {
  fail<ValueError>("ModuleDict", "the module must be of the type asked for: '", name, "' is another");
}

}  // namespace wengert::nn
