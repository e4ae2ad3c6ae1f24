#include "wengert/optim/lion.hpp"

#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::optim {

Lion::Lion(const std::vector<Tensor>& parameters, const LionOptions& options)
    : OptimizerOf("Lion", {{"exp_avg"}}) {
  add_group(parameters, options);
}

void Lion::update(Slot& slot, const Tensor& gradient) {
  const LionOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = o.maximize ? -gradient : gradient;
  const auto [b1, b2] = o.betas;
  Tensor& m = slot.memory[0];
  if (!m.defined()) m = zeros_like(g);
  p.assign(decayed(o, p) - o.lr * sign(b1 * m + (1.0 - b1) * g));
  m = b2 * m + (1.0 - b2) * g;
}

std::vector<Optimizer::Option> Lion::list_options(std::size_t group) {
  LionOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "beta1", .number = &o.betas.first},
          {.name = "beta2", .number = &o.betas.second},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "maximize", .flag = &o.maximize}};
}

void Lion::check(const LionOptions& o) const {
  const auto [b1, b2] = o.betas;
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(b1 >= 0.0 && b1 <= 1.0, "the first of betas must lie within [0, 1]", b1);
  require(b2 >= 0.0 && b2 <= 1.0, "the second of betas must lie within [0, 1]", b2);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
}

}  // namespace wengert::optim
