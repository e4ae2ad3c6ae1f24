#include "wengert/ops/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "lib/core/dispatch.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/tape.hpp"
#include "lib/kernels/math_log.hpp"
#include "lib/kernels/math_trig.hpp"
#include "lib/ops/blocks.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

// A draw goes through the baseline's kernels whatever the processor is (the C library's log and cos choose
// theirs by it): the same key gives the same bits everywhere.

namespace wengert {
namespace {

constexpr std::size_t chunk = 512;
constexpr double nanoseconds_each = 3.0;  // about, of a number

/// u[i] in place of f(u[i]), by the baseline's kernel.
void apply(kernel::Row row, double* u, std::size_t n) {
  const std::byte* in[1] = {reinterpret_cast<const std::byte*>(u)};
  kernel::baseline_table().forward[static_cast<int>(row)][static_cast<int>(float64)](
      reinterpret_cast<std::byte*>(u), in, n, 0);
}

double uniform53(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

/// `count` numbers from a stream of uniform ones: 24 bits each for float32, four to a block, 53 for float64,
/// two to a block; `transform` makes of each whole chunk, an even number of uniforms in [0, 1), what is
/// wanted.
template <class T, class F>
void fill(T* to, std::int64_t count, F transform) {
  constexpr std::int64_t per_block = sizeof(T) == 4 ? 4 : 2;
  const RandomKey start = next_random_key(static_cast<std::uint64_t>((count + per_block - 1) / per_block));
  parallel_ranges(count, chunk, nanoseconds_each, [&](std::int64_t begin, std::int64_t end) {
    double u[chunk];
    for (std::int64_t first = begin; first < end; first += chunk) {
      for (std::size_t k = 0; k < chunk; k += per_block) {
        const auto b = random_block(start, (static_cast<std::uint64_t>(first) + k) / per_block);
        if constexpr (sizeof(T) == 4)
          for (std::size_t i = 0; i < 4; ++i) u[k + i] = static_cast<double>(b[i] >> 8) * 0x1p-24;
        else
          for (std::size_t i = 0; i < 2; ++i) u[k + i] = uniform53(b[2 * i], b[2 * i + 1]);
      }
      transform(u);
      const auto length = std::min<std::int64_t>(chunk, end - first);
      for (std::int64_t k = 0; k < length; ++k) to[first + k] = static_cast<T>(u[k]);
    }
  });
}

template <class F>
Tensor draw(const char* operation, const Shape& shape, TensorOptions options, Location where, F transform) {
  if (!is_float(options.dtype))
    fail<DTypeError>(operation, "random numbers are float32 or float64: got ", options.dtype);
  Tensor result = Tensor::adopt(new_node(shape, options.dtype, where, operation));
  std::byte* data = allocate_value(result.handle());
  if (options.dtype == float32)
    fill(reinterpret_cast<float*>(data), result.handle().size(), transform);
  else
    fill(reinterpret_cast<double*>(data), result.handle().size(), transform);
  return make_leaf(result, options.requires_grad, where);
}

/// Of each pair of uniform numbers, u and v, sqrt(-2 log(1 - u)) times cos and sin of 2 pi v (Box and Muller
/// 1958).
void box_muller(double* u) {
  using Batch = xsimd::batch<double>;  // the baseline's, as this file is compiled for it
  constexpr std::size_t half = chunk / 2;
  alignas(64) double first[half], second[half];
  for (std::size_t i = 0; i < half; ++i) {
    first[i] = 1.0 - u[2 * i];
    second[i] = 2.0 * std::numbers::pi * u[2 * i + 1];
  }
  for (std::size_t i = 0; i < half; i += Batch::size) {
    const Batch angle = Batch::load_aligned(second + i);
    const auto reduced = kernel::reduce_angle(angle);  // once for both
    const Batch radius = xsimd::sqrt(Batch(-2.0) * kernel::log(Batch::load_aligned(first + i)));
    (radius * kernel::cos_of(reduced)).store_aligned(first + i);
    (radius * kernel::sin_of(angle, reduced)).store_aligned(second + i);
  }
  for (std::size_t i = 0; i < half; ++i) {
    u[2 * i] = first[i];
    u[2 * i + 1] = second[i];
  }
}

/// -log(u), u in (0, 1]: exponential with mean 1.
void minus_log(double* u) {
  for (std::size_t i = 0; i < chunk; ++i) u[i] = 1.0 - u[i];
  apply(kernel::Row::log, u, chunk);
  for (std::size_t i = 0; i < chunk; ++i) u[i] = -u[i];
}

/// -log(-log(u)), u in (0, 1).
void gumbel_noise(double* u) {
  for (std::size_t i = 0; i < chunk; ++i) u[i] = std::max(u[i], 0x1p-54);
  apply(kernel::Row::log, u, chunk);
  for (std::size_t i = 0; i < chunk; ++i) u[i] = -u[i];
  apply(kernel::Row::log, u, chunk);
  for (std::size_t i = 0; i < chunk; ++i) u[i] = -u[i];
}

double baseline_erf(double x) {
  apply(kernel::Row::erf, &x, 1);
  return x;
}

Tensor scaled(const char* operation, const Tensor& noise, const Operand& scale, const Operand& location) {
  const Tensor moved = add({mul({noise, scale.where()}, scale), scale.where()}, location);
  if (moved.shape() != noise.shape())
    fail<ShapeError>(operation, "parameters must broadcast to the shape: got one that makes ", moved.shape(),
                     " of ", noise.shape());
  return moved;
}

/// Throws ValueError unless each element of a parameter lies in [least, most], which no NaN does.
void require_within(const char* operation, const char* law, const Operand& parameter, double least,
                    double most) {
  if (parameter.is_number()) {
    if (parameter.number() >= least && parameter.number() <= most) return;
    fail<ValueError>(operation, law, ": got ", parameter.number());
  }
  const NoGrad guard;
  const Tensor p = parameter.tensor().detach();
  const Tensor good = logical_and(p >= least, p <= most);
  if (all(good).item() != 0.0) return;
  const Tensor flat = reshape(p, {-1});
  const auto first = static_cast<std::int64_t>(argmin(reshape(good.astype(float32), {-1})).item());
  fail<ValueError>(operation, law, ": got ", slice(flat, 0, first, first + 1).item());
}

constexpr double infinity = std::numeric_limits<double>::infinity();

double largest(DType dtype) {
  return dtype == float32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
}
/// The number next to 0.
double smallest(DType dtype) {
  return dtype == float32 ? std::numeric_limits<float>::denorm_min()
                          : std::numeric_limits<double>::denorm_min();
}

void require_deviation(const char* operation, const Operand& deviation) {
  require_within(operation, "the deviation must be 0 or more", deviation, 0.0, infinity);
}

}  // namespace

Tensor rand(const Shape& shape, TensorOptions options, Location where) {
  return draw("rand", shape, options, where, [](double*) {});
}

Tensor randn(const Shape& shape, TensorOptions options, Location where) {
  return draw("randn", shape, options, where, box_muller);
}

Tensor rand_like(const Tensor& x, LikeOptions options, Location where) {
  require_value("rand_like", x);
  return draw("rand_like", x.shape(), {options.dtype.value_or(x.dtype()), options.requires_grad}, where,
              [](double*) {});
}

Tensor randn_like(const Tensor& x, LikeOptions options, Location where) {
  require_value("randn_like", x);
  return draw("randn_like", x.shape(), {options.dtype.value_or(x.dtype()), options.requires_grad}, where,
              box_muller);
}

Tensor uniform(const Shape& shape, const Operand& low, const Operand& high, DType dtype) {
  const Scope scope("uniform");
  const bool numbers = low.is_number() && high.is_number();
  const Tensor tensor = numbers ? Tensor() : sub(high, low);
  const Operand width =
      numbers ? Operand(high.number() - low.number(), low.where()) : Operand(tensor, low.where());
  require_within("uniform", "high - low must be finite and 0 or more", width, 0.0, largest(dtype));
  return scaled("uniform", rand(shape, {.dtype = dtype}, low.where()), width, low);
}

Tensor normal(const Shape& shape, const Operand& mean, const Operand& deviation, DType dtype) {
  const Scope scope("normal");
  require_deviation("normal", deviation);
  return scaled("normal", randn(shape, {.dtype = dtype}, mean.where()), deviation, mean);
}

Tensor exponential(const Shape& shape, const Operand& rate, DType dtype) {
  const Scope scope("exponential");
  require_within("exponential", "the rate must be above 0", rate, smallest(dtype), infinity);
  const Tensor e = draw("exponential", shape, {.dtype = dtype}, rate.where(), minus_log);
  const Tensor tensor = rate.is_number() ? Tensor() : reciprocal(rate.tensor(), rate.where());
  const Operand mean =
      rate.is_number() ? Operand(1.0 / rate.number(), rate.where()) : Operand(tensor, rate.where());
  return scaled("exponential", e, mean, 0.0);
}

Tensor gumbel(const Shape& shape, const Operand& location, const Operand& scale, DType dtype) {
  const Scope scope("gumbel");
  require_within("gumbel", "the scale must be 0 or more", scale, 0.0, infinity);
  return scaled("gumbel", draw("gumbel", shape, {.dtype = dtype}, location.where(), gumbel_noise), scale,
                location);
}

Tensor truncated_normal(const Shape& shape, const Operand& mean, const Operand& deviation, double low,
                        double high, DType dtype) {
  const Scope scope("truncated_normal");
  if (!(low < high)) fail<ValueError>("truncated_normal", "low must be below high: got ", low, " and ", high);
  require_deviation("truncated_normal", deviation);
  const double start = baseline_erf(low / std::numbers::sqrt2),
               end = baseline_erf(high / std::numbers::sqrt2);
  const Tensor z = draw("truncated_normal", shape, {.dtype = dtype}, mean.where(), [=](double* u) {
    for (std::size_t i = 0; i < chunk; ++i) u[i] = start + (end - start) * u[i];
    apply(kernel::Row::erfinv, u, chunk);
    for (std::size_t i = 0; i < chunk; ++i) u[i] = std::clamp(u[i] * std::numbers::sqrt2, low, high);
  });
  return scaled("truncated_normal", z, deviation, mean);
}

Tensor bernoulli(const Tensor& p, Location where) {
  const Scope scope("bernoulli");
  require_within("bernoulli", "a probability must lie in [0, 1]", {p, where}, 0.0, 1.0);
  const NoGrad guard;
  return less({rand(p.shape(), {.dtype = p.dtype()}, where), where}, p).astype(p.dtype(), where);
}

Tensor categorical(const Tensor& logits, Location where) {
  const Scope scope("categorical");
  if (logits.ndim() == 0) fail<ShapeError>("categorical", "there must be an axis of classes: got shape ()");
  const NoGrad guard;
  if (is_float(logits.dtype()) && logits.size() > 0)
    require_within("categorical", "the largest logit of each row must be finite",
                   max(logits, -1, false, where), -largest(logits.dtype()), largest(logits.dtype()));
  const Tensor noise = draw("categorical", logits.shape(), {.dtype = logits.dtype()}, where, gumbel_noise);
  return argmax(add({logits, where}, noise), -1, false, where);
}

Tensor permutation(std::int64_t n, Location where) {
  Tensor result = Tensor::adopt(new_node({n}, int64, where, "permutation"));
  auto* to = reinterpret_cast<std::int64_t*>(allocate_value(result.handle()));
  const RandomKey start = next_random_key(static_cast<std::uint64_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    // Fisher and Yates's shuffle, inside out; 64 random bits make the bias of the product below 2^-40.
    const auto b = random_block(start, static_cast<std::uint64_t>(i));
    const std::uint64_t bits = std::uint64_t{b[0]} << 32 | b[1];
    const auto j = static_cast<std::int64_t>(
        static_cast<unsigned __int128>(bits) * static_cast<std::uint64_t>(i + 1) >> 64);
    if (j != i) to[i] = to[j];
    to[j] = i;
  }
  return make_leaf(result, false, where);
}

}  // namespace wengert
