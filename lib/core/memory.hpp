// The caching allocator behind nodes, their spilled parts and tensor values: 64-byte aligned blocks by size
// class, kept per thread and shared through one pool that is never destroyed. Blocks may be freed on any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wengert::memory {

/// Size class of a request, and the block size that class has. Blocks up to 512 bytes come in steps of 64,
/// larger ones in eight steps per power of two.
std::uint32_t size_class(std::size_t bytes) noexcept;
std::size_t class_bytes(std::uint32_t size_class) noexcept;

void* allocate(std::uint32_t size_class);
void release(void* block, std::uint32_t size_class) noexcept;

inline void* allocate_bytes(std::size_t bytes) { return allocate(size_class(bytes)); }
inline void release_bytes(void* block, std::size_t bytes) noexcept { release(block, size_class(bytes)); }

/// Accounting for memory_stats(): changes of what this thread holds.
void count_bytes(std::int64_t change) noexcept;
void count_nodes(std::int64_t change) noexcept;

}  // namespace wengert::memory
