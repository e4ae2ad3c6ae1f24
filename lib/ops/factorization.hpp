// What the factorizations share: their shapes and errors, packed outputs, constants for their rules, samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/lapack.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {

inline std::int64_t rows_of(const Shape& shape) { return shape[shape.size() - 2]; }
inline std::int64_t columns_of(const Shape& shape) { return shape.back(); }
/// The dimensions before the last two.
Shape batch_of(const Shape& shape);
/// `batch` with further dimensions.
Shape with_dims(Shape batch, const Dims& dims);

/// Throw unless x is a matrix, or a square one, or batches of them, of float32 or float64, that LAPACK can
/// take.
void require_matrix(const char* operation, const Tensor& x);
void require_square(const char* operation, const Tensor& x, const char* hint = "");

/// A system of equations as solve() and its like are given it: dtypes and rows agree, and b is a matrix.
struct System {
  Tensor a, b;
  bool vector;  // b was one, and so shall be the result
  Tensor result(const Tensor& x, Location where) const { return vector ? squeeze(x, {-1}, where) : x; }
};
System make_system(const char* operation, const Tensor& a, const Tensor& b, Location where);

/// Throws ValueError: "[operation] law: batch 3 verdict".
[[noreturn]] void fail_batch(const char* operation, const char* law, const Shape& batch, std::int64_t index,
                             const char* verdict);

/// f(0.0f) or f(0.0).
template <class F>
decltype(auto) with_type(DType dtype, F f) {
  return dtype == float32 ? f(0.0f) : f(0.0);
}
template <class T>
T* values_of(std::byte* data) {
  return reinterpret_cast<T*>(data);
}

/// The elements of a node, row-major: where they are, or copied to `copy`.
const std::byte* dense(const Node& node, StorageRef& copy);
/// A copy of the elements of a node, row-major.
StorageRef scratch(const Node& node);
/// Copies the elements of a node, broadcast to `shape`, to `to`.
void copy_broadcast(std::byte* to, const Node& node, const Shape& shape);
/// For each matrix of a batch shape, the place of the one that belongs to it in a batch broadcast to that
/// shape.
std::vector<std::int64_t> broadcast_batches(const Shape& own, const Shape& batch);
/// The elements of a tensor as doubles.
std::vector<double> numbers_of(const Tensor& x);

template <class T>
bool all_finite(const T* from, std::int64_t count) {
  T sum = 0;  // 0 times what is finite is 0
  for (std::int64_t i = 0; i < count; ++i) sum += from[i] * T(0);
  return sum == T(0);
}
/// The same of the lower triangle of a (n, n).
template <class T>
bool lower_finite(const T* a, std::int64_t n) {
  bool all = true;
  for (std::int64_t i = 0; all && i < n; ++i) all = all_finite(a + i * n, i + 1);
  return all;
}
template <class T>
void fill_nan(T* to, std::int64_t count) {
  std::fill(to, to + count, std::numeric_limits<T>::quiet_NaN());
}

/// Calls range(begin, end) for ranges of a batch, on the pool's threads. Each matrix, of `extent` rows or
/// columns, takes some multiple of its third power.
template <class F>
void over_batch(std::int64_t batches, std::int64_t extent, F range) {
  const auto n = static_cast<double>(extent);
  parallel_ranges(batches, 1, 100.0 + 0.5 * n * n * n, range);
}

/// The rounding unit of a dtype.
inline double unit_of(DType dtype) { return dtype == float32 ? 0x1p-23 : 0x1p-52; }

/// One of the parts that lie side by side in the last dimension of `packed`, from `start` on, as (..., dims).
Tensor part(const Tensor& packed, std::int64_t start, const Dims& dims, Location where = {});

/// The same of vectors whose choice is not unique where values are equal. The last entry of `packed` is a
/// constant slot: in the cotangent it is above 0 if a function uses such vectors, even where their own
/// cotangent is 0.
Tensor vectors_part(const Tensor& packed, std::int64_t start, const Dims& dims, Location where = {});
/// Whether the cotangent of such a packed value says that vectors are used.
bool uses_vectors(const Tensor& g);

/// The constant matrix (rows, columns) of entry(i, j).
template <class T, class Entry>
Tensor matrix_of(std::int64_t rows, std::int64_t columns, Entry entry) {
  StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(rows * columns) * sizeof(T));
  T* to = values_of<T>(storage.data());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) *to++ = static_cast<T>(entry(i, j));
  return constant(std::move(storage), {rows, columns}, dtype_of<T>());
}
/// The same of the dtype of x.
template <class Entry>
Tensor matrix_like(const Tensor& x, std::int64_t rows, std::int64_t columns, Entry entry) {
  return with_type(x.dtype(), [&](auto zero) { return matrix_of<decltype(zero)>(rows, columns, entry); });
}
/// Masks (n, n): the diagonal; the triangle on one side, with or without the diagonal.
Tensor diagonal_mask(std::int64_t n);
Tensor triangle_mask(std::int64_t n, bool lower, bool strict);

/// The constant mask (..., n, n) of the pairs that are equal to within `tolerance` times the largest
/// magnitude of their n values, and whether there are any off the diagonal.
struct EqualPairs {
  Tensor mask;
  bool any;
};
EqualPairs equal_pairs(const Tensor& values, double tolerance);

/// Whether the gradient at two equal values is what it seems with 1 / (difference) taken as 0. `k`: how the
/// cotangent of the vectors moves within their span; `g`: the cotangents of the values; with what counts as 0
/// of each.
struct EqualPair {
  double k_ij, k_ji, k_ii, k_jj, k_zero;
  double g_i, g_j, g_zero;
  bool settled() const;
};

inline double largest(const double* from, std::int64_t count) {
  double most = 0.0;
  for (std::int64_t i = 0; i < count; ++i) most = std::fmax(most, std::fabs(from[i]));
  return most;
}

/// x as a matrix if it has fewer dimensions, plus a constant diagonal first, first + step, ...: a well
/// conditioned argument for a sample from any small numbers.
Tensor conditioned(const Tensor& x, double first, double step);

}  // namespace wengert
