// What holds the norms of parameters: a projection and two reparameterizations.
#include "lib/core/fail.hpp"
#include "lib/nn/rows.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/distance.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// The p-norms of the slices along an axis, with ones elsewhere in the shape.
Tensor slice_norms(const Tensor& x, std::int64_t axis, double p, Location where) {
  Shape shape = Dims::filled(x.ndim(), 1);
  shape[static_cast<std::size_t>(axis)] = x.shape()[static_cast<std::size_t>(axis)];
  return reshape(norm(rows_along(x, axis, where), p, {1}, true, where), shape, where);
}

}  // namespace

void max_norm(const std::vector<Tensor>& parameters, double limit, const MaxNormOptions& options) {
  const char* name = "max_norm";
  if (!(limit >= 0.0)) fail<ValueError>(name, "limit must not be negative: got ", limit);
  if (!(options.p > 0.0)) fail<ValueError>(name, "p must be positive: got ", options.p);
  for (const Tensor& parameter : parameters) {
    axis_of(name, options.axis, parameter);
    if (!is_float(parameter.dtype()))
      fail<DTypeError>(name, "a parameter must be float32 or float64: got ", parameter.dtype());
    if (!parameter.is_leaf())
      fail<GraphError>(name, "only a leaf can be given another value: got the result of an operation");
  }
  const NoGrad values_only;
  const Scope scope(name);
  for (const Tensor& parameter : parameters) {
    const Tensor norms = slice_norms(parameter, axis_of(name, options.axis, parameter), options.p, {});
    const Tensor above = norms > limit;
    parameter.assign(where(above, parameter * (limit / where(above, norms, 1.0)), parameter));
  }
}

Tensor weight_norm(const Tensor& v, const Tensor& g, std::int64_t axis, Location where) {
  const std::int64_t along = axis_of("weight_norm", axis, v);
  Shape expected = Dims::filled(v.ndim(), 1);
  expected[static_cast<std::size_t>(along)] = v.shape()[static_cast<std::size_t>(along)];
  if (g.shape() != expected)
    fail<ShapeError>("weight_norm", "g must be ", expected, " for v ", v.shape(), " and axis ", axis,
                     ": got ", g.shape());
  const Scope scope("weight_norm");
  return mul({v, where}, div({g, where}, slice_norms(v, along, 2.0, where)));
}

SpectralNorm spectral_norm(const Tensor& w, const Tensor& u, const SpectralNormOptions& options,
                           Location where) {
  const char* name = "spectral_norm";
  if (w.ndim() < 2) fail<ShapeError>(name, "w must have two dimensions or more: got ", w.shape());
  const std::int64_t axis = axis_of(name, options.axis, w);
  const std::int64_t rows = w.shape()[static_cast<std::size_t>(axis)];
  if (u.shape() != Shape(rows))
    fail<ShapeError>(name, "u must be ", Shape(rows), " for w ", w.shape(), " and axis ", options.axis,
                     ": got ", u.shape());
  if (options.iterations < 0)
    fail<ValueError>(name, "iterations must not be negative: got ", options.iterations);
  const Scope scope(name);
  const Tensor matrix = rows_along(w, axis, where);
  const NormalizeOptions unit{.axis = 0, .eps = options.eps};
  Tensor left, right;
  {
    const NoGrad constants;
    left = normalize(u.detach(), unit, where);
    const auto back = [&] { return normalize(matmul(transpose(matrix, where), left, where), unit, where); };
    right = back();
    for (int i = 0; i < options.iterations; ++i) {
      if (i > 0) right = back();
      left = normalize(matmul(matrix, right, where), unit, where);
    }
  }
  const Tensor sigma = sum(mul({left, where}, matmul(matrix, right, where)), {}, false, where);
  return {.weight = div({w, where}, sigma), .sigma = sigma, .u = left.detach()};
}

}  // namespace wengert::nn
