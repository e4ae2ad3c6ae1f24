// Making tensors from shapes and numbers. All are leaves; options: {.dtype = float64, .requires_grad = true}.
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

Tensor full(const Shape& shape, double value, TensorOptions options = {}, Location where = {});
Tensor zeros(const Shape& shape, TensorOptions options = {}, Location where = {});
Tensor ones(const Shape& shape, TensorOptions options = {}, Location where = {});
/// Of the shape and dtype of x.
Tensor full_like(const Tensor& x, double value, Location where = {});
Tensor zeros_like(const Tensor& x, Location where = {});
Tensor ones_like(const Tensor& x, Location where = {});
/// The identity matrix (n, n).
Tensor eye(std::int64_t n, TensorOptions options = {}, Location where = {});
/// start, start + step, ... below stop (above it for a negative step).
Tensor arange(double start, double stop, double step = 1.0, TensorOptions options = {}, Location where = {});
/// 0, 1, ..., below stop.
Tensor arange(double stop, TensorOptions options = {}, Location where = {});
/// `count` numbers from start to stop, both included, evenly spaced.
Tensor linspace(double start, double stop, std::int64_t count, TensorOptions options = {},
                Location where = {});

}  // namespace wengert
