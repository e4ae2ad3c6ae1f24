#include "wengert/nn/linear.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::nn {

Linear::Linear(std::int64_t in, std::int64_t out, const LinearOptions& options) {
  if (in < 0 || out < 0)
    fail<ValueError>("Linear", "the extents must not be negative: got ", in, " and ", out);
  weight = zeros({out, in}, {.dtype = options.dtype, .requires_grad = true});
  init::kaiming_uniform(weight, {.slope = std::sqrt(5.0)});
  if (!options.bias) return;
  const double bound = in > 0 ? 1.0 / std::sqrt(static_cast<double>(in)) : 0.0;
  bias = zeros({out}, {.dtype = options.dtype, .requires_grad = true});
  init::uniform(bias, -bound, bound);
}

Tensor Linear::operator()(const Tensor& x, Location where) const { return linear(x, weight, bias, where); }

void Linear::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

Bilinear::Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, const LinearOptions& options) {
  if (in1 < 1 || in2 < 1 || out < 1)
    fail<ValueError>("Bilinear", "the extents must be positive: got ", in1, ", ", in2, " and ", out);
  const double bound = 1.0 / std::sqrt(static_cast<double>(in1));
  weight = zeros({out, in1, in2}, {.dtype = options.dtype, .requires_grad = true});
  init::uniform(weight, -bound, bound);
  if (!options.bias) return;
  bias = zeros({out}, {.dtype = options.dtype, .requires_grad = true});
  init::uniform(bias, -bound, bound);
}

Tensor Bilinear::operator()(const Tensor& x1, const Tensor& x2, Location where) const {
  return bilinear(x1, x2, weight, bias, where);
}

void Bilinear::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

}  // namespace wengert::nn
