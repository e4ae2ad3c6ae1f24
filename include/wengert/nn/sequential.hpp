// Sequential: modules one after the other; AnyModule: one of them, whatever its type.
#pragma once

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "wengert/nn/module.hpp"

namespace wengert::nn {

/// A module that takes a tensor and gives one.
template <class M>
concept Layer = std::derived_from<M, Module> && requires(const M& module, const Tensor& x) {
  { module(x) } -> std::convertible_to<Tensor>;
};

/// A module of any type. Movable; to visit it, visit module().
class AnyModule {
 public:
  template <std::derived_from<Module> M>
  requires std::move_constructible<M> AnyModule(M module)
      : held_(std::make_unique<Holder<M>>(std::move(module))) {}

  /// The module's own call. Throws ValueError where it does not map a tensor to a tensor.
  Tensor operator()(const Tensor& x, Location where = {}) const { return held_->call(x, where); }
  Module& module() noexcept { return *held_->module(); }
  const Module& module() const noexcept { return *held_->module(); }
  /// The module as what it is; null where it is another type.
  template <std::derived_from<Module> M>
  M* as() noexcept {
    return dynamic_cast<M*>(held_->module());
  }
  template <std::derived_from<Module> M>
  const M* as() const noexcept {
    return dynamic_cast<const M*>(held_->module());
  }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual Tensor call(const Tensor& x, Location where) const = 0;
    virtual Module* module() noexcept = 0;
  };
  template <class M>
  struct Holder final : Held {
    explicit Holder(M&& module) : held(std::move(module)) {}
    Tensor call(const Tensor& x, Location where) const override {
      if constexpr (!Layer<M>)
        not_a_layer();
      else if constexpr (requires { std::as_const(held)(x, where); })
        return std::as_const(held)(x, where);
      else
        return std::as_const(held)(x);
    }
    Module* module() noexcept override { return &held; }
    M held;
  };
  [[noreturn]] static void not_a_layer();
  std::unique_ptr<Held> held_;
};

/// The composition of its modules, the first applied first; without any, x itself. Their names are "0", "1",
/// ...
///
///     nn::Sequential net{nn::Linear(784, 128), nn::ReLU(), nn::Linear(128, 10)};
///
/// Braces construct the modules from left to right, which fixes what each draws from the random stream.
class Sequential : public Module {
 public:
  Sequential() = default;
  template <Layer... M>
  requires(sizeof...(M) > 1 ||
           (sizeof...(M) == 1 && !(std::same_as<M, Sequential> && ...))) explicit Sequential(M... modules) {
    modules_.reserve(sizeof...(M));
    (modules_.emplace_back(std::move(modules)), ...);
  }

  /// Adds a module at the end.
  template <Layer M>
  void append(M module) {
    modules_.emplace_back(std::move(module));
  }

  Tensor operator()(const Tensor& x, Location where = {}) const;
  void visit(Visitor& v) override;

  std::size_t size() const noexcept { return modules_.size(); }
  /// The i-th module. Throws IndexError beyond the last.
  Module& operator[](std::size_t i) { return at(i); }
  /// The i-th module as what it is, `net.at<nn::Linear>(0).weight`. Throws ValueError where it is another
  /// type.
  template <std::derived_from<Module> M>
  M& at(std::size_t i) {
    M* module = dynamic_cast<M*>(&at(i));
    if (!module) wrong_type(i);
    return *module;
  }

 private:
  Module& at(std::size_t i);
  [[noreturn]] static void wrong_type(std::size_t i);

  std::vector<AnyModule> modules_;
};

}  // namespace wengert::nn
