// The rows of elementwise.def as block kernels: each text is instantiated on a SIMD batch of either float
// type, and, where the row takes any type, on a plain int64.
#include "lib/kernels/block.hpp"
#include "lib/kernels/math.hpp"
#include "lib/kernels/polygamma.hpp"
#include "lib/kernels/table.hpp"

namespace wengert::kernel {
namespace {

struct None {};
constexpr None none;

enum class Cost { cheap, dear };

// The rows' texts are instantiated in this namespace and on this type, whose functions are all they find: on
// a bare batch, argument-dependent lookup would choose xsimd's.
namespace rows {

// A batch under the rows' own vocabulary.
template <class T>
struct Lanes {
  Batch<T> v;
  WENGERT_MATH_FN Lanes(Batch<T> v) : v(v) {}
  WENGERT_MATH_FN Lanes(double number) : v(static_cast<T>(number)) {}

  friend WENGERT_MATH_FN Lanes operator-(Lanes x) { return kernel::neg(x.v); }
  friend WENGERT_MATH_FN Lanes operator+(Lanes a, Lanes b) { return a.v + b.v; }
  friend WENGERT_MATH_FN Lanes operator-(Lanes a, Lanes b) { return a.v - b.v; }
  friend WENGERT_MATH_FN Lanes operator*(Lanes a, Lanes b) { return a.v * b.v; }
  friend WENGERT_MATH_FN Lanes operator/(Lanes a, Lanes b) { return a.v / b.v; }
  friend WENGERT_MATH_FN auto operator==(Lanes a, Lanes b) { return a.v == b.v; }
  friend WENGERT_MATH_FN auto operator<(Lanes a, Lanes b) { return a.v < b.v; }
  friend WENGERT_MATH_FN auto operator>(Lanes a, Lanes b) { return a.v > b.v; }
  friend WENGERT_MATH_FN Lanes where(Mask<Batch<T>> mask, Lanes p, Lanes q) {
    return xsimd::select(mask, p.v, q.v);
  }
};

#define WENGERT_ONE(name)                     \
  template <class T>                          \
  WENGERT_MATH_FN Lanes<T> name(Lanes<T> x) { \
    return kernel::name(x.v);                 \
  }
#define WENGERT_TWO(name)                                                       \
  template <class T>                                                            \
  WENGERT_MATH_FN Lanes<T> name(Lanes<T> a, std::type_identity_t<Lanes<T>> b) { \
    return kernel::name(a.v, b.v);                                              \
  }
// clang-format finds no end to these lines.
// clang-format off
WENGERT_ONE(abs) WENGERT_ONE(sign) WENGERT_ONE(square) WENGERT_ONE(sqrt) WENGERT_ONE(rsqrt) WENGERT_ONE(cbrt)
WENGERT_ONE(reciprocal) WENGERT_ONE(exp) WENGERT_ONE(exp2) WENGERT_ONE(expm1) WENGERT_ONE(log)
WENGERT_ONE(log2) WENGERT_ONE(log10) WENGERT_ONE(log1p) WENGERT_ONE(sin) WENGERT_ONE(cos)
WENGERT_ONE(tan) WENGERT_ONE(asin) WENGERT_ONE(acos) WENGERT_ONE(atan) WENGERT_ONE(sinh)
WENGERT_ONE(cosh) WENGERT_ONE(tanh) WENGERT_ONE(asinh) WENGERT_ONE(acosh) WENGERT_ONE(atanh)
WENGERT_ONE(sigmoid) WENGERT_ONE(softplus) WENGERT_ONE(erf) WENGERT_ONE(erfc) WENGERT_ONE(erfinv)
WENGERT_ONE(lgamma) WENGERT_ONE(digamma) WENGERT_ONE(floor) WENGERT_ONE(ceil) WENGERT_ONE(rint)
WENGERT_ONE(trunc)
WENGERT_TWO(pow) WENGERT_TWO(maximum) WENGERT_TWO(minimum) WENGERT_TWO(atan2) WENGERT_TWO(hypot)
WENGERT_TWO(fmod) WENGERT_TWO(remainder) WENGERT_TWO(copysign)
    // clang-format on
    template <class T>
    WENGERT_MATH_FN Lanes<T> polygamma(std::type_identity_t<Lanes<T>> order, Lanes<T> x) {
  return kernel::polygamma(order.v, x.v);
}
#undef WENGERT_ONE
#undef WENGERT_TWO
// A bound that is a number is no NaN: one instruction rather than three.
template <class T>
WENGERT_MATH_FN Lanes<T> maximum(Lanes<T> x, double least) {
  return at_least(x.v, static_cast<T>(least));
}
template <class T>
WENGERT_MATH_FN Lanes<T> minimum(Lanes<T> x, double most) {
  return at_most(x.v, static_cast<T>(most));
}
#include "lib/kernels/vocabulary.hpp"

inline std::int64_t abs(std::int64_t x) { return x < 0 ? -x : x; }
inline std::int64_t sign(std::int64_t x) { return (x > 0) - (x < 0); }
inline std::int64_t maximum(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
inline std::int64_t maximum(std::int64_t a, double b) { return maximum(a, static_cast<std::int64_t>(b)); }
inline std::int64_t minimum(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

#pragma GCC diagnostic ignored "-Wunused-parameter"

// One struct per row: its texts on batches, and on int64.
#define UNARY(row, types, cost_, text, vjp_text, ...)     \
  struct Row_##row {                                      \
    static constexpr Cost cost = Cost::cost_;             \
    template <class B>                                    \
    static WENGERT_MATH_FN auto forward(B x, B) {         \
      return text;                                        \
    }                                                     \
    template <class B>                                    \
    static WENGERT_MATH_FN auto vjp_a(B g, B x, B, B y) { \
      return vjp_text;                                    \
    }                                                     \
    template <class B>                                    \
    static WENGERT_MATH_FN auto vjp_b(B, B, B, B) {       \
      return none;                                        \
    }                                                     \
  };
#define BINARY(row, types, cost_, text, text_a, text_b, ...) \
  struct Row_##row {                                         \
    static constexpr Cost cost = Cost::cost_;                \
    template <class B>                                       \
    static WENGERT_MATH_FN auto forward(B a, B b) {          \
      return text;                                           \
    }                                                        \
    template <class B>                                       \
    static WENGERT_MATH_FN auto vjp_a(B g, B a, B b, B y) {  \
      return text_a;                                         \
    }                                                        \
    template <class B>                                       \
    static WENGERT_MATH_FN auto vjp_b(B g, B a, B b, B y) {  \
      return text_b;                                         \
    }                                                        \
  };
#define COMPARE(...)
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY

}  // namespace rows

using rows::Lanes;

// Batches at a time: of two, long texts load their constants once, and the one fills the other's gaps.
template <class R>
constexpr std::size_t unrolled = R::cost == Cost::cheap ? 4 : 2;

template <class R, class T, int inputs>
__attribute__((noinline)) void forward(std::byte* out, const std::byte* const* in, std::size_t n,
                                       unsigned single) {
  run<T, inputs, unrolled<R>>(
      out, in, n, single, [](auto a, auto b, auto, auto) __attribute__((always_inline)) {
        return R::forward(Lanes<T>(a), Lanes<T>(b)).v;
      });
}
template <class R, class T>
__attribute__((noinline)) void vjp_a(std::byte* out, const std::byte* const* in, std::size_t n,
                                     unsigned single) {
  run<T, 4, unrolled<R>>(
      out, in, n, single, [](auto g, auto a, auto b, auto y) __attribute__((always_inline)) {
        return R::vjp_a(Lanes<T>(g), Lanes<T>(a), Lanes<T>(b), Lanes<T>(y)).v;
      });
}
template <class R, class T>
__attribute__((noinline)) void vjp_b(std::byte* out, const std::byte* const* in, std::size_t n,
                                     unsigned single) {
  run<T, 4, unrolled<R>>(
      out, in, n, single, [](auto g, auto a, auto b, auto y) __attribute__((always_inline)) {
        return R::vjp_b(Lanes<T>(g), Lanes<T>(a), Lanes<T>(b), Lanes<T>(y)).v;
      });
}
template <class R, int inputs>
void forward_int64(std::byte* out, const std::byte* const* in, std::size_t n, unsigned single) {
  auto* to = reinterpret_cast<std::int64_t*>(out);
  const auto* a = reinterpret_cast<const std::int64_t*>(in[0]);
  const auto* b = inputs > 1 ? reinterpret_cast<const std::int64_t*>(in[1]) : a;
  const std::size_t a_step = single & 1 ? 0 : 1, b_step = single & 2 ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) to[i] = R::forward(a[i * a_step], b[i * b_step]);
}

enum class Types { real, any };

template <class R, int inputs, Types types>
void fill_row(Table& table, Row row) {
  const int r = static_cast<int>(row);
  table.forward[r][0] = forward<R, float, inputs>;
  table.forward[r][1] = forward<R, double, inputs>;
  if constexpr (types == Types::any) table.forward[r][2] = forward_int64<R, inputs>;
  constexpr auto lanes = [] { return Lanes<float>(0.0); };
  using A = decltype(R::vjp_a(lanes(), lanes(), lanes(), lanes()));
  using B = decltype(R::vjp_b(lanes(), lanes(), lanes(), lanes()));
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
#define UNARY(row, types, ...) fill_row<rows::Row_##row, 1, Types::types>(table, Row::row);
#define BINARY(row, types, ...) fill_row<rows::Row_##row, 2, Types::types>(table, Row::row);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
