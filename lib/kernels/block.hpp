// The loop of a block kernel: SIMD batches of up to four inputs through a function, to the last element.
#pragma once

#include <cstring>

#include "lib/kernels/math_basic.hpp"
#include "lib/kernels/table.hpp"

namespace wengert::kernel {
namespace {

template <class T>
using Batch = xsimd::batch<T>;

// What stands for an input that a text does not mention.
alignas(64) constexpr std::byte nothing[single_bytes] = {};

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
    for (std::size_t k = 0; k < Batch<T>::size; ++k) room[k] = T(1);
    std::memcpy(room, at, count * sizeof(T));
    at = reinterpret_cast<const std::byte*>(room);
  }
};

template <class T, int inputs, std::size_t unrolled, class F>
WENGERT_MATH_FN void run(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single, F f) {
  constexpr std::size_t width = Batch<T>::size;
  T* to = reinterpret_cast<T*>(out);
  const auto input = [&](int i) {
    const bool there = i < inputs && in[i];
    return Input<T>{there ? in[i] : nothing, there && !(single >> i & 1) ? width * sizeof(T) : 0};
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
  alignas(64) T padded[4][width], result[width];
  T* rest = nullptr;
  while (true) {
    for (; n >= width; n -= width, advance(1))
      f(a.load(0), b.load(0), c.load(0), d.load(0)).store_unaligned(to);
    if (rest || n == 0) break;
    a.pad(padded[0], n);
    b.pad(padded[1], n);
    c.pad(padded[2], n);
    d.pad(padded[3], n);
    rest = to;
    to = result;
    n += width;  // one batch, and `n` of it are wanted
  }
  if (rest) std::memcpy(rest, result, n * sizeof(T));
}

}  // namespace
}  // namespace wengert::kernel
