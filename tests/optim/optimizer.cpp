#include "wengert/optim/optimizer.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

Tensor one(double value) { return parameter(xt::xarray<double>{value}); }

void step(optim::Optimizer& optimizer, const Tensor& loss) {
  optimizer.zero_grad();
  loss.backward();
  optimizer.step();
}

}  // namespace

TEST_CASE("a parameter without a gradient is left alone") {
  const Tensor a = one(1), b = one(1);
  optim::Adam optimizer({a, b}, {.lr = 0.1, .weight_decay = 0.5});
  step(optimizer, sum(a));
  CHECK(near(b, {1}));
  CHECK(!optimizer.state().contains("1.step"));
  CHECK(optimizer.state().at("0.step").item() == 1);
}

TEST_CASE("what was recorded before a step keeps its values") {
  const Tensor a = one(3);
  optim::SGD optimizer({a}, {.lr = 1.0});
  const Tensor kept = square(a);
  step(optimizer, sum(2.0 * a));
  CHECK(near(a, {1}));
  CHECK(near(kept, {9}));
  a.zero_grad();
  sum(kept).backward();
  CHECK(near(a.grad(), {6}));
}

TEST_CASE("groups have options of their own, and a learning rate that can be set") {
  const Tensor a = one(1), b = one(1);
  optim::SGD optimizer({a}, {.lr = 0.1});
  optimizer.add_group({b}, {.lr = 0.2, .momentum = 0.5});
  CHECK(optimizer.group_count() == 2);
  CHECK(optimizer.parameters().size() == 2);
  step(optimizer, sum(a + b));
  CHECK(near(a, {0.9}));
  CHECK(near(b, {0.8}));
  CHECK((optimizer.lr() == 0.1 && optimizer.lr(1) == 0.2));
  optimizer.set_lr(0.5);
  CHECK((optimizer.lr() == 0.5 && optimizer.lr(1) == 0.5));
  optimizer.set_lr(0.25, 1);
  CHECK((optimizer.lr() == 0.5 && optimizer.lr(1) == 0.25));
  optimizer.options(1).momentum = 0.0;
  step(optimizer, sum(a + b));
  CHECK(near(b, {0.55}));
  CHECK(message<IndexError>([&] { optimizer.lr(2); }) ==
        "[SGD] there must be a group of that number: got 2 for 2");
  CHECK(message<IndexError>([&] { optimizer.options(9); }) ==
        "[SGD] there must be a group of that number: got 9 for 2");
  CHECK(message<ValueError>([&] { optimizer.set_lr(-1); }) ==
        "[SGD] lr must be finite and not negative: got -1");
}

TEST_CASE("options that make no sense are found before a step changes anything") {
  const Tensor a = one(1);
  optim::SGD optimizer({a}, {.lr = 0.1});
  optimizer.options().lr = -1;
  sum(a).backward();
  CHECK(message<ValueError>([&] { optimizer.step(); }).find("lr must") != std::string::npos);
  CHECK(near(a, {1}));
}

TEST_CASE("options by name, checked together") {
  optim::Adam optimizer({one(1)}, {.betas = {0.8, 0.9}});
  CHECK(optimizer.option("beta1") == 0.8);
  optimizer.set_option("beta2", 0.5);
  CHECK(optimizer.options().betas.second == 0.5);
  CHECK(message<ValueError>([&] { optimizer.set_option("beta2", 1.0); }) ==
        "[Adam] the second of betas must lie within [0, 1): got 1");
  CHECK(optimizer.options().betas.second == 0.5);
  CHECK(message<ValueError>([&] { optimizer.option("amsgrad"); }) ==
        "[Adam] there must be an option of that name that is a number: got 'amsgrad'");
  CHECK(message<IndexError>([&] { optimizer.option("lr", 1); }) ==
        "[Adam] there must be a group of that number: got 1 for 1");
}

TEST_CASE("what can be trained: leaves that want their gradient, each once") {
  const Tensor a = one(1);
  CHECK(message<ValueError>([] { optim::SGD({}, {}); }) ==
        "[SGD] there must be a parameter to train: got none (does the module's visit() name its members?)");
  CHECK(message<GraphError>([&] {
          optim::SGD({a, 2.0 * a}, {});
        }) ==
        "[SGD] a parameter must be a leaf that wants its gradient: number 1 is the result of an operation. "
        "Did you "
        "mean to make it with parameter(...)?");
  CHECK(message<GraphError>([&] { optim::Adam({zeros({2})}, {}); }) ==
        "[Adam] a parameter must be a leaf that wants its gradient: number 0 is a constant. Did you mean to "
        "make it "
        "with parameter(...)?");
  CHECK(message<ValueError>([&] {
          optim::Adam({a, a}, {});
        }) == "[Adam] a parameter must be given once: number 1 is there already");
  optim::SGD optimizer({a});
  CHECK(message<ValueError>([&] { optimizer.add_group({a}); }) ==
        "[SGD] a parameter must be given once: number 0 is there already");
  CHECK(optimizer.group_count() == 1);
  CHECK(optimizer.state().size() == 6);
}

