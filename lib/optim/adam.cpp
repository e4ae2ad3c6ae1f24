#include "wengert/optim/adam.hpp"

#include <cmath>

#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::optim {
namespace {

/// Takes one step of Adam from `p` against `g`; memory is m, v and AMSGrad's largest v.
template <class Options>
Tensor stepped(const Options& o, const Tensor& p, const Tensor& g, std::vector<Tensor>& memory,
               std::int64_t t) {
  auto& [b1, b2] = o.betas;
  Tensor &m = memory[0], &v = memory[1], &largest = memory[2];
  if (!m.defined()) m = v = zeros_like(g);
  m = m + (1.0 - b1) * (g - m);
  v = b2 * v + (1.0 - b2) * square(g);
  if (o.amsgrad) largest = largest.defined() ? maximum(largest, v) : v;
  // The corrections of m and v for their start at 0 are numbers: taken out of the fraction, as section 2 of
  // the paper does, they cost no pass over the parameters.
  const double n = static_cast<double>(t);
  const double correction = std::sqrt(1.0 - std::pow(b2, n));
  const double rate = o.lr * correction / (1.0 - std::pow(b1, n));
  return p - rate * (m / (sqrt(o.amsgrad ? largest : v) + o.eps * correction));
}

template <class Option, class Options>
std::vector<Option> listed(Options& o) {
  return {{.name = "lr", .number = &o.lr},
          {.name = "beta1", .number = &o.betas.first},
          {.name = "beta2", .number = &o.betas.second},
          {.name = "eps", .number = &o.eps},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "amsgrad", .flag = &o.amsgrad},
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

Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : OptimizerOf("Adam", {{"exp_avg"}, {"exp_avg_sq"}, {.name = "max_exp_avg_sq", .optional = true}}) {
  add_group(parameters, options);
}

void Adam::update(Slot& slot, const Tensor& gradient) {
  const AdamOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  Tensor g = o.maximize ? -gradient : gradient;
  if (o.weight_decay != 0.0) g = g + o.weight_decay * p;
  p.assign(stepped(o, p, g, slot.memory, slot.steps + 1));
}

std::vector<Optimizer::Option> Adam::list_options(std::size_t group) {
  return listed<Option>(options(group));
}

void Adam::check(const AdamOptions& options) const {
  check_all(options, [this](bool holds, const char* law, double got) { require(holds, law, got); });
}

AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options)
    : OptimizerOf("AdamW", {{"exp_avg"}, {"exp_avg_sq"}, {.name = "max_exp_avg_sq", .optional = true}}) {
  add_group(parameters, options);
}

void AdamW::update(Slot& slot, const Tensor& gradient) {
  const AdamWOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor decayed = o.weight_decay != 0.0 ? (1.0 - o.lr * o.weight_decay) * p : p;
  p.assign(stepped(o, decayed, o.maximize ? -gradient : gradient, slot.memory, slot.steps + 1));
}

std::vector<Optimizer::Option> AdamW::list_options(std::size_t group) {
  return listed<Option>(options(group));
}

void AdamW::check(const AdamWOptions& options) const {
  check_all(options, [this](bool holds, const char* law, double got) { require(holds, law, got); });
}

}  // namespace wengert::optim
