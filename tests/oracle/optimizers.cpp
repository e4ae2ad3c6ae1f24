// Optimizers and schedules against PyTorch, step by step.
#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "tests/support/tensors.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"
#include "wengert/optim/adagrad.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/adamax.hpp"
#include "wengert/optim/lbfgs.hpp"
#include "wengert/optim/reduce_on_plateau.hpp"
#include "wengert/optim/rmsprop.hpp"
#include "wengert/optim/schedule.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;
using namespace wengert::optim;
using oracle::Bound;
using oracle::Entry;
using In = oracle::Tensors;

namespace {

Tensor smooth(const Tensor& p, const Tensor& scale) { return sum(0.5 * scale * square(p)) + sum(sin(p)); }
Tensor rosenbrock(const Tensor& p, const Tensor& scale) {
  const Tensor x = reshape(p, {-1}), left = slice(x, 0, 0, -1), right = slice(x, 0, 1, 6);
  const Tensor c = 10.0 * slice(reshape(scale, {-1}), 0, 1, 6);
  return sum(c * square(right - square(left))) + sum(square(1.0 - left));
}

/// Where p is after each of 20 steps.
template <class Optimizer, class Options>
Entry trained(const std::string& name, const Options& options, const Bound& bound = {}) {
  return {name,
          [options](const In& in) {
            const Tensor p = parameter(in[0]);
            Optimizer optimizer({p}, options);
            In places;
            for (std::int64_t t = 0; t < 20; ++t) {
              optimizer.zero_grad();
              (smooth(p, in[1]) + sum(reshape(slice(in[2], 0, t, t + 1), p.shape()) * p)).backward();
              optimizer.step();
              places.push_back(p.detach());
            }
            return stack(places);
          },
          bound};
}

using Loss = Tensor (*)(const Tensor&, const Tensor&);
Entry searched(const std::string& name, Loss loss, const LBFGSOptions& options) {
  return {"LBFGS." + name,
          [options, loss](const In& in) {
            const Tensor p = parameter(in[0]);
            LBFGS optimizer({p}, options);
            In places;
            for (int t = 0; t < 20; ++t) {
              optimizer.step([&] { return loss(p, in[1]); });
              places.push_back(p.detach());
            }
            return stack(places);
          },
          Bound{.relative = 1e-6, .reason = "rounding passes through line searches"}};
}

Entry scheduled(const std::string& name, const Schedule& schedule) {
  return {"schedule." + name, [schedule](const In& in) {
            const Tensor p = parameter(in[0]);
            SGD optimizer({p}, {.lr = in[0].item()});
            Scheduler scheduler(optimizer, schedule);
            In sizes;
            for (int t = 0; t < 50; ++t) {
              sizes.push_back(full({}, optimizer.lr(), {.dtype = float64}));
              scheduler.step();
            }
            return stack(sizes);
          }};
}

/// The momentum that PyTorch moves along with the step size.
Entry momentum(const std::string& name, double base, const Schedule& schedule) {
  return {"momentum." + name, [schedule, base](const In& in) {
            const Tensor p = parameter(in[0]);
            SGD optimizer({p}, {.momentum = base});
            Scheduler scheduler(optimizer, schedule, "momentum");
            In sizes;
            for (int t = 0; t < 50; ++t) {
              sizes.push_back(full({}, optimizer.options().momentum, {.dtype = float64}));
              scheduler.step();
            }
            return stack(sizes);
          }};
}

Entry plateau(const std::string& name, const ReduceOnPlateauOptions& options) {
  return {"plateau." + name, [options](const In& in) {
            const Tensor p = parameter(in[0]);
            SGD optimizer({p}, {.lr = in[0].item()});
            ReduceOnPlateau scheduler(optimizer, options);
            In sizes;
            for (const double measure : support::values(in[1])) {
              scheduler.step(measure);
              sizes.push_back(full({}, optimizer.lr(), {.dtype = float64}));
            }
            return stack(sizes);
          }};
}

}  // namespace

