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

/// The last `count` elements of an input, padded to a batch.
template <class T>
[[gnu::noinline]] const std::byte* padded(std::byte* room, const std::byte* from, std::size_t count) {
  load_first(reinterpret_cast<const T*>(from), count).store_aligned(reinterpret_cast<T*>(room));
  return room;
}

template <class T, std::size_t inputs, class F>
WENGERT_MATH_FN void run_chain(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single,
                               F f) {
  constexpr std::size_t bytes = sizeof(Batch<T>), unrolled = 2;
  alignas(bytes) std::byte rooms[inputs][bytes];
  const std::byte* at[inputs];
  std::size_t step[inputs];  // bytes from one batch to the next
#pragma GCC unroll 4
  for (std::size_t j = 0; j < inputs; ++j) {
    at[j] = in[j];
    step[j] = bytes;
    if (!(single >> j & 1)) continue;
    repeat(reinterpret_cast<T*>(rooms[j]), in[j]);
    at[j] = rooms[j];
    step[j] = 0;
  }
  const auto compute = [&](std::size_t k) __attribute__((always_inline)) {
    return f([&](std::size_t j) __attribute__((always_inline)) {
      return Batch<T>::load_unaligned(reinterpret_cast<const T*>(at[j] + k * step[j]));
    });
  };
  const auto put = [&](std::size_t k, const Batch<T>& value) __attribute__((always_inline)) {
    value.store_unaligned(reinterpret_cast<T*>(out + k * bytes));
  };
  const auto advance = [&](std::size_t batches) __attribute__((always_inline)) {
    out += batches * bytes;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < inputs; ++j) at[j] += batches * step[j];
  };
  for (; n >= unrolled * Batch<T>::size; n -= unrolled * Batch<T>::size, advance(unrolled)) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < unrolled; ++k) put(k, compute(k));
  }
  if (n >= Batch<T>::size) {
    put(0, compute(0));
    n -= Batch<T>::size;
    advance(1);
  }
  if (n == 0) return;
#pragma GCC unroll 4
  for (std::size_t j = 0; j < inputs; ++j)
    if (step[j] > 0) at[j] = padded<T>(rooms[j], at[j], n);
  alignas(bytes) std::byte result[bytes];
  compute(0).store_aligned(reinterpret_cast<T*>(result));
  copy_few<bytes>(out, result, n * sizeof(T));
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
