// Whole numbers as tensors of a state, all 64 bits of them; elements as a plain list.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "wengert/core/node.hpp"

namespace wengert::io {

/// A 0-d int64 constant.
inline Tensor whole_number(std::int64_t number) {
  StorageRef storage = StorageRef::allocate(sizeof number);
  std::memcpy(storage.data(), &number, sizeof number);
  return detail::make_leaf(std::move(storage), {}, int64, false, {});
}
/// The value of an int64 tensor of one element.
inline std::int64_t whole_number(const Tensor& tensor) {
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(tensor, int64, data);
  return *static_cast<const std::int64_t*>(data);
}

/// All elements, row-major. No xtensor type is named, so none is exported.
template <Element T>
std::vector<T> values_of(const Tensor& tensor) {
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(tensor, dtype_of<T>(), data);
  const auto* first = static_cast<const T*>(data);
  return {first, first + tensor.size()};
}

}  // namespace wengert::io
