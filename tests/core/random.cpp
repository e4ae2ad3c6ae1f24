// The generator against Random123's known answers; streams and what is drawn from them.
#include "wengert/core/random.hpp"

#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::values;

TEST_CASE("Philox 4x32-10: known answers") {
  CHECK(random_block({0, 0}, 0) ==
        std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  // An independent implementation's, for a key and counters that use both words of each.
  const auto philox = [](std::array<std::uint32_t, 4> c, std::uint32_t k0, std::uint32_t k1) {
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
      const unsigned long long p = 0xD2511F53ull * c[0], q = 0xCD9E8D57ull * c[2];
      const auto high = [](unsigned long long x) { return static_cast<std::uint32_t>(x >> 32); };
      c = {high(q) ^ c[1] ^ k0, static_cast<std::uint32_t>(q), high(p) ^ c[3] ^ k1,
           static_cast<std::uint32_t>(p)};
    }
    return c;
  };
  // First against the two other vectors of Random123's kat_vectors.
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  CHECK(random_block({0x299f31d0a4093822, 0x85a308d3243f6a88}, 0) ==
        philox({0x243f6a88, 0x85a308d3, 0, 0}, 0xa4093822, 0x299f31d0));
  CHECK(random_block({7, 0xffffffff}, 1) == philox({0, 1, 0, 0}, 7, 0));
}

TEST_CASE("the same seed gives the same numbers; the stream goes on") {
  manual_seed(7);
  const auto a = values(rand({5})), b = values(rand({5}));
  CHECK(a != b);
  manual_seed(7);
  CHECK(values(rand({5})) == a);
  const RandomKey state = random_state();
  const auto c = values(randn({3})), d = values(permutation(10));
  set_random_state(state);
  CHECK(values(randn({3})) == c);
  CHECK(values(permutation(10)) == d);
  manual_seed(8);
  CHECK(values(rand({5})) != a);
  const RandomKey first = next_random_key(3), second = next_random_key(1);
  CHECK(second.counter == first.counter + 3);
  CHECK(second.key == first.key);
}

TEST_CASE("each thread has its own stream") {
  manual_seed(1);
  const auto before = values(rand({4}));
  std::vector<double> elsewhere;
  std::thread([&] {
    manual_seed(1);
    elsewhere = values(rand({4}));
    rand({100});
  }).join();
  CHECK(elsewhere == before);
  const auto next = values(rand({4}));
  manual_seed(1);
  rand({4});
  CHECK(values(rand({4})) == next);
}
