// The largest element of each window of max_pool, and where it lies. Without a branch for each element: which
// one is larger cannot be predicted.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "lib/core/memory.hpp"
#include "lib/ops/windows.hpp"

namespace wengert {

/// Two by two windows side by side, the commonest.
inline bool two_by_two(const Windows& w) {
  return w.rank() == 2 && w.kernel == Shape{2, 2} && w.stride == Dims{2, 2} && w.dilation == Dims{1, 1} &&
         w.padding == Dims{0, 0} && 2 * w.output[0] <= w.input[0] && 2 * w.output[1] <= w.input[1];
}

template <class T>
struct Lanes {
  using Whole = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  static constexpr std::int64_t count = 16 / sizeof(T);
  typedef T Vector __attribute__((vector_size(16)));
  typedef Whole Places __attribute__((vector_size(16)));

  /// The elements of even, or of odd, place among the next two vectors' worth.
  template <int odd>
  static Vector every_other(const T* from) {
    Vector a, b;
    std::memcpy(&a, from, sizeof a);
    std::memcpy(&b, from + count, sizeof b);
    if constexpr (count == 4)
      return __builtin_shufflevector(a, b, odd, 2 + odd, 4 + odd, 6 + odd);
    else
      return __builtin_shufflevector(a, b, odd, 2 + odd);
  }
  static void see(Vector& largest, Places& found, Vector x, Whole place) {
    const Places take = (x > largest) | ((x != x) & (largest == largest));
    largest = take ? x : largest;
    found = take ? Places{} + place : found;
  }
};

/// find_largest() for these, several windows of a row at a time.
template <class T>
void find_largest_of_four(std::int64_t* to, T* held, const T* from, const Windows& w, std::int64_t channels) {
  using L = Lanes<T>;
  const std::int64_t rows = w.output[0], columns = w.output[1], width = w.input[1];
  const auto below = static_cast<typename L::Whole>(width);
  for (std::int64_t c = 0; c < channels; ++c, from += w.pixels())
    for (std::int64_t r = 0; r < rows; ++r, to += columns, held += columns) {
      // The last vector of a row may see some windows again.
      const std::int64_t row = 2 * r * width;
      for (std::int64_t next = 0; next < columns; next += L::count) {
        const std::int64_t first = columns < L::count ? next : std::min(next, columns - L::count);
        const T* upper = from + row + 2 * first;
        T few[4 * L::count] = {};
        if (columns < L::count) {
          std::copy_n(upper, 2 * columns, few);
          std::copy_n(upper + width, 2 * columns, few + 2 * L::count);
          upper = few;
        }
        const T* lower = upper == few ? few + 2 * L::count : upper + width;
        typename L::Vector largest = L::template every_other<0>(upper);
        typename L::Places found{};
        L::see(largest, found, L::template every_other<1>(upper), 1);
        L::see(largest, found, L::template every_other<0>(lower), below);
        L::see(largest, found, L::template every_other<1>(lower), below + 1);
        const std::int64_t count = std::min(columns, L::count);
        for (std::int64_t i = 0; i < count; ++i) to[first + i] = row + 2 * (first + i) + found[i];
        std::memcpy(held + first, &largest, static_cast<std::size_t>(count) * sizeof(T));
      }
    }
}

/// One row of windows: the places of the largest elements, and these.
template <class T>
class WindowRow {
 public:
  WindowRow(const Windows& w, const T* from)
      : from_(from),
        width_(w.output.back()),
        stride_(w.stride.back()),
        padding_(w.padding.back()),
        taps_(w.kernel.back()),
        dilation_(w.dilation.back()),
        extent_(w.input.back()),
        narrow_(w.pixels() <= std::numeric_limits<typename L::Whole>::max()) {}

  /// Of windows that see the rows that begin at `bases`.
  void find(std::int64_t* to, T* held, const memory::List<std::int64_t>& bases) const {
    for (std::int64_t c = 0; c < width_;) {
      const std::int64_t start = c * stride_ - padding_,
                         last = start + (L::count - 1) * stride_ + (taps_ - 1) * dilation_;
      if (narrow_ && c + L::count <= width_ && start >= 0 && last < extent_) {
        find_some(to + c, held + c, bases, start);
        c += L::count;
      } else {
        find_one(to + c, held + c, bases, start);
        ++c;
      }
    }
  }

