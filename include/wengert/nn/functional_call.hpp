// functional_call: a module as a function of its parameters.
#pragma once

#include <utility>
#include <vector>

#include "wengert/nn/module.hpp"

namespace wengert::nn {

namespace detail {

/// While it lives, a module's members are the values.
class Substituted {
 public:
  Substituted(Module& module, const std::vector<Tensor>& values);
  ~Substituted();
  Substituted(const Substituted&) = delete;
  Substituted& operator=(const Substituted&) = delete;

 private:
  struct Member {
    Tensor* place;
    Tensor own;
  };
  std::vector<Member> members_;
};

}  // namespace detail

/// What `call()` returns while the parameters of the module are `values`: one for each of
/// module.parameters(), in that order. They may come from anywhere, so that derivatives go back to them: the
/// point of jvp() or hvp(), what another network says, or the result of a step that is differentiated itself
/// (Finn, Abbeel and Levine, "Model-agnostic meta-learning", 2017):
///
///     const auto loss = [&](const std::vector<Tensor>& p) {
///       return functional_call(model, p, [&] { return mse_loss(model(x), y); });
///     };
///     const auto [value, along] = jvp(loss, model.parameters(), directions);
///
/// Afterwards, also where `call` throws, the module has its own again. `call` leaves the module where it is
/// and does not ask for its parameters(). Throws ValueError unless there is a value for each parameter,
/// ShapeError or DTypeError for one of another shape or dtype. Not while another thread uses the module.
template <class F>
auto functional_call(Module& module, const std::vector<Tensor>& values, F&& call) {
  const detail::Substituted substituted(module, values);
  return std::forward<F>(call)();
}

}  // namespace wengert::nn
