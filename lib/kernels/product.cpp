// The matrix product of float32 by fused multiply-adds, for the instruction sets that have them.
// A tile of c stays in registers while its rows of a are broadcast against a panel of b: `panel` columns, one
// row after the other. Panels that do not lie like that already are copied, as many as stay in the
// second-level cache; rows of a are read where they are unless they lie badly.
#include <array>
#include <cstring>
#include <utility>

#include "lib/kernels/registers.hpp"
#include "lib/kernels/table.hpp"

#ifdef __FMA__

namespace wengert::kernel {
namespace {

constexpr Size most_panels = product_room / sizeof(float);  // elements of copied panels
constexpr Size most_rows = 48;                              // of a, copied at a time
constexpr Size near = 4096;      // elements that the first-level cache holds however they are read
constexpr Step bad_step = 1024;  // rows this far apart drive each other out of it

struct Operand {
  const float* data;
  Step row, column;
  const float* at(Size i, Size j) const {
    return data + static_cast<Step>(i) * row + static_cast<Step>(j) * column;
  }
};

/// Rows of c that become one tile after the other.
struct Result {
  float* data;
  Size row;
  bool add;
};

/// Panels of b: from one to the next, and from row to row.
struct Panels {
  const float* data;
  Step next, row;
};

/// Tiles of c side by side, as many as n columns take; each over k terms. The rows of b are whole vectors, or
/// the n columns themselves.
template <int rows, int vectors, bool whole = true>
void tile(Result c, const Operand& a, Panels b, Size n, Size k) {
  constexpr Size wide = vectors * lanes;
  for (Size j = 0; j < n; j += wide, c.data += wide, b.data += b.next) {
    Vector sum[rows][vectors];
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[r][v] = Vector{};
    const float *from = a.data, *right_row = b.data;
    for (Size p = 0; p < k; ++p, from += a.column, right_row += b.row) {
      Vector right[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v)
        right[v] = whole ? load(right_row + v * lanes) : load_first(right_row, n);
#pragma GCC unroll 12
      for (int r = 0; r < rows; ++r) {
        const Vector left = broadcast(from[r * a.row]);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
      }
    }
    if (n - j >= wide) {
#pragma GCC unroll 12
      for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
          float* to = c.data + static_cast<Size>(r) * c.row + v * lanes;
          store(to, c.add ? load(to) + sum[r][v] : sum[r][v]);
        }
    } else {
#pragma GCC unroll 12
      for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
          const Size before = static_cast<Size>(v * lanes), left = n - j > before ? n - j - before : 0;
          put(c.data + static_cast<Size>(r) * c.row + before, sum[r][v], c.add, left < lanes ? left : lanes);
        }
    }
  }
}

using Tile = void (*)(Result, const Operand&, Panels, Size, Size);
template <int vectors, bool whole>
constexpr auto tiles_of = []<int... rows>(std::integer_sequence<int, rows...>) {
  return std::array<Tile, tile_rows>{tile<rows + 1, vectors, whole>...};
}
(std::make_integer_sequence<int, tile_rows>());
constexpr std::array<Tile, tile_rows> tiles[2] = {tiles_of<1, true>, tiles_of<2, true>};
/// For products of up to `lanes` columns whose rows are read where they are.
constexpr std::array<Tile, tile_rows> narrow_tiles = tiles_of<1, false>;

/// The panel of b of `width` columns, with zeros behind them.
void copy_panel(float* to, const Operand& b, Size width, Size k) {
  if (b.row == 1) {
    if (width < panel) std::memset(to, 0, k * panel * sizeof(float));
    return copy_turned(to, panel, b.data, b.column, width, k);
  }
  for (Size p = 0; p < k; ++p, to += panel) {
    const float* from = b.at(p, 0);
    if (b.column == 1 && width == panel) {
      store(to, load(from));
      store(to + lanes, load(from + lanes));
      continue;
    }
    store(to, Vector{});
    store(to + lanes, Vector{});
    for (Size j = 0; j < width; ++j) to[j] = from[static_cast<Step>(j) * b.column];
  }
}