TEST_CASE("optimizers and schedules agree with PyTorch") {
  namespace s = schedule;
  const Bound single{.relative = 1e-6, .reason = "PyTorch keeps the product of mu in float32"};
  const std::vector<Entry> table = {
      trained<SGD>("SGD.plain", SGDOptions{.lr = 0.1}),
      trained<SGD>("SGD.momentum", SGDOptions{.lr = 0.1, .momentum = 0.9}),
      trained<SGD>("SGD.dampening",
                   SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.1}),
      trained<SGD>("SGD.nesterov",
                   SGDOptions{.lr = 0.05, .momentum = 0.8, .weight_decay = 0.1, .nesterov = true}),
      trained<SGD>("SGD.maximize", SGDOptions{.lr = 0.01, .momentum = 0.5, .maximize = true}),
      trained<Adagrad>("Adagrad.plain", AdagradOptions{.lr = 0.1}),
      trained<Adagrad>("Adagrad.options", AdagradOptions{.lr = 0.2,
                                                         .lr_decay = 0.1,
                                                         .weight_decay = 0.1,
                                                         .initial_accumulator_value = 0.5,
                                                         .eps = 1e-3}),
      trained<Adagrad>("Adagrad.maximize", AdagradOptions{.lr = 0.1, .maximize = true}),
      trained<Adadelta>("Adadelta.plain", AdadeltaOptions{}),
      trained<Adadelta>("Adadelta.options",
                        AdadeltaOptions{.lr = 0.5, .rho = 0.7, .eps = 1e-3, .weight_decay = 0.1}),
      trained<Adadelta>("Adadelta.maximize", AdadeltaOptions{.maximize = true}),
      trained<RMSprop>("RMSprop.plain", RMSpropOptions{}),
      trained<RMSprop>("RMSprop.momentum",
                       RMSpropOptions{.lr = 0.02, .alpha = 0.8, .weight_decay = 0.1, .momentum = 0.9}),
      trained<RMSprop>("RMSprop.centered",
                       RMSpropOptions{.lr = 0.01, .alpha = 0.9, .eps = 1e-3, .centered = true}),
      trained<RMSprop>(
          "RMSprop.both",
          RMSpropOptions{.lr = 0.01, .alpha = 0.9, .eps = 0.1, .momentum = 0.5, .centered = true}),
      trained<RMSprop>("RMSprop.maximize", RMSpropOptions{.maximize = true}),
      trained<Adam>("Adam.plain", AdamOptions{.lr = 0.1}),
      trained<Adam>("Adam.options",
                    AdamOptions{.lr = 0.1, .betas = {0.5, 0.7}, .eps = 1e-2, .weight_decay = 0.3}),
      trained<Adam>("Adam.amsgrad", AdamOptions{.lr = 0.1, .betas = {0.8, 0.3}, .amsgrad = true}),
      trained<Adam>("Adam.maximize", AdamOptions{.lr = 0.1, .maximize = true}),
      trained<AdamW>("AdamW.plain", AdamWOptions{.lr = 0.1}),
      trained<AdamW>("AdamW.options",
                     AdamWOptions{.lr = 0.1, .betas = {0.5, 0.7}, .eps = 1e-2, .weight_decay = 0.3}),
      trained<AdamW>("AdamW.amsgrad", AdamWOptions{.lr = 0.1, .betas = {0.8, 0.3}, .amsgrad = true}),
      trained<AdamW>("AdamW.maximize", AdamWOptions{.lr = 0.1, .maximize = true}),
      trained<Adamax>("Adamax.plain", AdamaxOptions{.lr = 0.1}),
      trained<Adamax>("Adamax.options",
                      AdamaxOptions{.lr = 0.1, .betas = {0.5, 0.7}, .eps = 1e-2, .weight_decay = 0.3}),
      trained<Adamax>("Adamax.maximize", AdamaxOptions{.lr = 0.1, .maximize = true}),
      trained<NAdam>("NAdam.plain", NAdamOptions{.lr = 0.1}, single),
      trained<NAdam>(
          "NAdam.options",
          NAdamOptions{
              .lr = 0.1, .betas = {0.5, 0.7}, .eps = 1e-2, .weight_decay = 0.3, .momentum_decay = 0.1},
          single),
      trained<RAdam>("RAdam.plain", RAdamOptions{.lr = 0.1}),
      trained<RAdam>("RAdam.options",
                     RAdamOptions{.lr = 0.1, .betas = {0.5, 0.9}, .eps = 1e-2, .weight_decay = 0.3}),
      searched("smooth.unsearched", smooth, {.max_iter = 2, .history_size = 3, .strong_wolfe = false}),
      searched("smooth.one", smooth, {.max_iter = 1}),
      searched("smooth.short", smooth, {.max_iter = 3, .history_size = 2}),
      searched("smooth.length", smooth, {.lr = 0.1, .max_iter = 2, .max_eval = 4}),
      searched("rosenbrock.one", rosenbrock, {.max_iter = 1}),
      searched("rosenbrock.short", rosenbrock, {.max_iter = 3, .history_size = 2}),
      searched("rosenbrock.length", rosenbrock, {.lr = 0.1, .max_iter = 2, .max_eval = 4}),
      scheduled("step", s::step({.step_size = 7, .gamma = 0.5})),
      scheduled("multistep", s::multistep({.milestones = {3, 10, 31}, .gamma = 0.3})),
      scheduled("exponential", s::exponential({.gamma = 0.9})),
      scheduled("polynomial", s::polynomial({.total_iters = 40, .power = 2.0})),
      scheduled("cosine", s::cosine({.t_max = 30, .eta_min = 0.01})),
      scheduled("cosine_warm_restarts", s::cosine_warm_restarts({.t_0 = 12, .eta_min = 0.01})),
      scheduled("cosine_warm_restarts.mult", s::cosine_warm_restarts({.t_0 = 5, .t_mult = 2})),
      scheduled("linear_warmup",
                s::linear_warmup({.total_iters = 9, .start_factor = 0.1, .end_factor = 0.8})),
      scheduled("one_cycle", s::one_cycle({.total_steps = 51})),
      scheduled("one_cycle.linear", s::one_cycle({.total_steps = 60,
                                                  .pct_start = 0.4,
                                                  .anneal_strategy = s::Anneal::linear,
                                                  .div_factor = 10.0,
                                                  .final_div_factor = 100.0})),
      scheduled("one_cycle.three_phase", s::one_cycle({.total_steps = 51, .three_phase = true})),
      scheduled("cyclic", s::cyclic({.max_lr = 1.0, .step_size_up = 8})),
      scheduled(
          "cyclic.triangular2",
          s::cyclic(
              {.max_lr = 1.0, .step_size_up = 4, .step_size_down = 7, .mode = s::CyclicMode::triangular2})),
      scheduled(
          "cyclic.exp_range",
          s::cyclic({.max_lr = 1.0, .step_size_up = 5, .mode = s::CyclicMode::exp_range, .gamma = 0.95})),
      scheduled("lambda", s::lambda([](std::int64_t t) { return 1.0 / (1.0 + static_cast<double>(t)); })),
      scheduled("chain", s::chain({s::linear_warmup({.total_iters = 10, .start_factor = 0.1}),
                                   s::exponential({.gamma = 0.9})})),
      scheduled("sequential",
                s::sequential({s::linear_warmup({.total_iters = 5, .start_factor = 0.1}),
                               s::exponential({.gamma = 0.9}), s::step({.step_size = 6, .gamma = 0.5})},
                              {5, 20})),
      momentum("one_cycle", 0.8,
               s::one_cycle({.total_steps = 51, .div_factor = 0.8 / 0.96, .final_div_factor = 1.0})),
      momentum("cyclic", 0.96, s::cyclic({.max_lr = 0.8, .step_size_up = 8})),
      plateau("plain", {.factor = 0.5, .patience = 2}),
      plateau("max", {.maximize = true, .patience = 1, .threshold = 0.05, .cooldown = 3}),
      plateau("absolute", {.patience = 3, .threshold = 0.1, .absolute = true, .min_lr = 0.02}),
  };
  oracle::check_family("optimizers", table);
}
