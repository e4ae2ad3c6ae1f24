// Choosing elements by int64 indices. Negative indices and axes count from the end; one out of range is an
// IndexError. An index of another dtype is a DTypeError.
// lib/ops/gather.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Slices of x along `axis` at the positions of a one-dimensional `index`: (m, n) by (k,) -> (k, n) for
/// axis 0. Throws ShapeError for an index of other dimensions.
Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index, Location where = {});
/// y[i][j] = x[i][index[i][j]] for axis 1, and so on: (m, n) by (m, k) -> (m, k). Throws ShapeError unless
/// index has x's extents but along the axis.
Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index, Location where = {});
/// x with `source` added at the places that gather(x, axis, index) would read; repeated places add up. index
/// and source have one shape: (m, n) with (m, k) -> (m, n) for axis 1. Throws ShapeError for others,
/// DTypeError for a source of another dtype than x's and for boolean x.
Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source,
                   Location where = {});
/// (...) of labels in [0, classes) -> (..., classes), 1 at the label and 0 elsewhere. Throws ValueError
/// unless classes > 0.
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype = float32, Location where = {});

}  // namespace wengert
