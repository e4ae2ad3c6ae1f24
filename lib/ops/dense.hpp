// What kernels over whole arrays share: contiguous inputs, an element type for a dtype, and tensors filled in
// place.
#pragma once

#include <algorithm>
#include <type_traits>

#include "lib/core/fail.hpp"
#include "lib/core/memory.hpp"
#include "lib/core/tape.hpp"

namespace wengert {

/// The elements of a node one after the other: itself, or a copy outside the tape.
inline Tensor dense(Node& node) { return is_contiguous(node) ? Tensor(&node) : compact(Tensor(&node)); }

/// Calls run with a value of the dtype's element type.
template <class F>
void with_element(DType dtype, F run) {
  switch (dtype) {
    case float32:
      return run(float{});
    case float64:
      return run(double{});
    case int64:
      return run(std::int64_t{});
    case boolean:
      return run(std::uint8_t{});
  }
}

/// The type to add and multiply elements in: int64 wraps around, which is only defined for unsigned integers.
template <class T>
using Arithmetic = std::conditional_t<std::is_same_v<T, std::int64_t>, std::uint64_t, T>;

/// A constant outside the tape whose elements `fill(T* first)` writes.
template <class T, class F>
Tensor filled(const Shape& shape, DType dtype, Location where, F fill) {
  Tensor result = Tensor::adopt(new_node(shape, dtype, where));
  fill(reinterpret_cast<T*>(allocate_value(result.handle())));
  return result;
}

/// int64 indices.
template <class F>
Tensor index_tensor(const Shape& shape, Location where, F fill) {
  return filled<std::int64_t>(shape, int64, where, fill);
}

/// Numbers, rounded to a float dtype, as a tensor that varies along one of `ndim` axes.
inline Tensor along_axis(const memory::List<double>& numbers, std::size_t axis, std::size_t ndim, DType dtype,
                         Location where) {
  Shape shape = Dims::filled(ndim, 1);
  shape[axis] = static_cast<std::int64_t>(numbers.size());
  return filled<double>(shape, float64, where,
                        [&](double* to) { std::copy(numbers.begin(), numbers.end(), to); })
      .astype(dtype, where);
}

/// The axes of `ndim` dimensions with one of them moved to the end, and their inverse.
inline Axes axes_with_last(std::size_t ndim, std::size_t axis) {
  Axes axes;
  for (std::size_t i = 0; i < ndim; ++i)
    if (i != axis) axes.push_back(static_cast<std::int64_t>(i));
  axes.push_back(static_cast<std::int64_t>(axis));
  return axes;
}
inline Axes inverse_axes(const Axes& axes) {
  Axes inverse = axes;
  for (std::size_t i = 0; i < axes.size(); ++i)
    inverse[static_cast<std::size_t>(axes[i])] = static_cast<std::int64_t>(i);
  return inverse;
}

}  // namespace wengert
