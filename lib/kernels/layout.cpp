// Kernels that move elements of one, four and eight bytes: strided ones brought together, rows and columns
// exchanged.
#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/kernels/table.hpp"
#include "lib/kernels/wide.hpp"

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

/// Rows of at least `unit` bytes; what does not fill the last unit is copied with some that was before.
template <std::size_t unit>
void copy_rows(std::byte* to, const std::byte* from, std::size_t rows, std::size_t bytes,
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

template <class T>
struct TransposeTile {
  static constexpr std::size_t side = 32 / sizeof(T), tile = 2 * side;  // a tile's rows are cache lines
  typedef T Vector __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));

  /// Interleaves the first half of a list of vectors with the second. As often as it can be halved, it is
  /// transposed.
  static void interleave(const Vector* a, Vector* b) {
    for (std::size_t k = 0; k < side / 2; ++k) {
      const Vector p = a[k], q = a[k + side / 2];
      if constexpr (side == 8) {
        b[2 * k] = __builtin_shufflevector(p, q, 0, 8, 1, 9, 2, 10, 3, 11);
        b[2 * k + 1] = __builtin_shufflevector(p, q, 4, 12, 5, 13, 6, 14, 7, 15);
      } else {
        b[2 * k] = __builtin_shufflevector(p, q, 0, 4, 1, 5);
        b[2 * k + 1] = __builtin_shufflevector(p, q, 2, 6, 3, 7);
      }
    }
  }
  static void turn(Vector* v) {
    Vector w[side];
    interleave(v, w);
    interleave(w, v);
    if constexpr (side == 8) {
      interleave(v, w);
      for (std::size_t k = 0; k < side; ++k) v[k] = w[k];
    }
  }
  /// Reads every line of the tile whole, then writes every line whole: with rows a power of two apart they
  /// would drive each other out of the cache.
  static void copy(T* out, const T* in, std::ptrdiff_t out_pitch, std::ptrdiff_t in_pitch) {
    Vector quarters[2][2][side];  // [upper or lower rows of out][left or right columns]
    for (std::size_t j = 0; j < tile; ++j)
      for (std::size_t half = 0; half < 2; ++half)
        quarters[half][j / side][j % side] = *reinterpret_cast<const Vector*>(
            in + static_cast<std::ptrdiff_t>(j) * in_pitch + static_cast<std::ptrdiff_t>(half * side));
    for (auto& half : quarters)
      for (auto& quarter : half) turn(quarter);
    for (std::size_t i = 0; i < tile; ++i)
      for (std::size_t half = 0; half < 2; ++half)
        *reinterpret_cast<Vector*>(out + static_cast<std::ptrdiff_t>(i) * out_pitch +
                                   static_cast<std::ptrdiff_t>(half * side)) =
            quarters[i / side][half][i % side];
  }
};

template <>
struct TransposeTile<std::uint8_t> {
  static constexpr std::size_t tile = 16;
  typedef std::uint8_t Vector __attribute__((vector_size(16), aligned(1), may_alias));

  static void interleave(const Vector* a, Vector* b) {
    for (std::size_t k = 0; k < tile / 2; ++k) {
      const Vector p = a[k], q = a[k + tile / 2];
      b[2 * k] = __builtin_shufflevector(p, q, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      b[2 * k + 1] =
          __builtin_shufflevector(p, q, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
  }
  static void copy(std::uint8_t* out, const std::uint8_t* in, std::ptrdiff_t out_pitch,
                   std::ptrdiff_t in_pitch) {
    Vector v[tile], w[tile];
    for (std::size_t j = 0; j < tile; ++j)
      v[j] = *reinterpret_cast<const Vector*>(in + static_cast<std::ptrdiff_t>(j) * in_pitch);
    for (int time = 0; time < 2; ++time) {
      interleave(v, w);
      interleave(w, v);
    }
    for (std::size_t i = 0; i < tile; ++i)
      *reinterpret_cast<Vector*>(out + static_cast<std::ptrdiff_t>(i) * out_pitch) = v[i];
  }
};

template <class T>
void transpose(std::byte* to, const std::byte* from, std::size_t rows, std::size_t columns,
               std::ptrdiff_t out_pitch, std::ptrdiff_t in_pitch) {
  constexpr std::size_t tile = TransposeTile<T>::tile;
  T* out = reinterpret_cast<T*>(to);
  const T* in = reinterpret_cast<const T*>(from);
  const auto offset = [](std::size_t a, std::ptrdiff_t pitch, std::size_t b) {
    return static_cast<std::ptrdiff_t>(a) * pitch + static_cast<std::ptrdiff_t>(b);
  };
  const std::size_t whole_rows = rows / tile * tile, whole_columns = columns / tile * tile;
  // Square by square, so that no more pages are in use at a time than the processor keeps the addresses of,
  // and what was fetched beside a line is still there when its turn comes.
  constexpr std::size_t side = 128;
  for (std::size_t top = 0; top < whole_rows; top += side)
    for (std::size_t left = 0; left < whole_columns; left += side)
      for (std::size_t i = top; i < std::min(top + side, whole_rows); i += tile)
        for (std::size_t j = left; j < std::min(left + side, whole_columns); j += tile)
          TransposeTile<T>::copy(out + offset(i, out_pitch, j), in + offset(j, in_pitch, i), out_pitch,
                                 in_pitch);
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
