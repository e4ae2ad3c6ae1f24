// Kernels that move elements of one, four and eight bytes: strided ones brought together, rows and columns
// exchanged.
#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/kernels/table.hpp"
#include "lib/kernels/wide.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace wengert::kernel {
namespace {

/// A run of `stride` 2, 3, -1 or -2, for which whole registers are loaded and their elements exchanged. It
/// does as many as it can without looking beyond the run's own elements; returns how many.
template <int stride, class T, std::size_t... k>
std::ptrdiff_t shuffle_run(T* out, const T* in, std::ptrdiff_t count, std::index_sequence<k...>) {
  using Vector = typename Wide<T>::Vector;
  using Unaligned = typename Wide<T>::Unaligned;
  constexpr int size = static_cast<int>(Wide<T>::size);
  const auto load = [](const T* at) -> Vector { return *reinterpret_cast<const Unaligned*>(at); };
  std::ptrdiff_t i = 0;
  for (; i + size < count; i += size) {
    const T* at = in + i * stride;
    Vector value;
    if constexpr (stride == 2) {
      value = __builtin_shufflevector(load(at), load(at + size), (2 * static_cast<int>(k))...);
    } else if constexpr (stride == -1) {
      value = __builtin_shufflevector(load(at - size + 1), load(at - size + 1),
                                      (size - 1 - static_cast<int>(k))...);
    } else if constexpr (stride == -2) {
      value = __builtin_shufflevector(load(at - 2 * size + 1), load(at - size + 1),
                                      (2 * size - 1 - 2 * static_cast<int>(k))...);
    } else {
      // Of three registers in a row each place holds exactly one element that is wanted.
      constexpr auto from = [](int lane) { return lane % 3 == 0 ? 0 : (size + lane) % 3 == 0 ? 1 : 2; };
      const Vector two = __builtin_shufflevector(
          load(at), load(at + size), (static_cast<int>(k) + (from(static_cast<int>(k)) == 1 ? size : 0))...);
      const Vector three = __builtin_shufflevector(
          two, load(at + 2 * size), (static_cast<int>(k) + (from(static_cast<int>(k)) == 2 ? size : 0))...);
      value = __builtin_shufflevector(three, three, (3 * static_cast<int>(k) % size)...);
    }
    *reinterpret_cast<Unaligned*>(out + i) = value;
  }
  return i;
}

template <class T>
void gather_run(T* out, const T* in, std::ptrdiff_t count, std::ptrdiff_t stride) {
  std::ptrdiff_t i = 0;
  if constexpr (sizeof(T) > 1) {
    constexpr std::make_index_sequence<Wide<T>::size> all{};
    if (stride == 2)
      i = shuffle_run<2>(out, in, count, all);
    else if (stride == 3)
      i = shuffle_run<3>(out, in, count, all);
    else if (stride == -1)
      i = shuffle_run<-1>(out, in, count, all);
    else if (stride == -2)
      i = shuffle_run<-2>(out, in, count, all);
  }
  if (stride == 0) {
    const T value = *in;
    for (; i < count; ++i) out[i] = value;
    return;
  }
  const T* at = in + i * stride;
  for (; i + 4 <= count; i += 4, at += 4 * stride) {
    const T a = at[0], b = at[stride], c = at[2 * stride], d = at[3 * stride];
    out[i] = a;
    out[i + 1] = b;
    out[i + 2] = c;
    out[i + 3] = d;
  }
  for (; i < count; ++i, at += stride) out[i] = *at;
}

/// Rows of at least `unit` bytes; what does not fill the last unit is copied with some that was before. One
/// row after the other: where it sees both arrays, GCC takes several at a time, which takes half as long
/// again.
template <std::size_t unit>
[[gnu::noinline]] void copy_rows(std::byte* to, const std::byte* from, std::size_t rows, std::size_t bytes,
                                 std::ptrdiff_t pitch, std::ptrdiff_t step) {
  for (; rows > 0; --rows, to += pitch, from += step) {
    for (std::size_t at = 0; at + unit < bytes; at += unit) std::memcpy(to + at, from + at, unit);
    std::memcpy(to + bytes - unit, from + bytes - unit, unit);
  }
}

template <class T>
void gather(std::byte* to, const std::byte* from, std::size_t rows, std::size_t columns, std::ptrdiff_t pitch,
            std::ptrdiff_t row_step, std::ptrdiff_t column_step) {
  constexpr auto item = static_cast<std::ptrdiff_t>(sizeof(T));
  const std::size_t bytes = columns * sizeof(T);
  if (column_step == 1 && bytes >= 4) {
    if (bytes < 8) return copy_rows<4>(to, from, rows, bytes, pitch * item, row_step * item);
    if (bytes < 16) return copy_rows<8>(to, from, rows, bytes, pitch * item, row_step * item);
    if (bytes < 32) return copy_rows<16>(to, from, rows, bytes, pitch * item, row_step * item);
    if (bytes < 512) return copy_rows<32>(to, from, rows, bytes, pitch * item, row_step * item);
  }
  for (; rows > 0; --rows, to += pitch * item, from += row_step * item) {
    if (column_step == 1)
      std::memcpy(to, from, bytes);
    else
      gather_run(reinterpret_cast<T*>(to), reinterpret_cast<const T*>(from),
                 static_cast<std::ptrdiff_t>(columns), column_step);
  }
}

/// A square of `side` rows and columns, exchanged. Halves of registers come together as they are loaded, so
/// that elements need to move within halves only.
template <class T>
struct TransposeTile {
  static constexpr std::size_t half = 16 / sizeof(T), side = 2 * half;
  typedef T Vector __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
  typedef std::uint64_t Pairs __attribute__((vector_size(32), aligned(4), may_alias));

