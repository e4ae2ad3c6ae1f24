// Bytes: alignment, sharing, accounting, the cache, and frees from other threads than allocated.
#include "wengert/core/storage.hpp"

#include <thread>
#include <vector>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;

TEST_CASE("blocks are aligned, large enough and writable to the end") {
  for (std::size_t bytes = 0; bytes < 70000; bytes = bytes * 5 / 4 + 1) {
    const StorageRef block = StorageRef::allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block.data()) % 64 == 0);
    CHECK(block.bytes() >= bytes);
    CHECK(block.bytes() <= bytes + bytes / 8 + 64);
    std::memset(block.data(), 0xab, block.bytes());
    CHECK(block.unique());
  }
}

TEST_CASE("references are counted, and an owner is freed once") {
  static int freed = 0;
  double number = 1.0;
  {
    StorageRef a = StorageRef::adopt(&number, 8, nullptr, [](void*) { ++freed; });
    StorageRef b = a;
    CHECK(!a.unique());
    StorageRef c = std::move(a);
    CHECK(!static_cast<bool>(a));
    b = StorageRef();
    CHECK(c.unique());
    CHECK(freed == 0);
    CHECK(memory_stats().live_bytes >= 8);
  }
  CHECK(freed == 1);
}

TEST_CASE("live and peak bytes, and nodes") {
  const MemoryStats before = memory_stats();
  reset_peak_memory();
  {
    const Tensor x = zeros({1000}), view = reshape(x, {10, 100});
    CHECK(memory_stats().live_bytes - before.live_bytes >= 4000);
    CHECK(memory_stats().live_bytes - before.live_bytes < 5000);
    CHECK(memory_stats().live_nodes == before.live_nodes + 3);  // a leaf is two
    { const Tensor large = zeros({1 << 20}); }
    CHECK(memory_stats().peak_bytes - before.live_bytes >= 4 << 20);
  }
  CHECK(memory_stats().live_bytes == before.live_bytes);
  CHECK(memory_stats().live_nodes == before.live_nodes);
  reset_peak_memory();
  CHECK(memory_stats().peak_bytes == memory_stats().live_bytes);
}

#ifndef __SANITIZE_ADDRESS__  // which sees every block, so none is kept for reuse
TEST_CASE("freed blocks are kept and used again, until they are given back") {
  release_cached_memory();
  const std::int64_t cached = memory_stats().cached_bytes;
  const void* first = nullptr;
  {
    const Tensor x = zeros({50000});
    first = x.node().data;
  }
  CHECK(memory_stats().cached_bytes - cached >= 200000);
  {
    const Tensor x = zeros({50000});
    CHECK(x.node().data == first);
    CHECK(memory_stats().cached_bytes == cached);
  }
  release_cached_memory();
  CHECK(memory_stats().cached_bytes == cached);
}

TEST_CASE("a program whose sizes never repeat does not hoard") {
  release_cached_memory();
  reset_peak_memory();
  for (std::int64_t i = 0; i < 200; ++i) full({(i + 1) << 16}, 1.0);
  CHECK(memory_stats().cached_bytes < std::int64_t{300} << 20);
  release_cached_memory();
}
#endif

TEST_CASE("asking for more than there is") {
  CHECK(support::message<ShapeError>([] {
          zeros({1, INT64_MAX});
        }) == "[zeros] the shape is too large: got (1, 9223372036854775807)");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which would end the program
  CHECK(support::message([] { StorageRef::allocate(std::size_t{1} << 46); }) ==
        "[storage] not enough memory: asked for 70368744177664 bytes");
#endif
}

TEST_CASE("nodes and bytes freed on another thread than they were made on") {
  const MemoryStats before = memory_stats();
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> made;
    std::thread([&] {
      for (int i = 0; i < 500; ++i) made.push_back(parameter(zeros({i % 7, 40})) * 2.0);
    }).join();
    std::thread([&] { made.clear(); }).join();
  }
  CHECK(memory_stats().live_nodes == before.live_nodes);
  CHECK(memory_stats().live_bytes == before.live_bytes);
}
