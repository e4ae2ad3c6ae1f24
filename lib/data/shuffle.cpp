#include "lib/data/shuffle.hpp"

#include <numeric>
#include <utility>

#include "wengert/core/random.hpp"

namespace wengert::data {
namespace {

/// Spreads every bit of x over the result (the finalizer of SplitMix64; Steele, Lea and Flood, 2014).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed, std::uint64_t round) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  // Mixed, so that seed 1 here and manual_seed(1) do not draw the same numbers.
  const RandomKey key{mix(mix(seed) + round), 0};
  for (std::size_t left = order.size(), block = 0; left > 1; ++block) {
    const auto numbers = random_block(key, block);
    for (std::size_t half = 0; half < 4 && left > 1; half += 2, --left) {
      const std::uint64_t number = std::uint64_t{numbers[half + 1]} << 32 | numbers[half];
      const auto chosen = static_cast<std::size_t>(static_cast<unsigned __int128>(number) * left >> 64);
      std::swap(order[left - 1], order[chosen]);
    }
  }
  return order;
}

std::uint64_t stream_key(std::uint64_t seed, std::uint64_t epoch, std::uint64_t batch) {
  return mix(mix(mix(~seed) + epoch) + batch);
}

}  // namespace wengert::data
