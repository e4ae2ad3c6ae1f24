// custom_op: an operation of the user's own, its value computed on xtensor arrays, its derivative written in
// Tensor operations, so that higher derivatives follow.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xtensor/xexception.hpp>

#include "wengert/core/node.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert {

namespace detail {

/// What nodes of a custom operation share; kept alive by them.
class CustomDefinition {
 public:
  explicit CustomDefinition(std::string name);
  virtual ~CustomDefinition() = default;
  virtual std::vector<Tensor> cotangents(const Call& call) const = 0;
  const Operation& operation() const noexcept { return operation_; }

 private:
  std::string name_;
  Operation operation_;
};

Tensor record_custom(std::shared_ptr<const CustomDefinition> definition, const std::vector<Tensor>& inputs,
                     const Tensor& value, Location where);
/// Throws the ShapeError of a forward whose inputs do not broadcast.
[[noreturn]] void refuse_shapes(const CustomDefinition& definition, const std::vector<Tensor>& inputs);
/// The dtype all inputs share. Throws DTypeError where they differ or are not float32 or float64.
DType custom_dtype(const CustomDefinition& definition, const std::vector<Tensor>& inputs);

/// The first input of a call, and the caller's line.
struct Located {
  Located(const Tensor& of, Location at = {}) noexcept : tensor(of), where(at) {}
  const Tensor& tensor;
  Location where;
};

inline std::vector<Tensor> as_list(Tensor cotangent) { return {std::move(cotangent)}; }
inline std::vector<Tensor> as_list(std::vector<Tensor> cotangents) { return cotangents; }

template <class Vjp, std::size_t... I>
std::vector<Tensor> call_vjp(const Vjp& vjp, const Call& call, std::index_sequence<I...>) {
  return as_list(vjp(call.g, call.x(I)..., call.y()));
}

template <class Vjp>
class CustomOf final : public CustomDefinition {
 public:
  CustomOf(std::string name, Vjp vjp) : CustomDefinition(std::move(name)), vjp_(std::move(vjp)) {}

  template <std::size_t inputs>
  static constexpr bool takes() {
    return callable(std::make_index_sequence<inputs>());
  }

  std::vector<Tensor> cotangents(const Call& call) const override {
    // The rule's own number of parameters says how many inputs there are.
    return with_inputs(call, std::make_index_sequence<8>());
  }

 private:
  template <std::size_t... N>
  std::vector<Tensor> with_inputs(const Call& call, std::index_sequence<N...>) const {
    std::vector<Tensor> result;
    (void)((call.node.input_count == N + 1 && (result = with<N + 1>(call), true)) || ...);
    return result;
  }
  template <std::size_t N>
  std::vector<Tensor> with(const Call& call) const {
    if constexpr (takes<N>())
      return call_vjp(vjp_, call, std::make_index_sequence<N>());
    else
      return {};
  }
  template <std::size_t... I>
  static constexpr bool callable(std::index_sequence<I...>) {
    return requires(const Vjp& vjp, const Tensor& t) { vjp(t, (static_cast<void>(I), t)..., t); };
  }

  Vjp vjp_;
};

}  // namespace detail

/// See custom_op.
template <class Forward, class Vjp>
class CustomOperation {
 public:
  CustomOperation(std::string name, Forward forward, Vjp vjp)
      : forward_(std::move(forward)),
        definition_(std::make_shared<detail::CustomOf<Vjp>>(std::move(name), std::move(vjp))) {}

  template <class... Tensors>
  requires(sizeof...(Tensors) <= 7 && (std::same_as<Tensors, Tensor> && ...)) Tensor operator()(
      const detail::Located& first, const Tensors&... others) const {
    static_assert(detail::CustomOf<Vjp>::template takes<1 + sizeof...(Tensors)>(),
                  "the rule of a custom_op takes the cotangent, each of the inputs, and the output");
    return record(first.where, first.tensor, others...);
  }

 private:
  template <class... Tensors>
  Tensor record(Location where, const Tensors&... inputs) const {
    const DType dtype = detail::custom_dtype(*definition_, {inputs...});
    try {
      const Tensor value = dtype == float32 ? Tensor(evaluate<float>(inputs.template array<float>()...))
                                            : Tensor(evaluate<double>(inputs.template array<double>()...));
      return detail::record_custom(definition_, {inputs...}, value, where);
    } catch (const xt::broadcast_error&) {
      detail::refuse_shapes(*definition_, {inputs...});
    }
  }

  // An expression must not outlive the arrays it refers to, so it is evaluated here.
  template <class T, class... Arrays>
  xt::xarray<T, xt::layout_type::row_major> evaluate(const Arrays&... arrays) const {
    return xt::xarray<T, xt::layout_type::row_major>(forward_(arrays...));
  }

  Forward forward_;
  std::shared_ptr<const detail::CustomDefinition> definition_;
};

/// An operation from two callables. `forward(arrays...)` is generic over xtensor arrays of float or double,
/// one for each input, and returns an xtensor expression of any shape. `vjp(g, inputs..., y)` takes and
/// returns Tensors: the cotangent of the one input, or a std::vector<Tensor> with one for each, an empty
/// Tensor for none. Broadcast inputs need no care: a cotangent of the output's shape is summed to the
/// input's. Calls take tensors of one float dtype; DTypeError otherwise. Throws
/// ShapeError where the forward broadcasts and the shapes do not allow it. The result is a function object;
/// copies share the definition.
///
///     auto cube = custom_op("cube", [](const auto& x) { return x * x * x; },
///                           [](const Tensor& g, const Tensor& x, const Tensor&) { return 3.0 * g * x * x;
///                           });
template <class Forward, class Vjp>
CustomOperation<Forward, Vjp> custom_op(std::string name, Forward forward, Vjp vjp) {
  return {std::move(name), std::move(forward), std::move(vjp)};
}

}  // namespace wengert
