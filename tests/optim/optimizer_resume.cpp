// Every optimizer goes on from its state, bit for bit, as if it had not been interrupted.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "optim/kinds.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using namespace wengert::optim;
using namespace kinds;
using expect::message;
using expect::values;

namespace {

void resumes(const Make& make, const Make& other_options) {
  for (const DType dtype : {float64, float32}) {
    manual_seed(3);
    const Tensor a = parameter(0.5 * randn({3, 2}, {.dtype = dtype}));
    const Tensor b = parameter(0.5 * randn({2, 4}, {.dtype = dtype}));
    const Tensor x = randn({6, 3}, {.dtype = dtype}), y = randn({6, 4}, {.dtype = dtype});
    // The parameters are residuals too, so that the Jacobian has full rank.
    const Closure residuals = [&] {
      return concat({reshape(matmul(tanh(matmul(x, a)), b) - y, {-1}), reshape(a, {-1}), reshape(b, {-1})});
    };
    const Closure loss = [&] { return mean(square(residuals())); };
    const auto train = [&](const Trainer& trainer) {
      for (int i = 0; i < 4; ++i) trainer.step(loss, residuals);
      std::vector<double> all = values(a);
      for (const double value : values(b)) all.push_back(value);
      return all;
    };
    const Trainer first = make({a, b});
    train(first);
    const State state = first.optimizer->state();
    const Tensor at_a = a.detach(), at_b = b.detach();
    const auto back = [&] {
      a.assign(at_a);
      b.assign(at_b);
    };
    const auto expected = train(first);
    CHECK(expected != std::vector<double>(expected.size(), expected[0]));

    back();
    const Trainer other = other_options({a, b});
    const auto fresh = train(other);
    CHECK(fresh != expected);  // options and memory matter here
    back();
    other.optimizer->load(state);
    CHECK(train(other) == expected);
    back();
    first.optimizer->load(state);
    CHECK(train(first) == expected);

    // The state is a snapshot, and gives itself back.
    first.optimizer->load(state);
    const State again = first.optimizer->state();
    REQUIRE(again.size() == state.size());
    for (const auto& [name, value] : state) CHECK(values(again.at(name)) == values(value));

    // One of an optimizer that has made no step takes it back to its beginning.
    const State empty = make({a, b}).optimizer->state();
    first.optimizer->load(empty);
    back();
    const auto anew = train(first);
    back();
    CHECK(train(make({a, b})) == anew);

    // What does not fit is refused, and changes nothing.
    State wrong = state;
    wrong["all.nonsense"] = zeros({});
    const std::string text = message<ValueError>([&] { first.optimizer->load(wrong); });
    CHECK(text.find("the state must fit the optimizer: ") != std::string::npos);
    back();
    first.optimizer->load(state);
    CHECK_THROWS_AS(first.optimizer->load(wrong), ValueError);
    CHECK(train(first) == expected);
  }
}

}  // namespace

TEST_CASE("first-order optimizers resume") {
  resumes(first_order<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1}),
          first_order<SGD>(SGDOptions{.lr = 0.3}));
  resumes(first_order<Adagrad>(AdagradOptions{.lr = 0.1, .lr_decay = 0.1, .weight_decay = 0.1}),
          first_order<Adagrad>(AdagradOptions{}));
  resumes(first_order<Adadelta>(AdadeltaOptions{.lr = 0.5}), first_order<Adadelta>(AdadeltaOptions{}));
  resumes(first_order<RMSprop>(RMSpropOptions{.lr = 0.03, .momentum = 0.5, .centered = true}),
          first_order<RMSprop>(RMSpropOptions{}));
  resumes(first_order<Adam>(AdamOptions{.lr = 0.1, .amsgrad = true}), first_order<Adam>(AdamOptions{}));
  resumes(first_order<AdamW>(AdamWOptions{.lr = 0.1}), first_order<AdamW>(AdamWOptions{}));
  resumes(first_order<Adamax>(AdamaxOptions{.lr = 0.1}), first_order<Adamax>(AdamaxOptions{}));
  resumes(first_order<NAdam>(NAdamOptions{.lr = 0.1, .momentum_decay = 0.1}),
          first_order<NAdam>(NAdamOptions{}));
  resumes(first_order<RAdam>(RAdamOptions{.lr = 0.1, .betas = {0.9, 0.95}}),
          first_order<RAdam>(RAdamOptions{}));
  resumes(first_order<Lion>(LionOptions{.lr = 0.01}), first_order<Lion>(LionOptions{}));
  resumes(first_order<Adafactor>(AdafactorOptions{.lr = 0.1}), first_order<Adafactor>(AdafactorOptions{}));
  resumes(first_order<LARS>(LARSOptions{.lr = 10.0, .weight_decay = 0.1}),
          first_order<LARS>(LARSOptions{.momentum = 0.0}));
  resumes(first_order<LAMB>(LAMBOptions{.lr = 0.01}), first_order<LAMB>(LAMBOptions{.weight_decay = 0.1}));
  resumes(first_order<Muon>(MuonOptions{.lr = 0.01, .ns_steps = 3}), first_order<Muon>(MuonOptions{}));
}

TEST_CASE("second-order optimizers resume") {
  resumes(of_loss<LBFGS>(LBFGSOptions{.max_iter = 2, .history_size = 3}),
          of_loss<LBFGS>(LBFGSOptions{.lr = 0.1, .max_iter = 1, .strong_wolfe = false}));
  resumes(of_loss<NewtonCG>(NewtonCGOptions{.max_iter = 1, .radius = 0.01}),
          of_loss<NewtonCG>(NewtonCGOptions{.radius = 0.5}));
  resumes(of_residuals<GaussNewton>(GaussNewtonOptions{.max_halvings = 30}),
          of_residuals<GaussNewton>(GaussNewtonOptions{.max_halvings = 0}));
  resumes(of_residuals<LevenbergMarquardt>(LevenbergMarquardtOptions{.damping = 10.0}),
          of_residuals<LevenbergMarquardt>(LevenbergMarquardtOptions{.damping = 0.1}));
  resumes(of_residuals<LevenbergMarquardt>(LevenbergMarquardtOptions{.damping = 10.0, .scaled = true}),
          of_residuals<LevenbergMarquardt>(LevenbergMarquardtOptions{}));
}
