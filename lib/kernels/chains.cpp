// Two or three cheap elementwise operations in one pass: what one leaves, the next takes from a register. The
// elements meet the same instructions as one operation after the other, so the bits are the same.
#include <algorithm>
#include <utility>

#include "lib/kernels/block.hpp"

namespace wengert::kernel {

// Where a program's time is not measured they would only make the library larger.
#if defined(__AVX2__) || !defined(__x86_64__)
namespace {

template <Start start, class T>
WENGERT_MATH_FN Batch<T> begin(Batch<T> a, Batch<T> b) {
  if constexpr (start == Start::add) return a + b;
  if constexpr (start == Start::mul) return a * b;
  if constexpr (start == Start::sub) return a - b;
  if constexpr (start == Start::mul_twice) return a * (Batch<T>(T(2)) * b);
}
template <Link link, class T>
WENGERT_MATH_FN Batch<T> go_on(Batch<T> x, Batch<T> b) {
  if constexpr (link == Link::add) return x + b;
  if constexpr (link == Link::mul) return x * b;
  if constexpr (link == Link::sub) return x - b;
  if constexpr (link == Link::from) return b - x;
}

constexpr std::size_t step_bytes = 64;  // that are computed in one go, of any element type

/// The last `count` elements of an input, padded to a step.
template <class T>
[[gnu::noinline]] const std::byte* padded(std::byte* room, const std::byte* from, std::size_t count) {
  for (std::size_t k = 0; k < step_bytes; k += sizeof(Batch<T>)) {
    const std::size_t some = std::min(count, Batch<T>::size);
    load_first(reinterpret_cast<const T*>(from + k), some).store_aligned(reinterpret_cast<T*>(room + k));
    count -= some;
  }
  return room;
}

template <class T, std::size_t inputs, class F>
WENGERT_MATH_FN void run_chain(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single,
                               F f) {
  const std::byte* at[4] = {};
  std::size_t moves[4] = {};  // all bits, or none for one element
  alignas(64) std::byte rooms[inputs][step_bytes], result[step_bytes];
#pragma GCC unroll 4
  for (std::size_t j = 0; j < inputs; ++j) {
    at[j] = in[j];
    moves[j] = ~std::size_t{0};
    if (!(single >> j & 1)) continue;
    for (std::size_t k = 0; k < step_bytes; k += sizeof(Batch<T>))
      repeat(reinterpret_cast<T*>(rooms[j] + k), in[j]);
    at[j] = rooms[j];
    moves[j] = 0;
  }
  std::size_t end = n * sizeof(T) / step_bytes * step_bytes, rest = n * sizeof(T) - end;
  for (std::byte* to = out;; to = result) {
    for (std::size_t i = 0; i < end; i += step_bytes) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < step_bytes; k += sizeof(Batch<T>)) {
        f([&](std::size_t j) __attribute__((always_inline)) {
          return Batch<T>::load_unaligned(reinterpret_cast<const T*>(at[j] + (i & moves[j]) + k));
        }).store_unaligned(reinterpret_cast<T*>(to + i + k));
      }
    }
    if (to == result) copy_few<step_bytes>(out, result, rest);
    if (rest == 0 || to == result) return;
      // What is left goes round once more, padded.
#pragma GCC unroll 4
    for (std::size_t j = 0; j < inputs; ++j)
      if (moves[j]) at[j] = padded<T>(rooms[j], at[j] + end, rest / sizeof(T));
    out += end;
    end = step_bytes;
  }
}

template <class T, Start o, Link p>
void chain2(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  run_chain<T, 3>(
      out, in, n, single, [](auto load) __attribute__((always_inline)) {
        return go_on<p, T>(begin<o, T>(load(0), load(1)), load(2));
      });
}
template <class T, Start o, Link p, Link q>
void chain3(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  run_chain<T, 4>(
      out, in, n, single, [](auto load) __attribute__((always_inline)) {
        return go_on<q, T>(go_on<p, T>(begin<o, T>(load(0), load(1)), load(2)), load(3));
      });
}
template <class T, Start o, Start p, Link q>
void pair(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  run_chain<T, 4>(
      out, in, n, single, [](auto load) __attribute__((always_inline)) {
        return go_on<q, T>(begin<o, T>(load(0), load(1)), begin<p, T>(load(2), load(3)));
      });
}

/// The chains of all starts and links: number i counts them through.
template <class T, int dtype, int... i>
void fill_with(Table& table, std::integer_sequence<int, i...>) {
  constexpr int links = link_count, starts = start_count;
  ((table.chain3[i / links / links % starts][i / links % links][i % links][dtype] =
        chain3<T, static_cast<Start>(i / links / links % starts), static_cast<Link>(i / links % links),
               static_cast<Link>(i % links)>),
   ...);
  ((table.chain2[i / links % starts][i % links][dtype] =
        chain2<T, static_cast<Start>(i / links % starts), static_cast<Link>(i % links)>),
   ...);
  ((table.pair[i / links / starts % starts][i / links % starts][i % links][dtype] =
        pair<T, static_cast<Start>(i / links / starts % starts), static_cast<Start>(i / links % starts),
             static_cast<Link>(i % links)>),
   ...);
}
template <class T, int dtype>
void fill(Table& table) {
  fill_with<T, dtype>(table, std::make_integer_sequence<int, start_count * link_count * link_count>());
}

}  // namespace
#endif

namespace WENGERT_ISA {
void fill_chains([[maybe_unused]] Table& table) {
#if defined(__AVX2__) || !defined(__x86_64__)
  fill<float, 0>(table);
  fill<double, 1>(table);
#endif
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
