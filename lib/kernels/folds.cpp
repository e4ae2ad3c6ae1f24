// Folds: all elements of a run to one, by sum, product, maximum or minimum. In plain C++ on vectors of the
// instruction set's width: elements meet in a fixed order, so the bits are the same everywhere.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "lib/kernels/folding.hpp"

namespace wengert::kernel {
namespace {

template <Reduction reduction, class T>
void fold(std::byte* out, const std::byte* in, std::size_t n, std::size_t rows) {
  fold_each<reduction, T>(out, Elements<T>{reinterpret_cast<const T*>(in)}, n, rows);
}
template <Reduction reduction, class T>
void fold_every_other(std::byte* out, const std::byte* in, std::size_t n, std::size_t rows) {
  T* to = reinterpret_cast<T*>(out);
  EveryOther<T> from{reinterpret_cast<const T*>(in)};
  for (; rows > 0; --rows, ++to, from = from.from(n)) *to = fold_range<reduction, T>(from, n);
}
template <Reduction reduction, class T>
void combine_every_other(std::byte* out, const std::byte* a, const std::byte* b, std::size_t n) {
  constexpr std::size_t size = Wide<T>::size;
  T* to = reinterpret_cast<T*>(out);
  const Elements<T> left{reinterpret_cast<const T*>(a)};
  const EveryOther<T> right{reinterpret_cast<const T*>(b)};
  std::size_t i = 0;
  for (; i + size <= n; i += size)
    *reinterpret_cast<typename Wide<T>::Unaligned*>(to + i) = combine<reduction>(left.wide(i), right.wide(i));
  for (; i < n; ++i) to[i] = combine<reduction>(left[i], right[i]);
}
template <class T>
void fold_products(std::byte* out, const std::byte* const* in, std::size_t n, std::size_t rows) {
  const Products<T> products{{reinterpret_cast<const T*>(in[0])}, {reinterpret_cast<const T*>(in[1])}};
  fold_each<Reduction::sum, T>(out, products, n, rows);
}
// A few columns of rows that are `step` apart, to one row whose values stay in registers: up to sixteen rows
// one after the other, halves of more. Where there are fewer columns than registers hold, the last ones are
// `partial`.
template <Reduction reduction, class T, std::size_t vectors, bool partial>
class Columns {
 public:
  Columns(const T* in, std::size_t rows, std::size_t columns, std::ptrdiff_t step)
      : in_(in), columns_(columns), step_(step) {
    // A register loaded whole may reach beyond a row, but not beyond the last one.
    const std::ptrdiff_t spare = static_cast<std::ptrdiff_t>(rows - 1) * step +
                                 static_cast<std::ptrdiff_t>(columns) - static_cast<std::ptrdiff_t>(wide);
    whole_ = masked ? rows : spare < 0 ? 0 : step == 0 ? rows : static_cast<std::size_t>(spare / step) + 1;
  }
  void fold(T* out, std::size_t rows) const {
    const Values result = from(0, rows);
    if (columns_ == wide) return store(out, result);
    T room[wide];
    store(room, result);
    std::memcpy(out, room, columns_ * sizeof(T));
  }