/// Panels of whole rows of b, row by row: as they lie in memory.
void copy_panels(float* to, const Operand& b, Size panels, Size k) {
  for (Size p = 0; p < k; ++p, to += panel) {
    const float* from = b.at(p, 0);
    for (Size j = 0; j < panels; ++j, from += panel) {
      store(to + j * panel * k, load(from));
      store(to + j * panel * k + lanes, load(from + lanes));
    }
  }
}

/// Rows of a in blocks of tile_rows, in a block those of one column side by side. Where the `ahead` rows that
/// come after them lie beside them, those are fetched.
void copy_rows(float* to, const Operand& a, Size rows, Size k, Size ahead) {
  if (a.column == 1) {
    for (Size r = 0; r < rows; r += tile_rows, to += tile_rows * k)
      copy_turned(to, tile_rows, a.at(r, 0), a.row, rows - r < tile_rows ? rows - r : tile_rows, k);
    return;
  }
  for (Size p = 0; p < k; ++p, to += tile_rows) {
    const float* from = a.at(0, p);
    Size r = 0;
    if (a.row == 1) {
      for (Size next = 0; next < ahead; next += 64 / sizeof(float)) __builtin_prefetch(from + rows + next);
      // What a whole vector writes too many, the next column replaces.
      for (; r + tile_rows <= rows; r += tile_rows) {
        const Vector v = load_first(from + r, tile_rows);
        p + 1 < k ? store(to + r * k, v) : store_first(to + r * k, v, tile_rows);
      }
    }
    for (; r < rows; ++r)
      to[r / tile_rows * tile_rows * k + r % tile_rows] = from[static_cast<Step>(r) * a.row];
  }
}

/// c (m, n) over k <= most_k terms, n columns of panels that fit into the room.
[[gnu::noinline]] void product_part(const Result& c, const Operand& a, const Operand& b, Size m, Size n,
                                    Size k, float* room) {
  const auto rows = [](Step step) { return static_cast<Size>(step < 0 ? -step : step); };
  const bool copy_b = b.column != 1 || (m > 3 * tile_rows && k > 16 && k * rows(b.row) > near);
  if (!copy_b && n <= lanes) {
    for (Size i = 0, height = 0; i < m; i += height) {
      height = next_rows(m - i);
      narrow_tiles[height - 1]({c.data + i * c.row, c.row, c.add}, {a.at(i, 0), a.row, a.column},
                               {b.data, 0, b.row}, n, k);
    }
    return;
  }
  const bool copy_a =
      a.column != 1 ? n >= panel && k * rows(a.column) > near : n > panel && k > 16 && a.row % bad_step == 0;
  const Size whole = copy_b ? 0 : n / panel * panel;  // columns that are read where they are
  Size j = whole;
  if (copy_b && b.column == 1) {
    copy_panels(room, b, n / panel, k);
    j = n / panel * panel;
  }
  for (; j < n; j += panel)
    copy_panel(room + (j - whole) * k, {b.at(0, j), b.row, b.column}, n - j < panel ? n - j : panel, k);
  // Of the copied columns, a last few take a tile of one vector.
  const Size rest = (n - whole) % panel, wide = n - whole - (rest > lanes ? 0 : rest);
  const Step panel_step = static_cast<Step>(panel * k);
  const auto multiply = [&](Size i, Size height, const Operand& left) {
    const Result to{c.data + i * c.row, c.row, c.add};
    if (whole > 0) tiles[1][height - 1](to, left, {b.data, panel, b.row}, whole, k);
    if (wide > 0)
      tiles[1][height - 1]({to.data + whole, c.row, c.add}, left, {room, panel_step, panel}, wide, k);
    if (whole + wide < n)
      tiles[0][height - 1]({to.data + whole + wide, c.row, c.add}, left, {room + wide * k, panel_step, panel},
                           n - whole - wide, k);
  };
  if (!copy_a) {
    for (Size i = 0, height = 0; i < m; i += height) {
      height = next_rows(m - i);
      multiply(i, height, {a.at(i, 0), a.row, a.column});
    }
    return;
  }
  float copied[most_rows * most_k + 16];
  for (Size i = 0; i < m; i += most_rows) {
    const auto at_most = [](Size left) { return left < most_rows ? left : most_rows; };
    const Size rows = at_most(m - i);
    copy_rows(copied, {a.at(i, 0), a.row, a.column}, rows, k, at_most(m - i - rows));
    for (Size r = 0; r < rows; r += tile_rows)
      multiply(i + r, rows - r < tile_rows ? rows - r : tile_rows, {copied + r * k, 1, tile_rows});
  }
}

