// Reading and writing safetensors in the name of another operation.
#pragma once

#include <map>
#include <string>

#include "wengert/io/safetensors.hpp"

namespace wengert::io {

/// As the public function, for messages of `operation` (a string literal).
void save_safetensors(const char* operation, const std::string& path,
                      const std::map<std::string, Tensor>& state,
                      const std::map<std::string, std::string>& metadata);
/// The tensors and the free text of one and the same file, even if it is replaced meanwhile.
std::map<std::string, Tensor> load_safetensors(const char* operation, const std::string& path,
                                               std::map<std::string, std::string>& metadata, Location where);

}  // namespace wengert::io