 private:
  using L = Lanes<T>;

  void find_one(std::int64_t* to, T* held, const memory::List<std::int64_t>& bases,
                std::int64_t start) const {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const std::int64_t low = start < 0 ? (dilation_ - 1 - start) / dilation_ : 0,
                       high = std::min(taps_, (extent_ - 1 - start) / dilation_ + 1);
    std::int64_t best = -1;
    T largest = T(0);
    for (const std::int64_t base : bases)
      for (std::int64_t t = low; t < high; ++t) {
        const std::int64_t at = base + start + t * dilation_;
        const T x = from_[at];
        const Bits take = -static_cast<Bits>((best < 0) | (x > largest) | ((x != x) & (largest == largest)));
        const auto index = static_cast<std::int64_t>(static_cast<std::make_signed_t<Bits>>(take));
        best = (at & index) | (best & ~index);
        largest = std::bit_cast<T>((std::bit_cast<Bits>(x) & take) | (std::bit_cast<Bits>(largest) & ~take));
      }
    *to = best;
    *held = largest;
  }

  /// As many windows as a vector has lanes, all of whose elements lie within the rows.
  void find_some(std::int64_t* to, T* held, const memory::List<std::int64_t>& bases,
                 std::int64_t start) const {
    const auto see_all = [&](auto load) {
      typename L::Vector largest = load(from_ + bases[0] + start);
      typename L::Places found = typename L::Places{} + static_cast<typename L::Whole>(bases[0]);
      for (const std::int64_t base : bases)
        for (std::int64_t t = 0; t < taps_; ++t) {
          const std::int64_t place = base + t * dilation_;
          L::see(largest, found, load(from_ + place + start), static_cast<typename L::Whole>(place));
        }
      for (std::int64_t i = 0; i < L::count; ++i) to[i] = start + i * stride_ + found[i];
      std::memcpy(held, &largest, sizeof largest);
    };
    if (stride_ == 1)
      see_all([](const T* at) {
        typename L::Vector x;
        std::memcpy(&x, at, sizeof x);
        return x;
      });
    else
      see_all([step = stride_](const T* at) {
        if constexpr (L::count == 4)
          return typename L::Vector{at[0], at[step], at[2 * step], at[3 * step]};
        else
          return typename L::Vector{at[0], at[step]};
      });
  }

  const T* from_;
  std::int64_t width_, stride_, padding_, taps_, dilation_, extent_;
  bool narrow_;  // places fit into a lane
};

/// Where the first largest element of each window lies, and the element: to and largest (channels, places) in
/// from (channels, pixels). Every window sees an element.
template <class T>
void find_largest(std::int64_t* to, T* largest, const T* from, const Windows& w, std::int64_t channels) {
  if (two_by_two(w)) return find_largest_of_four(to, largest, from, w, channels);
  const std::size_t last = w.rank() - 1;
  const std::int64_t width = w.output[last];
  Shape rows = w.output, taps = w.kernel;
  rows[last] = taps[last] = 1;
  const std::int64_t row_count = element_count(rows), tap_count = element_count(taps);
  const auto advance = [last](Dims& at, const Shape& shape) {
    for (std::size_t d = last; d-- > 0;) {
      if (++at[d] < shape[d]) return;
      at[d] = 0;
    }
  };
  memory::List<std::int64_t> bases;
  Dims row = Dims::filled(w.rank(), 0), tap = row;
  for (std::int64_t r = 0; r < row_count; ++r, advance(row, rows)) {
    // The rows of the array that these windows see are the same for every channel.
    bases.clear();
    for (std::int64_t t = 0; t < tap_count; ++t, advance(tap, taps)) {
      bool inside = true;
      std::int64_t base = 0;
      for (std::size_t d = 0; d < last; ++d) {
        const std::int64_t at = row[d] * w.stride[d] + tap[d] * w.dilation[d] - w.padding[d];
        inside &= at >= 0 && at < w.input[d];
        base = base * w.input[d] + at;
      }
      if (inside) bases.push_back(base * w.input[last]);
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t place = c * w.places() + r * width;
      WindowRow<T>(w, from + c * w.pixels()).find(to + place, largest + place, bases);
    }
  }
}

}  // namespace wengert
