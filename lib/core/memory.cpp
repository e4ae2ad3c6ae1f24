#include "lib/core/memory.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "wengert/core/node.hpp"
#include "wengert/core/storage.hpp"

// Blocks travel between threads in magazines: chains of a class's quota of free blocks. A thread keeps at
// most two magazines a class, so memory freed on another thread than it was allocated on finds its way back.

namespace wengert::memory {
namespace {

constexpr std::uint32_t class_count = size_class((std::size_t{1} << 47) + header_bytes) + 1;
constexpr std::size_t small_limit = 1024;  // smaller blocks are carved from slabs
constexpr std::size_t first_slab = 64 * 1024, last_slab = 4 * 1024 * 1024;  // a thread's slabs double in size
constexpr std::size_t huge_page = 2 * 1024 * 1024;
static_assert(sizeof(Node) <= 5 * 64);
constexpr std::uint32_t node_class = size_class(sizeof(Node));
constexpr std::size_t large_limit = 1024 * 1024;  // from here on, what is cached is bounded
constexpr std::int64_t flush_at = 64 * 1024;  // bytes a thread counts for itself before it tells the others

#ifdef WENGERT_NO_POOL
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

struct FreeBlock {
  FreeBlock* next;
  FreeBlock* next_magazine;
};

struct Magazine {
  FreeBlock* blocks = nullptr;
  std::uint32_t count = 0;
};

struct Bin {
  Magazine current, spare;
};

constexpr std::uint32_t quota(std::size_t bytes) {
  const std::size_t fit = first_slab / bytes;
  return static_cast<std::uint32_t>(fit < 1 ? 1 : fit > 256 ? 256 : fit);
}

struct ThreadCache {
  Bin bins[class_count];
  std::byte* slab = nullptr;
  std::size_t slab_left = 0;
  std::size_t next_slab = first_slab;
  // Written by this thread alone, read by memory_stats().
  std::atomic<std::int64_t> bytes{0}, nodes{0};
};

struct Shared {
  std::mutex mutex;
  Magazine magazines[class_count];  // `blocks` chains through next_magazine
  std::vector<ThreadCache*> caches;
  std::atomic<std::int64_t> bytes{0}, peak{0}, nodes{0}, cached{0};
};

// Never destroyed: tensors in static storage are freed after every static destructor of the library.
Shared& shared() {
  static Shared& instance = *new Shared;
  return instance;
}

void* aligned(std::size_t alignment, std::size_t bytes) {
  // The standard asks for a multiple of the alignment; what is beyond `bytes` is never touched.
  void* block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!block) throw std::bad_alloc();
  return block;
}
/// From a huge page's size on, blocks begin so far before a huge page that behind a storage's header the
/// values begin with it: those that fill pages touch no other.
std::size_t ahead(std::size_t bytes) { return pooled && bytes >= huge_page ? huge_page - header_bytes : 0; }
void* system_allocate(std::size_t bytes) {
  const std::size_t before = ahead(bytes);
  if (before == 0) return aligned(64, bytes);
  auto* block = static_cast<std::byte*>(aligned(huge_page, before + bytes)) + before;
#ifdef __linux__
  // A tape of millions of nodes would otherwise spend more time on page faults than on recording, and a large
  // array read across its rows more on address translation than on reading.
  madvise(block + header_bytes, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return block;
}
void system_free(void* block, std::size_t bytes) noexcept {
  std::free(static_cast<std::byte*>(block) - ahead(bytes));
}

void raise_peak(std::int64_t bytes) {
  std::int64_t peak = shared().peak.load(std::memory_order_relaxed);
  while (bytes > peak && !shared().peak.compare_exchange_weak(peak, bytes, std::memory_order_relaxed)) {
  }
}

void push_magazine(FreeBlock* blocks, std::uint32_t cls) noexcept {
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  blocks->next_magazine = all.magazines[cls].blocks;
  all.magazines[cls].blocks = blocks;
}

FreeBlock* pop_magazine(std::uint32_t cls) {
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  FreeBlock* blocks = all.magazines[cls].blocks;
  if (blocks) all.magazines[cls].blocks = blocks->next_magazine;
  return blocks;
}

thread_local ThreadCache* this_cache = nullptr;
thread_local bool thread_ended = false;

struct ThreadEnd {
  ~ThreadEnd() {
    thread_ended = true;
    ThreadCache* cache = std::exchange(this_cache, nullptr);
    if (!cache) return;
    for (std::uint32_t cls = 0; cls < class_count; ++cls)
      for (Magazine* magazine : {&cache->bins[cls].current, &cache->bins[cls].spare})
        if (magazine->blocks) push_magazine(magazine->blocks, cls);
    Shared& all = shared();
    const std::lock_guard lock(all.mutex);
    all.bytes.fetch_add(cache->bytes.load(std::memory_order_relaxed), std::memory_order_relaxed);
    all.nodes.fetch_add(cache->nodes.load(std::memory_order_relaxed), std::memory_order_relaxed);
    std::erase(all.caches, cache);
    delete cache;
  }
};

[[gnu::noinline]] ThreadCache* first_cache() {
  if (thread_ended) return nullptr;
  static thread_local ThreadEnd end;
  (void)end;
  this_cache = new ThreadCache;
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  all.caches.push_back(this_cache);
  return this_cache;
}
/// This thread's cache; null once the thread is ending, when blocks go to the shared pool one by one.
ThreadCache* cache() { return this_cache ? this_cache : first_cache(); }

void* allocate_fresh(ThreadCache* cache, std::uint32_t cls) {
  const std::size_t bytes = class_bytes(cls);
  if (!cache || bytes > small_limit) return system_allocate(bytes);
  if (cache->slab_left < bytes) {
    const std::size_t size = cache->next_slab;
    cache->slab = static_cast<std::byte*>(system_allocate(size));
    cache->slab_left = size;
    cache->next_slab = std::min(2 * size, last_slab);
  }
  void* block = cache->slab;
  cache->slab += bytes;
  cache->slab_left -= bytes;
  return block;
}

/// Gives back the cached blocks of at least so many bytes: the shared ones, and those of this thread.
void give_back(ThreadCache* mine, std::size_t from_bytes) noexcept {
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  for (std::uint32_t cls = class_count; cls-- > 0 && class_bytes(cls) >= from_bytes;) {
    const auto free_chain = [&](FreeBlock* block) {
      while (block) {
        FreeBlock* next = block->next;
        system_free(block, class_bytes(cls));
        all.cached.fetch_sub(static_cast<std::int64_t>(class_bytes(cls)), std::memory_order_relaxed);
        block = next;
      }
    };
    while (FreeBlock* magazine = all.magazines[cls].blocks) {
      all.magazines[cls].blocks = magazine->next_magazine;
      free_chain(magazine);
    }
    if (mine) {
      free_chain(std::exchange(mine->bins[cls].current, {}).blocks);
      free_chain(std::exchange(mine->bins[cls].spare, {}).blocks);
    }
  }
}

/// True if more is kept for reuse than the program once had in use, as where its sizes never repeat.
bool hoarding() noexcept {
  const Shared& all = shared();
  const std::int64_t limit = std::max<std::int64_t>(all.peak.load(std::memory_order_relaxed), 64 << 20);
  return all.cached.load(std::memory_order_relaxed) > limit;
}

void count_cached(std::uint32_t cls, std::int64_t blocks) {
  // Small blocks are not counted one by one: what they amount to is bounded by the peak of nodes.
  if (class_bytes(cls) > small_limit)
    shared().cached.fetch_add(blocks * static_cast<std::int64_t>(class_bytes(cls)),
                              std::memory_order_relaxed);
}

// Inlined for nodes, whose class is a constant.
[[gnu::always_inline]] inline void* take(ThreadCache* mine, std::uint32_t cls) {
  if (cls >= class_count) throw std::bad_alloc();
  if constexpr (!pooled) return system_allocate(class_bytes(cls));
  if (!mine) [[unlikely]]
    return allocate_fresh(nullptr, cls);
  Bin& bin = mine->bins[cls];
  if (!bin.current.blocks) {
    std::swap(bin.current, bin.spare);
    if (!bin.current.blocks) {
      bin.current.blocks = pop_magazine(cls);
      if (!bin.current.blocks) return allocate_fresh(mine, cls);
      bin.current.count = 0;
      for (FreeBlock* block = bin.current.blocks; block; block = block->next) ++bin.current.count;
    }
  }
  FreeBlock* block = bin.current.blocks;
  bin.current.blocks = block->next;
  --bin.current.count;
  count_cached(cls, -1);
  return block;
}

[[gnu::always_inline]] inline void give(ThreadCache* mine, void* memory, std::uint32_t cls) noexcept {
  if constexpr (!pooled) return system_free(memory, class_bytes(cls));
  if (class_bytes(cls) >= large_limit && hoarding()) [[unlikely]]
    give_back(mine, large_limit);
  count_cached(cls, 1);
  auto* block = static_cast<FreeBlock*>(memory);
  if (!mine) [[unlikely]] {
    block->next = nullptr;
    return push_magazine(block, cls);
  }
  Bin& bin = mine->bins[cls];
  if (bin.current.count >= quota(class_bytes(cls))) {
    if (bin.spare.blocks) push_magazine(bin.spare.blocks, cls);
    bin.spare = std::exchange(bin.current, Magazine{});
  }
  block->next = bin.current.blocks;
  bin.current.blocks = block;
  ++bin.current.count;
}

void count_nodes(ThreadCache* mine, std::int64_t change) noexcept {
  if (mine)
    mine->nodes.store(mine->nodes.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  else
    shared().nodes.fetch_add(change, std::memory_order_relaxed);
}

}  // namespace

void* allocate(std::uint32_t cls) { return take(cache(), cls); }
void release(void* memory, std::uint32_t cls) noexcept { give(cache(), memory, cls); }

void* allocate_node() {
  ThreadCache* mine = cache();
  void* block = take(mine, node_class);
  count_nodes(mine, 1);
  return block;
}
void release_node(void* memory) noexcept {
  ThreadCache* mine = cache();
  give(mine, memory, node_class);
  count_nodes(mine, -1);
}

void count_bytes(std::int64_t change) noexcept {
  ThreadCache* mine = cache();
  Shared& all = shared();
  std::int64_t total = change;
  if (mine) {
    total += mine->bytes.load(std::memory_order_relaxed);
    if (total < flush_at && total > -flush_at) return mine->bytes.store(total, std::memory_order_relaxed);
    mine->bytes.store(0, std::memory_order_relaxed);
  }
  raise_peak(all.bytes.fetch_add(total, std::memory_order_relaxed) + total);
}

}  // namespace wengert::memory

namespace wengert {

MemoryStats memory_stats() {
  auto& all = memory::shared();
  const std::lock_guard lock(all.mutex);
  MemoryStats stats{all.bytes.load(), 0, all.cached.load(), all.nodes.load()};
  for (const memory::ThreadCache* cache : all.caches) {
    stats.live_bytes += cache->bytes.load(std::memory_order_relaxed);
    stats.live_nodes += cache->nodes.load(std::memory_order_relaxed);
  }
  memory::raise_peak(stats.live_bytes);
  stats.peak_bytes = all.peak.load();
  return stats;
}

void reset_peak_memory() {
  const std::int64_t live = memory_stats().live_bytes;
  memory::shared().peak.store(live, std::memory_order_relaxed);
}

void release_cached_memory() { memory::give_back(memory::cache(), memory::small_limit + 1); }

}  // namespace wengert
