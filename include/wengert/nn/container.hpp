// ModuleList and ModuleDict: modules of any types under numbers and names. They are held, not applied;
// nn::Sequential applies its own. Modules of one type can as well stand in a std::vector.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wengert/nn/sequential.hpp"

namespace wengert::nn {

/// Modules named "0", "1", ...
///
///     nn::ModuleList layers{nn::Linear(4, 4), nn::ReLU()};
///     for (const nn::AnyModule& layer : layers) x = layer(x);
class ModuleList : public Module {
 public:
  ModuleList() = default;
  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 1 ||
           (sizeof...(M) == 1 && !(std::same_as<M, ModuleList> && ...))) explicit ModuleList(M... modules) {
    (modules_.emplace_back(std::move(modules)), ...);
  }

  /// Adds a module at the end.
  template <std::derived_from<Module> M>
  void append(M module) {
    modules_.emplace_back(std::move(module));
  }

  std::size_t size() const noexcept { return modules_.size(); }
  /// The i-th module. Throws IndexError beyond the last.
  AnyModule& operator[](std::size_t i) { return modules_[checked(i)]; }
  const AnyModule& operator[](std::size_t i) const { return modules_[checked(i)]; }
  /// The i-th module as what it is. Throws IndexError beyond the last, ValueError where it is another type.
  template <std::derived_from<Module> M>
  M& at(std::size_t i) {
    M* module = (*this)[i].template as<M>();
    if (!module) wrong_type(i);
    return *module;
  }
  auto begin() noexcept { return modules_.begin(); }
  auto end() noexcept { return modules_.end(); }
  auto begin() const noexcept { return modules_.begin(); }
  auto end() const noexcept { return modules_.end(); }

  void visit(Visitor& v) override;

 private:
  std::size_t checked(std::size_t i) const;
  [[noreturn]] static void wrong_type(std::size_t i);

  std::vector<AnyModule> modules_;
};

/// Modules by name, in the order they were set.
///
///     nn::ModuleDict heads;
///     heads.set("digit", nn::Linear(64, 10));
///     y = heads["digit"](x);
class ModuleDict : public Module {
 public:
  using Entry = std::pair<std::string, AnyModule>;

  /// Puts a module under a name, in the place of the one that had it. Throws ValueError for a name that is
  /// empty or has a dot.
  template <std::derived_from<Module> M>
  void set(std::string_view name, M module) {
    put(name, AnyModule(std::move(module)));
  }

  std::size_t size() const noexcept { return entries_.size(); }
  /// Whether there is a module of the name.
  bool contains(std::string_view name) const noexcept;
  /// The module of a name. Throws IndexError where there is none.
  AnyModule& operator[](std::string_view name) { return entries_[find(name)].second; }
  const AnyModule& operator[](std::string_view name) const { return entries_[find(name)].second; }
  /// The module of a name as what it is. Throws IndexError where there is none, ValueError where it is
  /// another type.
  template <std::derived_from<Module> M>
  M& at(std::string_view name) {
    M* module = (*this)[name].template as<M>();
    if (!module) wrong_type(name);
    return *module;
  }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

  void visit(Visitor& v) override;

 private:
  void put(std::string_view name, AnyModule module);
  std::size_t find(std::string_view name) const;
  [[noreturn]] static void wrong_type(std::string_view name);

  std::vector<Entry> entries_;
};

}  // namespace wengert::nn
