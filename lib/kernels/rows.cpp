// The rows of elementwise.def as block kernels: each text is instantiated on a SIMD batch of either float type, and,
// where the row takes any type, on a plain int64.
#include <cstring>

#include "lib/kernels/math.hpp"
#include "lib/kernels/polygamma.hpp"
#include "lib/kernels/table.hpp"

namespace wengert::kernel {
namespace {

struct None {};
constexpr None none;

template <class T>
using Batch = xsimd::batch<T>;

// The vocabulary of the rows beside math.hpp: constants are plain doubles.
template <class B>
WENGERT_MATH_FN B where(Mask<B> mask, B p, std::type_identity_t<B> q) {
  return xsimd::select(mask, p, q);
}
template <class M, class B>
  requires std::is_same_v<M, Mask<B>>
WENGERT_MATH_FN B where(M mask, double p, B q) {
  return xsimd::select(mask, B(static_cast<Scalar<B>>(p)), q);
}
template <class B>
WENGERT_MATH_FN B nonzero(B x) {
  return where(x == B(0), 1.0, x);
}
template <class B>
  requires(!std::is_integral_v<B>)
WENGERT_MATH_FN B maximum(B a, double b) {
  return maximum(a, B(static_cast<Scalar<B>>(b)));
}
template <class B>
WENGERT_MATH_FN B polygamma(double order, B x) {
  return polygamma(B(static_cast<Scalar<B>>(order)), x);
}

inline std::int64_t abs(std::int64_t x) { return x < 0 ? -x : x; }
inline std::int64_t sign(std::int64_t x) { return (x > 0) - (x < 0); }
inline std::int64_t maximum(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
inline std::int64_t maximum(std::int64_t a, double b) { return maximum(a, static_cast<std::int64_t>(b)); }
inline std::int64_t minimum(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// Loads whole batches; the tail is padded to one, so every element goes through the same instructions.
template <class T>
WENGERT_MATH_FN Batch<T> load(const std::byte* from, std::size_t i) {
  return from ? Batch<T>::load_unaligned(reinterpret_cast<const T*>(from) + i) : Batch<T>(T(1));
}
template <class T>
WENGERT_MATH_FN Batch<T> load_tail(const std::byte* from, std::size_t i, std::size_t count) {
  alignas(64) T padded[Batch<T>::size];
  for (std::size_t k = 0; k < Batch<T>::size; ++k) padded[k] = T(1);
  if (from) std::memcpy(padded, reinterpret_cast<const T*>(from) + i, count * sizeof(T));
  return Batch<T>::load_aligned(padded);
}

template <class T, int inputs, class F>
WENGERT_MATH_FN void run(std::byte* out, const std::byte* const* in, std::size_t n, F f) {
  constexpr std::size_t width = Batch<T>::size;
  T* to = reinterpret_cast<T*>(out);
  const std::byte* const in0 = in[0];
  const std::byte* const in1 = inputs > 1 ? in[1] : nullptr;
  const std::byte* const in2 = inputs > 2 ? in[2] : nullptr;
  const std::byte* const in3 = inputs > 3 ? in[3] : nullptr;
  std::size_t i = 0;
  for (; i + width <= n; i += width)
    f(load<T>(in0, i), load<T>(in1, i), load<T>(in2, i), load<T>(in3, i)).store_unaligned(to + i);
  if (i == n) return;
  alignas(64) T result[width];
  const std::size_t left = n - i;
  f(load_tail<T>(in0, i, left), load_tail<T>(in1, i, left), load_tail<T>(in2, i, left), load_tail<T>(in3, i, left))
      .store_aligned(result);
  std::memcpy(to + i, result, left * sizeof(T));
}

#pragma GCC diagnostic ignored "-Wunused-parameter"

// One struct per row: its texts on batches, and on int64.
#define UNARY(row, types, text, vjp_text, ...)                                            \
  struct Row_##row {                                                                      \
    template <class B>                                                                    \
    static WENGERT_MATH_FN auto forward(B x, B) { return text; }                          \
    template <class B>                                                                    \
    static WENGERT_MATH_FN auto vjp_a(B g, B x, B, B y) { return vjp_text; }              \
    template <class B>                                                                    \
    static WENGERT_MATH_FN auto vjp_b(B, B, B, B) { return none; }                        \
  };
#define BINARY(row, types, text, text_a, text_b, ...)                                     \
  struct Row_##row {                                                                      \
    template <class B>                                                                    \
    static WENGERT_MATH_FN auto forward(B a, B b) { return text; }                        \
    template <class B>                                                                    \
    static WENGERT_MATH_FN auto vjp_a(B g, B a, B b, B y) { return text_a; }              \
    template <class B>                                                                    \
    static WENGERT_MATH_FN auto vjp_b(B g, B a, B b, B y) { return text_b; }              \
  };
#define COMPARE(...)
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY

template <class R, class T, int inputs>
__attribute__((noinline)) void forward(std::byte* out, const std::byte* const* in, std::size_t n) {
  run<T, inputs>(out, in, n, [](auto a, auto b, auto, auto) { return R::forward(a, b); });
}
template <class R, class T>
__attribute__((noinline)) void vjp_a(std::byte* out, const std::byte* const* in, std::size_t n) {
  run<T, 4>(out, in, n, [](auto g, auto a, auto b, auto y) { return R::vjp_a(g, a, b, y); });
}
template <class R, class T>
__attribute__((noinline)) void vjp_b(std::byte* out, const std::byte* const* in, std::size_t n) {
  run<T, 4>(out, in, n, [](auto g, auto a, auto b, auto y) { return R::vjp_b(g, a, b, y); });
}
template <class R, int inputs>
void forward_int64(std::byte* out, const std::byte* const* in, std::size_t n) {
  auto* to = reinterpret_cast<std::int64_t*>(out);
  const auto* a = reinterpret_cast<const std::int64_t*>(in[0]);
  const auto* b = inputs > 1 ? reinterpret_cast<const std::int64_t*>(in[1]) : a;
  for (std::size_t i = 0; i < n; ++i) to[i] = R::forward(a[i], b[i]);
}

enum class Types { real, any };

template <class R, int inputs, Types types>
void fill_row(Table& table, Row row) {
  const int r = static_cast<int>(row);
  table.forward[r][0] = forward<R, float, inputs>;
  table.forward[r][1] = forward<R, double, inputs>;
  if constexpr (types == Types::any) table.forward[r][2] = forward_int64<R, inputs>;
  using A = decltype(R::vjp_a(Batch<float>(), Batch<float>(), Batch<float>(), Batch<float>()));
  using B = decltype(R::vjp_b(Batch<float>(), Batch<float>(), Batch<float>(), Batch<float>()));
  if constexpr (!std::is_same_v<A, None>) {
    table.vjp[r][0][0] = vjp_a<R, float>;
    table.vjp[r][0][1] = vjp_a<R, double>;
  }
  if constexpr (!std::is_same_v<B, None>) {
    table.vjp[r][1][0] = vjp_b<R, float>;
    table.vjp[r][1][1] = vjp_b<R, double>;
  }
}

}  // namespace

namespace WENGERT_ISA {
void fill_rows(Table& table) {
#define UNARY(row, types, ...) fill_row<Row_##row, 1, Types::types>(table, Row::row);
#define BINARY(row, types, ...) fill_row<Row_##row, 2, Types::types>(table, Row::row);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
