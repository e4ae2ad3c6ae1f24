#include "wengert/core/random.hpp"

#include <atomic>

namespace wengert {
namespace {

/// A stream for each thread that draws: they would repeat each other otherwise.
RandomKey next_stream() {
  static std::atomic<std::uint64_t> threads{0};
  return {0x5eed + (threads.fetch_add(1, std::memory_order_relaxed) << 32), 0};
}
thread_local RandomKey stream = next_stream();
[[maybe_unused]] const RandomKey of_main_thread = stream;  // the first

}  // namespace

void manual_seed(std::uint64_t seed) { stream = {seed, 0}; }

RandomKey next_random_key(std::uint64_t blocks) {
  const RandomKey start = stream;
  stream.counter += blocks;
  return start;
}
RandomKey random_state() { return stream; }
void set_random_state(RandomKey state) { stream = state; }

std::array<std::uint32_t, 4> random_block(RandomKey start, std::uint64_t index) {
  const std::uint64_t counter = start.counter + index;
  std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(counter),
                                 static_cast<std::uint32_t>(counter >> 32), 0, 0};
  std::uint32_t k0 = static_cast<std::uint32_t>(start.key), k1 = static_cast<std::uint32_t>(start.key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

}  // namespace wengert
