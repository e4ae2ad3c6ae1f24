// Every optimizer finds the minimum of a badly scaled quadratic and of Rosenbrock's function, in a stated
// number of steps.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "optim/kinds.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/optim/schedule.hpp"

using namespace wengert;
using namespace wengert::optim;
using namespace kinds;

namespace {

/// How many steps it may take, and by what factor the step size has shrunk at the last of them.
struct Limit {
  int steps;
  double shrunk = 1.0;
};

double train(const Make& make, const Tensor& p, const Closure& residuals, const Limit& limit) {
  const Closure loss = [&] { return 0.5 * sum(square(residuals())); };
  const Trainer trainer = make({p});
  if (limit.shrunk == 1.0) {
    for (int i = 0; i < limit.steps; ++i) trainer.step(loss, residuals);
  } else {
    Scheduler scheduler(*trainer.optimizer,
                        schedule::exponential({.gamma = std::pow(limit.shrunk, 1.0 / limit.steps)}));
    for (int i = 0; i < limit.steps; ++i) {
      trainer.step(loss, residuals);
      scheduler.step();
    }
  }
  return loss().item();
}

// Shapes are (1, 2) and (2, 2), since Muon trains matrices.
double on_quadratic(const Make& make, const Limit& limit) {
  const Tensor p = parameter(expect::tensor({3, -2, 0.5, 4}, {2, 2}));
  const Tensor scale = expect::tensor({1, 0.3, 3, 1}, {2, 2}),
               least = expect::tensor({1, 2, -1, 0.5}, {2, 2});
  return train(
      make, p, [&] { return scale * (p - least); }, limit);
}
double on_rosenbrock(const Make& make, const Limit& limit) {
  const Tensor p = parameter(expect::tensor({-1.2, 1}, {1, 2}));
  return train(
      make, p,
      [&] {
        const Tensor x = slice(p, 1, 0, 1), y = slice(p, 1, 1, 2);
        return concat({10.0 * (y - square(x)), 1.0 - x}, 1);
      },
      limit);
}

void converges(const std::string& name, const Make& quadratic, const Limit& of_quadratic,
               const Make& rosenbrock, const Limit& of_rosenbrock) {
  const double first = on_quadratic(quadratic, of_quadratic);
  const double second = on_rosenbrock(rosenbrock, of_rosenbrock);
  CHECK_MESSAGE(first < 1e-6, name << ": " << first);
  CHECK_MESSAGE(second < 1e-5, name << " on Rosenbrock's function: " << second);
}

}  // namespace

TEST_CASE("the tests' problems: a step in the wrong direction does not pass") {
  CHECK(on_quadratic(first_order<SGD>(SGDOptions{.lr = 1e-3, .maximize = true}), {300}) > 1.0);
  CHECK(on_rosenbrock(first_order<SGD>(SGDOptions{.lr = 1e-3}), {100}) > 0.1);
}

