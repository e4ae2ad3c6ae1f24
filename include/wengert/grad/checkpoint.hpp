// checkpoint: a function of which the tape keeps the inputs only, and which the backward pass computes again.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "wengert/core/location.hpp"
#include "wengert/grad/transforms.hpp"

namespace wengert {

namespace detail {

Tensor checkpointed(SeveralFunction f, const Several& inputs, const Location& where);

/// Keeps a callable until it is called again: a copy, or, of what cannot be copied, as a module, or only in
/// part, as a derived class by its base, its place.
template <class X, class F>
SeveralFunction kept(F&& f) {
  using Function = std::remove_cvref_t<F>;
  constexpr bool copied = std::is_copy_constructible_v<Function> && !std::is_polymorphic_v<Function>;
  if constexpr (std::is_lvalue_reference_v<F> && !copied)
    return on_several<X>(f);
  else
    return [own = std::make_shared<Function>(std::forward<F>(f))](const Several& in) {
      return on_several<X>(*own)(in);
    };
}

}  // namespace detail

/// f(x), of which nothing stays on the tape but x and what else outside of f it is computed from, such as
/// parameters: the backward pass calls f again. So a model of many layers needs the memory of one, and about
/// a third more time (Chen et al., "Training deep nets with sublinear memory cost", 2016). The value has
/// the bits it has without, gradients of every order are the same up to the order in which terms are summed;
/// random numbers are drawn again as they were.
///
/// f takes a Tensor or a std::vector<Tensor>, as x is. What it refers to, or itself, if it is a module or has
/// virtual functions, must live until the backward pass is over, and compute the same from the same: the
/// backward pass throws GraphError where it does not, because a parameter was assigned meanwhile, for
/// instance. What else f does, as counting, it does twice. A copy of f that holds a parameter's Tensor, and a
/// gradient of that parameter that was computed with create_graph, hold each other until zero_grad(). Throws
/// GraphError for no input, or an empty one.
///
///     for (const Block& block : blocks) x = checkpoint(block, x);
template <class F, Point X>
requires TensorCallable<F, X> Tensor checkpoint(F&& f, const X& x, Location where = {}) {
  return detail::checkpointed(detail::kept<X>(std::forward<F>(f)), detail::as_several(x), where);
}

}  // namespace wengert
