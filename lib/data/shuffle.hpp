// Random orders that depend on a seed alone: not on the thread's random stream, nor on the standard library.
#pragma once

#include <cstdint>
#include <vector>

namespace wengert::data {

/// 0 ... n - 1 in an order drawn from `seed`; another `round` gives another, independent order.
std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed, std::uint64_t round = 0);

/// The key of a random stream that belongs to one batch of one epoch.
std::uint64_t stream_key(std::uint64_t seed, std::uint64_t epoch, std::uint64_t batch);

}  // namespace wengert::data
