// The npy format in memory: what a header says, and the elements after it.
#pragma once

#include <string>
#include <string_view>

#include "wengert/core/tensor.hpp"

namespace wengert::io {

/// The header for a tensor: magic, version, length and the description, padded so that elements begin at a
/// multiple of 64.
std::string npy_header(const Tensor& tensor);

/// A whole npy file as a tensor. `place` ends messages: `, in "path"`.
Tensor parse_npy(const char* operation, std::string_view bytes, const std::string& place, Location where);

}  // namespace wengert::io
