#include "wengert/optim/optimizer.hpp"

#include <cmath>
#include <unordered_set>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"

namespace wengert::optim {
namespace {

std::string option_name(std::size_t group, const char* name) {
  return "group." + std::to_string(group) + "." + name;
}
std::string slot_name(std::size_t slot, const char* name) { return std::to_string(slot) + "." + name; }

/// Takes what is expected out of a state, and says in words what is missing, unknown or of another kind.
class Reader {
 public:
  explicit Reader(const State& state) : state_(state) {}

  /// The tensor of that name; empty, and noted unless `optional`, where it is not there or does not fit.
  Tensor take(const std::string& name, const Shape& shape, DType dtype, bool optional = false) {
    const auto found = state_.find(name);
    if (found == state_.end() || !found->second.defined()) {
      if (!optional) note("missing '" + name + "'");
      return {};
    }
    known_.insert(name);
    const Tensor& value = found->second;
    if (value.shape() != shape)
      note("'" + name + "' is " + to_string(value.shape()) + " and must be " + to_string(shape));
    else if (value.dtype() != dtype)
      note("'" + name + "' is " + wengert::name(value.dtype()) + " and must be " + wengert::name(dtype));
    else
      return value;
    return {};
  }
  /// All that stands under names with a prefix, without it.
  State take_all(const std::string& prefix) {
    State taken;
    for (auto found = state_.lower_bound(prefix); found != state_.end() && found->first.starts_with(prefix);
         ++found) {
      known_.insert(found->first);
      taken[found->first.substr(prefix.size())] = found->second;
    }
    return taken;
  }
  /// What does not fit, with the names that nobody took; "" where all is well.
  std::string misfits() {
    for (const auto& [name, value] : state_)
      if (!known_.contains(name)) note("unknown '" + name + "'");
    return std::exchange(text_, "");
  }

 private:
  void note(const std::string& text) { text_ += (text_.empty() ? "" : "; ") + text; }

  const State& state_;
  std::unordered_set<std::string> known_;
  std::string text_;
};

/// Options as tensors: numbers float64, flags boolean, counts int64.
template <class Option>
Tensor value_of(const Option& option) {
  if (option.number) return scalar(*option.number, float64);
  if (option.flag) return scalar(*option.flag ? 1.0 : 0.0, boolean);
  return scalar(static_cast<double>(*option.count), int64);
}
template <class Option>
DType dtype_of_option(const Option& option) {
  return option.number ? float64 : option.flag ? boolean : int64;
}
template <class Option>
void set_value(const Option& option, double value) {
  if (option.number)
    *option.number = value;
  else if (option.flag)
    *option.flag = value != 0.0;
  else
    *option.count = static_cast<std::int64_t>(value);
}

constexpr const char* common_prefix = "all.";

}  // namespace

Optimizer::Optimizer(const char* name, std::initializer_list<Memory> memory,
                     std::initializer_list<Number> numbers)
    : name_(name), memory_(memory), numbers_(numbers) {}

void Optimizer::update(Slot&, const Tensor&) {
  fail<GraphError>(name_, "step() must be given a closure that evaluates the loss: got none");
}
void Optimizer::check_parameter(const Tensor&, std::size_t) const {}
Shape Optimizer::memory_shape(const Tensor& parameter, std::size_t) const { return parameter.shape(); }
State Optimizer::common_state() const { return {}; }
void Optimizer::load_common(const State& state) {
  if (!state.empty())
    fail<ValueError>(name_, "the state must fit the optimizer: unknown '", common_prefix,
                     state.begin()->first, "'");
}

void Optimizer::add_slots(const std::vector<Tensor>& parameters) {
  if (parameters.empty())
    fail<ValueError>(
        name_, "there must be a parameter to train: got none (does the module's visit() name its members?)");
  std::unordered_set<const Node*> known;
  for (const Slot& slot : slots_) known.insert(&slot.parameter.handle());
  std::vector<Slot> added;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    if (!parameter.is_leaf() || !parameter.requires_grad())
      fail<GraphError>(name_, "a parameter must be a leaf that wants its gradient: number ", i, " is ",
                       parameter.is_leaf() ? "a constant" : "the result of an operation",
                       ". Did you mean to make it with parameter(...)?");
    if (!known.insert(&parameter.handle()).second)
      fail<ValueError>(name_, "a parameter must be given once: number ", i, " is there already");
    check_parameter(parameter, i);
    Slot& slot = added.emplace_back(Slot{parameter, group_count_, 0, std::vector<Tensor>(memory_.size())});
    for (const Number& number : numbers_) slot.numbers.push_back(number.start);
  }
  slots_.reserve(slots_.size() + added.size());
  for (Slot& slot : added) slots_.push_back(std::move(slot));
  ++group_count_;
}

void Optimizer::step() {
  const NoGrad values_only;
  const Scope scope(name_);
  for (std::size_t group = 0; group < group_count_; ++group) check_options(group);
  for (Slot& slot : slots_) {
    const Tensor gradient = gradient_of(slot.parameter);
    if (!gradient.defined()) continue;
    for (Tensor& remembered : slot.memory)
      if (remembered.defined()) remembered = remembered.astype(slot.parameter.dtype());
    update(slot, gradient);
    ++slot.steps;
  }
}