TEST_CASE("first-order optimizers converge") {
  const auto sgd = [](double lr, double momentum, bool nesterov) {
    return first_order<SGD>(SGDOptions{.lr = lr, .momentum = momentum, .nesterov = nesterov});
  };
  converges("SGD", sgd(0.2, 0, false), {500}, sgd(2e-3, 0, false), {12000});
  converges("momentum", sgd(0.1, 0.8, false), {200}, sgd(1e-3, 0.9, false), {3000});
  converges("Nesterov", sgd(0.1, 0.8, true), {200}, sgd(1e-3, 0.9, true), {3000});
  converges("Adagrad", first_order<Adagrad>(AdagradOptions{.lr = 1.0}), {500},
            first_order<Adagrad>(AdagradOptions{.lr = 0.5}), {8000});
  converges("Adadelta", first_order<Adadelta>(AdadeltaOptions{.lr = 1.0, .eps = 1e-3}), {500},
            first_order<Adadelta>(AdadeltaOptions{.lr = 0.3, .rho = 0.99, .eps = 1e-3}), {10000, 1e-2});
  converges("RMSprop", first_order<RMSprop>(RMSpropOptions{.lr = 0.1}), {500, 1e-4},
            first_order<RMSprop>(RMSpropOptions{.lr = 0.03}), {10000, 1e-4});
  converges("centered RMSprop",
            first_order<RMSprop>(RMSpropOptions{.lr = 0.1, .momentum = 0.5, .centered = true}), {500, 1e-4},
            first_order<RMSprop>(RMSpropOptions{.lr = 0.03, .momentum = 0.5, .centered = true}),
            {5000, 1e-4});
  converges("Adam", first_order<Adam>(AdamOptions{.lr = 0.3}), {500},
            first_order<Adam>(AdamOptions{.lr = 0.03}), {3000});
  converges("AMSGrad", first_order<Adam>(AdamOptions{.lr = 0.3, .amsgrad = true}), {500},
            first_order<Adam>(AdamOptions{.lr = 0.1, .amsgrad = true}), {5000});
  converges("AdamW", first_order<AdamW>(AdamWOptions{.lr = 0.3, .weight_decay = 0}), {500},
            first_order<AdamW>(AdamWOptions{.lr = 0.03, .weight_decay = 0}), {3000});
  converges("Adamax", first_order<Adamax>(AdamaxOptions{.lr = 0.3}), {500},
            first_order<Adamax>(AdamaxOptions{.lr = 0.1}), {5000});
  converges("NAdam", first_order<NAdam>(NAdamOptions{.lr = 0.3}), {500},
            first_order<NAdam>(NAdamOptions{.lr = 0.1}), {5000, 1e-2});
  converges("RAdam", first_order<RAdam>(RAdamOptions{.lr = 0.3}), {500},
            first_order<RAdam>(RAdamOptions{.lr = 0.003}), {10000});
  converges("Lion", first_order<Lion>(LionOptions{.lr = 0.3}), {500, 1e-4},
            first_order<Lion>(LionOptions{.lr = 0.03}), {3000, 1e-4});
  converges("Adafactor", first_order<Adafactor>(AdafactorOptions{.lr = 0.1}), {500},
            first_order<Adafactor>(AdafactorOptions{.lr = 0.1}), {10000, 1e-4});
  converges("LARS", first_order<LARS>(LARSOptions{.lr = 10.0}), {500, 1e-4},
            first_order<LARS>(LARSOptions{.lr = 10.0}), {3000, 1e-4});
  converges("LAMB", first_order<LAMB>(LAMBOptions{.lr = 0.1}), {500, 1e-4},
            first_order<LAMB>(LAMBOptions{.lr = 0.1}), {3000, 1e-4});
  converges("Muon", first_order<Muon>(MuonOptions{.lr = 0.1, .weight_decay = 0}), {1000, 1e-4},
            first_order<Muon>(MuonOptions{.lr = 0.03, .weight_decay = 0}), {3000, 1e-4});
}

TEST_CASE("second-order optimizers converge") {
  const Make lbfgs = of_loss<LBFGS>(LBFGSOptions{});
  converges("L-BFGS", lbfgs, {2}, lbfgs, {3});
  const Make unsearched = of_loss<LBFGS>(LBFGSOptions{.lr = 0.5, .max_iter = 1, .strong_wolfe = false});
  converges("L-BFGS without search", unsearched, {40}, unsearched, {200});
  const Make newton = of_loss<NewtonCG>(NewtonCGOptions{});
  converges("NewtonCG", newton, {10}, newton, {40});
  const Make gauss = of_residuals<GaussNewton>(GaussNewtonOptions{});
  converges("GaussNewton", gauss, {1}, gauss, {20});
  const Make marquardt = of_residuals<LevenbergMarquardt>(LevenbergMarquardtOptions{});
  converges("LevenbergMarquardt", marquardt, {5}, marquardt, {30});
  const Make scaled = of_residuals<LevenbergMarquardt>(LevenbergMarquardtOptions{.scaled = true});
  converges("scaled LevenbergMarquardt", scaled, {5}, scaled, {30});
}
