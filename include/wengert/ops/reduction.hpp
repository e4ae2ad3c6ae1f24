// Reductions over axes. No axes means all of them; negative axes count from the end; `keepdims` leaves
// extents of 1. lib/ops/reduce.cpp lib/ops/reduction.cpp lib/ops/argmax.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Sum, added pairwise. int64 and boolean sum to int64.
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Product. The derivative is exact with zeros among the factors. int64 and boolean multiply to int64.
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Largest and smallest element; NaN if there is one. Ties share the gradient evenly, and where
/// the result is NaN all elements do. Throw ShapeError over nothing.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Arithmetic mean.
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Mean squared deviation from the mean, divided by n - ddof.
Tensor var(const Tensor& x, const Axes& axes = {}, bool keepdims = false, double ddof = 0.0,
           Location where = {});
/// Square root of var; its gradient is 0 where the deviation is 0.
Tensor std(const Tensor& x, const Axes& axes = {}, bool keepdims = false, double ddof = 0.0,
           Location where = {});
/// log(sum(exp(x))), without overflow; -inf, with zero gradient, where every element is -inf.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});

/// int64 index of the first largest or smallest element along one axis; a NaN counts as the largest and
/// smallest.
Tensor argmax(const Tensor& x, std::int64_t axis = -1, bool keepdims = false, Location where = {});
Tensor argmin(const Tensor& x, std::int64_t axis = -1, bool keepdims = false, Location where = {});
/// Number of elements that are not zero, as int64.
Tensor count_nonzero(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Whether all or any of a boolean tensor's elements are true.
Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});

}  // namespace wengert
