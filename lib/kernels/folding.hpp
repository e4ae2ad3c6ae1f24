// How a run of elements is folded to one: the order in which they meet, the same for every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "lib/kernels/masked.hpp"
#include "lib/kernels/table.hpp"
#include "lib/kernels/wide.hpp"

namespace wengert::kernel {
namespace {

template <Reduction reduction, class T>
inline T combine(T a, T b) {
  if constexpr (reduction == Reduction::sum) return a + b;
  if constexpr (reduction == Reduction::prod) return a * b;
  // A NaN on either side stays.
  if constexpr (reduction == Reduction::max) return a != a ? a : (a > b ? a : b);
  if constexpr (reduction == Reduction::min) return a != a ? a : (a < b ? a : b);
}

/// Whether one of the elements seen is NaN. As long as none is, the larger of two is one instruction.
template <class T>
class NaNs {
 public:
  using Vector = typename Wide<T>::Vector;
#ifdef __AVX512F__
  [[gnu::always_inline]] void see(const Vector& a, const Vector& b) {
    if constexpr (sizeof(T) == 4)
      seen_ |= _mm512_cmp_ps_mask(__m512(a), __m512(b), _CMP_UNORD_Q);
    else
      seen_ |= _mm512_cmp_pd_mask(__m512d(a), __m512d(b), _CMP_UNORD_Q);
  }
  [[gnu::always_inline]] bool any() const { return seen_ != 0; }

 private:
  __mmask16 seen_ = 0;
#else
  [[gnu::always_inline]] void see(const Vector& a, const Vector& b) { seen_ |= (a != a) | (b != b); }
  [[gnu::always_inline]] bool any() const {
    bool any = false;
    for (std::size_t k = 0; k < Wide<T>::size; ++k) any |= seen_[k] != 0;
    return any;
  }

 private:
  decltype(Vector() != Vector()) seen_{};
#endif
};

/// The first `count` elements of a register; the others may be anything.
template <class T>
inline typename Wide<T>::Vector load_some(const T* at, std::size_t count) {
  using Vector = typename Wide<T>::Vector;
#if defined(__AVX512F__)
  check(at, count);
  if constexpr (sizeof(T) == 4)
    return Vector(_mm512_maskz_loadu_epi32(first_lanes(count), at));
  else
    return Vector(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(first_lanes(count)), at));
#elif defined(__AVX2__)
  check(at, count);
  const __m256i words = first_words(count * sizeof(T) / 4);
  return Vector(_mm256_maskload_epi32(reinterpret_cast<const int*>(at), words));
#else
  Vector values{};
  for (std::size_t k = 0; k < count; ++k) values[k] = at[k];
  return values;
#endif
}

/// What a fold runs over: the elements of an array, every other one, or the products of two.
template <class T>
struct Elements {
  const T* at;
  T operator[](std::size_t i) const { return at[i]; }
  typename Wide<T>::Vector wide(std::size_t i) const {
    return *reinterpret_cast<const typename Wide<T>::Unaligned*>(at + i);
  }
  typename Wide<T>::Vector some(std::size_t i, std::size_t count) const { return load_some(at + i, count); }
  Elements from(std::size_t i) const { return {at + i}; }
  /// Elements `step` apart.
  typename Wide<T>::Vector apart(std::size_t step) const {
    return [&]<std::size_t... k>(std::index_sequence<k...>) __attribute__((always_inline)) {
      return typename Wide<T>::Vector{at[k * step]...};
    }
    (std::make_index_sequence<Wide<T>::size>());
  }
};
template <class T>
struct EveryOther {
  using Vector = typename Wide<T>::Vector;
  const T* at;
  T operator[](std::size_t i) const { return at[2 * i]; }
  Vector wide(std::size_t i) const {
    constexpr std::size_t size = Wide<T>::size;
    const T* first = at + 2 * i;
    return [&]<std::size_t... k>(std::index_sequence<k...>) __attribute__((always_inline)) {
#ifdef __AVX512F__
      return Vector(__builtin_shufflevector(Elements<T>{first}.wide(0), load_some(first + size, size - 1),
                                            (2 * int(k))...));
#else
      // The second register ends with the last element.
      return Vector(__builtin_shufflevector(Elements<T>{first}.wide(0), Elements<T>{first}.wide(size - 1),
                                            (2 * int(k) + (2 * k < size ? 0 : 1))...));
#endif
    }
    (std::make_index_sequence<size>());
  }
  Vector some(std::size_t i, std::size_t count) const {
    Vector values{};
    for (std::size_t k = 0; k < count; ++k) values[k] = (*this)[i + k];
    return values;
  }
  EveryOther from(std::size_t i) const { return {at + 2 * i}; }
};
template <class T>
struct Products {
  Elements<T> a, b;
  T operator[](std::size_t i) const { return a[i] * b[i]; }
  typename Wide<T>::Vector wide(std::size_t i) const { return a.wide(i) * b.wide(i); }
  typename Wide<T>::Vector some(std::size_t i, std::size_t count) const {
    return a.some(i, count) * b.some(i, count);
  }
  Products from(std::size_t i) const { return {a.from(i), b.from(i)}; }
  typename Wide<T>::Vector apart(std::size_t step) const { return a.apart(step) * b.apart(step); }
};

// The running values of a fold, all of them in registers: only constants are indices.
template <Reduction reduction, class T, std::size_t lanes_>
struct Running {
  static constexpr std::size_t lanes = lanes_, size = Wide<T>::size, vectors = lanes / size;
  static constexpr std::size_t shortest = 2 * lanes, longest = 32 * lanes;  // of what is folded so
  using Vector = typename Wide<T>::Vector;
  Vector wide[vectors];

