// Block kernels beside the rows: comparisons, selection, casts, moves and small products. Each operation here
// is exact or adds in a fixed order, so plain loops that the compiler vectorizes give the same bits
// everywhere.
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/kernels/table.hpp"

namespace wengert::kernel {
namespace {

#define UNARY(...)
#define BINARY(...)
#define COMPARE(name, text, ...)                 \
  template <class T>                             \
  struct Compare_##name {                        \
    using Out = bool;                            \
    static bool of(T a, T b, T) { return text; } \
  };
#include "wengert/ops/elementwise.def"
#undef COMPARE

template <class T>
struct Select {
  using Out = T;
  static T of(std::uint8_t mask, T a, T b) { return mask ? a : b; }
};

// A loop for each choice of single inputs, so that the compiler vectorizes every one.
template <class F, class A, class B, class C, unsigned single>
void run_some(std::byte* out, const std::byte* const* in, std::size_t n) {
  auto* to = reinterpret_cast<typename F::Out*>(out);
  const A* a = reinterpret_cast<const A*>(in[0]);
  const B* b = reinterpret_cast<const B*>(in[1]);
  const C* c = reinterpret_cast<const C*>(in[2]);
  const A a0 = single & 1 ? *a : A();
  const B b0 = single & 2 ? *b : B();
  const C c0 = single & 4 ? *c : C();
  for (std::size_t i = 0; i < n; ++i)
    to[i] = F::of(single & 1 ? a0 : a[i], single & 2 ? b0 : b[i], single & 4 ? c0 : c[i]);
}
template <class F, class A, class B, class C>
void run(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  switch (single) {
    case 0:
      return run_some<F, A, B, C, 0>(out, in, n);
    case 1:
      return run_some<F, A, B, C, 1>(out, in, n);
    case 2:
      return run_some<F, A, B, C, 2>(out, in, n);
    case 3:
      return run_some<F, A, B, C, 3>(out, in, n);
    case 4:
      return run_some<F, A, B, C, 4>(out, in, n);
    case 5:
      return run_some<F, A, B, C, 5>(out, in, n);
    case 6:
      return run_some<F, A, B, C, 6>(out, in, n);
    default:
      return run_some<F, A, B, C, 7>(out, in, n);
  }
}
// Of two inputs: the third is the first again, and nobody looks at it.
template <class F, class T>
void compare(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  const std::byte* const inputs[3] = {in[0], in[1], in[0]};
  run<F, T, T, T>(out, inputs, n, single | 4);
}
template <class T>
void select(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  run<Select<T>, std::uint8_t, T, T>(out, in, n, single);
}

// A float beyond int64, or NaN, has no integer: the nearest end, and 0 for NaN, rather than what hardware
// leaves.
template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_same_v<To, std::int64_t> && std::is_floating_point_v<From>) {
    if (!(value > From(-0x1p63))) return value == value ? std::numeric_limits<To>::min() : 0;
    return value < From(0x1p63) ? static_cast<To>(value) : std::numeric_limits<To>::max();
  } else {
    return static_cast<To>(value);
  }
}
template <class From, class To>
void cast(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  To* to = reinterpret_cast<To*>(out);
  const From* from = reinterpret_cast<const From*>(in[0]);
  if (single) {
    const To value = converted<To>(*from);
    for (std::size_t i = 0; i < n; ++i) to[i] = value;
    return;
  }
  for (std::size_t i = 0; i < n; ++i) to[i] = converted<To>(from[i]);
}

// Row of c by row, so that the inner loop runs along b and c.
template <class T>
void product(std::byte* out, const std::byte* left, const std::byte* right, std::size_t m, std::size_t n,
             std::size_t k, const std::ptrdiff_t* strides, bool add, std::byte*) {
  constexpr std::size_t columns = 64;
  T* c = reinterpret_cast<T*>(out);
  const T* a = reinterpret_cast<const T*>(left);
  const T* b = reinterpret_cast<const T*>(right);
  const std::ptrdiff_t a_row = strides[0], a_column = strides[1], b_row = strides[2], b_column = strides[3];
  for (std::size_t i = 0; i < m; ++i, a += a_row)
    for (std::size_t first = 0; first < n; first += columns) {
      const std::size_t width = n - first < columns ? n - first : columns;
      T sum[columns];
      for (std::size_t j = 0; j < width; ++j) sum[j] = T(0);
      const T* row = b + static_cast<std::ptrdiff_t>(first) * b_column;
      for (std::size_t p = 0; p < k; ++p, row += b_row) {
        const T factor = a[static_cast<std::ptrdiff_t>(p) * a_column];
        if (b_column == 1) {
          for (std::size_t j = 0; j < width; ++j) sum[j] += factor * row[j];
        } else {
          for (std::size_t j = 0; j < width; ++j)
            sum[j] += factor * row[static_cast<std::ptrdiff_t>(j) * b_column];
        }
      }
      for (std::size_t j = 0; j < width; ++j, ++c) *c = add ? *c + sum[j] : sum[j];
    }
}

// to[i] = from[i * stride].
template <class T>
void gather(std::byte* to, const std::byte* from, std::size_t n, std::ptrdiff_t stride) {
  T* out = reinterpret_cast<T*>(to);
  const T* in = reinterpret_cast<const T*>(from);
  const auto count = static_cast<std::ptrdiff_t>(n);
  // The commonest strides as constants, which the compiler turns into shuffles.
  switch (stride) {
    case 0:
      for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = *in;
      break;
    case 1:
      for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = in[i];
      break;
    case 2:
      for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = in[2 * i];
      break;
    case -1:
      for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = in[-i];
      break;
    default:
      for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = in[i * stride];
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
  for (std::size_t i = 0; i < whole_rows; i += tile)
    for (std::size_t j = 0; j < whole_columns; j += tile)
      TransposeTile<T>::copy(out + offset(i, out_pitch, j), in + offset(j, in_pitch, i), out_pitch, in_pitch);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
      out[offset(i, out_pitch, j)] = in[offset(j, in_pitch, i)];
}

template <class From>
void fill_casts(Block* entry) {
  entry[0] = cast<From, float>;
  entry[1] = cast<From, double>;
  entry[2] = cast<From, std::int64_t>;
  entry[3] = cast<From, bool>;
}

}  // namespace

namespace WENGERT_ISA {
void fill_others(Table& table) {
#define COMPARE(name, ...)                                            \
  {                                                                   \
    Block* entry = table.compare[static_cast<int>(Comparison::name)]; \
    entry[0] = compare<Compare_##name<float>, float>;                 \
    entry[1] = compare<Compare_##name<double>, double>;               \
    entry[2] = compare<Compare_##name<std::int64_t>, std::int64_t>;   \
    entry[3] = compare<Compare_##name<bool>, bool>;                   \
  }
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  table.select[0] = select<float>;
  table.select[1] = select<double>;
  table.select[2] = select<std::int64_t>;
  table.select[3] = select<bool>;
  fill_casts<float>(table.cast[0]);
  fill_casts<double>(table.cast[1]);
  fill_casts<std::int64_t>(table.cast[2]);
  fill_casts<std::uint8_t>(table.cast[3]);  // of bools, as bytes that compilers know how to widen
  table.gather[0] = gather<std::uint8_t>;
  table.gather[1] = gather<std::uint32_t>;
  table.gather[2] = gather<std::uint64_t>;
  table.transpose[0] = transpose<std::uint8_t>;
  table.transpose[1] = transpose<std::uint32_t>;
  table.transpose[2] = transpose<std::uint64_t>;
  table.small_product[0] = product<float>;
  table.small_product[1] = product<double>;
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
