#include "wengert/nn/initializer.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/order.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn::init {
namespace {

double xavier_deviation(const char* name, const Tensor& leaf, double gain) {
  const Scope scope(name);
  const Fans fan = fans(leaf);
  return gain * std::sqrt(2.0 / static_cast<double>(fan.in + fan.out));
}
double kaiming_deviation(const char* name, const Tensor& leaf, const KaimingOptions& options) {
  const Scope scope(name);
  const Fans fan = fans(leaf);
  return calculate_gain(options.nonlinearity, options.slope) /
         std::sqrt(static_cast<double>(options.fan == Fan::in ? fan.in : fan.out));
}

/// Uniform around 0 with this standard deviation.
void symmetric(const Tensor& leaf, double deviation) {
  if (leaf.size() == 0) return;
  const double bound = std::sqrt(3.0) * deviation;
  uniform(leaf, -bound, bound);
}

void require_matrix(const char* name, const Tensor& leaf) {
  if (leaf.ndim() != 2) fail<ShapeError>(name, "the leaf must be a matrix: got ", leaf.shape());
}

}  // namespace

void constant(const Tensor& leaf, double value) { leaf.assign(full_like(leaf, value)); }
void zeros(const Tensor& leaf) { constant(leaf, 0.0); }
void ones(const Tensor& leaf) { constant(leaf, 1.0); }

void uniform(const Tensor& leaf, double low, double high) {
  if (!(low <= high)) fail<ValueError>("uniform", "low must not be above high: got ", low, " and ", high);
  const NoGrad values_only;
  leaf.assign(low + (high - low) * rand(leaf.shape(), {.dtype = leaf.dtype()}));
}

void normal(const Tensor& leaf, double mean, double deviation) {
  if (!(deviation >= 0.0)) fail<ValueError>("normal", "the deviation must not be negative: got ", deviation);
  const NoGrad values_only;
  leaf.assign(mean + deviation * randn(leaf.shape(), {.dtype = leaf.dtype()}));
}

void truncated_normal(const Tensor& leaf, double mean, double deviation, double low, double high) {
  const char* name = "truncated_normal";
  if (!(deviation > 0.0)) fail<ValueError>(name, "the deviation must be positive: got ", deviation);
  if (!(low < high)) fail<ValueError>(name, "low must be below high: got ", low, " and ", high);
  const NoGrad values_only;
  const double from = (low - mean) / deviation, to = (high - mean) / deviation;
  // Rounding may step over a bound.
  leaf.assign(
      clip(wengert::truncated_normal(leaf.shape(), mean, deviation, from, to, leaf.dtype()), low, high));
}

void eye(const Tensor& leaf) {
  require_matrix("eye", leaf);
  const Tensor rows = arange(static_cast<double>(leaf.shape()[0]), {.dtype = int64});
  const Tensor columns = arange(static_cast<double>(leaf.shape()[1]), {.dtype = int64});
  leaf.assign((unsqueeze(rows, 1) == columns).astype(leaf.dtype()));
}

Fans fans(const Tensor& weight) {
  const Shape& shape = weight.shape();
  if (shape.size() < 2)
    fail<ShapeError>("fans", "a weight must have two dimensions or more to have fans: got ", shape);
  std::int64_t field = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) field *= shape[i];
  return {shape[1] * field, shape[0] * field};
}

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid:
      return 1.0;
    case Nonlinearity::tanh:
      return 5.0 / 3.0;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2.0 / (1.0 + slope * slope));
    case Nonlinearity::selu:
      return 0.75;
  }
  return 1.0;
}

void xavier_uniform(const Tensor& leaf, double gain) {
  symmetric(leaf, xavier_deviation("xavier_uniform", leaf, gain));
}
void xavier_normal(const Tensor& leaf, double gain) {
  const double deviation = xavier_deviation("xavier_normal", leaf, gain);
  if (leaf.size() > 0) normal(leaf, 0.0, deviation);
}

void kaiming_uniform(const Tensor& leaf, const KaimingOptions& options) {
  symmetric(leaf, kaiming_deviation("kaiming_uniform", leaf, options));
}
void kaiming_normal(const Tensor& leaf, const KaimingOptions& options) {
  const double deviation = kaiming_deviation("kaiming_normal", leaf, options);
  if (leaf.size() > 0) normal(leaf, 0.0, deviation);
}

void lecun_normal(const Tensor& leaf) {
  const Scope scope("lecun_normal");
  const Fans fan = fans(leaf);
  if (leaf.size() > 0) normal(leaf, 0.0, 1.0 / std::sqrt(static_cast<double>(fan.in)));
}

void orthogonal(const Tensor& leaf, double gain) {
  if (leaf.ndim() < 2)
    fail<ShapeError>("orthogonal", "the leaf must have two dimensions or more: got ", leaf.shape());
  if (leaf.size() == 0) return;
  const NoGrad values_only;
  const std::int64_t rows = leaf.shape()[0], columns = leaf.size() / rows;
  const bool wide = rows < columns;
  const Shape tall{wide ? columns : rows, wide ? rows : columns};
  const auto [q, r] = qr(randn(tall, {.dtype = leaf.dtype()}));
  // qr() fixes the signs in its own way; with a positive diagonal of r the factor is uniformly distributed.
  const Tensor turned = where(diagonal(r) < 0.0, -q, q);
  leaf.assign(gain * reshape(wide ? transpose(turned) : turned, leaf.shape()));
}

void sparse(const Tensor& leaf, double sparsity, double deviation) {
  require_matrix("sparse", leaf);
  if (!(sparsity >= 0.0 && sparsity <= 1.0))
    fail<ValueError>("sparse", "sparsity must lie within [0, 1]: got ", sparsity);
  if (!(deviation >= 0.0)) fail<ValueError>("sparse", "the deviation must not be negative: got ", deviation);
  if (leaf.size() == 0) return;
  const NoGrad values_only;
  const auto zeros = static_cast<std::int64_t>(std::ceil(sparsity * static_cast<double>(leaf.shape()[0])));
  // The places of places are ranks: a random permutation of 0 ... rows - 1 in each column.
  const Tensor ranks = argsort(argsort(rand(leaf.shape(), {.dtype = float64}), 0), 0);
  const Tensor values = deviation * randn(leaf.shape(), {.dtype = leaf.dtype()});
  leaf.assign(where(ranks < zeros, 0.0, values));
}

}  // namespace wengert::nn::init
