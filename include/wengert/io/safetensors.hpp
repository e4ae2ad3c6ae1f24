// safetensors: named tensors in one file, as the format of https://github.com/huggingface/safetensors lays it
// out: the header's length in 8 bytes, a JSON header, the elements. PyTorch and JAX programs read and write
// the same files.
#pragma once

#include <map>
#include <string>

#include "wengert/core/tensor.hpp"

namespace wengert::io {

/// Writes the tensors of `state`, sorted by name, and free text about them. A float32 tensor becomes F32,
/// float64 F64, int64 I64, boolean BOOL; strided ones are written row-major. The file appears under its name
/// only when all of it is on the disk: after an error the old file is as it was, and nothing else is left
/// behind. Throws IoError where the file cannot be written, ValueError for an empty tensor or a name that is
/// not UTF-8 or is `__metadata__`.
void save_safetensors(const std::string& path, const std::map<std::string, Tensor>& state,
                      const std::map<std::string, std::string>& metadata = {});

/// Reads all tensors of a file as constant leaves. F32, F64, I64 and BOOL are taken as they are; F16 and BF16
/// become float32; I8, I16, I32, U8, U16, U32 and U64 (below 2^63) become int64. Throws IoError, naming the
/// file and the place, for a file that is missing or breaks the format anywhere; no memory is asked for by a
/// size that the file's own length does not bear out.
std::map<std::string, Tensor> load_safetensors(const std::string& path, Location where = {});

/// The free text of a file, by key; empty where it has none. Throws as load_safetensors does.
std::map<std::string, std::string> safetensors_metadata(const std::string& path);

}  // namespace wengert::io
