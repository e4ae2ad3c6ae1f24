// Choosing elements by int64 indices. An index out of range is an IndexError; negative ones count from the
// end. lib/ops/gather.cpp
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Slices of x along `axis` at the positions of a one-dimensional `index`.
Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index, Location where = {});
/// y[i][j] = x[i][index[i][j]] for axis 1, and so on; index has x's extents but along the axis.
Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index, Location where = {});
/// x with `source` added at the places that gather(x, axis, index) would read; repeated places add up.
Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source,
                   Location where = {});
/// (...) of labels in [0, classes) -> (..., classes), 1 at the label and 0 elsewhere.
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype = float32, Location where = {});

}  // namespace wengert
