#include "wengert/optim/sgd.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

// Three steps with the gradient p + i of the i-th step, against the formulas in plain doubles.
void follows(const optim::SGDOptions& o) {
  const Tensor p = parameter(xt::xarray<double>{1.0, -2.0, 0.5});
  optim::SGD optimizer({p}, o);
  std::vector<double> q = values(p), v(3);
  for (int i = 0; i < 4; ++i) {
    optimizer.zero_grad();
    sum(0.5 * square(p) + i * p).backward();
    optimizer.step();
    for (std::size_t k = 0; k < 3; ++k) {
      double g = (o.maximize ? -1 : 1) * (q[k] + i) + o.weight_decay * q[k];
      if (o.momentum != 0) {
        v[k] = i == 0 ? g : o.momentum * v[k] + (1 - o.dampening) * g;
        g = o.nesterov ? g + o.momentum * v[k] : v[k];
      }
      q[k] -= o.lr * g;
    }
    CHECK(near(p, q, 1e-14));
  }
}

}  // namespace

TEST_CASE("steps follow the formulas") {
  follows({.lr = 0.1});
  follows({.lr = 0.1, .weight_decay = 0.2});
  follows({.lr = 0.1, .momentum = 0.9});
  follows({.lr = 0.1, .momentum = 0.9, .dampening = 0.3});
  follows({.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true});
  follows({.lr = 0.1, .momentum = 0.5, .weight_decay = 0.1, .maximize = true});
}

TEST_CASE("the momentum of the first step is the gradient of then") {
  const Tensor p = parameter(xt::xarray<double>{1.0});
  optim::SGD optimizer({p}, {.lr = 1.0, .momentum = 0.5});
  sum(3.0 * p).backward();
  optimizer.step();
  sum(p).backward();  // adds to the gradient, not to the momentum
  optimizer.step();
  CHECK(near(p, {1 - 3 - (1.5 + 4)}));
}

TEST_CASE("a step has the bits of the operations that it is made of") {
  manual_seed(12);
  for (const DType dtype : {float32, float64})
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{3, 7}, Shape{65, 129}, Shape{0, 2}}) {
      const Tensor start = randn(shape, {.dtype = dtype}), factors = randn(shape, {.dtype = dtype});
      const Tensor p = parameter(start), turned = parameter(start);
      optim::SGD optimizer({p, turned}, {.lr = 0.3});
      sum(p * factors).backward();
      // A gradient that is not contiguous.
      if (shape.size() == 2) sum(transpose(turned) * transpose(factors)).backward();
      optimizer.step();
      const NoGrad plain;
      CHECK(values(p) == values(start - 0.3 * factors));
      CHECK(values(turned) == values(shape.size() == 2 ? start - 0.3 * factors : start));
    }
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto refused = [&](const optim::SGDOptions& o) {
    return message<ValueError>([&] { optim::SGD(p, o); });
  };
  CHECK(refused({.lr = -1}) == "[SGD] lr must be finite and not negative: got -1");
  CHECK(refused({.momentum = -0.5}) == "[SGD] momentum must not be negative: got -0.5");
  CHECK(refused({.weight_decay = -0.5}) == "[SGD] weight_decay must not be negative: got -0.5");
  CHECK(refused({.nesterov = true}) == "[SGD] nesterov wants a positive momentum: got 0");
  CHECK(refused({.momentum = 0.9, .dampening = 0.1, .nesterov = true}) ==
        "[SGD] nesterov wants no dampening: got 0.1");
}
