#include "wengert/optim/adafactor.hpp"

#include <algorithm>

#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert::optim {
namespace {

double root_mean_square(const Tensor& x) {
  return x.size() == 0 ? 0.0 : euclidean_norm(x) / std::sqrt(static_cast<double>(x.size()));
}

}  // namespace

Adafactor::Adafactor(const std::vector<Tensor>& parameters, const AdafactorOptions& options)
    : OptimizerOf("Adafactor", {{.name = "row_var", .optional = true},
                                {.name = "col_var", .optional = true},
                                {.name = "variance", .optional = true}}) {
  add_group(parameters, options);
}

Shape Adafactor::memory_shape(const Tensor& parameter, std::size_t memory) const {
  Shape shape = parameter.shape();
  if (shape.size() >= 2 && memory < 2) shape[shape.size() - (memory == 0 ? 1 : 2)] = 1;
  return shape;
}

void Adafactor::update(Slot& slot, const Tensor& gradient) {
  const AdafactorOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = o.maximize ? -gradient : gradient;
  if (g.size() == 0) return;
  const auto t = static_cast<double>(slot.steps + 1);
  const double fresh = std::pow(t, o.beta2_decay);  // 1 - b2; all of it in the first step
  const Tensor squares = square(g) + o.eps.first;
  const auto average = [fresh](Tensor& old, const Tensor& now) {
    old = old.defined() ? old + fresh * (now - old) : now;
  };
  Tensor update;
  if (g.ndim() >= 2) {
    Tensor &rows = slot.memory[0], &columns = slot.memory[1];
    average(rows, mean(squares, {-1}, true));
    average(columns, mean(squares, {-2}, true));
    // Root by root: quotients and products of the squares would leave float32's range.
    update = g * rsqrt(rows) * (sqrt(mean(rows, {-2}, true)) * rsqrt(columns));
  } else {
    average(slot.memory[2], squares);
    update = g * rsqrt(slot.memory[2]);
  }
  const double rate = std::max(o.eps.second, root_mean_square(p)) * std::min(o.lr, 1.0 / std::sqrt(t));
  p.assign(decayed(o, p) - rate / std::max(1.0, root_mean_square(update) / o.d) * update);
}

std::vector<Optimizer::Option> Adafactor::list_options(std::size_t group) {
  AdafactorOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "beta2_decay", .number = &o.beta2_decay},
          {.name = "eps1", .number = &o.eps.first},
          {.name = "eps2", .number = &o.eps.second},
          {.name = "d", .number = &o.d},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "maximize", .flag = &o.maximize}};
}

void Adafactor::check(const AdafactorOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.beta2_decay <= 0.0, "beta2_decay must not be positive", o.beta2_decay);
  require(o.eps.first >= 0.0, "the first of eps must not be negative", o.eps.first);
  require(o.eps.second >= 0.0, "the second of eps must not be negative", o.eps.second);
  require(o.d > 0.0, "d must be positive", o.d);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
}

}  // namespace wengert::optim
