// Optimizer: the parameters that are trained, in groups with options of their own, and what is remembered of
// each between steps. An algorithm derives from OptimizerOf<its options> and says how one parameter is
// updated.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::optim {

/// Values by name: what state() gives and load() takes.
using State = std::map<std::string, Tensor>;

/// Changes its parameters, by their gradients, toward a smaller loss:
///
///     optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
///     optimizer.zero_grad();
///     loss.backward();
///     optimizer.step();
///
/// A step gives each leaf a new value (Tensor::assign): what was recorded before keeps the old one. A
/// parameter without a gradient is skipped. What is remembered of a parameter follows it to another dtype.
class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer() = default;

  /// Updates every parameter that has a gradient. Throws GraphError for an algorithm that evaluates the loss
  /// itself: its own step takes a closure.
  void step();
  /// Drops the gradients of all parameters.
  void zero_grad() const;

  /// The parameters of all groups, in the order they were given.
  std::vector<Tensor> parameters() const;
  std::size_t group_count() const noexcept { return group_count_; }

  /// The step size of a group. Throws IndexError where there is no such group, GraphError for an algorithm
  /// that finds its step sizes itself.
  double lr(std::size_t group = 0) const;
  /// Sets the step size of all groups, or of one. Throws ValueError for one that is negative or not finite,
  /// and else as lr() does.
  void set_lr(double lr);
  void set_lr(double lr, std::size_t group);
  /// An option of a group that is a number, by its name in state(): "momentum", "beta1". Throws IndexError
  /// where there is no such group, ValueError where there is no such number.
  double option(std::string_view name, std::size_t group = 0) const;
  /// Sets it. Throws ValueError, with nothing changed, where the group's options then make no sense.
  void set_option(std::string_view name, double value, std::size_t group = 0);

  /// Options and memory now, by name: "group.0.lr" ..., and of the fourth parameter "3.step", "3.momentum"
  /// ... Later steps leave it alone.
  State state() const;
  /// Goes on from the state of an optimizer of the same kind over parameters of the same shapes. Names,
  /// shapes and dtypes that do not fit are a ValueError that lists them all, and nothing is changed.
  void load(const State& state);

 protected:
  /// One parameter and what is remembered of it.
  struct Slot {
    Tensor parameter;
    std::size_t group = 0;
    std::int64_t steps = 0;            ///< how often it has been updated
    std::vector<Tensor> memory;        ///< as the constructor was told; empty Tensors before the first update
    std::vector<double> numbers = {};  ///< as the constructor was told
  };
  /// A tensor that is remembered of each parameter, of its shape; an optional one only under some options.
  struct Memory {
    const char* name;
    bool optional = false;
  };
  /// A number that is remembered of each parameter, and its value before the first update.
  struct Number {
    const char* name;
    double start = 0.0;
  };
  /// An option by name, and where it is: a number, a flag or a count.
  struct Option {
    const char* name;
    double* number = nullptr;
    bool* flag = nullptr;
    std::int64_t* count = nullptr;
  };

  /// `name` is the algorithm's, for errors and scopes.
  explicit Optimizer(const char* name, std::initializer_list<Memory> memory = {},
                     std::initializer_list<Number> numbers = {});
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;

  /// Adds parameters as a new group. Throws ValueError for an empty list or a parameter that is there
  /// already, and GraphError for a tensor that is not a leaf that wants its gradient.
  void add_slots(const std::vector<Tensor>& parameters);

  /// Gives slot.parameter a new value, by its gradient. Not recorded. slot.steps is the number of steps
  /// before this one, 0 at first: a bias correction takes slot.steps + 1.
  /// An algorithm that evaluates the loss itself has a step(closure) instead: here GraphError.
  virtual void update(Slot& slot, const Tensor& gradient);
  /// All options of a group, "lr" the first where there is one.
  virtual std::vector<Option> list_options(std::size_t group) = 0;
  /// Throws ValueError where the options of a group make no sense.
  virtual void check_options(std::size_t group) const = 0;
  /// Throws where a leaf cannot be trained by this algorithm; `number` is its place in the list, for the
  /// error.
  virtual void check_parameter(const Tensor& parameter, std::size_t number) const;
  /// The shape of what is remembered under the memory's number: by default the parameter's.
  virtual Shape memory_shape(const Tensor& parameter, std::size_t memory) const;

  /// What is remembered of all parameters together, under names of its own: "all.NAME" in state().
  virtual State common_state() const;
  /// Takes it back; nothing is given where no step was made. Throws ValueError, with nothing changed, where
  /// it does not fit.
  virtual void load_common(const State& state);

  /// For check_options: "[SGD] lr must not be negative: got -1".
  void require(bool holds, const char* law, double got) const;
  /// Throws IndexError where there is no such group.
  void require_group(std::size_t group) const;
  const char* name() const noexcept { return name_; }

 private:
  double& lr_of(std::size_t group);
  double& number_of(std::string_view name, std::size_t group);

  const char* name_;
  std::vector<Memory> memory_;
  std::vector<Number> numbers_;
  std::vector<Slot> slots_;
  std::size_t group_count_ = 0;
};

/// An optimizer whose groups have options of type `Options`.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  /// Adds parameters that are trained with options of their own. Throws as the constructor does.
  void add_group(const std::vector<Tensor>& parameters, const Options& options = {}) {
    check(options);
    options_.push_back(options);
    try {
      add_slots(parameters);
    } catch (...) {
      options_.pop_back();
      throw;
    }
  }
  /// The options of a group, to read or to change. Throws IndexError where there is no such group.
  Options& options(std::size_t group = 0) {
    require_group(group);
    return options_[group];
  }
  const Options& options(std::size_t group = 0) const {
    return const_cast<OptimizerOf*>(this)->options(group);
  }

 protected:
  using Optimizer::Optimizer;
  virtual void check(const Options& options) const = 0;
  void check_options(std::size_t group) const final { check(options_.at(group)); }

 private:
  std::vector<Options> options_;
};

}  // namespace wengert::optim
