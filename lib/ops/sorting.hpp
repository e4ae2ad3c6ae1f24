// Sorting by keys: numbers as unsigned integers that have the same order, sorted digit by digit from the
// lowest on, which keeps the order of equal ones (Knuth, The Art of Computer Programming 3, 5.2.5).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "lib/core/memory.hpp"

namespace wengert {

/// An integer as large as the number: below another one exactly if the number is. NaN is the largest number,
/// whatever its bits; -0 and 0 are equal. `descending`: above instead of below.
template <class T>
auto sort_key(T x, bool descending) {
  using Key = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;
  constexpr Key sign = Key{1} << (8 * sizeof(Key) - 1);
  Key key;
  if constexpr (std::is_floating_point_v<T>) {
    const auto bits = std::bit_cast<Key>(x + T(0));  // -0 + 0 is 0
    key = x != x ? ~Key{0} : bits & sign ? ~bits : bits | sign;
  } else {
    key = std::is_signed_v<T> ? static_cast<Key>(x) ^ sign : static_cast<Key>(x);
  }
  return descending ? static_cast<Key>(~key) : key;
}

/// What is sorted: a number's key, and where the number is.
template <class Key>
struct Keyed {
  Key key, place;
  bool operator<(const Keyed& other) const {
    return key != other.key ? key < other.key : place < other.place;
  }
};

/// Sorts numbers by their keys, equal ones by their places, and keeps its memory for the next ones.
template <class Key>
class Sorter {
 public:
  /// The first `wanted` of `count` numbers in their order, or more of them.
  template <class T>
  const Keyed<Key>* sorted(const T* from, std::size_t count, std::size_t wanted, bool descending) {
    entries_.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      entries_[i] = {static_cast<Key>(sort_key(from[i], descending)), static_cast<Key>(i)};
    if (count < few)
      std::sort(entries_.begin(), entries_.end());
    else if (wanted < count / 16)
      std::partial_sort(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(wanted),
                        entries_.end());
    else if (count < many)
      by_digits<8>();
    else
      by_digits<11>();
    return entries_.data();
  }

 private:
  // From so many numbers on the next way is faster, random ones in the first-level cache on Zen 4.
  static constexpr std::size_t few = sizeof(Key) == 4 ? 40 : 96, many = 2048;

  template <int bits>
  void by_digits() {
    constexpr int passes = (std::numeric_limits<Key>::digits + bits - 1) / bits;
    constexpr std::size_t values = std::size_t{1} << bits;
    const auto digit = [](Key key, int pass) {
      return static_cast<std::size_t>(key >> (pass * bits)) & (values - 1);
    };
    room_.resize(entries_.size());
    counts_.assign(passes * values, 0);
    for (const Keyed<Key>& entry : entries_)
      for (int pass = 0; pass < passes; ++pass)
        ++counts_[static_cast<std::size_t>(pass) * values + digit(entry.key, pass)];
    for (int pass = 0; pass < passes; ++pass) {
      std::size_t* next = counts_.data() + static_cast<std::size_t>(pass) * values;
      if (next[digit(entries_[0].key, pass)] == entries_.size()) continue;  // the same everywhere
      for (std::size_t value = 0, before = 0; value < values; ++value)
        before += std::exchange(next[value], before);
      for (const Keyed<Key>& entry : entries_) room_[next[digit(entry.key, pass)]++] = entry;
      entries_.swap(room_);
    }
  }

  memory::List<Keyed<Key>> entries_, room_;
  memory::List<std::size_t> counts_;
};

/// Calls use(sorter) with one whose keys hold those of T, and `count` places.
template <class T, class F>
void with_sorter(std::int64_t count, F use) {
  using Narrow = decltype(sort_key(T(), false));
  if (count <= std::numeric_limits<std::uint32_t>::max())
    use(Sorter<Narrow>());
  else
    use(Sorter<std::uint64_t>());
}

}  // namespace wengert
