// The header of a safetensors file: which tensors of which element types lie where. Parsing checks everything
// that a file can say wrongly before any element is read. The elements themselves are safetensors.cpp's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/io/file.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert::io {

/// An element type of files: its name, its size there, and what it becomes.
struct FileType {
  const char* name;
  std::size_t bytes;
  DType dtype;
  /// Converts one element; null where bytes are taken as they are.
  void (*convert)(const std::byte* from, std::byte* to);
  /// True if some elements do not fit `dtype`: they come out negative.
  bool may_overflow = false;
};

/// What a header says of one tensor.
struct FileEntry {
  std::string name;
  const FileType* type = nullptr;
  bool has_shape = false, has_offsets = false;
  Shape shape;
  std::vector<std::uint64_t> offsets;  // first byte and end, counted from the data's begin
};

struct FileHeader {
  std::vector<FileEntry> entries;
  std::map<std::string, std::string> metadata;
  std::uint64_t data = 0;  // where in the file the elements begin
};

/// Reads and checks a header: afterwards every tensor has a valid shape, and the tensors cover the file's
/// data exactly.
FileHeader read_header(const char* operation, const FileReader& file, const std::string& path);

/// The header for `state`, padded to a multiple of 8 bytes. `order` becomes the tensors in the order of their
/// elements: large element types first, so that every tensor lies at a multiple of its element's size.
std::string make_header(const char* operation, const std::map<std::string, Tensor>& state,
                        const std::map<std::string, std::string>& metadata,
                        std::vector<const Tensor*>& order);

}  // namespace wengert::io
