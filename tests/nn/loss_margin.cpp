#include "wengert/nn/loss_margin.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::labels;
using expect::near;
using expect::tensor;
using nn::Reduction;

TEST_CASE("hinges: what has its margin costs and learns nothing, at the kink too") {
  const Tensor y = tensor({1, -1, 1, -1}), x = parameter(xt::xarray<double>{2.0, -1.0, 0.5, 3.0});
  CHECK(near(nn::hinge_loss(x, y, {.reduction = Reduction::none}), {0, 0, 0.5, 4}));
  CHECK(near(nn::hinge_loss(x, y).item(), 4.5 / 4));
  CHECK(near(nn::hinge_loss(x, y, {.margin = 2.0, .reduction = Reduction::sum}).item(), 0 + 1 + 1.5 + 5));
  nn::hinge_loss(x, y, {.reduction = Reduction::sum}).backward();
  CHECK(near(x.grad(), {0, 0, -1, 1}));
  x.zero_grad();
  const Tensor squares = nn::squared_hinge_loss(x, y, {.reduction = Reduction::none});
  CHECK(near(squares, {0, 0, 0.25, 16}));
  sum(squares).backward();
  CHECK(near(x.grad(), {0, 0, -1, 8}));
}

TEST_CASE("soft_margin_loss does not overflow") {
  const Tensor x = parameter(xt::xarray<double>{1000.0, -1000.0, 0.0, 50.0});
  const Tensor losses = nn::soft_margin_loss(x, tensor({1, 1, -1, 1}), {Reduction::none});
  const auto v = expect::values(losses);
  CHECK((v[0] == 0 && v[1] == 1000));
  CHECK(near(v[2], std::log(2)));
  CHECK(v[3] == doctest::Approx(std::exp(-50.0)).epsilon(1e-12));
  sum(losses).backward();
  CHECK(near(x.grad(), {0, -1, 0.5, 0}));
}

TEST_CASE("multi_margin_loss compares the label with every other class") {
  const Tensor x = tensor({1, 0.5, -1, 0, 3, 2.5}, {2, 3}), y = labels({0, 2}), w = tensor({1, 1, 3});
  CHECK(near(nn::multi_margin_loss(x, y, {.reduction = Reduction::none}), {0.5 / 3, 1.5 / 3}));
  CHECK(near(nn::multi_margin_loss(x, y, {.p = 2, .weight = w, .reduction = Reduction::none}),
             {0.25 / 3, 3 * 2.25 / 3}));
  CHECK(near(nn::multi_margin_loss(x, y, {.margin = 0.25}).item(), (0 + 0.75) / 3 / 2));
  CHECK(nn::multi_margin_loss(zeros({0, 3}), labels({}), {.reduction = Reduction::sum}).item() == 0);
}

TEST_CASE("margin_ranking_loss orders two scores") {
  const Tensor a = parameter(xt::xarray<double>{1.0, 1.0, 2.0}),
               b = parameter(xt::xarray<double>{0.5, 0.5, 2.0});
  const Tensor losses = nn::margin_ranking_loss(a, b, tensor({1, -1, 1}), {.reduction = Reduction::none});
  CHECK(near(losses, {0, 0.5, 0}));
  sum(losses).backward();
  CHECK(near(a.grad(), {0, 1, 0}));
  CHECK(near(b.grad(), {0, -1, 0}));
  CHECK(near(nn::margin_ranking_loss(a, b, tensor({1, -1, 1}), {.margin = 0.75}).item(),
             (0.25 + 1.25 + 0.75) / 3));
}
