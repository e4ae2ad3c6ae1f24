// Running sums and products along an axis, norms, and weighted means. An axis out of range is an IndexError,
// one named twice a ValueError. All but cumsum take float32 and float64: DTypeError otherwise.
// lib/ops/cumulative.cpp lib/ops/norm.cpp lib/ops/scan.cpp
#pragma once

#include <cmath>
#include <initializer_list>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// y[i] = x[0] + ... + x[i] along `axis`, of x's shape. boolean sums to int64.
Tensor cumsum(const Tensor& x, std::int64_t axis, Location where = {});
/// y[i] = x[0] * ... * x[i] along `axis`, of x's shape. The derivatives are exact with zeros among the
/// factors, to any order.
Tensor cumprod(const Tensor& x, std::int64_t axis, Location where = {});
/// y[i] = a[i] * y[i - 1] + b[i] along `axis`, y[0] = b[0]: the linear recurrence behind cumprod, moving
/// averages and linear state spaces (Blelloch, "Prefix sums and their applications", 1990). a[0] does not
/// count. Throws ShapeError unless a and b have one shape, which is the result's, DTypeError where dtypes
/// differ.
Tensor linear_scan(const Tensor& a, const Tensor& b, std::int64_t axis, Location where = {});
/// y[i] = log(exp(x[0]) + ... + exp(x[i])) along `axis`, of x's shape, without overflow; -inf, with zero
/// gradient, while all are -inf.
Tensor logcumsumexp(const Tensor& x, std::int64_t axis, Location where = {});

/// The p-norm (sum of |x|^p)^(1/p) over `axes`, none meaning all: (m, n) over axis 1 -> (m,). p = INFINITY
/// gives the largest |x|. Without overflow; 0 over nothing. The gradient is 0 where the norm is 0 and, for p
/// other than 2, with respect to an element that is 0; for p = INFINITY ties share it evenly. Throws
/// ValueError unless p > 0.
Tensor norm(const Tensor& x, double p = 2.0, const Axes& axes = {}, bool keepdims = false,
            Location where = {});
// norm(x, {1}) would otherwise be the 1-norm of everything, where other reductions have axes in braces.
Tensor norm(const Tensor& x, std::initializer_list<int> axes, bool keepdims = false) = delete;
template <std::same_as<bool> B>
Tensor norm(const Tensor& x, B keepdims) = delete;
/// sum(weights * x) / sum(weights) over `axes`, none meaning all. The weights broadcast to x, or are a vector
/// along the single axis named. Throws ShapeError for any others, DTypeError where dtypes differ.
Tensor average(const Tensor& x, const Tensor& weights, const Axes& axes = {}, bool keepdims = false,
               Location where = {});

}  // namespace wengert
