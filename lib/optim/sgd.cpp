#include "wengert/optim/sgd.hpp"

#include <cmath>

#include "lib/ops/blocks.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::optim {

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& options)
    : OptimizerOf("SGD", {{.name = "momentum", .optional = true}}) {
  add_group(parameters, options);
}

void SGD::update(Slot& slot, const Tensor& gradient) {
  const SGDOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  if (!o.maximize && o.weight_decay == 0.0 && o.momentum == 0.0)
    return p.assign(minus_product(p, o.lr, gradient));
  Tensor g = o.maximize ? -gradient : gradient;
  if (o.weight_decay != 0.0) g = g + o.weight_decay * p;
  if (o.momentum != 0.0) {
    Tensor& v = slot.memory[0];
    if (!v.defined())
      v = g.detach();
    else
      v = o.momentum * v + (o.dampening == 0.0 ? g : (1.0 - o.dampening) * g);
    g = o.nesterov ? g + o.momentum * v : v;
  }
  p.assign(minus_product(p, o.lr, g));
}

std::vector<Optimizer::Option> SGD::list_options(std::size_t group) {
  SGDOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "momentum", .number = &o.momentum},
          {.name = "dampening", .number = &o.dampening},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "nesterov", .flag = &o.nesterov},
          {.name = "maximize", .flag = &o.maximize}};
}

void SGD::check(const SGDOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.momentum >= 0.0, "momentum must not be negative", o.momentum);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
  require(!o.nesterov || o.momentum > 0.0, "nesterov wants a positive momentum", o.momentum);
  require(!o.nesterov || o.dampening == 0.0, "nesterov wants no dampening", o.dampening);
}

}  // namespace wengert::optim
