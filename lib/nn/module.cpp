#include "wengert/nn/module.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"

namespace wengert::nn {
namespace {

/// Compares the parameters' leaves with a list of them, without making names or taking references.
class Comparison : public Visitor {
 public:
  explicit Comparison(const std::vector<const Node*>& seen) : seen_(seen) {}
  bool equal() const { return equal_ && next_ == seen_.size(); }

 protected:
  void on_parameter(Tensor& parameter) override {
    equal_ = equal_ && next_ < seen_.size() && seen_[next_] == &parameter.handle();
    ++next_;
  }

 private:
  const std::vector<const Node*>& seen_;
  std::size_t next_ = 0;
  bool equal_ = true;
};

class Collection : public Visitor {
 public:
  std::vector<const Node*> seen;
  std::vector<Tensor> distinct;

 protected:
  void on_parameter(Tensor& parameter) override {
    seen.push_back(&parameter.handle());
    if (known_.insert(seen.back()).second) distinct.push_back(parameter);
  }

 private:
  std::unordered_set<const Node*> known_;
};

enum Kinds { parameters_only = 1, buffers_only = 2, both = 3 };

class Naming : public Visitor {
 public:
  explicit Naming(Kinds kinds) : kinds_(kinds) {}
  std::vector<NamedTensor> found;

 protected:
  void on_parameter(Tensor& parameter) override {
    if (kinds_ & parameters_only) found.push_back({path(), parameter});
  }
  void on_buffer(Tensor& buffer) override {
    if (kinds_ & buffers_only) found.push_back({path(), buffer});
  }

 private:
  Kinds kinds_;
};

void keep_first(std::vector<NamedTensor>& list) {
  std::unordered_set<const Node*> known;
  std::erase_if(list, [&](const NamedTensor& entry) { return !known.insert(&entry.tensor.handle()).second; });
}

/// Leaves that are to have other values: all of them or none.
class Replacement {
 public:
  void add(const Tensor& leaf, const Tensor& value) {
    entries_.push_back({leaf, leaf.detach(), value.detach()});  // what can fail happens here
  }
  void apply() {
    std::size_t done = 0;
    try {
      for (; done < entries_.size(); ++done) rebind(entries_[done].leaf, entries_[done].value);
    } catch (...) {
      while (done-- > 0) rebind(entries_[done].leaf, entries_[done].before);
      throw;
    }
  }

 private:
  struct Entry {
    Tensor leaf, before, value;
  };
  std::vector<Entry> entries_;
};

std::string quoted(const std::string& name) { return "'" + name + "'"; }

/// Everything about a state that does not fit the members, in words.
class Misfits {
 public:
  void missing(const std::string& name) { list(missing_, name); }
  void unknown(const std::string& name) { list(unknown_, name); }
  void compare(const NamedTensor& member, const Tensor& value) {
    if (value.shape() != member.tensor.shape())
      clause(values_, quoted(member.name) + " is " + to_string(value.shape()) + " and must be " +
                          to_string(member.tensor.shape()));
    if (value.dtype() != member.tensor.dtype())
      clause(values_, quoted(member.name) + " is " + name(value.dtype()) + " and must be " +
                          name(member.tensor.dtype()));
  }
  std::string text() const {
    std::string all;
    if (!missing_.empty()) clause(all, "missing " + missing_);
    if (!unknown_.empty()) clause(all, "unknown " + unknown_);
    if (!values_.empty()) clause(all, values_);
    return all;
  }

