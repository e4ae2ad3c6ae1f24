// Making tensors from shapes and numbers. All are leaves; options: {.dtype = float64, .requires_grad = true}.
// Throw ShapeError for a negative extent, more than 32 dimensions, or more bytes than there can be, and
// DTypeError where an int64 or boolean leaf is to want a gradient. In int64 numbers are cut off toward 0 and
// at the ends of its range, and NaN is 0; in boolean only 0 is false.
#pragma once

#include <optional>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Every element `value`.
Tensor full(const Shape& shape, double value, TensorOptions options = {}, Location where = {});
/// Every element 0, or false.
Tensor zeros(const Shape& shape, TensorOptions options = {}, Location where = {});
/// Every element 1, or true.
Tensor ones(const Shape& shape, TensorOptions options = {}, Location where = {});

/// For tensors made after another: without a dtype they have its.
struct LikeOptions {
  std::optional<DType> dtype = std::nullopt;
  bool requires_grad = false;
};
/// Of the shape of x. Throws GraphError for an empty Tensor.
Tensor full_like(const Tensor& x, double value, LikeOptions options = {}, Location where = {});
Tensor zeros_like(const Tensor& x, LikeOptions options = {}, Location where = {});
Tensor ones_like(const Tensor& x, LikeOptions options = {}, Location where = {});

/// The identity matrix (n, n).
Tensor eye(std::int64_t n, TensorOptions options = {}, Location where = {});
/// start, start + step, ... below stop (above it for a negative step); none where there is no such number.
/// Throws ValueError unless the range is finite and the step is not 0.
Tensor arange(double start, double stop, double step = 1.0, TensorOptions options = {}, Location where = {});
/// 0, 1, ..., below stop.
Tensor arange(double stop, TensorOptions options = {}, Location where = {});
/// `count` numbers from start to stop, both included, evenly spaced.
Tensor linspace(double start, double stop, std::int64_t count, TensorOptions options = {},
                Location where = {});

}  // namespace wengert
