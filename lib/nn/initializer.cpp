#include "wengert/nn/initializer.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/random.hpp"

namespace wengert::nn::init {
namespace {

double xavier_deviation(const Tensor& leaf, double gain) {
  const Fans fan = fans(leaf);
  return gain * std::sqrt(2.0 / static_cast<double>(fan.in + fan.out));
}
double kaiming_deviation(const Tensor& leaf, const KaimingOptions& options) {
  const Fans fan = fans(leaf);
  return gain(options.nonlinearity, options.slope) /
         std::sqrt(static_cast<double>(options.fan == Fan::in ? fan.in : fan.out));
}

/// Uniform around 0 with this standard deviation.
void symmetric(const Tensor& leaf, double deviation) {
  if (leaf.size() == 0) return;
  const double bound = std::sqrt(3.0) * deviation;
  uniform(leaf, -bound, bound);
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

Fans fans(const Tensor& weight) {
  const Shape& shape = weight.shape();
  if (shape.size() < 2)
    fail<ShapeError>("fans", "a weight must have two dimensions or more to have fans: got ", shape);
  std::int64_t field = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) field *= shape[i];
  return {shape[1] * field, shape[0] * field};
}

double gain(Nonlinearity nonlinearity, double slope) {
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

void xavier_uniform(const Tensor& leaf, double gain) { symmetric(leaf, xavier_deviation(leaf, gain)); }
void xavier_normal(const Tensor& leaf, double gain) {
  const double deviation = xavier_deviation(leaf, gain);
  if (leaf.size() > 0) normal(leaf, 0.0, deviation);
}

void kaiming_uniform(const Tensor& leaf, const KaimingOptions& options) {
  symmetric(leaf, kaiming_deviation(leaf, options));
}
void kaiming_normal(const Tensor& leaf, const KaimingOptions& options) {
  const double deviation = kaiming_deviation(leaf, options);
  if (leaf.size() > 0) normal(leaf, 0.0, deviation);
}

}  // namespace wengert::nn::init
