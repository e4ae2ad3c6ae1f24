// The caching allocator behind nodes, their spilled parts and tensor values: 64-byte aligned blocks by size
// class, kept per thread and shared through one pool that is never destroyed. Blocks may be freed on any
// thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wengert::memory {

constexpr std::size_t header_bytes = 64;  // of a storage, before its values

/// Size class of a request, and the block size that class has. Blocks up to 576 bytes come in steps of 64; of
/// larger ones what is behind a header has eight steps per power of two, so that a power of two fits exactly.
constexpr std::uint32_t size_class(std::size_t bytes) noexcept {
  if (bytes <= 512 + header_bytes) return static_cast<std::uint32_t>(bytes <= 64 ? 0 : (bytes - 1) / 64);
  const std::size_t last = bytes - header_bytes - 1;
  const auto power = static_cast<unsigned>(std::bit_width(last) - 1);  // 2^power <= last < 2^(power + 1)
  const std::size_t step = std::size_t{1} << (power - 3);
  return static_cast<std::uint32_t>(9 + (power - 9) * 8 + (last - (std::size_t{1} << power)) / step);
}
constexpr std::size_t class_bytes(std::uint32_t size_class) noexcept {
  if (size_class < 9) return (size_class + 1) * 64;
  const unsigned power = 9 + (size_class - 9) / 8;
  return header_bytes + (std::size_t{1} << power) +
         ((size_class - 9) % 8 + 1) * (std::size_t{1} << (power - 3));
}

void* allocate(std::uint32_t size_class);
void release(void* block, std::uint32_t size_class) noexcept;

inline void* allocate_bytes(std::size_t bytes) { return allocate(size_class(bytes)); }
inline void release_bytes(void* block, std::size_t bytes) noexcept { release(block, size_class(bytes)); }

/// For the vectors of the library's own that every step makes anew.
template <class T>
struct Pooled {
  using value_type = T;

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_bytes(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { release_bytes(block, count * sizeof(T)); }
  friend constexpr bool operator==(Pooled, Pooled) noexcept { return true; }
};

template <class T>
using List = std::vector<T, Pooled<T>>;

/// A block for a node, which is counted.
void* allocate_node();
void release_node(void* block) noexcept;

/// Accounting for memory_stats(): a change of what this thread holds.
void count_bytes(std::int64_t change) noexcept;

}  // namespace wengert::memory
