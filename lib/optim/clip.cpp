#include "wengert/optim/clip.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"

namespace wengert::optim {
namespace {

void replace_grad(const Tensor& parameter, Tensor gradient) {
  Leaf& leaf = *parameter.handle().leaf;
  const std::lock_guard lock(leaf.mutex);
  leaf.grad.swap(gradient);  // the old one is freed by the caller, after the lock
}

/// Of one gradient: the sum of |g|^p, or the largest |g|; as double, so that parameters may differ in dtype.
double share_of_norm(const Tensor& g, double p) {
  if (g.size() == 0) return 0.0;
  if (std::isinf(p)) return max(abs(g)).item();
  if (p == 2.0) return sum(square(g)).item();
  return sum(p == 1.0 ? abs(g) : pow(abs(g), p)).item();
}

double norm_of_gradients(const std::vector<Tensor>& parameters, double p) {
  const Scope scope("clip_grad_norm");
  double total = 0.0;
  for (const Tensor& parameter : parameters) {
    if (!parameter.has_grad()) continue;
    const double share = share_of_norm(parameter.grad(), p);
    total = !std::isinf(p) ? total + share : std::isnan(share) || share > total ? share : total;
  }
  return std::isinf(p) ? total : p == 2.0 ? std::sqrt(total) : std::pow(total, 1.0 / p);
}

}  // namespace

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm,
                      const ClipNormOptions& options) {
  if (!(max_norm >= 0.0)) fail<ValueError>("clip_grad_norm", "max_norm must not be negative: got ", max_norm);
  if (!(options.norm > 0.0)) fail<ValueError>("clip_grad_norm", "norm must be positive: got ", options.norm);
  const NoGrad values_only;
  const double norm = norm_of_gradients(parameters, options.norm);
  if (options.error_if_nonfinite && !std::isfinite(norm))
    fail<ValueError>("clip_grad_norm", "the gradients must have a finite norm: got ", norm);
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1.0) return norm;
  const Scope scope("clip_grad_norm");
  for (const Tensor& parameter : parameters)
    if (parameter.has_grad()) replace_grad(parameter, factor * parameter.grad());
  return norm;
}

void clip_grad_value(const std::vector<Tensor>& parameters, double max_value) {
  if (!(max_value >= 0.0))
    fail<ValueError>("clip_grad_value", "max_value must not be negative: got ", max_value);
  const NoGrad values_only;
  const Scope scope("clip_grad_value");
  for (const Tensor& parameter : parameters)
    if (parameter.has_grad()) replace_grad(parameter, clip(parameter.grad(), -max_value, max_value));
}

}  // namespace wengert::optim
