#include "wengert/optim/gauss_newton.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/fail.hpp"
#include "lib/optim/flat.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::optim {
namespace {

/// Residuals at a point and their Jacobian (m, n).
struct Linear {
  Tensor residuals, jacobian;
  double half_squares() const { return 0.5 * dot_of(residuals, residuals); }
};

Tensor recorded_residuals(const Flat& flat, const std::function<Tensor()>& closure) {
  const EnableGrad recording;
  return reshape(flat.call(closure), {-1});
}

/// By vector-Jacobian products, a row each, or, where there are fewer columns, by Jacobian-vector products.
Linear linearize(const Flat& flat, const std::function<Tensor()>& closure) {
  const Tensor r = recorded_residuals(flat, closure);
  const std::int64_t m = r.size(), n = flat.size();
  const auto unit = [](const Tensor& basis, std::int64_t i) {
    return reshape(slice(basis, 0, i, i + 1), {-1});
  };
  const Tensor basis = eye(std::min(m, n), {.dtype = r.dtype()});
  std::vector<Tensor> lines;
  if (m <= n) {
    for (std::int64_t i = 0; i < m; ++i)
      lines.push_back(flat.join(grad(
          r, flat.parameters(), {.retain_graph = true, .allow_unused = true, .seeds = {unit(basis, i)}})));
  } else {
    // The pullback is linear in its cotangent u: its derivative in u is the Jacobian, transposed.
    const Tensor u = parameter(zeros_like(r.detach()));
    const EnableGrad recording;
    const Tensor pulled =
        flat.join(grad(r, flat.parameters(), {.create_graph = true, .allow_unused = true, .seeds = {u}}));
    for (std::int64_t i = 0; i < n; ++i)
      lines.push_back(grad(sum(pulled * unit(basis, i)), {u}, {.retain_graph = true})[0]);
  }
  const Tensor stacked = stack(lines).detach();
  return {r.detach(), m <= n ? stacked : transpose(stacked)};
}

double half_squares(const Flat& flat, const std::function<Tensor()>& closure) {
  const Tensor r = recorded_residuals(flat, closure).detach();
  return 0.5 * dot_of(r, r);
}

}  // namespace

GaussNewton::GaussNewton(const std::vector<Tensor>& parameters, const GaussNewtonOptions& options)
    : OptimizerOf("GaussNewton") {
  add_group(parameters, options);
}

double GaussNewton::step(const std::function<Tensor()>& residuals) {
  const NoGrad values_only;
  const Scope scope(name());
  check(options());
  const Flat flat(name(), parameters());
  Restore restore(flat);
  const Linear at = linearize(flat, residuals);
  if (at.residuals.size() < flat.size())
    fail<ShapeError>(name(), "there must be as many residuals as numbers to train, or more: got ",
                     at.residuals.size(), " for ", flat.size(), ". Did you mean LevenbergMarquardt?");
  const double before = at.half_squares();
  const Tensor direction = lstsq(at.jacobian, -at.residuals);
  const double slope = dot_of(matmul(at.residuals, at.jacobian), direction);
  const Tensor from = flat.values();
  double length = 1.0;
  for (std::int64_t i = 0; i <= options().max_halvings && slope < 0.0; ++i, length *= 0.5) {
    flat.assign(from + length * direction);
    if (half_squares(flat, residuals) <= before + 1e-4 * length * slope) {
      restore.keep();
      break;
    }
  }
  return before;
}

std::vector<Optimizer::Option> GaussNewton::list_options(std::size_t group) {
  return {{.name = "max_halvings", .count = &options(group).max_halvings}};
}
void GaussNewton::check(const GaussNewtonOptions& o) const {
  require(o.max_halvings >= 0, "max_halvings must not be negative", static_cast<double>(o.max_halvings));
}

LevenbergMarquardt::LevenbergMarquardt(const std::vector<Tensor>& parameters,
                                       const LevenbergMarquardtOptions& options)
    : OptimizerOf("LevenbergMarquardt") {
  add_group(parameters, options);
}

