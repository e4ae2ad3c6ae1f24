#include "wengert/optim/newton_cg.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/fail.hpp"
#include "lib/optim/flat.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert::optim {
namespace {

/// The loss at a point, its gradient, and products with its Hessian there.
class Model {
 public:
  Model(const Flat& flat, const Tensor& loss) : flat_(flat), loss_(loss.item()) {
    const EnableGrad recording;
    recorded_ = flat.join(grad(loss, flat.parameters(), {.create_graph = true, .allow_unused = true}));
    gradient_ = recorded_.detach();
  }
  double loss() const { return loss_; }
  const Tensor& gradient() const { return gradient_; }
  Tensor hessian_times(const Tensor& v) const {
    if (!recorded_.requires_grad()) return zeros_like(v);  // of a linear loss
    Tensor slope;
    {
      const EnableGrad recording;
      slope = sum(recorded_ * v);
    }
    return flat_.join(grad(slope, flat_.parameters(), {.retain_graph = true, .allow_unused = true}));
  }

 private:
  const Flat& flat_;
  double loss_;
  Tensor recorded_, gradient_;
};

struct Move {
  Tensor step;
  double foretold;  ///< how much lower the model is there
  bool at_edge;
};

/// Where within the radius the model is small.
Move minimize(const Model& model, double radius, std::int64_t most_products) {
  const Tensor& g = model.gradient();
  const double norm = norm_of(g), enough = std::min(0.5, std::sqrt(norm)) * norm;
  Tensor z = zeros_like(g), r = g, d = -g;  // r: the model's gradient at z
  bool at_edge = false;
  double rr = norm * norm;
  for (std::int64_t i = 0; i < most_products && std::sqrt(rr) > enough; ++i) {
    const Tensor hd = model.hessian_times(d);
    const double curvature = dot_of(d, hd), alpha = rr / curvature;
    Tensor next;
    if (curvature > 0.0) next = z + alpha * d;
    if (!next.defined() || norm_of(next) >= radius) {
      // On to the edge: |z + tau d| = radius. The form that subtracts nothing of one size is taken.
      const double a = dot_of(d, d), b = dot_of(z, d), c = dot_of(z, z) - radius * radius;
      const double root = std::sqrt(std::max(0.0, b * b - a * c));
      const double tau = b > 0.0 ? -c / (b + root) : (root - b) / a;
      z = z + tau * d;
      r = r + tau * hd;
      at_edge = true;
      break;
    }
    z = next;
    r = r + alpha * hd;
    const double fresh = dot_of(r, r);
    d = (fresh / rr) * d - r;
    rr = fresh;
  }
  return {z, -0.5 * dot_of(z, g + r), at_edge};  // r - g is the Hessian times z
}

}  // namespace

NewtonCG::NewtonCG(const std::vector<Tensor>& parameters, const NewtonCGOptions& options)
    : OptimizerOf("NewtonCG"), radius_(options.radius) {
  add_group(parameters, options);
}

double NewtonCG::step(const std::function<Tensor()>& loss) {
  const NoGrad values_only;
  const Scope scope(name());
  const NewtonCGOptions& o = options();
  check(o);
  const Flat flat(name(), parameters());
  Restore restore(flat);
  const double rounding = flat.dtype() == float64 ? std::numeric_limits<double>::epsilon()
                                                  : std::numeric_limits<float>::epsilon();
  constexpr int most_tries = 30;
  double before = 0.0, radius = radius_;
  Tensor recorded = flat.call_scalar(loss);
  for (std::int64_t i = 0; i < o.max_iter; ++i) {
    const Model model(flat, recorded);
    if (i == 0) before = model.loss();
    const double norm = norm_of(model.gradient());
    if (norm <= o.tolerance_grad || !std::isfinite(norm)) break;
    const Tensor from = flat.values();
    const double slack = 10.0 * rounding * std::max(1.0, std::abs(model.loss()));
    bool moved = false;
    for (int tries = 0; !moved && tries < most_tries; ++tries) {
      const Move move = minimize(model, radius, o.cg_iterations > 0 ? o.cg_iterations : 2 * flat.size());
      flat.assign(from + move.step);
      recorded = flat.call_scalar(loss);
      // What is lost in rounding must not decide near the minimum.
      const double ratio = (model.loss() - recorded.item() + slack) / (move.foretold + slack);
      moved = ratio > 1e-4;  // false for NaN
      if (!(ratio >= 0.25))
        radius = 0.25 * norm_of(move.step);
      else if (ratio > 0.75 && move.at_edge)
        radius = std::min(2.0 * radius, o.max_radius);
    }
    if (!moved) {
      flat.assign(from);
      break;
    }
  }
  radius_ = radius;
  restore.keep();
  return before;
}

State NewtonCG::common_state() const { return {{"radius", scalar(radius_, float64)}}; }

void NewtonCG::load_common(const State& state) {
  const auto found = state.find("radius");
  if (state.size() != 1 || found == state.end() || !found->second.shape().empty() ||
      found->second.dtype() != float64 || !(found->second.item() > 0.0))
    fail<ValueError>(name(), "the state must fit the optimizer: 'all.radius' must be a positive number of ",
                     float64, ", and nothing else of all parameters");
  radius_ = found->second.item();
}

std::vector<Optimizer::Option> NewtonCG::list_options(std::size_t group) {
  NewtonCGOptions& o = options(group);
  return {{.name = "max_iter", .count = &o.max_iter},
          {.name = "cg_iterations", .count = &o.cg_iterations},
          {.name = "tolerance_grad", .number = &o.tolerance_grad},
          {.name = "radius", .number = &o.radius},
          {.name = "max_radius", .number = &o.max_radius}};
}

void NewtonCG::check(const NewtonCGOptions& o) const {
  require(o.max_iter >= 1, "max_iter must be positive", static_cast<double>(o.max_iter));
  require(o.cg_iterations >= 0, "cg_iterations must not be negative", static_cast<double>(o.cg_iterations));
  require(o.tolerance_grad >= 0.0, "tolerance_grad must not be negative", o.tolerance_grad);
  require(o.radius > 0.0, "radius must be positive", o.radius);
  require(o.max_radius >= o.radius, "max_radius must not be smaller than radius", o.max_radius);
}

}  // namespace wengert::optim