  static void join(Vector& both, const T* low, const T* high) {
#ifdef __AVX2__
    // From memory to the upper half in one instruction, which GCC does not find.
    const __m128i above = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
    both = Vector(_mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))), above, 1));
#else
    std::memcpy(&both, low, 16);
    std::memcpy(reinterpret_cast<std::byte*>(&both) + 16, high, 16);
#endif
  }
  static void copy(T* out, const T* in, std::ptrdiff_t out_pitch, std::ptrdiff_t in_pitch) {
    for (std::size_t i = 0; i < side; i += half) {
      Vector v[half];  // of each row of `in` and the one half a side below, what goes to rows i, i + 1, ...
      for (std::size_t k = 0; k < half; ++k) {
        const T* low = in + static_cast<std::ptrdiff_t>(k) * in_pitch + i;
        join(v[k], low, low + static_cast<std::ptrdiff_t>(half) * in_pitch);
      }
      const auto put_two = [&](std::size_t row, const Pairs& a, const Pairs& b) {
        T* to = out + static_cast<std::ptrdiff_t>(i + row) * out_pitch;
        *reinterpret_cast<Pairs*>(to) = __builtin_shufflevector(a, b, 0, 4, 2, 6);
        *reinterpret_cast<Pairs*>(to + out_pitch) = __builtin_shufflevector(a, b, 1, 5, 3, 7);
      };
      if constexpr (side == 8) {
        put_two(0, Pairs(__builtin_shufflevector(v[0], v[1], 0, 8, 1, 9, 4, 12, 5, 13)),
                Pairs(__builtin_shufflevector(v[2], v[3], 0, 8, 1, 9, 4, 12, 5, 13)));
        put_two(2, Pairs(__builtin_shufflevector(v[0], v[1], 2, 10, 3, 11, 6, 14, 7, 15)),
                Pairs(__builtin_shufflevector(v[2], v[3], 2, 10, 3, 11, 6, 14, 7, 15)));
      } else {
        put_two(0, Pairs(v[0]), Pairs(v[1]));
      }
    }
  }
};

template <>
struct TransposeTile<std::uint8_t> {
  static constexpr std::size_t side = 16;
  typedef std::uint8_t Vector __attribute__((vector_size(16), aligned(1), may_alias));