/// c (rows, 1): products of rows that lie contiguously and a vector that does, each by itself.
template <int rows>
void dots(const Result& c, const Operand& a, const float* b, Size k) {
  Vector sum[rows][2];
  for (int r = 0; r < rows; ++r) sum[r][0] = sum[r][1] = Vector{};
  Size p = 0;
  for (; p + panel <= k; p += panel) {
    const Vector low = load(b + p), high = load(b + p + lanes);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      const float* from = a.data + r * a.row + p;
      sum[r][0] = fma(load(from), low, sum[r][0]);
      sum[r][1] = fma(load(from + lanes), high, sum[r][1]);
    }
  }
  for (; p < k; p += lanes) {
    const Size some = k - p < lanes ? k - p : lanes;
    const Vector rest = load_first(b + p, some);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) sum[r][0] = fma(load_first(a.data + r * a.row + p, some), rest, sum[r][0]);
  }
  for (int r = 0; r < rows; ++r) {
    const float all = total(sum[r][0] + sum[r][1]);
    float& at = c.data[static_cast<Size>(r) * c.row];
    at = c.add ? at + all : all;
  }
}

void product(std::byte* to, const std::byte* left, const std::byte* right, Size m, Size n, Size k,
             const Step* strides, bool add, std::byte* room) {
  const Operand a{reinterpret_cast<const float*>(left), strides[0], strides[1]},
      b{reinterpret_cast<const float*>(right), strides[2], strides[3]};
  if (n == 1 && k >= long_row && a.column == 1 && b.row == 1) {
    float* column = reinterpret_cast<float*>(to);
    Size i = 0;
    for (; i + 4 <= m; i += 4) dots<4>({column + i, 1, add}, {a.at(i, 0), a.row, 1}, b.data, k);
    for (; i < m; ++i) dots<1>({column + i, 1, add}, {a.at(i, 0), a.row, 1}, b.data, k);
    return;
  }
  if (k <= most_k && (n + panel - 1) / panel * panel * k <= most_panels)
    return product_part({reinterpret_cast<float*>(to), n, add}, a, b, m, n, k,
                        reinterpret_cast<float*>(room));
  const Size parts = (k + most_k - 1) / most_k, depth = (k + parts - 1) / parts;
  const Size columns = most_panels / depth / panel * panel;
  for (Size j = 0; j < n; j += columns)
    for (Size p = 0; p < k; p += depth)
      product_part({reinterpret_cast<float*>(to) + j, n, add || p > 0}, {a.at(0, p), a.row, a.column},
                   {b.at(p, j), b.row, b.column}, m, n - j < columns ? n - j : columns,
                   k - p < depth ? k - p : depth, reinterpret_cast<float*>(room));
}

}  // namespace

namespace WENGERT_ISA {
void fill_product(Table& table) { table.wide_product = product; }
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel

#else

namespace wengert::kernel::WENGERT_ISA {
void fill_product(Table& table) { table.wide_product = nullptr; }
}  // namespace wengert::kernel::WENGERT_ISA
#endif
