// Moving the first elements of a register by mask.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>

namespace wengert::kernel {
namespace {

#ifdef __AVX512F__
inline __mmask16 first_lanes(std::size_t count) { return static_cast<__mmask16>((1u << count) - 1); }
#else
/// Of eight words of 32 bits, those in front.
inline __m256i first_words(std::size_t count) {
  alignas(64) static constexpr std::int32_t masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(masks + 8 - count));
}
#endif

/// What is moved by mask is not instrumented: under AddressSanitizer both the first and the last element are
/// read.
template <class T>
inline void check([[maybe_unused]] const T* first, [[maybe_unused]] std::size_t count) {
#ifdef __SANITIZE_ADDRESS__
  if (count == 0) return;
  static_cast<void>(*static_cast<const volatile T*>(first));
  static_cast<void>(*static_cast<const volatile T*>(first + count - 1));
#endif
}

/// Stores the first `count` elements.
#ifdef __AVX512F__
inline void store_first(float* to, __m512 values, std::size_t count) {
  check(to, count);
  _mm512_mask_storeu_ps(to, first_lanes(count), values);
}
inline void store_first(double* to, __m512d values, std::size_t count) {
  check(to, count);
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>(first_lanes(count)), values);
}
#else
inline void store_first(float* to, __m256 values, std::size_t count) {
  check(to, count);
  _mm256_maskstore_ps(to, first_words(count), values);
}
inline void store_first(double* to, __m256d values, std::size_t count) {
  check(to, count);
  _mm256_maskstore_pd(to, first_words(2 * count), values);
}
#endif

}  // namespace
}  // namespace wengert::kernel
#endif
