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

}  // namespace wengert::nn
