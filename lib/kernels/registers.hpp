// What matrix products of float32 are made of, for instruction sets with fused multiply-adds: registers, how
// they are loaded and stored in part, and the order of tiles.
#pragma once

#include <cstddef>

#include "lib/kernels/masked.hpp"

#ifdef __FMA__
#include <immintrin.h>

namespace wengert::kernel {
namespace {

using Size = std::size_t;
using Step = std::ptrdiff_t;

#ifdef __AVX512F__
constexpr int lanes = 16, tile_rows = 12;
typedef float Vector __attribute__((vector_size(64)));
typedef float Unaligned __attribute__((vector_size(64), aligned(4), may_alias));
inline Vector broadcast(float x) { return _mm512_set1_ps(x); }
inline Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
#else
constexpr int lanes = 8, tile_rows = 6;
typedef float Vector __attribute__((vector_size(32)));
typedef float Unaligned __attribute__((vector_size(32), aligned(4), may_alias));
inline Vector broadcast(float x) { return _mm256_set1_ps(x); }
inline Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
#endif
constexpr Size panel = 2 * lanes;
constexpr Size most_k = 256;  // terms summed up in registers; longer sums in such parts

#if defined(__SANITIZE_ADDRESS__) && !defined(__AVX512F__)
/// An unaligned vector is instrumented by a slow call, which took three quarters of a product's time.
inline Vector load(const float* from) {
  check(from, lanes);
  return Vector(_mm256_maskload_ps(from, _mm256_set1_epi32(-1)));
}
#else
inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
#endif
inline void store(float* to, Vector v) { *reinterpret_cast<Unaligned*>(to) = v; }

inline Vector load_first(const float* from, Size count) {
  check(from, count);
#ifdef __AVX512F__
  return Vector(_mm512_maskz_loadu_ps(first_lanes(count), from));
#else
  return Vector(_mm256_maskload_ps(from, first_words(count)));
#endif
}

/// The first `count` elements at `to` = v, or += v.
inline void put(float* to, Vector v, bool add, Size count) {
  store_first(to, add ? load_first(to, count) + v : v, count);
}

/// The sum of a vector's elements, by halves.
inline float total(Vector v) {
#ifdef __AVX512F__
  const __m256 eight =
      _mm512_castps512_ps256(v) + _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
#else
  const __m256 eight = v;
#endif
  const __m128 four = _mm256_castps256_ps128(eight) + _mm256_extractf128_ps(eight, 1);
  const __m128 two = four + _mm_movehl_ps(four, four);
  return _mm_cvtss_f32(two + _mm_movehdup_ps(two));
}

/// Eight vectors of eight, transposed.
inline void turn(__m256* v) {
  typedef float Eight __attribute__((vector_size(32)));
  const auto interleave = [](const __m256* a, __m256* b) {
    for (int i = 0; i < 4; ++i) {
      const Eight p = a[i], q = a[i + 4];
      b[2 * i] = __builtin_shufflevector(p, q, 0, 8, 1, 9, 2, 10, 3, 11);
      b[2 * i + 1] = __builtin_shufflevector(p, q, 4, 12, 5, 13, 6, 14, 7, 15);
    }
  };
  __m256 w[8];
  interleave(v, w);
  interleave(w, v);
  interleave(v, w);
  for (int i = 0; i < 8; ++i) v[i] = w[i];
}

/// to[j * pitch + i] = from[i * step + j] for i < rows <= pitch, j < columns. Room for 8 more behind.
inline void copy_turned(float* to, Size pitch, const float* from, Step step, Size rows, Size columns) {
  Size j = 0;
  for (; j + 8 <= columns; j += 8)
    // From behind: what the eight reach beyond the rows is written after them.
    for (Size left = (rows + 7) / 8; left-- > 0;) {
      const Size i = 8 * left;
      __m256 v[8];
      for (Size r = 0; r < 8; ++r)
        v[r] = _mm256_loadu_ps(from + static_cast<Step>(i + r < rows ? i + r : i) * step + j);
      turn(v);
      for (Size r = 0; r < 8; ++r) _mm256_storeu_ps(to + (j + r) * pitch + i, v[r]);
    }
  for (; j < columns; ++j)
    for (Size i = 0; i < rows; ++i)
      to[j * pitch + i] = from[static_cast<Step>(i) * step + static_cast<Step>(j)];
}

/// How many of the rows that are left the next tile takes: never many and then few.
inline Size next_rows(Size left) {
  constexpr Size most = tile_rows;
  return left >= most + most / 2 || left == most ? most : left > most ? (left + 1) / 2 : left;
}

}  // namespace
}  // namespace wengert::kernel
#endif
