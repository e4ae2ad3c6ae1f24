#include "wengert/nn/linear.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::near;
using expect::values;

TEST_CASE("a linear layer is x W^T + b, for any dimensions before the last") {
  nn::Linear layer(2, 3, {.dtype = float64});
  CHECK(layer.weight.shape() == Shape{3, 2});
  CHECK(layer.bias.shape() == Shape{3});
  layer.weight.assign(expect::tensor({1, 2, 3, 4, 5, 6}, {3, 2}));
  layer.bias.assign(expect::tensor({0.5, 0, -1}));
  CHECK(near(layer(expect::tensor({1, -1})), {-0.5, -1, -2}));
  CHECK(near(layer(expect::tensor({1, -1, 2, 0}, {2, 2})), {-0.5, -1, -2, 2.5, 6, 9}));
  CHECK(layer(zeros({4, 5, 2}, {.dtype = float64})).shape() == Shape{4, 5, 3});
}

TEST_CASE("a layer without bias has an empty one, and no such name") {
  nn::Linear layer(2, 3, {.bias = false});
  CHECK(!layer.bias.defined());
  CHECK(layer.parameters().size() == 1);
  CHECK(layer(zeros({4, 2})).shape() == Shape{4, 3});
}

TEST_CASE("first values are within 1 / sqrt(in), and the seed decides") {
  manual_seed(3);
  const nn::Linear a(100, 200), first(0, 2);
  double largest = 0.0, square_sum = 0.0;
  for (const double w : values(a.weight)) {
    largest = std::max(largest, std::abs(w));
    square_sum += w * w;
  }
  CHECK((largest <= 0.1 && largest > 0.0999));
  CHECK(square_sum / 20000 == doctest::Approx(0.01 / 3).epsilon(0.02));
  for (const double b : values(a.bias)) CHECK(std::abs(b) <= 0.1);
  CHECK(near(first.bias, {0, 0}));
  manual_seed(3);
  const nn::Linear b(100, 200);
  CHECK(values(a.weight) == values(b.weight));
  CHECK(values(a.bias) == values(b.bias));
}

TEST_CASE("its derivatives hold, to second order") {
  manual_seed(1);
  nn::Linear layer(3, 2, {.dtype = float64});
  const Tensor x = randn({4, 3}, {.dtype = float64});
  CHECK(gradcheck(layer, [&] { return sum(tanh(layer(x))); }).ok());
  CHECK(gradcheck([](const std::vector<Tensor>& in) { return nn::linear(in[0], in[1], in[2]); },
                  {x, layer.weight.detach(), layer.bias.detach()}, {.order = 2})
            .ok());
}

TEST_CASE("extents that do not fit are named") {
  const nn::Linear layer(3, 2);
  CHECK(expect::message<ShapeError>([&] {
          layer(zeros({4, 2}));
        }) == "[linear] the last extent of x must be the weight's: got (4, 2) for a weight of (2, 3)");
  CHECK(expect::message<ShapeError>([&] { layer(zeros({})); }) ==
        "[linear] the last extent of x must be the weight's: got () for a weight of (2, 3)");
  CHECK(expect::message<ShapeError>([&] {
          nn::linear(zeros({4, 3}), zeros({3}));
        }) == "[linear] the weight must be (out, in): got (3,)");
  CHECK(expect::message<ShapeError>([&] {
          nn::linear(zeros({4, 3}), zeros({2, 3}), zeros({3}));
        }) == "[linear] the bias must be (out): got (3,) for a weight of (2, 3)");
  CHECK(expect::message<ValueError>([&] { nn::Linear(-1, 2); }) ==
        "[Linear] the extents must not be negative: got -1 and 2");
}

TEST_CASE("a bilinear layer is x1^T W x2 + b") {
  manual_seed(4);
  nn::Bilinear layer(3, 2, 4, {.dtype = float64});
  CHECK(layer.weight.shape() == Shape{4, 3, 2});
  CHECK(layer.bias.shape() == Shape{4});
  for (const double w : values(layer.weight)) CHECK(std::abs(w) <= 1 / std::sqrt(3.0));
  for (const double b : values(layer.bias)) CHECK(std::abs(b) <= 1 / std::sqrt(3.0));
  const Tensor a = parameter(randn({2, 3}, {.dtype = float64})),
               b = parameter(randn({2, 2}, {.dtype = float64}));
  CHECK(values(layer(a, b)) == values(nn::bilinear(a, b, layer.weight, layer.bias)));
  CHECK(expect::wrong_derivatives(layer, {a, b}, [&](const auto& x) { return layer(x[0], x[1]); }) == "");
  CHECK(nn::Bilinear(3, 2, 4, {.bias = false}).state().size() == 1);
  CHECK(expect::message<ValueError>([&] { nn::Bilinear(3, 0, 4); }) ==
        "[Bilinear] the extents must be positive: got 3, 0 and 4");
}
