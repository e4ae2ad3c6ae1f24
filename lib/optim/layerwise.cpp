#include "wengert/optim/layerwise.hpp"

#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::optim {

LARS::LARS(const std::vector<Tensor>& parameters, const LARSOptions& options)
    : OptimizerOf("LARS", {{.name = "momentum", .optional = true}}) {
  add_group(parameters, options);
}

void LARS::update(Slot& slot, const Tensor& gradient) {
  const LARSOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const double of_p = euclidean_norm(p), of_g = euclidean_norm(gradient);
  const double ratio =
      of_p > 0.0 && of_g > 0.0 ? o.trust_coefficient * of_p / (of_g + o.weight_decay * of_p + o.eps) : 1.0;
  const Tensor change = o.lr * ratio * descent(o, p, gradient);
  if (o.momentum == 0.0) return p.assign(p - change);
  Tensor& v = slot.memory[0];
  v = v.defined() ? o.momentum * v + change : change;
  p.assign(p - (o.nesterov ? change + o.momentum * v : v));
}

std::vector<Optimizer::Option> LARS::list_options(std::size_t group) {
  LARSOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "momentum", .number = &o.momentum},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "trust_coefficient", .number = &o.trust_coefficient},
          {.name = "eps", .number = &o.eps},
          {.name = "nesterov", .flag = &o.nesterov},
          {.name = "maximize", .flag = &o.maximize}};
}

void LARS::check(const LARSOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.momentum >= 0.0, "momentum must not be negative", o.momentum);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
  require(o.trust_coefficient > 0.0, "trust_coefficient must be positive", o.trust_coefficient);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
  require(!o.nesterov || o.momentum > 0.0, "nesterov wants a positive momentum", o.momentum);
}

LAMB::LAMB(const std::vector<Tensor>& parameters, const LAMBOptions& options)
    : OptimizerOf("LAMB", {{"exp_avg"}, {"exp_avg_sq"}}) {
  add_group(parameters, options);
}

void LAMB::update(Slot& slot, const Tensor& gradient) {
  const LAMBOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = o.maximize ? -gradient : gradient;
  const auto [b1, b2] = o.betas;
  const auto t = static_cast<double>(slot.steps + 1);
  Tensor &m = slot.memory[0], &v = slot.memory[1];
  if (!m.defined()) m = v = zeros_like(g);
  m = m + (1.0 - b1) * (g - m);
  v = b2 * v + (1.0 - b2) * square(g);
  Tensor change = (1.0 / (1.0 - std::pow(b1, t))) * (m / (sqrt(v / (1.0 - std::pow(b2, t))) + o.eps));
  if (o.weight_decay != 0.0) change = change + o.weight_decay * p;
  const double of_p = euclidean_norm(p), of_change = euclidean_norm(change);
  p.assign(p - o.lr * (of_p > 0.0 && of_change > 0.0 ? of_p / of_change : 1.0) * change);
}

std::vector<Optimizer::Option> LAMB::list_options(std::size_t group) {
  LAMBOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "beta1", .number = &o.betas.first},
          {.name = "beta2", .number = &o.betas.second},
          {.name = "eps", .number = &o.eps},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "maximize", .flag = &o.maximize}};
}

void LAMB::check(const LAMBOptions& o) const {
  const auto [b1, b2] = o.betas;
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
  require(b1 >= 0.0 && b1 < 1.0, "the first of betas must lie within [0, 1)", b1);
  require(b2 >= 0.0 && b2 < 1.0, "the second of betas must lie within [0, 1)", b2);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
}

}  // namespace wengert::optim
