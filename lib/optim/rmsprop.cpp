#include "wengert/optim/rmsprop.hpp"

#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::optim {

RMSprop::RMSprop(const std::vector<Tensor>& parameters, const RMSpropOptions& options)
    : OptimizerOf("RMSprop", {{"square_avg"},
                              {.name = "grad_avg", .optional = true},
                              {.name = "momentum_buffer", .optional = true}}) {
  add_group(parameters, options);
}

void RMSprop::update(Slot& slot, const Tensor& gradient) {
  const RMSpropOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = descent(o, p, gradient);
  Tensor &v = slot.memory[0], &average = slot.memory[1], &buffer = slot.memory[2];
  if (!v.defined()) v = zeros_like(g);
  v = o.alpha * v + (1.0 - o.alpha) * square(g);
  Tensor spread = v;
  if (o.centered) {
    if (!average.defined()) average = zeros_like(g);
    average = o.alpha * average + (1.0 - o.alpha) * g;
    // Never negative but for rounding, which would make it NaN.
    spread = maximum(v - square(average), 0.0);
  }
  Tensor change = g / (sqrt(spread) + o.eps);
  if (o.momentum != 0.0) {
    buffer = buffer.defined() ? o.momentum * buffer + change : change;
    change = buffer;
  }
  p.assign(p - o.lr * change);
}

std::vector<Optimizer::Option> RMSprop::list_options(std::size_t group) {
  RMSpropOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "alpha", .number = &o.alpha},
          {.name = "eps", .number = &o.eps},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "momentum", .number = &o.momentum},
          {.name = "centered", .flag = &o.centered},
          {.name = "maximize", .flag = &o.maximize}};
}

void RMSprop::check(const RMSpropOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.alpha >= 0.0 && o.alpha <= 1.0, "alpha must lie within [0, 1]", o.alpha);
  require(o.eps >= 0.0, "eps must not be negative", o.eps);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
  require(o.momentum >= 0.0, "momentum must not be negative", o.momentum);
}

}  // namespace wengert::optim