 private:
  static void list(std::string& all, const std::string& name) {
    all += (all.empty() ? "" : ", ") + quoted(name);
  }
  static void clause(std::string& all, const std::string& text) { all += (all.empty() ? "" : "; ") + text; }
  std::string missing_, unknown_, values_;
};

}  // namespace

Visitor::Name::Name(Visitor& visitor, std::string_view text)
    : visitor(visitor), text(text), outer(visitor.innermost_) {
  visitor.innermost_ = this;
}
Visitor::Name::~Name() { visitor.innermost_ = outer; }

void Visitor::operator()(std::string_view name, Tensor& parameter) {
  if (!parameter.defined()) return;
  const Name here(*this, name);
  if (!parameter.is_leaf())
    fail<GraphError>("visit", "a parameter must be a leaf: '", path(),
                     "' is the result of an operation. Did you mean parameter(value)?");
  if (!parameter.requires_grad())
    fail<GraphError>("visit", "a parameter must want its gradient: '", path(),
                     "' does not. Did you mean parameter(value), or v.buffer(...)?");
  on_parameter(parameter);
}

void Visitor::operator()(std::string_view name, Module& module) {
  const Name here(*this, name);
  on_module(module);
  module.visit(*this);
}

void Visitor::buffer(std::string_view name, Tensor& buffer) {
  if (!buffer.defined()) return;
  const Name here(*this, name);
  if (!buffer.is_leaf())
    fail<GraphError>("visit", "a buffer must be a leaf: '", path(),
                     "' is the result of an operation. Did you mean value.detach()?");
  if (buffer.requires_grad())
    fail<GraphError>("visit", "a buffer must want no gradient: '", path(),
                     "' does. Did you mean v(name, parameter)?");
  on_buffer(buffer);
}

void Visitor::on_parameter(Tensor&) {}
void Visitor::on_buffer(Tensor&) {}
void Visitor::on_module(Module&) {}

std::string Visitor::path() const {
  std::string path;
  for (const Name* name = innermost_; name; name = name->outer) {
    if (!path.empty()) path.insert(0, 1, '.');
    path.insert(0, name->text);
  }
  return path;
}

void Module::visit(Visitor&) {}

const std::vector<Tensor>& Module::parameters() const {
  Comparison comparison(seen_);
  visit_const(comparison);
  if (!comparison.equal()) {
    Collection collection;
    visit_const(collection);
    seen_ = std::move(collection.seen);
    parameters_ = std::move(collection.distinct);
  }
  return parameters_;
}

std::vector<NamedTensor> Module::named_parameters() const {
  Naming naming(parameters_only);
  visit_const(naming);
  keep_first(naming.found);
  return std::move(naming.found);
}

std::vector<NamedTensor> Module::named_buffers() const {
  Naming naming(buffers_only);
  visit_const(naming);
  keep_first(naming.found);
  return std::move(naming.found);
}

State Module::state() const {
  Naming naming(both);
  visit_const(naming);
  State state;
  for (const NamedTensor& member : naming.found)
    if (!state.emplace(member.name, member.tensor.detach()).second)
      fail<ValueError>("state", "members must have names of their own: got '", member.name, "' twice");
  return state;
}

void Module::load(const State& state) {
  Naming naming(both);
  visit(naming);
  Misfits misfits;
  std::unordered_set<std::string> known;
  Replacement replacement;
  for (const NamedTensor& member : naming.found) {
    known.insert(member.name);
    const auto found = state.find(member.name);
    if (found == state.end() || !found->second.defined()) {
      misfits.missing(member.name);
    } else {
      misfits.compare(member, found->second);
      replacement.add(member.tensor, found->second);
    }
  }
  for (const auto& [name, value] : state)
    if (!known.contains(name)) misfits.unknown(name);
  if (const std::string text = misfits.text(); !text.empty())
    fail<ValueError>("load", "the state must fit the module: ", text);
  replacement.apply();
}

void Module::to(DType dtype) {
  if (!is_float(dtype)) fail<DTypeError>("to", "a module's values are float32 or float64: got ", dtype);
  Naming naming(both);
  visit(naming);
  keep_first(naming.found);
  const NoGrad values_only;
  Replacement replacement;
  for (const auto& [name, tensor] : naming.found)
    if (is_float(tensor.dtype()) && tensor.dtype() != dtype) replacement.add(tensor, tensor.astype(dtype));
  replacement.apply();
  for (const auto& [name, tensor] : naming.found)
    if (tensor.has_grad() && tensor.grad().dtype() != tensor.dtype()) tensor.zero_grad();
}

class Module::Switch : public Visitor {
 public:
  explicit Switch(bool on) : on_(on) {}

 protected:
  void on_module(Module& module) override { module.training_ = on_; }

 private:
  bool on_;
};

void Module::train(bool on) {
  training_ = on;
  Switch all(on);
  visit(all);
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

}  // namespace wengert::nn
