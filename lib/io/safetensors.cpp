#include "lib/io/safetensors.hpp"

#include <algorithm>
#include <vector>

#include "lib/core/fail.hpp"
#include "lib/io/safetensors_header.hpp"

namespace wengert::io {
namespace {

Tensor read_tensor(const char* operation, const FileReader& file, const FileEntry& entry, std::uint64_t data,
                   const std::string& path, Location where) {
  const FileType& type = *entry.type;
  const std::uint64_t from = data + entry.offsets[0], bytes = entry.offsets[1] - entry.offsets[0];
  const std::size_t count = bytes / type.bytes, item = item_size(type.dtype);
  StorageRef storage = StorageRef::allocate(count * item);
  if (!type.convert) {
    file.read(from, storage.data(), bytes);
  } else {
    constexpr std::size_t block = 1 << 16;
    std::vector<std::byte> buffer(std::min<std::size_t>(bytes, block));
    for (std::uint64_t at = 0; at < bytes; at += block) {
      const std::size_t part = std::min<std::uint64_t>(block, bytes - at);
      file.read(from + at, buffer.data(), part);
      std::byte* to = storage.data() + at / type.bytes * item;
      for (std::size_t i = 0; i < part; i += type.bytes, to += item) type.convert(buffer.data() + i, to);
    }
  }
  if (type.may_overflow) {
    const auto* values = reinterpret_cast<const std::int64_t*>(storage.data());
    if (std::any_of(values, values + count, [](std::int64_t value) { return value < 0; }))
      fail<IoError>(operation, type.name,
                    " elements must be below 2^63 to become int64: got a larger one, in ", quote(path),
                    ", tensor ", quote(entry.name, 80));
  }
  return detail::make_leaf(std::move(storage), entry.shape, type.dtype, false, where);
}

}  // namespace

void save_safetensors(const char* operation, const std::string& path,
                      const std::map<std::string, Tensor>& state,
                      const std::map<std::string, std::string>& metadata) {
  std::vector<const Tensor*> order;
  const std::string header = make_header(operation, state, metadata, order);
  const std::uint64_t length = header.size();
  AtomicFile file(operation, path);
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  for (const Tensor* tensor : order) {
    const void* data = nullptr;
    const StorageRef held = detail::contiguous_storage(*tensor, tensor->dtype(), data);
    file.write(data, static_cast<std::size_t>(tensor->size()) * item_size(tensor->dtype()));
  }
  file.commit();
}

void save_safetensors(const std::string& path, const std::map<std::string, Tensor>& state,
                      const std::map<std::string, std::string>& metadata) {
  save_safetensors("save_safetensors", path, state, metadata);
}

std::map<std::string, Tensor> load_safetensors(const char* operation, const std::string& path,
                                               std::map<std::string, std::string>& metadata, Location where) {
  const FileReader file(operation, path);
  FileHeader header = read_header(operation, file, path);
  std::map<std::string, Tensor> state;
  for (const FileEntry& entry : header.entries)
    state.emplace(entry.name, read_tensor(operation, file, entry, header.data, path, where));
  metadata = std::move(header.metadata);
  return state;
}

std::map<std::string, Tensor> load_safetensors(const std::string& path, Location where) {
  std::map<std::string, std::string> ignored;
  return load_safetensors("load_safetensors", path, ignored, where);
}

std::map<std::string, std::string> safetensors_metadata(const std::string& path) {
  constexpr const char* operation = "safetensors_metadata";
  return read_header(operation, FileReader(operation, path), path).metadata;
}

}  // namespace wengert::io
