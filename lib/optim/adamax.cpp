#include "wengert/optim/adamax.hpp"

#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::optim {
namespace {

/// Adam's averages of g and of g^2.
template <class Options>
void average(const Options& o, const Tensor& g, Tensor& m, Tensor& v) {
  if (!m.defined()) m = v = zeros_like(g);
  m = m + (1.0 - o.betas.first) * (g - m);
  v = o.betas.second * v + (1.0 - o.betas.second) * square(g);
}

template <class Option, class Options>
std::vector<Option> listed(Options& o) {
  return {{.name = "lr", .number = &o.lr},
          {.name = "beta1", .number = &o.betas.first},
          {.name = "beta2", .number = &o.betas.second},
          {.name = "eps", .number = &o.eps},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "maximize", .flag = &o.maximize}};
}

template <class Options, class Require>
void check_all(const Options& o, const Require& require) {
  const auto& [b1, b2] = o.betas;
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
  require(b1 >= 0.0 && b1 < 1.0, "the first of betas must lie within [0, 1)", b1);
  require(b2 >= 0.0 && b2 < 1.0, "the second of betas must lie within [0, 1)", b2);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
}

}  // namespace

Adamax::Adamax(const std::vector<Tensor>& parameters, const AdamaxOptions& options)
    : OptimizerOf("Adamax", {{"exp_avg"}, {"exp_inf"}}) {
  add_group(parameters, options);
}

void Adamax::update(Slot& slot, const Tensor& gradient) {
  const AdamaxOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = descent(o, p, gradient);
  const auto [b1, b2] = o.betas;
  Tensor &m = slot.memory[0], &u = slot.memory[1];
  if (!m.defined()) m = u = zeros_like(g);
  m = m + (1.0 - b1) * (g - m);
  u = maximum(b2 * u, abs(g) + o.eps);
  p.assign(p - o.lr / (1.0 - std::pow(b1, static_cast<double>(slot.steps + 1))) * (m / u));
}

std::vector<Optimizer::Option> Adamax::list_options(std::size_t group) {
  return listed<Option>(options(group));
}
void Adamax::check(const AdamaxOptions& o) const {
  check_all(o, [this](bool holds, const char* law, double got) { require(holds, law, got); });
}

NAdam::NAdam(const std::vector<Tensor>& parameters, const NAdamOptions& options)
    : OptimizerOf("NAdam", {{"exp_avg"}, {"exp_avg_sq"}}, {{.name = "mu_product", .start = 1.0}}) {
  add_group(parameters, options);
}

void NAdam::update(Slot& slot, const Tensor& gradient) {
  const NAdamOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = descent(o, p, gradient);
  const auto t = static_cast<double>(slot.steps + 1);
  const auto mu_at = [&](double step) {
    return o.betas.first * (1.0 - 0.5 * std::pow(0.96, step * o.momentum_decay));
  };
  const double mu = mu_at(t), next = mu_at(t + 1.0);
  double& product = slot.numbers[0];
  product *= mu;
  Tensor &m = slot.memory[0], &v = slot.memory[1];
  average(o, g, m, v);
  const Tensor along = next / (1.0 - product * next) * m + (1.0 - mu) / (1.0 - product) * g;
  p.assign(p - o.lr * (along / (sqrt(v / (1.0 - std::pow(o.betas.second, t))) + o.eps)));
}

std::vector<Optimizer::Option> NAdam::list_options(std::size_t group) {
  auto all = listed<Option>(options(group));
  all.push_back({.name = "momentum_decay", .number = &options(group).momentum_decay});
  return all;
}
void NAdam::check(const NAdamOptions& o) const {
  check_all(o, [this](bool holds, const char* law, double got) { require(holds, law, got); });
  require(o.momentum_decay >= 0.0, "momentum_decay must not be negative", o.momentum_decay);
}

RAdam::RAdam(const std::vector<Tensor>& parameters, const RAdamOptions& options)
    : OptimizerOf("RAdam", {{"exp_avg"}, {"exp_avg_sq"}}) {
  add_group(parameters, options);
}

void RAdam::update(Slot& slot, const Tensor& gradient) {
  const RAdamOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = descent(o, p, gradient);
  const auto t = static_cast<double>(slot.steps + 1);
  const double b2t = std::pow(o.betas.second, t);
  Tensor &m = slot.memory[0], &v = slot.memory[1];
  average(o, g, m, v);
  const double rate = o.lr / (1.0 - std::pow(o.betas.first, t));
  const double most = 2.0 / (1.0 - o.betas.second) - 1.0;
  const double length = most - 2.0 * t * b2t / (1.0 - b2t);
  if (length > 5.0) {
    const double held = std::sqrt((length - 4.0) * (length - 2.0) * most /
                                  ((most - 4.0) * (most - 2.0) * length) * (1.0 - b2t));
    p.assign(p - rate * held * (m / (sqrt(v) + o.eps)));
  } else {
    p.assign(p - rate * m);
  }
}

std::vector<Optimizer::Option> RAdam::list_options(std::size_t group) {
  return listed<Option>(options(group));
}
void RAdam::check(const RAdamOptions& o) const {
  check_all(o, [this](bool holds, const char* law, double got) { require(holds, law, got); });
}

}  // namespace wengert::optim
