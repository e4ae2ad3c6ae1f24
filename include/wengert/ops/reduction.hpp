// Reductions over axes. No axes means all of them; negative axes count from the end; `keepdims` leaves
// extents of 1: (m, n) over axis 1 -> (m,), or (m, 1). An axis out of range is an IndexError, one named twice
// a ValueError. mean, var, std and logsumexp take float32 and float64: DTypeError otherwise.
// lib/ops/reduce.cpp lib/ops/reduction.cpp lib/ops/argmax.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Sum, added pairwise; 0 over nothing. int64 and boolean sum to int64.
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Product; 1 over nothing. The derivative is exact with zeros among the factors. int64 and boolean multiply
/// to int64.
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Largest and smallest element; NaN if there is one. Ties share the gradient evenly, and where the result is
/// NaN all elements do. Throw ShapeError over nothing, DTypeError for boolean x.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Arithmetic mean; NaN over nothing.
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// The sum of the n squared deviations from the mean, divided by n - ddof: with a ddof of 0 the variance of
/// these numbers, with 1 the unbiased estimate from a sample.
Tensor var(const Tensor& x, const Axes& axes = {}, bool keepdims = false, double ddof = 0.0,
           Location where = {});
/// Square root of var; its gradient is 0 where the deviation is 0. After `using namespace wengert` the bare
/// name is ambiguous with namespace std: it is written wengert::std(x) there.
Tensor std(const Tensor& x, const Axes& axes = {}, bool keepdims = false, double ddof = 0.0,
           Location where = {});
/// log(sum(exp(x))), without overflow; -inf, with zero gradient, where every element is -inf; -inf over
/// nothing.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});

/// int64 index of the first largest or smallest element along one axis, (m, n) -> (m,); a NaN counts as the
/// largest and smallest. Throw ShapeError for an axis of extent 0, DTypeError for boolean x.
Tensor argmax(const Tensor& x, std::int64_t axis = -1, bool keepdims = false, Location where = {});
Tensor argmin(const Tensor& x, std::int64_t axis = -1, bool keepdims = false, Location where = {});
// A bool is no axis.
template <std::same_as<bool> B>
Tensor argmax(const Tensor& x, B keepdims, Location where = {}) = delete;
template <std::same_as<bool> B>
Tensor argmin(const Tensor& x, B keepdims, Location where = {}) = delete;
/// Number of elements that are not zero, as int64.
Tensor count_nonzero(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
/// Whether all or any of a boolean tensor's elements are true; true and false over nothing. Throw DTypeError
/// unless x is boolean.
Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});
Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdims = false, Location where = {});

}  // namespace wengert
