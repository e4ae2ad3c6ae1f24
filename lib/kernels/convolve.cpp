// The matrix products that convolutions of float32 are made of. One factor is never written out: its rows are
// those of an image, shifted. For the instruction sets that have fused multiply-adds.
#include <array>
#include <cstring>
#include <utility>

#include "lib/kernels/registers.hpp"
#include "lib/kernels/table.hpp"

#ifdef __FMA__

namespace wengert::kernel {
namespace {

template <int rows, int vectors>
using Sums = Vector[rows][vectors];

template <int rows, int vectors>
inline void clear(Sums<rows, vectors>& sum) {
#pragma GCC unroll 12
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = Vector{};
}

/// The first n columns of a tile of c = its sums, or += them.
template <int rows, int vectors>
inline void put(float* c, Size pitch, const Sums<rows, vectors>& sum, Size n, bool add) {
#pragma GCC unroll 12
  for (int r = 0; r < rows; ++r, c += pitch)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const Size before = static_cast<Size>(v * lanes), left = n > before ? n - before : 0;
      if (left >= lanes)
        store(c + before, add ? load(c + before) + sum[r][v] : sum[r][v]);
      else
        put(c + before, sum[r][v], add, left);
    }
}

template <int rows, int vectors>
void shifted_tile(float* c, Size c_row, const float* a, Size a_row, const float* b, const Step* at, Size n,
                  Size k, bool add) {
  Sums<rows, vectors> sum;
  clear<rows, vectors>(sum);
  for (Size p = 0; p < k; ++p, ++a) {
    const float* from = b + at[p];
    Vector right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) right[v] = load(from + v * lanes);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
      const Vector left = broadcast(a[static_cast<Size>(r) * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
    }
  }
  put<rows, vectors>(c, c_row, sum, n, add);
}

/// `rows` runs of `width` terms, those of b one after the other in a panel.
template <int rows, int vectors>
void taps_tile(float* c, Size c_row, const float* a, const Step* at, Step a_row, const float* b, Size n,
               Size runs, Size width) {
  const float* from[rows];
  for (int r = 0; r < rows; ++r) from[r] = a + at[r];
  Sums<rows, vectors> sum;
  clear<rows, vectors>(sum);
  for (Size run = 0; run < runs; ++run) {
    const Step first = static_cast<Step>(run) * a_row;
    for (Step p = first, end = first + static_cast<Step>(width); p < end; ++p, b += vectors * lanes) {
      Vector right[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) right[v] = load(b + v * lanes);
#pragma GCC unroll 12
      for (int r = 0; r < rows; ++r) {
        const Vector left = broadcast(from[r][p]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
      }
    }
  }
  put<rows, vectors>(c, c_row, sum, n, true);
}

template <int vectors, int most>
constexpr auto shifted_tiles_of = []<int... rows>(std::integer_sequence<int, rows...>) {
  return std::array{shifted_tile<rows + 1, vectors>...};
}
(std::make_integer_sequence<int, most>());
constexpr auto narrow_tiles = shifted_tiles_of<1, tile_rows>, panel_tiles = shifted_tiles_of<2, tile_rows>;
/// For so few rows that a panel's sums would wait for each other.
constexpr int few_rows = 3;
constexpr Size double_panel = 2 * panel;
constexpr auto low_tiles = shifted_tiles_of<4, few_rows>;

template <int vectors>
constexpr auto taps_tiles_of = []<int... rows>(std::integer_sequence<int, rows...>) {
  return std::array{taps_tile<rows + 1, vectors>...};
}
(std::make_integer_sequence<int, tile_rows>());
constexpr std::array taps_tiles{taps_tiles_of<1>, taps_tiles_of<2>};

constexpr Size at_most(Size most, Size left) { return left < most ? left : most; }

/// Panel by panel: what a panel sees of b stays in the first-level cache for all rows of a.
void shifted(float* c, Size c_row, const float* a, Size a_row, const float* b, const Step* at, Size m, Size n,
             Size k) {
  for (Size p = 0; p < k; p += most_k) {
    const Size terms = at_most(most_k, k - p);
    for (Size j = 0, columns = 0; j < n; j += columns) {
      columns = at_most(m <= few_rows && n - j > panel ? double_panel : panel, n - j);
      const auto* tiles = columns > panel   ? low_tiles.data()
                          : columns > lanes ? panel_tiles.data()
                                            : narrow_tiles.data();
      for (Size i = 0, height = 0; i < m; i += height) {
        height = next_rows(m - i);
        tiles[height - 1](c + i * c_row + j, c_row, a + i * a_row + p, a_row, b + j, at + p, columns, terms,
                          p > 0);
      }
    }
  }
}

/// Some runs of places at a time, whose part of b is turned into panels.
void taps(float* c, const float* a, const Step* at, Step a_row, const float* b, Size b_row, Size m, Size n,
          Size rows, Size width) {
  float room[most_k * panel + 8];
  const Size some_rows = width < most_k ? most_k / width : 1, some_width = at_most(most_k, width);
  for (Size row = 0; row < rows; row += some_rows)
    for (Size column = 0; column < width; column += some_width) {
      const Size runs = at_most(some_rows, rows - row), run = at_most(some_width, width - column);
      const float* right = b + row * width + column;
      const float* left = a + static_cast<Step>(row) * a_row + column;
      for (Size j = 0; j < n; j += panel) {
        const Size columns = at_most(panel, n - j), pitch = columns > lanes ? panel : lanes;
        if (columns + 7 < pitch) std::memset(room, 0, pitch * runs * run * sizeof(float));
        copy_turned(room, pitch, right + j * b_row, static_cast<Step>(b_row), columns, runs * run);
        const auto& tiles = taps_tiles[columns > lanes];
        for (Size i = 0, height = 0; i < m; i += height) {
          height = next_rows(m - i);
          tiles[height - 1](c + i * n + j, n, left, at + i, a_row, room, columns, runs, run);
        }
      }
    }
}

#ifdef __AVX512F__
constexpr int dots_rows = 6, dots_columns = 4;
#else
constexpr int dots_rows = 3, dots_columns = 3;
#endif

/// Products of shifted rows and rows as they lie, a register at a time.
template <int rows, int columns>
void dots_tile(float* c, Size c_row, const float* a, const Step* at, Step a_row, const float* b, Size b_row,
               Size runs, Size width) {
  Sums<rows, columns> sum;
  clear<rows, columns>(sum);
  const float* from[rows];
  for (int r = 0; r < rows; ++r) from[r] = a + at[r];
  const auto add = [&](Step p, const float* right, auto load) {
    Vector other[columns];
#pragma GCC unroll 4
    for (int j = 0; j < columns; ++j) other[j] = load(right + static_cast<Size>(j) * b_row);
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
      const Vector one = load(from[r] + p);
#pragma GCC unroll 4
      for (int j = 0; j < columns; ++j) sum[r][j] = fma(one, other[j], sum[r][j]);
    }
  };
  const Size whole = width / lanes * lanes;
  for (Size run = 0; run < runs; ++run, b += width) {
    const Step first = static_cast<Step>(run) * a_row;
    for (Size p = 0; p < whole; p += lanes)
      add(first + static_cast<Step>(p), b + p, [](const float* at) { return load(at); });
    if (whole < width)
      add(first + static_cast<Step>(whole), b + whole,
          [=](const float* at) { return load_first(at, width - whole); });
  }
#pragma GCC unroll 6
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int j = 0; j < columns; ++j)
      c[static_cast<Size>(r) * c_row + static_cast<Size>(j)] += total(sum[r][j]);
}

