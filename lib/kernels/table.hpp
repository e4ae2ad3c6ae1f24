// The block kernels of the library as a table of functions, one table per instruction set.
// A kernel works on contiguous elements: whoever calls it has gathered what was strided or broadcast.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wengert::kernel {

/// out[i] = f(in[0][i], in[1][i], ...) for n elements. Any alignment. `out` may be one of the inputs. Where
/// bit j of `single` is set, in[j] is one element only.
using Block = void (*)(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single);
/// What a chain works on: rows of n elements, whose starts are so many bytes apart. Where bit j of `single`
/// is set, in[j] has one element for each row.
struct Rows {
  std::byte* out;
  const std::byte* in[4];
  std::size_t pitch = 0, in_pitch[4] = {}, n = 0, count = 1;
  unsigned single = 0;
};
/// Some cheap operations on each element, as Block. The result may be one of the inputs, and be the same row
/// every time, so that sums are added to.
using Chain = void (*)(const Rows& rows);
/// The same, and sums[r] = result[0] + result[1] + ... of each row, or the results' squares, or their
/// products with the input after the chain's last, which is not the result; added as Fold and FoldProducts
/// add.
using ChainFold = void (*)(const Rows& rows, std::byte* sums);
enum class Folded : int { results, squares, products };
inline constexpr int folded_count = 3;
/// out[r] = in[0] op in[1] op ... op in[n - 1], n >= 1, summed pairwise, for as many rows, which lie one
/// after the other.
using Fold = void (*)(std::byte* out, const std::byte* in, std::size_t n, std::size_t rows);
/// out[r] = in[0][0] in[1][0] + in[0][1] in[1][1] + ..., as Fold adds the products.
using FoldProducts = void (*)(std::byte* out, const std::byte* const* in, std::size_t n, std::size_t rows);
/// c (m, n) = a (m, k) b (k, n), or c += it; strides in elements: row and column of a, of b; c is row-major.
/// `room` is memory to work in: product_room bytes, or 4 k n where that is less, n rounded up to 32.
using Product = void (*)(std::byte* c, const std::byte* a, const std::byte* b, std::size_t m, std::size_t n,
                         std::size_t k, const std::ptrdiff_t* strides, bool add, std::byte* room);
inline constexpr std::size_t product_room = 256 * 1024;
/// c (m, n) = a (m, k) b (k, n): rows of c and a are so many elements apart, row p of b begins at b + at[p].
/// Behind each row of b lie 31 elements more.
using ShiftedProduct = void (*)(float* c, std::size_t c_row, const float* a, std::size_t a_row,
                                const float* b, const std::ptrdiff_t* at, std::size_t m, std::size_t n,
                                std::size_t k);
/// c (m, n), contiguous, += a (m, places) b (n, places)^T. Places are `rows` runs of `width`: in row i of a
/// they begin at a + at[i], run after run a_row elements apart; in b they lie one after the other, its rows
/// b_row apart.
using TapsProduct = void (*)(float* c, const float* a, const std::ptrdiff_t* at, std::ptrdiff_t a_row,
                             const float* b, std::size_t b_row, std::size_t m, std::size_t n,
                             std::size_t rows, std::size_t width);
/// From so many terms on, a column (n = 1) is made of the rows of a as they lie, where they and b are
/// contiguous.
inline constexpr std::size_t long_row = 512;

/// out[j] = in[j] op in[step + j] op ... op in[(rows - 1) * step + j], rows >= 1: up to sixteen rows one
/// after the other, halves of more.
using FoldRows = void (*)(std::byte* out, const std::byte* in, std::size_t rows, std::size_t columns,
                          std::ptrdiff_t step);
/// out[j] = a[j] op b[2 j]; out may be a.
using CombineEveryOther = void (*)(std::byte* out, const std::byte* a, const std::byte* b, std::size_t n);
/// to[i * pitch + j] = from[i * row_step + j * column_step], steps in elements. The two do not overlap.
using Gather = void (*)(std::byte* to, const std::byte* from, std::size_t rows, std::size_t columns,
                        std::ptrdiff_t pitch, std::ptrdiff_t row_step, std::ptrdiff_t column_step);
