// Penalties on the derivatives of functions.
#include "lib/core/fail.hpp"
#include "lib/nn/rows.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/grad/transforms.hpp"
#include "wengert/nn/distance.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert::nn {
namespace {

Tensor flat_rows(const Tensor& x, Location where) {
  const std::int64_t n = x.shape()[0];
  return reshape(x, {n, n == 0 ? 0 : x.size() / n}, where);
}

}  // namespace

Tensor gradient_penalty(const BatchFunction& f, const Tensor& x, const GradientPenaltyOptions& options,
                        Location where) {
  const char* name = "gradient_penalty";
  if (x.ndim() == 0) fail<ShapeError>(name, "x must be (N, ...): got ()");
  const auto [y, pullback] = vjp(f, x, {.create_graph = true}, where);
  const std::int64_t n = x.shape()[0];
  if (y.shape() != Shape(n) && y.shape() != Shape(n, 1))
    fail<ShapeError>(name, "f must give (N) or (N, 1) for x (N, ...): got ", y.shape(), " for ", x.shape());
  const Scope scope(name);
  const Tensor gradient = flat_rows(pullback(ones_like(y, {}, where)), where);
  Tensor excess = sub({norm(gradient, 2.0, {1}, false, where), where}, options.target);
  if (options.one_sided) excess = relu(excess, where);
  return mean(square(excess, where), {}, false, where);
}

Tensor jacobian_penalty(const BatchFunction& f, const Tensor& x, const JacobianPenaltyOptions& options,
                        Location where) {
  const char* name = "jacobian_penalty";
  if (x.ndim() == 0) fail<ShapeError>(name, "x must be (N, ...): got ()");
  if (options.projections < 0)
    fail<ValueError>(name, "projections must not be negative: got ", options.projections);
  const auto [y, pullback] = vjp(f, x, {.create_graph = true}, where);
  const std::int64_t n = x.shape()[0];
  if (y.ndim() == 0 || y.shape()[0] != n)
    fail<ShapeError>(name, "f must give (N, ...) for x (N, ...): got ", y.shape(), " for ", x.shape());
  const Scope scope(name);
  const std::int64_t outputs = n == 0 ? 0 : y.size() / n;
  const bool exact = options.projections == 0;
  const std::int64_t passes = exact ? outputs : options.projections;
  const TensorOptions like{.dtype = y.dtype()};
  const Tensor basis = exact ? eye(outputs, like, where) : Tensor();
  Tensor total = zeros({}, like, where);
  for (std::int64_t k = 0; k < passes; ++k) {
    Tensor direction = exact ? broadcast_to(slice(basis, 0, k, k + 1, 1, where), {n, outputs}, where)
                             : normalize(randn({n, outputs}, like, where), {}, where);
    const Tensor row = pullback(reshape(direction, y.shape(), where));
    total = add({total, where}, sum(square(row, where), {}, false, where));
  }
  const double scale = exact ? 1.0 : static_cast<double>(outputs) / static_cast<double>(passes);
  return mul({div({total, where}, static_cast<double>(n)), where}, scale);
}

}  // namespace wengert::nn