template <int columns>
constexpr auto dots_tiles_of = []<int... rows>(std::integer_sequence<int, rows...>) {
  return std::array{dots_tile<rows + 1, columns>...};
}
(std::make_integer_sequence<int, dots_rows>());
constexpr auto dots_tiles = []<int... columns>(std::integer_sequence<int, columns...>) {
  return std::array{dots_tiles_of<columns + 1>...};
}
(std::make_integer_sequence<int, dots_columns>());

void dots(float* c, const float* a, const Step* at, Step a_row, const float* b, Size b_row, Size m, Size n,
          Size rows, Size width) {
  constexpr Size most = most_k * lanes;  // places, of which a lane sums up most_k
  const Size some_rows = width < most ? most / width : 1, some_width = at_most(most, width);
  for (Size row = 0; row < rows; row += some_rows)
    for (Size column = 0; column < width; column += some_width) {
      const float* left = a + static_cast<Step>(row) * a_row + column;
      const float* right = b + row * width + column;
      for (Size j = 0; j < n; j += dots_columns)
        for (Size i = 0; i < m; i += dots_rows)
          dots_tiles[at_most(dots_columns, n - j) - 1][at_most(dots_rows, m - i) - 1](
              c + i * n + j, n, left, at + i, a_row, right + j * b_row, b_row, at_most(some_rows, rows - row),
              at_most(some_width, width - column));
    }
}

}  // namespace

namespace WENGERT_ISA {
void fill_convolve(Table& table) {
  table.dots_product = dots;
  table.shifted_product = shifted;
  table.taps_product = taps;
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel

#else

namespace wengert::kernel::WENGERT_ISA {
void fill_convolve(Table& table) {
  table.shifted_product = nullptr;
  table.taps_product = nullptr;
  table.dots_product = nullptr;
}
}  // namespace wengert::kernel::WENGERT_ISA
#endif
