// Folds: all elements of a run to one, by sum, product, maximum or minimum. In plain C++ on vectors of the
// instruction set's width: elements meet in a fixed order, so the bits are the same everywhere.
#include <cstring>
#include <utility>

#include "lib/kernels/table.hpp"
#include "lib/kernels/wide.hpp"

namespace wengert::kernel {
namespace {

template <Reduction reduction, class T>
inline T combine(T a, T b) {
  if constexpr (reduction == Reduction::sum) return a + b;
  if constexpr (reduction == Reduction::prod) return a * b;
  // A NaN on either side stays.
  if constexpr (reduction == Reduction::max) return ((a > b) | (a != a)) ? a : b;
  if constexpr (reduction == Reduction::min) return ((a < b) | (a != a)) ? a : b;
}

/// What a fold runs over: the elements of an array, or the products of two.
template <class T>
struct Elements {
  const T* at;
  T operator[](std::size_t i) const { return at[i]; }
  typename Wide<T>::Vector wide(std::size_t i) const {
    return *reinterpret_cast<const typename Wide<T>::Unaligned*>(at + i);
  }
  Elements from(std::size_t i) const { return {at + i}; }
};
template <class T>
struct Products {
  Elements<T> a, b;
  T operator[](std::size_t i) const { return a[i] * b[i]; }
  typename Wide<T>::Vector wide(std::size_t i) const { return a.wide(i) * b.wide(i); }
  Products from(std::size_t i) const { return {a.from(i), b.from(i)}; }
};

// The running values of a fold, all of them in registers: only constants are indices.
template <Reduction reduction, class T, std::size_t lanes>
struct Running {
  static constexpr std::size_t size = Wide<T>::size, vectors = lanes / size;
  using Vector = typename Wide<T>::Vector;
  Vector wide[vectors];

  template <std::size_t count = vectors, class F>
  [[gnu::always_inline]] static void each(F f) {
    [&]<std::size_t... v>(std::index_sequence<v...>) __attribute__((always_inline)) { (f(v), ...); }
    (std::make_index_sequence<count>());
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
  /// One after the other into the first values.
  template <class In>
  void add_rest(const In& in, std::size_t i, std::size_t n) {
    using Unaligned = typename Wide<T>::Unaligned;
    T values[lanes];
    each([&](std::size_t v) { *reinterpret_cast<Unaligned*>(values + v * size) = wide[v]; });
    for (T* value = values; i < n; ++i, ++value) *value = combine<reduction>(*value, in[i]);
    each([&](std::size_t v) { wide[v] = *reinterpret_cast<const Unaligned*>(values + v * size); });
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
  for (; i + lanes <= n; i += lanes) running.add(in, i);
  if (i < n) running.add_rest(in, i, n);
  return running.result();
}
// Sixty-four running values over at most 2048 elements, or sixteen over few, then halves of longer ranges:
// the error grows with the logarithm of the length, and the order depends on the length alone.
template <Reduction reduction, class T, class In>
T fold_range(const In& in, std::size_t n) {
  if (n > 2048) {
    const std::size_t half = n / 2 / 64 * 64;
    return combine<reduction>(fold_range<reduction, T>(in, half),
                              fold_range<reduction, T>(in.from(half), n - half));
  }
  if (n >= 128) return fold_lanes<reduction, T, 64>(in, n);
  if (n >= 16) return fold_lanes<reduction, T, 16>(in, n);
  T value = in[0];
  for (std::size_t i = 1; i < n; ++i) value = combine<reduction>(value, in[i]);
  return value;
}
template <Reduction reduction, class T>
void fold(std::byte* out, const std::byte* in, std::size_t n) {
  *reinterpret_cast<T*>(out) = fold_range<reduction, T>(Elements<T>{reinterpret_cast<const T*>(in)}, n);
}
template <class T>
void fold_products(std::byte* out, const std::byte* const* in, std::size_t n) {
  const Products<T> products{{reinterpret_cast<const T*>(in[0])}, {reinterpret_cast<const T*>(in[1])}};
  *reinterpret_cast<T*>(out) = fold_range<Reduction::sum, T>(products, n);
}
// Running values of a few columns stay in registers while the rows go by.
template <Reduction reduction, class T>
void fold_rows(std::byte* out, const std::byte* in, std::size_t rows, std::size_t columns,
               std::ptrdiff_t step) {
  T* to = reinterpret_cast<T*>(out);
  const T* from = reinterpret_cast<const T*>(in);
  constexpr std::size_t size = Wide<T>::size;
  std::size_t j = 0;
  const auto some = [&]<std::size_t vectors>(std::integral_constant<std::size_t, vectors>) {
    for (; j + vectors * size <= columns; j += vectors * size) {
      Elements<T> row{from + j};
      typename Wide<T>::Vector running[vectors];
      for (std::size_t v = 0; v < vectors; ++v) running[v] = row.wide(v * size);
      for (std::size_t i = 1; i < rows; ++i) {
        row.at += step;
        for (std::size_t v = 0; v < vectors; ++v)
          running[v] = combine<reduction>(running[v], row.wide(v * size));
      }
      for (std::size_t v = 0; v < vectors; ++v)
        *reinterpret_cast<typename Wide<T>::Unaligned*>(to + j + v * size) = running[v];
    }
  };
  some(std::integral_constant<std::size_t, 4>());
  some(std::integral_constant<std::size_t, 1>());
  // One lane of a register at the end: a comparison of two elements would be a jump that nothing foretells.
  for (; j < columns; ++j) {
    const T* at = from + j;
    typename Wide<T>::Vector running = {*at};
    for (std::size_t i = 1; i < rows; ++i)
      running = combine<reduction>(running, typename Wide<T>::Vector{*(at += step)});
    to[j] = running[0];
  }
}
template <Reduction reduction>
void fill_fold(Table& table) {
  Fold* entry = table.fold[static_cast<int>(reduction)];
  entry[0] = fold<reduction, float>;
  entry[1] = fold<reduction, double>;
  entry[2] = fold<reduction, std::int64_t>;
  FoldRows* rows = table.fold_rows[static_cast<int>(reduction)];
  rows[0] = fold_rows<reduction, float>;
  rows[1] = fold_rows<reduction, double>;
  rows[2] = fold_rows<reduction, std::int64_t>;
}

}  // namespace

namespace WENGERT_ISA {
void fill_folds(Table& table) {
  fill_fold<Reduction::sum>(table);
  fill_fold<Reduction::prod>(table);
  fill_fold<Reduction::max>(table);
  fill_fold<Reduction::min>(table);
  table.fold_products[0] = fold_products<float>;
  table.fold_products[1] = fold_products<double>;
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
