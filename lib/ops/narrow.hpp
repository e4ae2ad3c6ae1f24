// Sums of rows of so few elements that a call of a kernel takes longer than the row. The same bits as by the
// kernel: elements are added one by one, and in the same order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace wengert::narrow {

constexpr std::int64_t widest = 16;  // elements of a row

/// int64 wraps around.
template <class T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else
    return a + b;
}

template <class T>
void add(T* to, const T* a, const T* b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = plus(a[i], b[i]);
}

/// Adds `width` columns of rows that lie `step` apart, each in a register.
template <std::int64_t width, class T>
void add_columns(T* to, const T* from, std::int64_t step, std::int64_t rows) {
  T sum[width];
  std::copy_n(from, width, sum);
  for (std::int64_t i = 1; i < rows; ++i)
    for (std::int64_t j = 0; j < width; ++j) sum[j] = plus(sum[j], from[i * step + j]);
  std::copy_n(sum, width, to);
}

template <class T>
void add_rows(T* to, const T* from, std::int64_t step, std::int64_t rows, std::int64_t width) {
  std::int64_t j = 0;
  for (; j + 4 <= width; j += 4) add_columns<4>(to + j, from + j, step, rows);
  for (; j + 2 <= width; j += 2) add_columns<2>(to + j, from + j, step, rows);
  if (j < width) add_columns<1>(to + j, from + j, step, rows);
}

}  // namespace wengert::narrow