  static void interleave(const Vector* a, Vector* b) {
    for (std::size_t k = 0; k < side / 2; ++k) {
      const Vector p = a[k], q = a[k + side / 2];
      b[2 * k] = __builtin_shufflevector(p, q, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      b[2 * k + 1] =
          __builtin_shufflevector(p, q, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
  }
  static void copy(std::uint8_t* out, const std::uint8_t* in, std::ptrdiff_t out_pitch,
                   std::ptrdiff_t in_pitch) {
    Vector v[side], w[side];
    for (std::size_t j = 0; j < side; ++j)
      v[j] = *reinterpret_cast<const Vector*>(in + static_cast<std::ptrdiff_t>(j) * in_pitch);
    for (int time = 0; time < 2; ++time) {
      interleave(v, w);
      interleave(w, v);
    }
    for (std::size_t i = 0; i < side; ++i)
      *reinterpret_cast<Vector*>(out + static_cast<std::ptrdiff_t>(i) * out_pitch) = v[i];
  }
};

#ifdef __AVX512F__
/// Whole lines are loaded and stored.
template <>
struct TransposeTile<std::uint64_t> {
  static constexpr std::size_t side = 8;
  typedef std::uint64_t Vector __attribute__((vector_size(64), aligned(8), may_alias));

  static void copy(std::uint64_t* out, const std::uint64_t* in, std::ptrdiff_t out_pitch,
                   std::ptrdiff_t in_pitch) {
    Vector v[side], w[side];
    for (std::size_t k = 0; k < side; ++k)
      v[k] = *reinterpret_cast<const Vector*>(in + static_cast<std::ptrdiff_t>(k) * in_pitch);
    // Pairs of elements, then pairs of pairs, then halves change places.
    for (std::size_t k = 0; k < side; k += 2) {
      w[k] = __builtin_shufflevector(v[k], v[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
      w[k + 1] = __builtin_shufflevector(v[k], v[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (std::size_t k = 0; k < side; k += 4)
      for (std::size_t i = 0; i < 2; ++i) {
        v[k + i] = __builtin_shufflevector(w[k + i], w[k + i + 2], 0, 1, 4, 5, 8, 9, 12, 13);
        v[k + i + 2] = __builtin_shufflevector(w[k + i], w[k + i + 2], 2, 3, 6, 7, 10, 11, 14, 15);
      }
    const auto put = [&](std::size_t row, const Vector& value) {
      *reinterpret_cast<Vector*>(out + static_cast<std::ptrdiff_t>(row) * out_pitch) = value;
    };
    for (std::size_t i = 0; i < 4; ++i) {
      put(i, __builtin_shufflevector(v[i], v[i + 4], 0, 1, 4, 5, 8, 9, 12, 13));
      put(i + 4, __builtin_shufflevector(v[i], v[i + 4], 2, 3, 6, 7, 10, 11, 14, 15));
    }
  }
};
#endif

/// Whole squares. Few rows of `in` at a time, of each some lines: that is as fast as reading on and on,
/// however far the rows are apart, where line by line down the columns takes three times as long. `ahead`
/// elements of a row of `out` are written before the next row's.
template <class T>
void transpose_squares(T* out, const T* in, std::size_t rows, std::size_t columns, std::ptrdiff_t out_pitch,
                       std::ptrdiff_t in_pitch, std::size_t ahead) {
  constexpr std::size_t side = TransposeTile<T>::side;
  for (std::size_t first = 0; first < columns; first += ahead)
    for (std::size_t i = 0; i < rows; i += side)
      for (std::size_t j = first; j < std::min(first + ahead, columns); j += side)
        TransposeTile<T>::copy(out + static_cast<std::ptrdiff_t>(i) * out_pitch + j,
                               in + static_cast<std::ptrdiff_t>(j) * in_pitch + i, out_pitch, in_pitch);
}

template <class T>
void transpose(std::byte* to, const std::byte* from, std::size_t rows, std::size_t columns,
               std::ptrdiff_t out_pitch, std::ptrdiff_t in_pitch) {
  T* out = reinterpret_cast<T*>(to);
  const T* in = reinterpret_cast<const T*>(from);
  const auto offset = [](std::size_t a, std::ptrdiff_t pitch, std::size_t b) {
    return static_cast<std::ptrdiff_t>(a) * pitch + static_cast<std::ptrdiff_t>(b);
  };
  constexpr std::size_t side = TransposeTile<T>::side, line = 64 / sizeof(T);
  // As measured: of rows of eight-byte elements fewer at a time, and more of each.
  constexpr std::size_t strip = sizeof(T) == 8 ? 16 : 64, length = (sizeof(T) == 8 ? 16 : 8) * line;
  const std::size_t whole_rows = rows / side * side, whole_columns = columns / side * side;
  // Rows of `out` that lie in few sets of the cache would drive each other out as they are written line by
  // line. So some of a row is written before the next, where squares are as wide as lines; others are put
  // together elsewhere.
  constexpr auto item = static_cast<std::ptrdiff_t>(sizeof(T));
  const bool apart = out_pitch * item % 1024 != 0;
  for (std::size_t i = 0; i < whole_rows; i += strip) {
    const std::size_t some = std::min(strip, whole_rows - i);
    if (apart || side == line) {
      transpose_squares(out + offset(i, out_pitch, 0), in + i, some, whole_columns, out_pitch, in_pitch,
                        apart ? side : 8 * side);
    } else if constexpr (side != line) {
      constexpr std::size_t pitch = length + line;
      alignas(64) T room[strip * pitch];
      for (std::size_t j = 0; j < whole_columns; j += length) {
        const std::size_t run = std::min(length, whole_columns - j);
        transpose_squares(room, in + offset(j, in_pitch, i), some, run, pitch, in_pitch, side);
        copy_rows<side * sizeof(T)>(reinterpret_cast<std::byte*>(out + offset(i, out_pitch, j)),
                                    reinterpret_cast<const std::byte*>(room), some, run * sizeof(T),
                                    out_pitch * item, static_cast<std::ptrdiff_t>(pitch) * item);
      }
    }
  }
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
      out[offset(i, out_pitch, j)] = in[offset(j, in_pitch, i)];
}

}  // namespace

namespace WENGERT_ISA {
void fill_layout(Table& table) {
  table.gather[0] = gather<std::uint8_t>;
  table.gather[1] = gather<std::uint32_t>;
  table.gather[2] = gather<std::uint64_t>;
  table.transpose[0] = transpose<std::uint8_t>;
  table.transpose[1] = transpose<std::uint32_t>;
  table.transpose[2] = transpose<std::uint64_t>;
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
