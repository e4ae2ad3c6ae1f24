// Order statistics, and choosing or replacing elements by masks and places. NaN counts as the largest number.
// Negative axes and indices count from the end; one out of range is an IndexError. Any dtype.
// lib/ops/order.cpp lib/ops/places.cpp
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// The elements along `axis` in ascending order, or descending, of x's shape. Equal ones keep their order,
/// and the gradient of each result goes to the element that it is.
Tensor sort(const Tensor& x, std::int64_t axis = -1, bool descending = false, Location where = {});
/// int64 places of the elements that sort() gives: gather(x, axis, argsort(x, axis)) is sort(x, axis).
Tensor argsort(const Tensor& x, std::int64_t axis = -1, bool descending = false, Location where = {});
// A bool is no axis.
template <std::same_as<bool> B>
Tensor sort(const Tensor& x, B descending, Location where = {}) = delete;
template <std::same_as<bool> B>
Tensor argsort(const Tensor& x, B descending, Location where = {}) = delete;

struct TopK {
  Tensor values;   ///< of x's shape, but k along the axis; differentiable
  Tensor indices;  ///< int64, where along the axis they were
};
/// The k largest elements along `axis`, or smallest, the most extreme first; of equal ones the first: (m, n)
/// -> (m, k) for axis -1. Throws ValueError unless 0 <= k <= extent.
TopK topk(const Tensor& x, std::int64_t k, std::int64_t axis = -1, bool largest = true, Location where = {});
template <std::same_as<bool> B>
TopK topk(const Tensor& x, std::int64_t k, B largest, Location where = {}) = delete;

/// Where each value would go in an ascending sequence: int64, the number of elements below it, or with
/// `right` not above it. (n,) with values of any shape, or rows (..., n) with values (..., m), one sequence
/// for each row; of the values' shape. That the sequence ascends is not checked. Throws ShapeError for
/// others, DTypeError where dtypes differ.
Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right = false, Location where = {});

struct Unique {
  Tensor values;   ///< (n,), ascending, each once
  Tensor inverse;  ///< int64, of x's shape: values[inverse] is x
  Tensor counts;   ///< int64 (n,), how often each occurs
};
/// The distinct elements of x. No gradient.
Unique unique(const Tensor& x, Location where = {});

/// The elements of x where `mask` is true, in row-major order, one-dimensional; the two are broadcast. Throws
/// DTypeError unless mask is boolean, ShapeError where the two do not broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask, Location where = {});
/// int64 (n, dimensions): the places of the n elements that are not zero, in row-major order.
Tensor nonzero(const Tensor& x, Location where = {});
/// gather(x, axis, index), the dimensions other than `axis` broadcast: (m, n) by (1, k) -> (m, k) for axis 1.
/// Throws ShapeError where they do not broadcast and unless both have as many dimensions, DTypeError unless
/// index is int64.
Tensor take_along_axis(const Tensor& x, const Tensor& index, std::int64_t axis, Location where = {});
/// x with values put, or with `accumulate` added, at x[indices[0], indices[1], ...]. The int64 indices are
/// broadcast to one shape B; values broadcast to B and then the dimensions of x that have no index. Of
/// several values for a place the last one stays, and it alone has a gradient; with `accumulate` all are
/// added. Throws IndexError for no index or more than x has dimensions, ShapeError where shapes do not
/// broadcast, DTypeError for indices of another dtype and where x and values differ.
Tensor index_put(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& values,
                 bool accumulate = false, Location where = {});
/// Rows of a table: (V, D...) and int64 indices (...) -> (..., D...). Throws ShapeError for a weight without
/// dimensions, DTypeError unless indices are int64.
Tensor embedding(const Tensor& weight, const Tensor& indices, Location where = {});

}  // namespace wengert
