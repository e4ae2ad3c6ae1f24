// IDX: the array format of the MNIST files. A zero, a zero, the element type, the number of dimensions, the
// extents as big-endian 32-bit numbers, the elements big-endian and row-major.
#pragma once

#include <optional>
#include <string>

#include "wengert/core/tensor.hpp"

namespace wengert::data {

struct IdxOptions {
  std::optional<DType> dtype = {};  ///< what the elements are converted to; otherwise int64 for integers
  double scale = 1.0;               ///< each element is multiplied by it; not 1 wants a float dtype
  std::int64_t max_bytes = std::int64_t{1} << 32;  ///< of the file, unpacked; a longer one is an error
};

/// Reads a file, plain or gzipped, as a constant leaf. Elements of 8, 16 and 32 bits become int64, float and
/// double float32 and float64, unless options say otherwise. Throws IoError, naming the file, for one that is
/// missing, breaks the format, or is longer or shorter than its extents say; ValueError or DTypeError for a
/// bad option.
Tensor read_idx(const std::string& path, const IdxOptions& options = {}, Location where = {});

}  // namespace wengert::data
