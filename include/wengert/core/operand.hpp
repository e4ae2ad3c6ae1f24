// Operand: what an operator or a function of two tensors takes: a tensor or a plain number, with the caller's
// line. header-only
#pragma once

#include "wengert/core/tensor.hpp"

namespace wengert {

/// A tensor, or a number that takes the dtype of the tensor beside it. Made implicitly; lives for one call.
class Operand {
 public:
  Operand(const Tensor& tensor, Location where = {}) noexcept : tensor_(&tensor), where_(where) {}
  template <Number T>
  Operand(T number, Location where = {}) noexcept
      : number_(static_cast<double>(number)),
        whole_(static_cast<std::int64_t>(std::integral<T> ? number : T{})),
        is_whole_(std::integral<T>),
        where_(where) {}

  /// Whether it is a number; otherwise it is a tensor, and only then may tensor() be asked.
  bool is_number() const noexcept { return tensor_ == nullptr; }
  const Tensor& tensor() const noexcept { return *tensor_; }
  double number() const noexcept { return number_; }
  /// The number as it was given, if it was an integer.
  std::int64_t whole() const noexcept { return whole_; }
  bool is_whole() const noexcept { return is_whole_; }
  Location where() const noexcept { return where_; }

 private:
  const Tensor* tensor_ = nullptr;
  double number_ = 0.0;
  std::int64_t whole_ = 0;
  bool is_whole_ = false;
  Location where_;
};

}  // namespace wengert
