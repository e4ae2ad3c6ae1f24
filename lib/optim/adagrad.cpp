#include "wengert/optim/adagrad.hpp"

#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::optim {

Adagrad::Adagrad(const std::vector<Tensor>& parameters, const AdagradOptions& options)
    : OptimizerOf("Adagrad", {{"sum"}}) {
  add_group(parameters, options);
}

void Adagrad::update(Slot& slot, const Tensor& gradient) {
  const AdagradOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = descent(o, p, gradient);
  Tensor& total = slot.memory[0];
  if (!total.defined()) total = full_like(g, o.initial_accumulator_value);
  total = total + square(g);
  const double rate = o.lr / (1.0 + static_cast<double>(slot.steps) * o.lr_decay);
  p.assign(p - rate * (g / (sqrt(total) + o.eps)));
}

std::vector<Optimizer::Option> Adagrad::list_options(std::size_t group) {
  AdagradOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "lr_decay", .number = &o.lr_decay},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "initial_accumulator_value", .number = &o.initial_accumulator_value},
          {.name = "eps", .number = &o.eps},
          {.name = "maximize", .flag = &o.maximize}};
}

void Adagrad::check(const AdagradOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.lr_decay >= 0.0, "lr_decay must not be negative", o.lr_decay);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
  require(o.initial_accumulator_value >= 0.0, "initial_accumulator_value must not be negative",
          o.initial_accumulator_value);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
}

Adadelta::Adadelta(const std::vector<Tensor>& parameters, const AdadeltaOptions& options)
    : OptimizerOf("Adadelta", {{"square_avg"}, {"acc_delta"}}) {
  add_group(parameters, options);
}

void Adadelta::update(Slot& slot, const Tensor& gradient) {
  const AdadeltaOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = descent(o, p, gradient);
  Tensor &v = slot.memory[0], &u = slot.memory[1];
  if (!v.defined()) v = u = zeros_like(g);
  v = o.rho * v + (1.0 - o.rho) * square(g);
  const Tensor delta = sqrt(u + o.eps) / sqrt(v + o.eps) * g;
  u = o.rho * u + (1.0 - o.rho) * square(delta);
  p.assign(p - o.lr * delta);
}

std::vector<Optimizer::Option> Adadelta::list_options(std::size_t group) {
  AdadeltaOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "rho", .number = &o.rho},
          {.name = "eps", .number = &o.eps},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "maximize", .flag = &o.maximize}};
}

void Adadelta::check(const AdadeltaOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.rho >= 0.0 && o.rho <= 1.0, "rho must lie within [0, 1]", o.rho);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
}

}  // namespace wengert::optim
