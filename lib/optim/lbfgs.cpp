#include "wengert/optim/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "lib/core/fail.hpp"
#include "lib/optim/flat.hpp"
#include "lib/optim/line_search.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::optim {

struct LBFGS::History {
  struct Pair {
    Tensor y, s;  // how the gradient and the parameters changed
    double product;
  };
  std::deque<Pair> pairs;
  std::int64_t iterations = 0;
  double length = 0.0, scale = 1.0;  // of the last direction; scale: y's / y'y of the last pair
  Tensor direction, gradient;

  /// What is remembered, in the dtype that the parameters have now.
  void follow(DType dtype) {
    const NoGrad values_only;
    const auto cast = [=](Tensor& x) {
      if (x.defined()) x = x.astype(dtype);
    };
    for (Pair& pair : pairs) cast(pair.y), cast(pair.s);
    cast(direction), cast(gradient);
  }

  /// Learns from the change since the last direction was chosen, and chooses the next one.
  void turn(const Tensor& now, std::int64_t most_pairs) {
    if (iterations++ == 0) {
      direction = -now;
      return;
    }
    Pair pair{.y = now - gradient, .s = direction * length, .product = 0.0};
    pair.product = dot_of(pair.y, pair.s);
    if (pair.product > 1e-10) {
      while (static_cast<std::int64_t>(pairs.size()) >= most_pairs) pairs.pop_front();
      scale = pair.product / dot_of(pair.y, pair.y);
      pairs.push_back(std::move(pair));
    }
    std::vector<double> weights(pairs.size());
    Tensor q = -now;
    for (std::size_t i = pairs.size(); i-- > 0;) {
      weights[i] = dot_of(pairs[i].s, q) / pairs[i].product;
      q = q - weights[i] * pairs[i].y;
    }
    q = q * scale;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      q = q + (weights[i] - dot_of(pairs[i].y, q) / pairs[i].product) * pairs[i].s;
    direction = q;
  }
};

LBFGS::LBFGS(const std::vector<Tensor>& parameters, const LBFGSOptions& options)
    : OptimizerOf("LBFGS"), history_(std::make_unique<History>()) {
  add_group(parameters, options);
}
LBFGS::LBFGS(LBFGS&&) noexcept = default;
LBFGS::~LBFGS() = default;

double LBFGS::step(const std::function<Tensor()>& loss) {
  const NoGrad values_only;
  const Scope scope(name());
  const LBFGSOptions& o = options();
  check(o);
  const Flat flat(name(), parameters());
  Restore restore(flat);
  const auto evaluate = [&] {
    const Tensor value = flat.call_scalar(loss);
    return LinePoint{.loss = value.item(),
                     .gradient = flat.join(grad(value, flat.parameters(), {.allow_unused = true}))};
  };
  const auto largest = [](const Tensor& x) { return max(abs(x)).item(); };

  LinePoint now = evaluate();
  const double before = now.loss;
  History h = *history_;
  h.follow(flat.dtype());
  std::int64_t evaluations = 1;
  const std::int64_t most_evaluations = o.max_eval > 0 ? o.max_eval : o.max_iter * 5 / 4;
  bool flat_there = flat.size() == 0 || largest(now.gradient) <= o.tolerance_grad;
  for (std::int64_t i = 1; !flat_there; ++i) {
    h.turn(now.gradient, o.history_size);
    h.gradient = now.gradient;
    const double last_loss = now.loss;
    h.length = h.iterations == 1 ? std::min(1.0, 1.0 / sum(abs(now.gradient)).item()) * o.lr : o.lr;
    now.t = 0.0;
    now.slope = dot_of(now.gradient, h.direction);
    if (!(now.slope <= -o.tolerance_change)) break;

    const Tensor from = flat.values();
    const auto at = [&](double t) {
      flat.assign(from + t * h.direction);
      LinePoint point = evaluate();
      point.t = t;
      point.slope = dot_of(point.gradient, h.direction);
      return point;
    };
    const double reach = largest(h.direction);
    if (o.strong_wolfe) {
      now = search_line(at, now, h.length, {.tolerance = o.tolerance_change, .largest = reach}, evaluations);
      h.length = now.t;
      flat.assign(from + now.t * h.direction);
    } else if (i < o.max_iter) {
      now = at(h.length);
      ++evaluations;
    } else {
      flat.assign(from + h.length * h.direction);  // the next step evaluates there
    }
    flat_there = largest(now.gradient) <= o.tolerance_grad;
    if (i >= o.max_iter || evaluations >= most_evaluations) break;
    if (h.length * reach <= o.tolerance_change || std::abs(now.loss - last_loss) < o.tolerance_change) break;
  }
  *history_ = std::move(h);
  restore.keep();
  return before;
}

