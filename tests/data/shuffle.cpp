#include "lib/data/shuffle.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "wengert/core/random.hpp"

using wengert::data::shuffled;
using Order = std::vector<std::int64_t>;

TEST_CASE("shuffled: a permutation that depends on seed and round alone") {
  for (const std::int64_t n : {0, 1, 2, 3, 4, 5, 1000}) {
    Order order = shuffled(n, 3), all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    std::ranges::sort(order);
    CHECK(order == all);
  }
  const Order first = shuffled(100, 1);
  wengert::manual_seed(99);
  CHECK(shuffled(100, 1) == first);
  CHECK(shuffled(100, 2) != first);
  CHECK(shuffled(100, 1, 1) != first);
  CHECK(shuffled(100, 0, 1) != first);  // seed and round are not added up
  // Pinned, by another implementation of the same formulas: the same on every machine.
  CHECK(shuffled(8, 1) == Order{1, 6, 2, 0, 5, 7, 4, 3});
  CHECK(shuffled(7, 1, 5) == Order{4, 1, 2, 5, 0, 3, 6});
}

TEST_CASE("shuffled: every order is equally likely") {
  int counts[24] = {};
  for (std::uint64_t seed = 0; seed < 24'000; ++seed) {
    const Order order = shuffled(4, seed);
    int rank = 0;
    for (int i = 0; i < 4; ++i) {
      int smaller = 0;
      for (int j = i + 1; j < 4; ++j) smaller += order[j] < order[i];
      rank = rank * (4 - i) + smaller;
    }
    ++counts[rank];
  }
  double chi = 0.0;
  for (const int count : counts) chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
  CHECK(chi < 49.7);  // 23 degrees of freedom: exceeded once in a thousand
}
