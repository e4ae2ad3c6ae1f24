#include "wengert/core/storage.hpp"

#include <new>

#include "lib/core/fail.hpp"
#include "lib/core/memory.hpp"

namespace wengert {
using memory::header_bytes;
static_assert(sizeof(Storage) <= header_bytes);

StorageRef StorageRef::allocate(std::size_t bytes) {
  const std::uint32_t size_class = memory::size_class(header_bytes + bytes);
  std::byte* block = nullptr;
  try {
    block = static_cast<std::byte*>(memory::allocate(size_class));
  } catch (const std::bad_alloc&) {
    fail<Error>("storage", "not enough memory: asked for ", bytes, " bytes");
  }
  const std::size_t usable = memory::class_bytes(size_class) - header_bytes;
  memory::count_bytes(static_cast<std::int64_t>(usable));
  return StorageRef(new (block) Storage{1, size_class, usable, block + header_bytes, nullptr, nullptr});
}

StorageRef StorageRef::adopt(void* data, std::size_t bytes, void* owner, void (*destroy_owner)(void*)) {
  void* block = memory::allocate_bytes(sizeof(Storage));
  memory::count_bytes(static_cast<std::int64_t>(bytes));
  return StorageRef(new (block) Storage{1, 0, bytes, static_cast<std::byte*>(data), owner, destroy_owner});
}

void StorageRef::destroy(Storage* storage) noexcept {
  memory::count_bytes(-static_cast<std::int64_t>(storage->bytes));
  if (storage->destroy_owner) {
    storage->destroy_owner(storage->owner);
    memory::release_bytes(storage, sizeof(Storage));
  } else {
    memory::release(storage, storage->size_class);
  }
}

}  // namespace wengert