State LBFGS::common_state() const {
  History h = *history_;
  if (h.iterations == 0) return {};
  h.follow(Flat(name(), parameters()).dtype());
  State state{{"iterations", scalar(static_cast<double>(h.iterations), int64)},
              {"length", scalar(h.length, float64)},
              {"scale", scalar(h.scale, float64)},
              {"direction", h.direction},
              {"gradient", h.gradient}};
  std::vector<Tensor> y, s;
  for (const History::Pair& pair : h.pairs) {
    y.push_back(pair.y);
    s.push_back(pair.s);
  }
  if (!y.empty()) {
    const NoGrad values_only;
    state["y"] = stack(y);
    state["s"] = stack(s);
  }
  return state;
}

void LBFGS::load_common(const State& state) {
  const NoGrad values_only;
  auto loaded = std::make_unique<History>();
  if (!state.empty()) {
    const Flat flat(name(), parameters());
    std::size_t known = 0;
    const auto take = [&](const char* name_of, const Shape& shape, DType dtype) {
      const auto found = state.find(name_of);
      if (found == state.end() || !found->second.defined() || found->second.shape() != shape ||
          found->second.dtype() != dtype)
        fail<ValueError>(name(), "the state must fit the optimizer: 'all.", name_of, "' must be ", shape,
                         " of ", dtype);
      ++known;
      return found->second.detach();
    };
    loaded->iterations = static_cast<std::int64_t>(take("iterations", {}, int64).item());
    loaded->length = take("length", {}, float64).item();
    loaded->scale = take("scale", {}, float64).item();
    loaded->direction = take("direction", {flat.size()}, flat.dtype());
    loaded->gradient = take("gradient", {flat.size()}, flat.dtype());
    if (const auto found = state.find("y");
        found != state.end() && found->second.defined() && found->second.ndim() == 2) {
      const std::int64_t count = found->second.shape()[0];
      const Tensor y = take("y", {count, flat.size()}, flat.dtype());
      const Tensor s = take("s", {count, flat.size()}, flat.dtype());
      for (std::int64_t i = 0; i < count; ++i) {
        const auto row = [i](const Tensor& rows) { return reshape(slice(rows, 0, i, i + 1), {-1}); };
        loaded->pairs.push_back({row(y), row(s), dot_of(row(y), row(s))});
      }
    }
    if (known != state.size())
      fail<ValueError>(name(), "the state must fit the optimizer: it has names that are unknown");
  }
  history_ = std::move(loaded);
}

std::vector<Optimizer::Option> LBFGS::list_options(std::size_t group) {
  LBFGSOptions& o = options(group);
  return {{.name = "lr", .number = &o.lr},
          {.name = "max_iter", .count = &o.max_iter},
          {.name = "max_eval", .count = &o.max_eval},
          {.name = "tolerance_grad", .number = &o.tolerance_grad},
          {.name = "tolerance_change", .number = &o.tolerance_change},
          {.name = "history_size", .count = &o.history_size},
          {.name = "strong_wolfe", .flag = &o.strong_wolfe}};
}

void LBFGS::check(const LBFGSOptions& o) const {
  require(o.lr >= 0.0 && std::isfinite(o.lr), "lr must be finite and not negative", o.lr);
  require(o.max_iter >= 1, "max_iter must be positive", static_cast<double>(o.max_iter));
  require(o.max_eval >= 0, "max_eval must not be negative", static_cast<double>(o.max_eval));
  require(o.tolerance_grad >= 0.0, "tolerance_grad must not be negative", o.tolerance_grad);
  require(o.tolerance_change >= 0.0, "tolerance_change must not be negative", o.tolerance_change);
  require(o.history_size >= 1, "history_size must be positive", static_cast<double>(o.history_size));
}

}  // namespace wengert::optim
