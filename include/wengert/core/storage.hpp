// Storage: reference-counted bytes from the caching allocator, or adopted from a container; memory_stats().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace wengert {

/// Gives up `count` references; true if they were the last. What one holder has alone nobody else can take up
/// meanwhile: that takes no locked instruction.
template <class T>
bool drop_references(std::atomic<T>& references, T count) noexcept {
  return references.load(std::memory_order_acquire) == count ||
         references.fetch_sub(count, std::memory_order_acq_rel) == count;
}

/// Bytes shared by the tensors that look at them. Never changed once a tensor shows them.
struct Storage {
  std::atomic<std::uint32_t> references;
  std::uint32_t size_class;            // of the caching allocator; unused for adopted bytes
  std::size_t bytes;                   // usable bytes at `data`
  std::byte* data;                     // 64-byte aligned unless adopted
  void* owner;                         // what adopted bytes belong to
  void (*destroy_owner)(void* owner);  // null for bytes of the allocator
};

/// A counted reference to a Storage.
class StorageRef {
 public:
  StorageRef() noexcept = default;
  /// Takes over one reference.
  explicit StorageRef(Storage* storage) noexcept : storage_(storage) {}
  StorageRef(const StorageRef& other) noexcept : storage_(other.storage_) {
    if (storage_) storage_->references.fetch_add(1, std::memory_order_relaxed);
  }
  StorageRef(StorageRef&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  StorageRef& operator=(StorageRef other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~StorageRef() {
    if (storage_ && drop_references(storage_->references, 1u)) destroy(storage_);
  }

  /// At least `bytes` bytes, uninitialized, aligned to 64. Throws Error when memory runs out.
  static StorageRef allocate(std::size_t bytes);
  /// Bytes that belong to `owner`, which `destroy_owner` frees when the last reference goes.
  static StorageRef adopt(void* data, std::size_t bytes, void* owner, void (*destroy_owner)(void*));

  explicit operator bool() const noexcept { return storage_ != nullptr; }
  std::byte* data() const noexcept { return storage_->data; }
  std::size_t bytes() const noexcept { return storage_->bytes; }
  /// True if nobody else holds these bytes.
  bool unique() const noexcept { return storage_->references.load(std::memory_order_acquire) == 1; }

 private:
  static void destroy(Storage* storage) noexcept;
  Storage* storage_ = nullptr;
};

/// What the library's memory amounts to now. Byte counts are of tensor values in storages, not of nodes.
struct MemoryStats {
  std::int64_t live_bytes;    ///< held by tensors
  std::int64_t peak_bytes;    ///< the highest live_bytes since the start or reset_peak_memory()
  std::int64_t cached_bytes;  ///< kept for reuse
  std::int64_t live_nodes;    ///< nodes of the tape, values included
};
/// Of all threads together.
MemoryStats memory_stats();
/// Sets peak_bytes to live_bytes.
void reset_peak_memory();
/// Gives cached blocks back to the system.
void release_cached_memory();

}  // namespace wengert
