#include "wengert/train/accumulator.hpp"

#include <doctest/doctest.h>

#include <xtensor/xtensor.hpp>

#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;

namespace {

Tensor loss_of(const Tensor& w, const Tensor& x) { return mean((w * x - 1.0) * (w * x - 1.0)); }

}  // namespace

TEST_CASE("Accumulator: the step of one large batch") {
  const Tensor x = arange(12.0, {.dtype = float64});
  const Tensor a = parameter(full({}, 0.5, {.dtype = float64})), b = parameter(a);
  optim::SGD one(std::vector<Tensor>{a}, {.lr = 0.01}), other(std::vector<Tensor>{b}, {.lr = 0.01});
  loss_of(a, x).backward();
  one.step();
  int called = 0;
  training::Accumulator accumulator(other, 3, [&] { ++called; });
  CHECK(!accumulator.backward(loss_of(b, slice(x, 0, 0, 4))));
  CHECK(!accumulator.backward(loss_of(b, slice(x, 0, 4, 8))));
  CHECK(accumulator.pending() == 2);
  CHECK(b.item() == 0.5);
  CHECK(accumulator.backward(loss_of(b, slice(x, 0, 8, 12))));
  CHECK(called == 1);
  CHECK(b.item() == doctest::Approx(a.item()).epsilon(1e-12));
  CHECK(!accumulator.flush());
}

TEST_CASE("Accumulator: the last batches are fewer") {
  const Tensor x = arange(8.0, {.dtype = float64});
  const Tensor a = parameter(full({}, 0.5, {.dtype = float64})), b = parameter(a);
  optim::SGD one(std::vector<Tensor>{a}, {.lr = 0.01}), other(std::vector<Tensor>{b}, {.lr = 0.01});
  loss_of(a, x).backward();
  one.step();
  training::Accumulator accumulator(other, 5);
  accumulator.backward(loss_of(b, slice(x, 0, 0, 4)));
  accumulator.backward(loss_of(b, slice(x, 0, 4, 8)));
  CHECK(accumulator.flush());
  CHECK(b.item() == doctest::Approx(a.item()).epsilon(1e-12));
  CHECK(accumulator.pending() == 0);
  CHECK_THROWS_WITH_AS(training::Accumulator(other, 0), "[Accumulator] steps must be positive: got 0",
                       ValueError);
}
