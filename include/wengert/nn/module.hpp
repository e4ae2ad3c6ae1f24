// Module: parameters and buffers under names, and what is done to all of them at once (state, dtype, training
// or evaluation). A module derives from it, holds tensors and other modules as members, and names them in
// visit().
#pragma once

#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

class Module;

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Values by name: what state() gives and load() takes.
using State = std::map<std::string, Tensor>;

/// What visit() is shown around by: it is told each member under its name, as in
///
///     void visit(nn::Visitor& v) override {
///       v("weight", weight);                  // a parameter; an empty Tensor is one that is not there
///       v.buffer("running_mean", mean);       // state that is no parameter
///       v("hidden", hidden);                  // another module: its names become "hidden.weight" ...
///       v("layers", layers);                  // a std::vector of modules: "layers.0.weight" ...
///     }
///
/// Parameters must be leaves that want their gradient, buffers leaves that want none: GraphError otherwise.
class Visitor {
 public:
  Visitor() = default;
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  virtual ~Visitor() = default;

  void operator()(std::string_view name, Tensor& parameter);
  void operator()(std::string_view name, Module& module);
  template <class M>
  void operator()(std::string_view name, std::vector<M>& modules);
  void buffer(std::string_view name, Tensor& buffer);

 protected:
  // What a kind of visitor does; nothing by default.
  virtual void on_parameter(Tensor& parameter);
  virtual void on_buffer(Tensor& buffer);
  virtual void on_module(Module& module);
  /// The full name of what is visited now: "hidden.weight".
  std::string path() const;

 private:
  struct Name {  // while it lives, the innermost part of the path
    Name(Visitor& visitor, std::string_view text);
    ~Name();
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    Visitor& visitor;
    std::string_view text;
    const Name* outer;
  };
  const Name* innermost_ = nullptr;
};

/// The base of every module. Movable, not copyable: a moved module keeps its leaves, so an optimizer made
/// before the move still trains them. Modules are held by value; `operator()` is const and not virtual.
/// Parameters are float32 or float64: a constructor that is told another dtype throws DTypeError.
class Module {
 public:
  Module() = default;
  Module(Module&& other) noexcept : training_(other.training_) {}
  Module& operator=(Module&& other) noexcept {
    training_ = other.training_;
    return *this;
  }
  virtual ~Module() = default;

  /// Names the members. What it leaves out is not trained, saved or converted.
  virtual void visit(Visitor& visitor);

  /// Every parameter once, in the order of visit(). The list stays valid as long as the module; it is looked
  /// over again by each call, so that a replaced member is seen.
  const std::vector<Tensor>& parameters() const;
  /// The same with their names, "hidden.weight"; a parameter that is shared bears its first name.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<NamedTensor> named_buffers() const;

  /// The values of all parameters and buffers now, by name. Later changes of the module leave it alone.
  /// Throws ValueError where two members have one name.
  State state() const;
  /// Gives every parameter and buffer the value of its name. Missing and unknown names, other shapes and
  /// other dtypes are a ValueError that lists them all, and nothing is changed.
  void load(const State& state);

  /// Converts float32 and float64 parameters and buffers to `dtype`, in the same leaves; gradients are
  /// dropped. Throws DTypeError unless `dtype` is one of the two.
  void to(DType dtype);

  /// Sets this module and those within to training (dropout is on ...) or to evaluation. They begin in
  /// training.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const noexcept { return training_; }

  /// Drops the gradients of all parameters.
  void zero_grad() const;

 private:
  class Switch;
  void visit_const(Visitor& visitor) const { const_cast<Module*>(this)->visit(visitor); }

  bool training_ = true;
  mutable std::vector<const Node*> seen_;  // the leaves as they were visited to fill the list
  mutable std::vector<Tensor> parameters_;
};

template <class M>
void Visitor::operator()(std::string_view name, std::vector<M>& modules) {
  static_assert(std::derived_from<M, Module>, "a vector that is visited holds modules");
  const Name outer(*this, name);
  std::size_t i = 0;
  for (M& module : modules) (*this)(std::to_string(i++), static_cast<Module&>(module));
}

}  // namespace wengert::nn
