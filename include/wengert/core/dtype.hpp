// The four element types a tensor can have, and how they map to C++ types.
// header-only
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace wengert {

/// Element type of a tensor. `int64` and `boolean` never carry a gradient.
enum class DType : std::uint8_t { float32, float64, int64, boolean };
using enum DType;

/// True for float32 and float64.
constexpr bool is_float(DType dtype) { return dtype == float32 || dtype == float64; }

/// Size of one element in bytes.
constexpr std::size_t item_size(DType dtype) { return dtype == float32 ? 4 : dtype == boolean ? 1 : 8; }

/// "float32", "float64", "int64" or "boolean".
constexpr const char* name(DType dtype) {
  return dtype == float32 ? "float32" : dtype == float64 ? "float64" : dtype == int64 ? "int64" : "boolean";
}

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

/// The dtype that holds values of the C++ type T: integers become int64, long double becomes float64.
template <Number T>
constexpr DType dtype_of() {
  if constexpr (std::same_as<T, bool>) return boolean;
  if constexpr (std::integral<T>) return int64;
  return std::same_as<T, float> ? float32 : float64;
}

/// The four C++ types whose values a tensor stores as they are.
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t> ||
    std::same_as<T, bool>;

}  // namespace wengert