TEST_CASE("a state restored goes on as if nothing had happened") {
  manual_seed(1);
  const auto run = [](auto make) {
    nn::Linear model(3, 2, {.dtype = float64});
    const Tensor x = randn({5, 3}, {.dtype = float64}), y = randn({5, 2}, {.dtype = float64});
    auto optimizer = make(model.parameters(), 0.1);
    const auto train = [&](auto& by) {
      for (int i = 0; i < 3; ++i) step(by, nn::mse_loss(model(x), y));
    };
    train(optimizer);
    const auto weights = model.state();
    const auto state = optimizer.state();
    train(optimizer);
    const auto expected = values(model.weight);
    model.load(weights);
    auto other = make(model.parameters(), 0.7);
    other.load(state);
    CHECK(other.lr() == 0.1);
    train(other);
    CHECK(values(model.weight) == expected);
    model.load(weights);
    optimizer.load(state);
    train(optimizer);
    CHECK(values(model.weight) == expected);
  };
  run([](const auto& p, double lr) { return optim::SGD(p, {.lr = lr, .momentum = 0.9}); });
  run([](const auto& p, double lr) { return optim::Adam(p, {.lr = lr}); });
  run([](const auto& p, double lr) { return optim::AdamW(p, {.lr = lr, .amsgrad = true}); });
}

TEST_CASE("a state that does not fit is refused as a whole") {
  const Tensor a = one(1);
  optim::Adam optimizer({a}, {.lr = 0.1});
  step(optimizer, sum(a));
  const optim::State own = optimizer.state();
  optim::State state = own;
  state.erase("0.exp_avg");
  state["0.exp_avg_sq"] = zeros({2}, {.dtype = float64});
  state["group.0.lr"] = ones({});
  state["1.step"] = zeros({}, {.dtype = int64});
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[Adam] the state must fit the optimizer: 'group.0.lr' is float32 and must be float64; missing "
        "'0.exp_avg'; "
        "'0.exp_avg_sq' is (2,) and must be (1,); unknown '1.step'");
  state = own;
  state["group.0.beta1"] = full({}, 2.0, {.dtype = float64});
  CHECK(message<ValueError>([&] { optimizer.load(state); }) ==
        "[Adam] the first of betas must lie within [0, 1): got 2");
  CHECK(optimizer.options().betas.first == 0.9);
  for (const auto& [name, value] : optimizer.state()) CHECK(values(value) == values(own.at(name)));
}

TEST_CASE("a state is a snapshot") {
  const Tensor a = one(1);
  optim::SGD optimizer({a}, {.lr = 0.1, .momentum = 0.9});
  step(optimizer, sum(a));
  const optim::State state = optimizer.state();
  step(optimizer, sum(5.0 * a));
  CHECK(near(state.at("0.momentum"), {1}));
  CHECK(state.at("0.step").item() == 1);
}

TEST_CASE("training goes on after the model is converted") {
  nn::Linear model(2, 1);
  optim::Adam optimizer(model.parameters(), {.lr = 0.1});
  step(optimizer, sum(model(ones({1, 2}))));
  model.to(float64);
  step(optimizer, sum(model(ones({1, 2}, {.dtype = float64}))));
  CHECK(model.weight.dtype() == float64);
  CHECK(optimizer.state().at("0.exp_avg").dtype() == float64);
}

TEST_CASE("gradients that are part of a graph are not held by the optimizer") {
  const Tensor a = one(2);
  const auto before = memory_stats().live_nodes;
  {
    optim::SGD optimizer({a}, {.lr = 0.1, .momentum = 0.9});
    for (int i = 0; i < 3; ++i) {
      optimizer.zero_grad();
      sum(a * square(a)).backward({.create_graph = true});
      optimizer.step();
      CHECK(!optimizer.state().at("0.momentum").requires_grad());
    }
    optimizer.zero_grad();
  }
  CHECK(memory_stats().live_nodes == before);
}
