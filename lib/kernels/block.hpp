// The loop of a block kernel: SIMD batches of up to four inputs through a function, to the last element.
#pragma once

#include <cstring>

#include "lib/kernels/masked.hpp"
#include "lib/kernels/math_basic.hpp"
#include "lib/kernels/table.hpp"

namespace wengert::kernel {
namespace {

template <class T>
using Batch = xsimd::batch<T>;

// What stands for an input that a text does not mention.
alignas(64) constexpr std::byte nothing[64] = {};

/// Copies fewer bytes than `below`, a power of two, in pieces of known sizes.
template <std::size_t below>
WENGERT_MATH_FN void copy_few(std::byte* to, const std::byte* from, std::size_t bytes) {
  if constexpr (below > 1) {
    constexpr std::size_t piece = below / 2;
    if (bytes & piece) {
      std::memcpy(to, from, piece);
      to += piece;
      from += piece;
    }
    copy_few<piece>(to, from, bytes);
  }
}

/// The first `count` elements, fewer than a batch has, and ones behind them.
template <class T>
WENGERT_MATH_FN Batch<T> load_first(const T* from, std::size_t count) {
#if defined(__AVX512F__)
  check(from, count);
  if constexpr (sizeof(T) == 4)
    return _mm512_mask_loadu_ps(_mm512_set1_ps(1), first_lanes(count), from);
  else
    return _mm512_mask_loadu_pd(_mm512_set1_pd(1), static_cast<__mmask8>(first_lanes(count)), from);
#elif defined(__AVX2__)
  check(from, count);
  const __m256i first = first_words(count * (sizeof(T) / 4));
  if constexpr (sizeof(T) == 4)
    return _mm256_blendv_ps(_mm256_set1_ps(1), _mm256_maskload_ps(from, first), _mm256_castsi256_ps(first));
  else
    return _mm256_blendv_pd(_mm256_set1_pd(1), _mm256_maskload_pd(from, first), _mm256_castsi256_pd(first));
#else
  alignas(64) T room[Batch<T>::size];
  Batch<T>(T(1)).store_aligned(room);
  copy_few<sizeof room>(reinterpret_cast<std::byte*>(room), reinterpret_cast<const std::byte*>(from),
                        count * sizeof(T));
  return Batch<T>::load_aligned(room);
#endif
}

#ifndef __AVX2__
/// Stores the first `count` elements, fewer than a batch has.
template <class T>
WENGERT_MATH_FN void store_first(T* to, Batch<T> values, std::size_t count) {
  alignas(64) T room[Batch<T>::size];
  values.store_aligned(room);
  copy_few<sizeof room>(reinterpret_cast<std::byte*>(to), reinterpret_cast<const std::byte*>(room),
                        count * sizeof(T));
}
#endif

// An input: one batch after the other, or the same one again and again.
template <class T>
struct Input {
  const std::byte* at;
  std::size_t step;  // bytes from one batch to the next

  WENGERT_MATH_FN Batch<T> load(std::size_t batches) const {
    return Batch<T>::load_unaligned(reinterpret_cast<const T*>(at + batches * step));
  }
  /// Goes on with the last `count` elements, padded to a whole batch.
  WENGERT_MATH_FN void pad(T* room, std::size_t count) {
    if (step == 0) return;
    load_first(reinterpret_cast<const T*>(at), count).store_aligned(room);
    at = reinterpret_cast<const std::byte*>(room);
  }
};

/// The one element of an input in every lane.
template <class T>
WENGERT_MATH_FN void repeat(T* lanes, const std::byte* from) {
  T element;
  std::memcpy(&element, from, sizeof element);
  Batch<T>(element).store_aligned(lanes);
}

template <class T, int inputs, std::size_t unrolled, class F>
WENGERT_MATH_FN void run(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single, F f) {
  constexpr std::size_t width = Batch<T>::size;
  T* to = reinterpret_cast<T*>(out);
  // Of an input: its one element in every lane, or its last elements, padded to a batch.
  alignas(64) T rooms[4][width], result[width];
  const auto input = [&](int i) -> Input<T> {
    if (i >= inputs || !in[i]) return {nothing, 0};
    if (!(single >> i & 1)) return {in[i], width * sizeof(T)};
    repeat(rooms[i], in[i]);
    return {reinterpret_cast<const std::byte*>(rooms[i]), 0};
  };
  Input<T> a = input(0), b = input(1), c = input(2), d = input(3);
  const auto advance = [&](std::size_t batches) {
    a.at += batches * a.step;
    b.at += batches * b.step;
    c.at += batches * c.step;
    d.at += batches * d.step;
    to += batches * width;
  };
  if constexpr (unrolled > 1) {
    for (; n >= unrolled * width; n -= unrolled * width, advance(unrolled)) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < unrolled; ++k)
        f(a.load(k), b.load(k), c.load(k), d.load(k)).store_unaligned(to + k * width);
    }
  }
  // The last elements go round the same loop, padded to a batch: every element meets the same instructions,
  // and the compiler, which inlines the text once, keeps its constants in registers.
  T* rest = nullptr;
  while (true) {
    for (; n >= width; n -= width, advance(1))
      f(a.load(0), b.load(0), c.load(0), d.load(0)).store_unaligned(to);
    if (rest || n == 0) break;
    a.pad(rooms[0], n);
    b.pad(rooms[1], n);
    c.pad(rooms[2], n);
    d.pad(rooms[3], n);
    rest = to;
    to = result;
    n += width;  // one batch, and `n` of it are wanted
  }
  if (rest) store_first(rest, Batch<T>::load_aligned(result), n);
}

}  // namespace
}  // namespace wengert::kernel
