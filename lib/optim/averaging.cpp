#include "wengert/optim/averaging.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::optim {
namespace {

std::vector<Tensor> values_of(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> values;
  values.reserve(parameters.size());
  for (const Tensor& p : parameters) values.push_back(p.detach());
  return values;
}

/// Gives all parameters new values, or, on an error, none.
void assign_all(const std::vector<Tensor>& parameters, const std::vector<Tensor>& values) {
  const std::vector<Tensor> before = values_of(parameters);
  std::size_t done = 0;
  try {
    for (; done < parameters.size(); ++done) parameters[done].assign(values[done]);
  } catch (...) {
    for (std::size_t i = 0; i < done; ++i) parameters[i].assign(before[i]);
    throw;
  }
}

}  // namespace

Averaging::Averaging(const char* name, const std::vector<Tensor>& parameters)
    : name_(name), parameters_(parameters) {
  if (parameters.empty()) fail<ValueError>(name, "there must be a parameter to average: got none");
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (!parameters[i].is_leaf())
      fail<GraphError>(name, "a parameter must be a leaf: number ", i, " is the result of an operation");
  averages_ = values_of(parameters);
}

void Averaging::update() {
  if (swapped_) fail<GraphError>(name_, "update() must not be called while the averages are swapped in");
  const NoGrad values_only;
  const Scope scope(name_);
  const double share = part(updates_);
  std::vector<Tensor> next;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor &p = parameters_[i], average = averages_[i].astype(p.dtype());
    // The first values are taken as they are, bit for bit; nothing of an infinite average is left then.
    next.push_back(share == 1.0 ? p.detach() : average + share * (p - average));
  }
  // Now: an average that waits would keep every value that it is an average of.
  for (const Tensor& average : next) average.node();
  averages_ = std::move(next);
  ++updates_;
}

Averaging::Swapped::Swapped(Averaging& average)
    : average_(&average), values_(values_of(average.parameters_)) {
  average.copy_to_parameters();
  average.swapped_ = true;
}
Averaging::Swapped::Swapped(Swapped&& other) noexcept
    : average_(std::exchange(other.average_, nullptr)), values_(std::move(other.values_)) {}
Averaging::Swapped::~Swapped() {
  if (!average_) return;
  average_->swapped_ = false;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Tensor& p = average_->parameters_[i];
    p.assign(values_[i].astype(p.dtype()));
  }
}

Averaging::Swapped Averaging::swap_in() {
  if (swapped_) fail<GraphError>(name_, "the averages must be swapped in once: they are already");
  return Swapped(*this);
}

void Averaging::copy_to_parameters() const {
  const NoGrad values_only;
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    values.push_back(averages_[i].astype(parameters_[i].dtype()));
  assign_all(parameters_, values);
}

State Averaging::state() const {
  State state{{"updates", scalar(static_cast<double>(updates_), int64)}};
  for (std::size_t i = 0; i < averages_.size(); ++i) state[std::to_string(i)] = averages_[i];
  return state;
}

void Averaging::load(const State& state) {
  const auto take = [&](const std::string& name, const Shape& shape, DType dtype) {
    const auto found = state.find(name);
    if (found == state.end() || !found->second.defined() || found->second.shape() != shape ||
        found->second.dtype() != dtype)
      fail<ValueError>(name_, "the state must fit the parameters: '", name, "' must be ", shape, " of ",
                       dtype);
    return found->second.detach();
  };
  const Tensor updates = take("updates", {}, int64);
  std::vector<Tensor> averages;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    averages.push_back(take(std::to_string(i), parameters_[i].shape(), parameters_[i].dtype()));
  if (state.size() != averages.size() + 1)
    fail<ValueError>(name_, "the state must fit the parameters: it is of ", state.size() - 1, ", not of ",
                     averages.size());
  updates_ = static_cast<std::int64_t>(updates.item());
  averages_ = std::move(averages);
}

EMA::EMA(const std::vector<Tensor>& parameters, const EMAOptions& options)
    : Averaging("EMA", parameters), options_(options) {
  if (!(options.decay >= 0.0 && options.decay <= 1.0))
    fail<ValueError>("EMA", "decay must lie within [0, 1]: got ", options.decay);
}

double EMA::part(std::int64_t n) const {
  const auto count = static_cast<double>(n);
  return 1.0 - (options_.warmup ? std::min(options_.decay, (1.0 + count) / (10.0 + count)) : options_.decay);
}

SWA::SWA(const std::vector<Tensor>& parameters) : Averaging("SWA", parameters) {}
double SWA::part(std::int64_t n) const { return 1.0 / static_cast<double>(n + 1); }

}  // namespace wengert::optim