double LevenbergMarquardt::step(const std::function<Tensor()>& residuals) {
  const NoGrad values_only;
  const Scope scope(name());
  const LevenbergMarquardtOptions& o = options();
  check(o);
  const Flat flat(name(), parameters());
  Restore restore(flat);
  const Linear at = linearize(flat, residuals);
  const double before = at.half_squares();
  const Tensor gradient = matmul(at.residuals, at.jacobian);
  const Tensor squares = sum(square(at.jacobian), {0});
  const double largest = max(squares).item();
  if (const double norm = norm_of(gradient); norm == 0.0 || !std::isfinite(norm)) return before;
  double lambda = damping_ > 0.0 ? damping_ : o.damping * (o.scaled ? 1.0 : largest), growth = growth_;
  Tensor scale = ones_like(squares);
  if (o.scaled) {
    // A parameter that nothing depends on yet is damped a little as well: the system stays solvable.
    scale = sqrt(maximum(squares, 1e-12 * largest));
    if (scale_.defined()) scale = maximum(scale, scale_.astype(scale.dtype()));
    scale_ = scale;
  }
  const Tensor from = flat.values();
  const Tensor target = concat({-at.residuals, zeros_like(gradient)});
  for (std::int64_t i = 0; i < o.max_tries; ++i) {
    const Tensor direction = lstsq(concat({at.jacobian, diag(std::sqrt(lambda) * scale)}), target);
    flat.assign(from + direction);
    const double foretold = 0.5 * (lambda * dot_of(square(scale * direction), ones_like(direction)) -
                                   dot_of(gradient, direction));
    const double ratio = (before - half_squares(flat, residuals)) / foretold;
    if (ratio > 0.0) {  // false for NaN
      damping_ = lambda * std::max(1.0 / 3.0, 1.0 - std::pow(2.0 * ratio - 1.0, 3.0));
      growth_ = 2.0;
      restore.keep();
      return before;
    }
    lambda *= growth;
    growth *= 2.0;
  }
  damping_ = lambda;
  growth_ = growth;
  return before;
}

State LevenbergMarquardt::common_state() const {
  State state{{"damping", scalar(damping_, float64)}, {"growth", scalar(growth_, float64)}};
  if (scale_.defined()) state["scale"] = scale_;
  return state;
}

void LevenbergMarquardt::load_common(const State& state) {
  const Flat flat(name(), parameters());
  const auto take = [&](const char* of, const Shape& shape, DType dtype) {
    const auto found = state.find(of);
    if (found == state.end() || found->second.shape() != shape || found->second.dtype() != dtype)
      fail<ValueError>(name(), "the state must fit the optimizer: 'all.", of, "' must be ", shape, " of ",
                       dtype);
    return found->second.detach();
  };
  const double damping = take("damping", {}, float64).item(), growth = take("growth", {}, float64).item();
  const Tensor scale = state.contains("scale") ? take("scale", {flat.size()}, flat.dtype()) : Tensor();
  if (state.size() != (scale.defined() ? 3 : 2))
    fail<ValueError>(name(), "the state must fit the optimizer: it has names that are unknown");
  require(damping >= 0.0 && growth > 0.0, "the state must fit the optimizer: damping must not be negative",
          damping);
  damping_ = damping;
  growth_ = growth;
  scale_ = scale;
}

std::vector<Optimizer::Option> LevenbergMarquardt::list_options(std::size_t group) {
  LevenbergMarquardtOptions& o = options(group);
  return {{.name = "damping", .number = &o.damping},
          {.name = "scaled", .flag = &o.scaled},
          {.name = "max_tries", .count = &o.max_tries}};
}

void LevenbergMarquardt::check(const LevenbergMarquardtOptions& o) const {
  require(o.damping > 0.0 && std::isfinite(o.damping), "damping must be finite and positive", o.damping);
  require(o.max_tries >= 1, "max_tries must be positive", static_cast<double>(o.max_tries));
}

}  // namespace wengert::optim
