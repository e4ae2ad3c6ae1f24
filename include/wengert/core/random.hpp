// The generator behind every random number: Philox 4x32 with ten rounds, a function of a key and a counter
// (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). One stream per thread: the
// main thread's is always the same, another's depends on how many threads asked for one before it, and
// manual_seed() says which it is.
#pragma once

#include <array>
#include <cstdint>

namespace wengert {

/// Starts this thread's stream anew: the same seed gives the same numbers on any machine.
void manual_seed(std::uint64_t seed);

/// Where a piece of a stream begins.
struct RandomKey {
  std::uint64_t key;
  std::uint64_t counter;
};

/// Takes `blocks` blocks of four numbers off this thread's stream.
RandomKey next_random_key(std::uint64_t blocks);
/// The stream's position, to save and restore.
RandomKey random_state();
void set_random_state(RandomKey state);

/// Block `index` of the piece that begins at `start`: four uniform 32-bit numbers.
std::array<std::uint32_t, 4> random_block(RandomKey start, std::uint64_t index);

}  // namespace wengert
