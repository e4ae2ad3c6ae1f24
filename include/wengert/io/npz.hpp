// npy and npz: NumPy's own files, one array and several of them by name (a zip archive of npy files).
// lib/io/npy.cpp lib/io/npz.cpp
#pragma once

#include <map>
#include <string>

#include "wengert/core/tensor.hpp"

namespace wengert::io {

/// Writes one array, row-major, little-endian: float32 as <f4, float64 <f8, int64 <i8, boolean |b1. The file
/// appears under its name only when all of it is on the disk. Throws IoError where it cannot be written.
void save_npy(const std::string& path, const Tensor& tensor);

/// Reads an npy file of version 1 to 3 as a constant leaf. f4, f8, i8 and b1 are taken as they are, f2
/// becomes float32, other integers int64 (u8 below 2^63), of either byte order; arrays in Fortran's order
/// come out row-major. Throws IoError, naming the file and the place, for a file that is missing, breaks the
/// format or holds other elements; no memory is asked for by a size that the file's own length does not bear
/// out.
Tensor load_npy(const std::string& path, Location where = {});

struct NpzOptions {
  bool compress = false;  ///< as numpy.savez_compressed does
};

/// Writes arrays under their names, each as `name.npy`. The same arrays give the same bytes. Throws IoError
/// where the file cannot be written, ValueError for an empty tensor, an empty name or one that is not UTF-8,
/// and for 4 GiB or more, which save_safetensors takes.
void save_npz(const std::string& path, const std::map<std::string, Tensor>& arrays,
              const NpzOptions& options = {});

struct LoadNpzOptions {
  std::int64_t max_bytes = std::int64_t{1} << 34;  ///< of all arrays, unpacked; more are an error
};

/// Reads all arrays of a file, by name without `.npy`, as load_npy does. Throws IoError as load_npy does, and
/// for a broken archive, a checksum that does not fit, a method of packing other than deflate, names that
/// stand twice, entries that overlap and ones that claim to unpack to more than deflate can; ValueError for
/// negative max_bytes.
std::map<std::string, Tensor> load_npz(const std::string& path, const LoadNpzOptions& options = {},
                                       Location where = {});

}  // namespace wengert::io
