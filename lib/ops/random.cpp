#include "wengert/ops/random.hpp"

#include <cmath>
#include <numbers>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"

// This file is compiled once, without instruction-set dispatch or fused multiply-adds: the same key gives the
// same bits everywhere.

namespace wengert {
namespace {

double uniform53(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}
float uniform24(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

/// Fills with pieces of a block: `per_block` numbers from each.
template <class T, class F>
void fill(T* to, std::int64_t count, std::int64_t per_block, F numbers) {
  const RandomKey start = next_random_key(static_cast<std::uint64_t>((count + per_block - 1) / per_block));
  for (std::int64_t i = 0; i < count; i += per_block) {
    const auto drawn = numbers(random_block(start, static_cast<std::uint64_t>(i / per_block)));
    for (std::int64_t k = 0; k < per_block && i + k < count; ++k)
      to[i + k] = static_cast<T>(drawn[static_cast<std::size_t>(k)]);
  }
}

template <class F32, class F64>
Tensor random_tensor(const char* operation, const Shape& shape, TensorOptions options, Location where,
                     F32 f32, F64 f64) {
  if (!is_float(options.dtype))
    fail<DTypeError>(operation, "random numbers are float32 or float64: got ", options.dtype);
  Tensor result = Tensor::adopt(new_node(shape, options.dtype, where));
  std::byte* data = allocate_value(result.handle());
  if (options.dtype == float32)
    fill(reinterpret_cast<float*>(data), result.handle().size(), 4, f32);
  else
    fill(reinterpret_cast<double*>(data), result.handle().size(), 2, f64);
  return make_leaf(result, options.requires_grad, where);
}

std::array<double, 2> box_muller(double u, double v) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - u)), angle = 2.0 * std::numbers::pi * v;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

Tensor rand(const Shape& shape, TensorOptions options, Location where) {
  return random_tensor(
      "rand", shape, options, where,
      [](const auto& b) {
        return std::array{uniform24(b[0]), uniform24(b[1]), uniform24(b[2]), uniform24(b[3])};
      },
      [](const auto& b) {
        return std::array{uniform53(b[0], b[1]), uniform53(b[2], b[3])};
      });
}

Tensor randn(const Shape& shape, TensorOptions options, Location where) {
  return random_tensor(
      "randn", shape, options, where,
      [](const auto& b) {
        const auto first = box_muller(b[0] * 0x1p-32, b[1] * 0x1p-32),
                   second = box_muller(b[2] * 0x1p-32, b[3] * 0x1p-32);
        return std::array{first[0], first[1], second[0], second[1]};
      },
      [](const auto& b) { return box_muller(uniform53(b[0], b[1]), uniform53(b[2], b[3])); });
}

Tensor permutation(std::int64_t n, Location where) {
  Tensor result = Tensor::adopt(new_node({n}, int64, where));
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
