// Penalties on parameters and values.
#include "wengert/nn/regularizer.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "lib/nn/rows.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

void require_parameters(const char* name, const std::vector<Tensor>& parameters) {
  if (parameters.empty()) fail<ValueError>(name, "there must be a parameter: got none");
}

void require_matrices(const char* name, const std::vector<Tensor>& parameters) {
  for (const Tensor& parameter : parameters)
    if (parameter.ndim() < 2)
      fail<ShapeError>(name, "a parameter must have two dimensions or more: got ", parameter.shape());
}

template <class F>
Tensor total(const char* name, const std::vector<Tensor>& parameters, Location where, F penalty) {
  require_parameters(name, parameters);
  const Scope scope(name);
  Tensor total;
  for (const Tensor& parameter : parameters) {
    const Tensor term = sum(penalty(parameter), {}, false, where);
    total = total.defined() ? add({total, where}, term) : term;
  }
  return total;
}

}  // namespace

Tensor l1(const std::vector<Tensor>& parameters, Location where) {
  return total("l1", parameters, where, [where](const Tensor& w) { return abs(w, where); });
}

Tensor l2(const std::vector<Tensor>& parameters, Location where) {
  return total("l2", parameters, where, [where](const Tensor& w) { return square(w, where); });
}

Tensor elastic_net(const std::vector<Tensor>& parameters, double l1_ratio, Location where) {
  if (!(l1_ratio >= 0.0 && l1_ratio <= 1.0))
    fail<ValueError>("elastic_net", "l1_ratio must lie within [0, 1]: got ", l1_ratio);
  require_parameters("elastic_net", parameters);
  const Scope scope("elastic_net");
  return add({mul({l1_ratio, where}, l1(parameters, where)), where},
             mul({1.0 - l1_ratio, where}, l2(parameters, where)));
}

Tensor group_lasso(const std::vector<Tensor>& parameters, const GroupLassoOptions& options, Location where) {
  for (const Tensor& parameter : parameters) axis_of("group_lasso", options.axis, parameter);
  return total("group_lasso", parameters, where, [&](const Tensor& w) {
    const Tensor groups = rows_along(w, axis_of("group_lasso", options.axis, w), where);
    const Tensor norms = norm(groups, 2.0, {1}, false, where);
    const double size = static_cast<double>(groups.shape()[1]);
    return options.scale_by_size ? mul({norms, where}, std::sqrt(size)) : norms;
  });
}

Tensor orthogonality(const std::vector<Tensor>& parameters, Location where) {
  require_matrices("orthogonality", parameters);
  return total("orthogonality", parameters, where, [&](const Tensor& parameter) {
    Tensor w = rows_along(parameter, 0, where);
    if (w.shape()[0] > w.shape()[1]) w = transpose(w, where);
    const Tensor gram = matmul(w, transpose(w, where), where);
    return square(sub({gram, where}, eye(w.shape()[0], {.dtype = w.dtype()}, where)), where);
  });
}

Tensor nuclear_norm(const std::vector<Tensor>& parameters, Location where) {
  require_matrices("nuclear_norm", parameters);
  return total("nuclear_norm", parameters, where, [&](const Tensor& w) { return svd(w, where).s; });
}

Tensor entropy(const Tensor& logits, std::int64_t axis, Location where) {
  if (!is_float(logits.dtype()))
    fail<DTypeError>("entropy", "logits must be float32 or float64: got ", logits.dtype());
  axis_of("entropy", axis, logits);
  const Scope scope("entropy");
  const Tensor log_p = log_softmax(logits, axis, where);
  const Tensor absent = equal({log_p, where}, -INFINITY);
  const Tensor given = wengert::where({absent, where}, 0.0, log_p);
  const Tensor terms = wengert::where({absent, where}, 0.0, mul({exp(given, where), where}, given));
  return mean(neg(sum(terms, {axis}, false, where), where), {}, false, where);
}

Tensor total_variation(const Tensor& x, const TotalVariationOptions& options, Location where) {
  const char* name = "total_variation";
  if (!is_float(x.dtype())) fail<DTypeError>(name, "x must be float32 or float64: got ", x.dtype());
  if (options.axes.empty()) fail<ValueError>(name, "there must be an axis: got none");
  if (options.isotropic && options.axes.size() != 2)
    fail<ValueError>(name, "isotropic is of two axes: got ", options.axes);
  for (const std::int64_t axis : options.axes) axis_of(name, axis, x);
  const Scope scope(name);
  const auto differences = [&](std::int64_t axis) {
    const std::int64_t extent = x.shape()[static_cast<std::size_t>(axis_of(name, axis, x))];
    const Tensor ahead = slice(x, axis, 1, SliceRange::to_end, 1, where);
    return sub({ahead, where}, slice(x, axis, 0, extent > 0 ? extent - 1 : 0, 1, where));
  };
  if (options.isotropic) {
    Tensor parts[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const auto axis = static_cast<std::size_t>(axis_of(name, options.axes[i], x));
      std::vector<PadWidth> widths(x.ndim());
      widths[axis].after = x.shape()[axis] > 0;
      parts[i] = pad(differences(options.axes[i]), widths, {}, where);
    }
    return sum(hypot({parts[0], where}, parts[1]), {}, false, where);
  }
  Tensor total;
  for (const std::int64_t axis : options.axes) {
    const Tensor term = sum(abs(differences(axis), where), {}, false, where);
    total = total.defined() ? add({total, where}, term) : term;
  }
  return total;
}

Tensor activity(const Tensor& x, const ActivityOptions& options, Location where) {
  if (x.ndim() == 0) fail<ShapeError>("activity", "x must be (N, ...): got ()");
  if (!is_float(x.dtype())) fail<DTypeError>("activity", "x must be float32 or float64: got ", x.dtype());
  const Scope scope("activity");
  const Tensor absolute = mul({sum(abs(x, where), {}, false, where), where}, options.l1);
  const Tensor squares = mul({sum(square(x, where), {}, false, where), where}, options.l2);
  return div({add({absolute, where}, squares), where}, static_cast<double>(x.shape()[0]));
}

}  // namespace wengert::nn