 private:
  static constexpr std::size_t size = Wide<T>::size, wide = vectors * size;
#ifdef __AVX2__
  static constexpr bool masked = partial;  // what is beyond a row is not loaded
#else
  static constexpr bool masked = false;
#endif
  struct Values {
    typename Wide<T>::Vector of[vectors];
  };
  static void store(T* to, const Values& values) {
    for (std::size_t v = 0; v < vectors; ++v)
      *reinterpret_cast<typename Wide<T>::Unaligned*>(to + v * size) = values.of[v];
  }
  [[gnu::always_inline]] static void merge(Values& values, const Values& others) {
    for (std::size_t v = 0; v < vectors; ++v) values.of[v] = combine<reduction>(values.of[v], others.of[v]);
  }
  [[gnu::always_inline]] Values load(const T* at) const {
    Values values;
    for (std::size_t v = 0; v < vectors; ++v) {
#ifdef __AVX2__
      if (masked && v >= vectors / 2) {
        const std::size_t count = columns_ > v * size ? std::min(columns_ - v * size, size) : 0;
        values.of[v] = load_some(at + v * size, count);
        continue;
      }
#endif
      values.of[v] = Elements<T>{at}.wide(v * size);
    }
    return values;
  }
  Values from(std::size_t first, std::size_t rows) const {
    const T* at = in_ + static_cast<std::ptrdiff_t>(first) * step_;
    const std::size_t half = rows / 2;
    if (rows <= 16) return masked || first + rows <= whole_ ? one_by_one(at, rows) : at_the_end(first, rows);
    if constexpr (vectors == 1)
      if (rows <= 32 && first + rows <= whole_) return two_at_once(at, half, rows - half);
    Values values = from(first, half);
    merge(values, from(first + half, rows - half));
    return values;
  }
  [[gnu::always_inline]] Values one_by_one(const T* at, std::size_t rows) const {
    Values values = load(at);
    for (std::size_t i = 1; i < rows; ++i) merge(values, load(at += step_));
    return values;
  }
  /// Halves whose additions do not wait for one another.
  [[gnu::always_inline]] Values two_at_once(const T* at, std::size_t half, std::size_t rest) const {
    const T* other = at + static_cast<std::ptrdiff_t>(half) * step_;
    Values values = load(at), others = load(other);
    for (std::size_t i = 1; i < half; ++i) {
      merge(values, load(at += step_));
      merge(others, load(other += step_));
    }
    if (rest > half) merge(others, load(other += step_));
    merge(values, others);
    return values;
  }
  [[gnu::noinline]] Values at_the_end(std::size_t first, std::size_t rows) const {
    Values values;
    for (std::size_t i = first; i < first + rows; ++i) {
      T room[wide] = {};
      std::memcpy(room, in_ + static_cast<std::ptrdiff_t>(i) * step_, columns_ * sizeof(T));
      i == first ? void(values = load(room)) : merge(values, load(room));
    }
    return values;
  }

  const T* in_;
  std::size_t columns_, whole_;
  std::ptrdiff_t step_;
};
template <Reduction reduction, class T>
void fold_rows(std::byte* out, const std::byte* in, std::size_t rows, std::size_t columns,
               std::ptrdiff_t step) {
  T* to = reinterpret_cast<T*>(out);
  const T* from = reinterpret_cast<const T*>(in);
  constexpr std::size_t size = Wide<T>::size;
  std::size_t j = 0;
  const auto some = [&]<std::size_t vectors, bool partial>(std::integral_constant<std::size_t, vectors>,
                                                           std::bool_constant<partial>, std::size_t count) {
    Columns<reduction, T, vectors, partial>(from + j, rows, count, step).fold(to + j, rows);
    j += count;
  };
  constexpr std::integral_constant<std::size_t, 1> one;
  constexpr std::integral_constant<std::size_t, 2> two;
  constexpr std::integral_constant<std::size_t, 4> four;
  while (columns - j >= 4 * size) some(four, std::false_type(), 4 * size);
  if (columns - j > 2 * size) some(four, std::true_type(), columns - j);
  if (columns - j > size) some(two, std::true_type(), columns - j);
  // Of rows of less than a register's elements it takes longer to load these alone.
  if (columns - j == 0) return;
  j > 0 ? some(one, std::true_type(), columns - j) : some(one, std::false_type(), columns - j);
}
template <Reduction reduction>
void fill_fold(Table& table) {
  constexpr int r = static_cast<int>(reduction);
  table.fold[r][0] = fold<reduction, float>;
  table.fold[r][1] = fold<reduction, double>;
  table.fold[r][2] = fold<reduction, std::int64_t>;
  table.fold_rows[r][0] = fold_rows<reduction, float>;
  table.fold_rows[r][1] = fold_rows<reduction, double>;
  table.fold_rows[r][2] = fold_rows<reduction, std::int64_t>;
  table.fold_every_other[r][0] = fold_every_other<reduction, float>;
  table.fold_every_other[r][1] = fold_every_other<reduction, double>;
  table.combine_every_other[r][0] = combine_every_other<reduction, float>;
  table.combine_every_other[r][1] = combine_every_other<reduction, double>;
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