/// out[i * out_pitch + j] = in[j * in_pitch + i], pitches in elements.
using Transpose = void (*)(std::byte* out, const std::byte* in, std::size_t rows, std::size_t columns,
                           std::ptrdiff_t out_pitch, std::ptrdiff_t in_pitch);

/// The rows of elementwise.def, in their order.
enum class Row : int {
#define UNARY(name, ...) name,
#define BINARY(name, ...) name,
#define COMPARE(name, ...)
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  count
};
enum class Comparison : int {
#define UNARY(name, ...)
#define BINARY(name, ...)
#define COMPARE(name, ...) name,
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  count
};
/// How a chain of cheap operations starts, with a and b: a + b, a * b, a - b, a * (2 b).
enum class Start : int { add, mul, sub, mul_twice };
/// How it goes on, with b, from what came before: x + b, x * b, x - b, b - x.
enum class Link : int { add, mul, sub, from };
inline constexpr int start_count = 4, link_count = 4;
/// What decides, of a and b, which of two values is picked: the other comparisons are these, turned.
enum class PickedBy : int { equal, less, less_equal };
inline constexpr int picked_by_count = 3;
enum class Reduction : int { sum, prod, max, min, count };

inline constexpr int row_count = static_cast<int>(Row::count);
inline constexpr int comparison_count = static_cast<int>(Comparison::count);
inline constexpr int reduction_count = static_cast<int>(Reduction::count);

// The second index of an entry is the dtype: 0 float32, 1 float64, 2 int64, 3 boolean, as in DType. An entry
// that is null does not exist.
struct Table {
  Block forward[row_count][3];
  /// Inputs g, a, b, y (g, x, nothing, y of a unary row); those the text does not mention may be null.
  Block vjp[row_count][2][2];
  Block compare[comparison_count][4];
  /// Inputs: a mask, a, b.
  Block select[4];
  /// cast[from][to].
  Block cast[4][4];
  Fold fold[reduction_count][3];
  FoldRows fold_rows[reduction_count][3];
  /// Of every other element; of sixteen elements and more.
  Fold fold_every_other[reduction_count][2];
  CombineEveryOther combine_every_other[reduction_count][2];
  FoldProducts fold_products[2];
  /// a o b, (a o b) p c, ((a o b) p c) q d, and (a o b) q (c p d). Null where the instruction set has none.
  Chain chain1[start_count][2];
  Chain chain2[start_count][link_count][2];
  Chain chain3[start_count][link_count][link_count][2];
  Chain pair[start_count][start_count][link_count][2];
  /// Inputs a, b, p, q: p where the comparison of a and b is true, else q.
  Chain pick[picked_by_count][2];
  /// A chain1 with a fold; a pair, whose two parts are added, with a fold of the results. Null also where the
  /// instruction set has too few registers.
  ChainFold chain1_fold[start_count][folded_count][2];
  ChainFold pair_fold[start_count][start_count][2];
  /// For products too small to pay for a BLAS call; they take no room.
  Product small_product[2];
  /// Of float32, these four; null where the instruction set has no fused multiply-add.
  Product wide_product;
  ShiftedProduct shifted_product;
  /// The first one turns b, so that a register holds elements of a row of c; for the second one it holds
  /// places.
  TapsProduct taps_product, dots_product;
  /// Of elements of one, four and eight bytes.
  Gather gather[3];
  Transpose transpose[3];
};

namespace baseline {
void fill_rows(Table& table);
void fill_others(Table& table);
void fill_layout(Table& table);
void fill_chains(Table& table);
void fill_folds(Table& table);
void fill_product(Table& table);
void fill_convolve(Table& table);
}  // namespace baseline
namespace avx2 {
void fill_rows(Table& table);
void fill_others(Table& table);
void fill_layout(Table& table);
void fill_chains(Table& table);
void fill_folds(Table& table);
void fill_product(Table& table);
void fill_convolve(Table& table);
}  // namespace avx2
namespace avx512 {
void fill_rows(Table& table);
void fill_others(Table& table);
void fill_layout(Table& table);
void fill_chains(Table& table);
void fill_folds(Table& table);
void fill_product(Table& table);
void fill_convolve(Table& table);
}  // namespace avx512

}  // namespace wengert::kernel