void Optimizer::zero_grad() const {
  for (const Slot& slot : slots_) slot.parameter.zero_grad();
}

std::vector<Tensor> Optimizer::parameters() const {
  std::vector<Tensor> parameters;
  parameters.reserve(slots_.size());
  for (const Slot& slot : slots_) parameters.push_back(slot.parameter);
  return parameters;
}

void Optimizer::require_group(std::size_t group) const {
  if (group >= group_count_)
    fail<IndexError>(name_, "there must be a group of that number: got ", group, " for ", group_count_);
}

double& Optimizer::lr_of(std::size_t group) {
  require_group(group);
  const Option first = list_options(group).front();
  if (std::string_view(first.name) != "lr")
    fail<GraphError>(name_, "it finds the size of its steps itself: there is no lr");
  return *first.number;
}

double Optimizer::lr(std::size_t group) const { return const_cast<Optimizer*>(this)->lr_of(group); }

void Optimizer::set_lr(double lr) {
  for (std::size_t group = 0; group < group_count_; ++group) set_lr(lr, group);
}
void Optimizer::set_lr(double lr, std::size_t group) {
  require(lr >= 0.0 && std::isfinite(lr), "lr must be finite and not negative", lr);
  lr_of(group) = lr;
}

double& Optimizer::number_of(std::string_view name, std::size_t group) {
  require_group(group);
  for (const Option& option : list_options(group))
    if (option.number && name == option.name) return *option.number;
  fail<ValueError>(name_, "there must be an option of that name that is a number: got '", name, "'");
}
double Optimizer::option(std::string_view name, std::size_t group) const {
  return const_cast<Optimizer*>(this)->number_of(name, group);
}
void Optimizer::set_option(std::string_view name, double value, std::size_t group) {
  double& number = number_of(name, group);
  const double before = std::exchange(number, value);
  try {
    check_options(group);
  } catch (...) {
    number = before;
    throw;
  }
}

void Optimizer::require(bool holds, const char* law, double got) const {
  if (!holds) fail<ValueError>(name_, law, ": got ", got);
}

State Optimizer::state() const {
  State state;
  for (std::size_t group = 0; group < group_count_; ++group)
    for (const Option& option : const_cast<Optimizer*>(this)->list_options(group))
      state[option_name(group, option.name)] = value_of(option);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.steps == 0) continue;
    state[slot_name(i, "step")] = scalar(static_cast<double>(slot.steps), int64);
    for (std::size_t k = 0; k < memory_.size(); ++k)
      if (slot.memory[k].defined()) state[slot_name(i, memory_[k].name)] = slot.memory[k];
    for (std::size_t k = 0; k < numbers_.size(); ++k)
      state[slot_name(i, numbers_[k].name)] = scalar(slot.numbers[k], float64);
  }
  for (const auto& [name, value] : common_state()) state[common_prefix + name] = value;
  return state;
}

void Optimizer::load(const State& state) {
  Reader reader(state);
  std::vector<std::pair<Option, Tensor>> options;
  for (std::size_t group = 0; group < group_count_; ++group)
    for (const Option& option : list_options(group))
      options.emplace_back(option, reader.take(option_name(group, option.name), {}, dtype_of_option(option)));
  std::vector<Slot> loaded;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Tensor& parameter = slots_[i].parameter;
    bool updated = state.contains(slot_name(i, "step"));
    for (const Memory& memory : memory_) updated |= state.contains(slot_name(i, memory.name));
    for (const Number& number : numbers_) updated |= state.contains(slot_name(i, number.name));
    Slot& slot =
        loaded.emplace_back(Slot{parameter, slots_[i].group, 0, std::vector<Tensor>(memory_.size())});
    for (const Number& number : numbers_) slot.numbers.push_back(number.start);
    if (!updated) continue;
    const Tensor count = reader.take(slot_name(i, "step"), {}, int64);
    if (count.defined()) slot.steps = static_cast<std::int64_t>(count.item());
    for (std::size_t k = 0; k < memory_.size(); ++k) {
      const Tensor value = reader.take(slot_name(i, memory_[k].name), memory_shape(parameter, k),
                                       parameter.dtype(), memory_[k].optional);
      if (value.defined()) slot.memory[k] = value.detach();
    }
    for (std::size_t k = 0; k < numbers_.size(); ++k) {
      const Tensor value = reader.take(slot_name(i, numbers_[k].name), {}, float64);
      if (value.defined()) slot.numbers[k] = value.item();
    }
  }
  const State common = reader.take_all(common_prefix);
  if (const std::string misfits = reader.misfits(); !misfits.empty())
    fail<ValueError>(name_, "the state must fit the optimizer: ", misfits);

  const auto exchange = [&] {
    for (auto& [option, value] : options) {
      const double given = value.item();
      value = value_of(option);
      set_value(option, given);
    }
  };
  exchange();
  try {
    for (std::size_t group = 0; group < group_count_; ++group) check_options(group);
    load_common(common);
  } catch (...) {
    exchange();
    throw;
  }
  slots_.swap(loaded);
}

}  // namespace wengert::optim
