#include "wengert/optim/muon.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"
#include "lib/optim/rules.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::optim {
namespace {

Tensor orthogonalized(const Tensor& u, const MuonOptions& o) {
  const bool tall = u.shape()[0] > u.shape()[1];
  Tensor x = tall ? transpose(u) : u;
  x = x / (euclidean_norm(x) + o.eps);
  for (std::int64_t i = 0; i < o.ns_steps; ++i) {
    const Tensor a = matmul(x, transpose(x));
    x = 3.4445 * x + matmul(-4.7750 * a + 2.0315 * matmul(a, a), x);
  }
  return tall ? transpose(x) : x;
}

}  // namespace

Muon::Muon(const std::vector<Tensor>& parameters, const MuonOptions& options)
    : OptimizerOf("Muon", {{"momentum_buffer"}}) {
  add_group(parameters, options);
}

void Muon::check_parameter(const Tensor& parameter, std::size_t number) const {
  if (parameter.ndim() < 2)
    fail<ShapeError>(name(), "a parameter must have two dimensions or more: number ", number, " is ",
                     parameter.shape(), ". Did you mean to train it with AdamW?");
}

void Muon::update(Slot& slot, const Tensor& gradient) {
  const MuonOptions& o = options(slot.group);
  const Tensor& p = slot.parameter;
  const Tensor g = o.maximize ? -gradient : gradient;
  Tensor& buffer = slot.memory[0];
  if (!buffer.defined()) buffer = zeros_like(g);
  if (p.size() == 0) return;
  buffer = o.momentum * buffer + (1.0 - o.momentum) * g;
  const Tensor u = o.nesterov ? o.momentum * buffer + (1.0 - o.momentum) * g : buffer;
  const std::int64_t rows = p.shape()[0], columns = p.size() / rows;
  const Tensor change = reshape(orthogonalized(reshape(u, {rows, columns}), o), p.shape());
  const double scale = std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(columns)));
  p.assign(decayed(o, p) - o.lr * scale * change);
}

std::vector<Optimizer::Option> Muon::list_options(std::size_t group) {
  MuonOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "weight_decay", .number = &o.weight_decay},
          {.name = "momentum", .number = &o.momentum},
          {.name = "nesterov", .flag = &o.nesterov},
          {.name = "eps", .number = &o.eps},
          {.name = "ns_steps", .count = &o.ns_steps},
          {.name = "maximize", .flag = &o.maximize}};
}

void Muon::check(const MuonOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.weight_decay >= 0.0, "weight_decay must not be negative", o.weight_decay);
  require(o.momentum >= 0.0 && o.momentum < 1.0, "momentum must lie within [0, 1)", o.momentum);
  require(o.eps > 0.0, "eps must be positive", o.eps);
  require(o.ns_steps >= 1, "ns_steps must be positive", static_cast<double>(o.ns_steps));
}

}  // namespace wengert::optim
