// The block kernels of the library as a table of functions, one table per instruction set.
// A kernel works on contiguous elements: whoever calls it has gathered what was strided or broadcast.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wengert::kernel {

/// out[i] = f(in[0][i], in[1][i], ...) for n elements. Any alignment. `out` may be one of the inputs. Where
/// bit j of `single` is set, in[j] is one element only, repeated to fill single_bytes.
using Block = void (*)(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single);
inline constexpr std::size_t single_bytes = 64;
/// *out = in[0] op in[1] op ... op in[n - 1], n >= 1, summed pairwise.
using Fold = void (*)(std::byte* out, const std::byte* in, std::size_t n);
/// c (m, n) = a (m, k) b (k, n), strides in elements: row and column of a, of b; c is row-major.
using SmallProduct = void (*)(std::byte* c, const std::byte* a, const std::byte* b, std::size_t m,
                              std::size_t n, std::size_t k, const std::ptrdiff_t* strides);

/// to[i] = from[i * stride], stride in elements. The two do not overlap.
using Gather = void (*)(std::byte* to, const std::byte* from, std::size_t n, std::ptrdiff_t stride);
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
  SmallProduct product[2];
  /// Of elements of one, four and eight bytes.
  Gather gather[3];
  Transpose transpose[3];
};

namespace baseline {
void fill_rows(Table& table);
void fill_others(Table& table);
}  // namespace baseline
namespace avx2 {
void fill_rows(Table& table);
void fill_others(Table& table);
}  // namespace avx2
namespace avx512 {
void fill_rows(Table& table);
void fill_others(Table& table);
}  // namespace avx512

}  // namespace wengert::kernel