  /// Of a register, which elements are the first `count`.
  [[gnu::always_inline]] static auto first(std::size_t count) {
    using Number = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    using Numbers = typename Wide<Number>::Vector;
    return [&]<std::size_t... k>(std::index_sequence<k...>) __attribute__((always_inline)) {
      return Numbers{static_cast<Number>(k)...} < static_cast<Number>(count);
    }
    (std::make_index_sequence<size>());
  }
  template <std::size_t count = vectors, class F>
  [[gnu::always_inline]] static void each(F f) {
    [&]<std::size_t... v>(std::index_sequence<v...>) __attribute__((always_inline)) { (f(v), ...); }
    (std::make_index_sequence<count>());
  }
  /// So that the first elements of a sum are added to nothing: to -0, which leaves 0 and -0 as they are.
  [[gnu::always_inline]] void clear() {
    each([&](std::size_t v) __attribute__((always_inline)) { wide[v] = -Vector{}; });
  }
  template <class In>
  [[gnu::always_inline]] void take(const In& in) {
    each([&](std::size_t v) __attribute__((always_inline)) { wide[v] = in.wide(v * size); });
  }
  template <class In>
  [[gnu::always_inline]] void add(const In& in, std::size_t i) {
    each([&](std::size_t v) __attribute__((always_inline)) {
      wide[v] = combine<reduction>(wide[v], in.wide(i + v * size));
    });
  }
  /// The same, but a NaN among the running values is lost, and has to be seen.
  template <class In>
  [[gnu::always_inline]] void add_numbers(const In& in, std::size_t i, NaNs<T>& nans) {
    each<vectors / 2>([&](std::size_t half) __attribute__((always_inline)) {
      const std::size_t v = 2 * half;
      const Vector a = in.wide(i + v * size), b = in.wide(i + (v + 1) * size);
      nans.see(a, b);
      wide[v] = of_numbers(wide[v], a);
      wide[v + 1] = of_numbers(wide[v + 1], b);
    });
  }
  [[gnu::always_inline]] static Vector of_numbers(const Vector& a, const Vector& b) {
    if constexpr (reduction == Reduction::max) return a > b ? a : b;
    if constexpr (reduction == Reduction::min) return a < b ? a : b;
  }
  [[gnu::always_inline]] void see(NaNs<T>& nans) const {
    each([&](std::size_t v) __attribute__((always_inline)) { nans.see(wide[v], wide[v]); });
  }
  /// The last elements, fewer than there are values, into the first of these.
  template <class In>
  void add_rest(const In& in, std::size_t i, std::size_t n) {
#ifdef __AVX2__
    const std::size_t rest = n - i;
    each([&](std::size_t v) __attribute__((always_inline)) {
      if (v * size >= rest) return;
      const std::size_t count = rest - v * size;
      if (count >= size) {
        wide[v] = combine<reduction>(wide[v], in.wide(i + v * size));
      } else {
        const Vector all = combine<reduction>(wide[v], in.some(i + v * size, count));
        wide[v] = first(count) ? all : wide[v];
      }
    });
#else
    using Unaligned = typename Wide<T>::Unaligned;
    T values[lanes];
    each([&](std::size_t v) { *reinterpret_cast<Unaligned*>(values + v * size) = wide[v]; });
    for (T* value = values; i < n; ++i, ++value) *value = combine<reduction>(*value, in[i]);
    each([&](std::size_t v) { wide[v] = *reinterpret_cast<const Unaligned*>(values + v * size); });
#endif
  }
  /// Halves with halves: vector with vector, then within one.
  template <std::size_t width = lanes / 2>
  [[gnu::always_inline]] T result() {
    if constexpr (width == 0) return wide[0][0];
    if constexpr (width >= size)
      each<width / size>([&](std::size_t v) __attribute__((always_inline)) {
        wide[v] = combine<reduction>(wide[v], wide[v + width / size]);
      });
    else if constexpr (width > 0)
      [&]<std::size_t... k>(std::index_sequence<k...>) __attribute__((always_inline)) {
        wide[0] = combine<reduction>(
            wide[0],
            Vector(__builtin_shufflevector(wide[0], wide[0], static_cast<int>((k + width) % size)...)));
      }
    (std::make_index_sequence<size>());
    if constexpr (width > 0) return result<width / 2>();
  }
};

template <Reduction reduction, class T, std::size_t lanes, class In>
T fold_lanes(const In& in, std::size_t n) {
  Running<reduction, T, lanes> running;
  running.take(in);
  std::size_t i = lanes;
  if constexpr (std::is_floating_point_v<T> && running.vectors % 2 == 0 &&
                (reduction == Reduction::max || reduction == Reduction::min)) {
    NaNs<T> nans;
    running.see(nans);
    for (; i + lanes <= n; i += lanes) running.add_numbers(in, i, nans);
    if (nans.any()) {
      running.take(in);
      i = lanes;
    }
  }
  for (; i + lanes <= n; i += lanes) running.add(in, i);
  if (i < n) running.add_rest(in, i, n);
  return running.result();
}
// Sixty-four running values over at most 2048 elements, sixteen over few, then halves of longer ranges: the
// error grows with the logarithm of the length, and the order depends on the length alone.
template <Reduction reduction, class T, class In>
T fold_range(const In& in, std::size_t n) {
  using Long = Running<reduction, T, 64>;
  if (n > Long::longest) {
    const std::size_t half = n / 2 / Long::lanes * Long::lanes;
    return combine<reduction>(fold_range<reduction, T>(in, half),
                              fold_range<reduction, T>(in.from(half), n - half));
  }
  if (n >= Long::shortest) return fold_lanes<reduction, T, Long::lanes>(in, n);
  return fold_lanes<reduction, T, 16>(in, n);
}
// Shorter rows, as many at a time as a register has lanes: a comparison of two elements by itself would be a
// jump that nothing foretells.
template <Reduction reduction, class T, class In>
void fold_short(T* out, In in, std::size_t n, std::size_t rows) {
  using Vector = typename Wide<T>::Vector;
  constexpr std::size_t size = Wide<T>::size;
  for (; rows >= size; rows -= size, out += size, in = in.from(size * n)) {
    Vector running = in.apart(n);
    for (std::size_t i = 1; i < n; ++i) running = combine<reduction>(running, in.from(i).apart(n));
    *reinterpret_cast<typename Wide<T>::Unaligned*>(out) = running;
  }
  for (; rows > 0; --rows, ++out, in = in.from(n)) {
    Vector running = {in[0]};
    for (std::size_t i = 1; i < n; ++i) running = combine<reduction>(running, Vector{in[i]});
    *out = running[0];
  }
}
/// Rows that lie one after the other.
template <Reduction reduction, class T, class In>
void fold_each(std::byte* out, In in, std::size_t n, std::size_t rows) {
  T* to = reinterpret_cast<T*>(out);
  if (n < 16) return fold_short<reduction, T>(to, in, n, rows);
  for (; rows > 0; --rows, ++to, in = in.from(n)) *to = fold_range<reduction, T>(in, n);
}

}  // namespace
}  // namespace wengert::kernel
