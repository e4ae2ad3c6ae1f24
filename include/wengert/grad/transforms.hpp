// Transforms over ordinary callables: vjp, jvp, value_and_grad, jacobian, hessian, hvp. A callable takes a
// Tensor, or a std::vector<Tensor>, of float32 or float64 (DTypeError otherwise), and returns a Tensor. What
// it throws, a transform throws. Where the point x itself is on a tape (an outer transform's, a model's), or
// create_graph is asked for, results can be differentiated again, so transforms nest to any order.
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

struct TransformOptions {
  /// Record the results' own derivatives also where x is not on a tape: for callables that use other
  /// parameters.
  bool create_graph = false;
};

/// What a transform differentiates in: one tensor, or several.
template <class X>
concept Point = std::same_as<X, Tensor> || std::same_as<X, std::vector<Tensor>>;
template <class F, class X>
concept TensorCallable = Point<X> && std::is_invocable_r_v<Tensor, F&, const X&>;

namespace detail {

using Several = std::vector<Tensor>;
using SeveralFunction = std::function<Tensor(const Several&)>;

inline Several as_several(const Tensor& x) { return {x}; }
inline const Several& as_several(const Several& x) { return x; }
template <class X>
X from_several(Several&& values) {
  if constexpr (std::same_as<X, Tensor>)
    return std::move(values.front());
  else
    return std::move(values);
}
template <class X, class F>
SeveralFunction on_several(F& f) {
  return [&f](const Several& in) -> Tensor {
    if constexpr (std::same_as<X, Tensor>)
      return f(in.front());
    else
      return f(in);
  };
}

/// A recorded call of f at a point, whose derivatives may be asked for again and again.
class Linearized {
 public:
  /// `transform` is named in errors; what is recorded around f bears the line `where`.
  Linearized(const char* transform, const SeveralFunction& f, const Several& x, TransformOptions options,
             Location where);
  const Tensor& output() const { return output_; }
  /// The output as a user gets it: on a tape only where derivatives of results are wanted.
  Tensor visible_output() const;
  Several pullback(const Tensor& g) const;
  Several pullback(const Tensor& g, bool create_graph) const;
  bool create_graph() const { return create_graph_; }
  const Several& point() const { return point_; }
  Location where() const { return where_; }

 private:
  Several point_;
  Tensor output_;
  bool create_graph_;
  Location where_;
};

/// Throws GraphError unless there is `what` for each input, and at least one.
void require_count(const char* transform, const char* what, std::size_t given, std::size_t inputs);
Tensor pushforward(const Linearized& call, const Several& tangents);
Several jacobian_rows(const Linearized& call);
std::vector<Several> hessian_blocks(const SeveralFunction& f, const Several& x, TransformOptions options,
                                    Location where);
Several hessian_product(const SeveralFunction& f, const Several& x, const Several& v,
                        TransformOptions options, Location where);
void require_scalar(const char* transform, const Tensor& output);

}  // namespace detail

/// g -> the sum over the output of g times the derivative in x. May be called repeatedly; keeps the graph
/// alive.
template <Point X>
class Pullback {
 public:
  explicit Pullback(detail::Linearized call) : call_(std::move(call)) {}
  /// `g` has the output's shape and dtype: ShapeError or DTypeError otherwise.
  X operator()(const Tensor& g) const { return detail::from_several<X>(call_.pullback(g)); }

 private:
  detail::Linearized call_;
};

/// (f(x), the pullback of cotangents at x).
template <class F, Point X>
requires TensorCallable<F, X> std::pair<Tensor, Pullback<X>> vjp(F&& f, const X& x,
                                                                 TransformOptions options = {},
                                                                 Location where = {}) {
  detail::Linearized call("vjp", detail::on_several<X>(f), detail::as_several(x), options, where);
  Tensor output = call.visible_output();
  return {std::move(output), Pullback<X>(std::move(call))};
}

/// (f(x), the derivative of f at x along the tangent t). t has x's shape and dtype: ShapeError or DTypeError
/// otherwise; for several inputs there is one for each: GraphError otherwise.
template <class F, Point X>
requires TensorCallable<F, X> std::pair<Tensor, Tensor> jvp(F&& f, const X& x,
                                                            const std::type_identity_t<X>& t,
                                                            TransformOptions options = {},
                                                            Location where = {}) {
  detail::require_count("jvp", "a tangent", detail::as_several(t).size(), detail::as_several(x).size());
  const detail::Linearized call("jvp", detail::on_several<X>(f), detail::as_several(x), options, where);
  return {call.visible_output(), detail::pushforward(call, detail::as_several(t))};
}

/// (f(x), the gradient of f at x). f returns one element: ShapeError otherwise.
template <class F, Point X>
requires TensorCallable<F, X> std::pair<Tensor, X> value_and_grad(F&& f, const X& x,
                                                                  TransformOptions options = {},
                                                                  Location where = {}) {
  const detail::Linearized call("value_and_grad", detail::on_several<X>(f), detail::as_several(x), options,
                                where);
  detail::require_scalar("value_and_grad", call.output());
  return {call.visible_output(), detail::from_several<X>(call.pullback(Tensor()))};
}

/// The derivative of every element of f(x) in every element of x: shape f(x).shape + x.shape; for several
/// inputs, one for each.
template <class F, Point X>
requires TensorCallable<F, X> X jacobian(F&& f, const X& x, TransformOptions options = {},
                                         Location where = {}) {
  return detail::from_several<X>(detail::jacobian_rows(
      detail::Linearized("jacobian", detail::on_several<X>(f), detail::as_several(x), options, where)));
}

/// The second derivatives of f, which returns one element: shape x.shape + x.shape. For several inputs, block
/// [i][j] has shape x[i].shape + x[j].shape. Throws ShapeError where f returns several elements.
template <class F, Point X>
requires TensorCallable<F, X>
auto hessian(F&& f, const X& x, TransformOptions options = {}, Location where = {}) {
  auto blocks = detail::hessian_blocks(detail::on_several<X>(f), detail::as_several(x), options, where);
  if constexpr (std::same_as<X, Tensor>)
    return Tensor(blocks.front().front());
  else
    return blocks;
}

/// The Hessian of f, which returns one element, times v, which has x's shape; no Hessian is formed. Throws as
/// hessian does, and for v as jvp does for t.
template <class F, Point X>
requires TensorCallable<F, X> X hvp(F&& f, const X& x, const std::type_identity_t<X>& v,
                                    TransformOptions options = {}, Location where = {}) {
  return detail::from_several<X>(detail::hessian_product(detail::on_several<X>(f), detail::as_several(x),
                                                         detail::as_several(v), options, where));
}

}  // namespace wengert
