// Penalties on the derivatives of functions.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::tensor;

TEST_CASE("gradient_penalty of a plane is that of its slope") {
  const Tensor w = parameter(xt::xarray<double>{3.0, 4.0}), x = tensor({1, 2, -1, 0, 5, 5}, {3, 2});
  const auto plane = [&](const Tensor& in) { return matmul(in, w); };
  const Tensor penalty = nn::gradient_penalty(plane, x);
  CHECK(near(penalty.item(), 16));
  penalty.backward();
  CHECK(near(w.grad(), {2 * 4 * 0.6, 2 * 4 * 0.8}));
  CHECK(!x.has_grad());
  CHECK(near(nn::gradient_penalty(plane, x, {.target = 7.0}).item(), 4));
  CHECK(nn::gradient_penalty(plane, x, {.target = 7.0, .one_sided = true}).item() == 0);
  const auto column = [&](const Tensor& in) { return unsqueeze(plane(in), 1); };
  CHECK(near(nn::gradient_penalty(column, x).item(), 16));
}

TEST_CASE("a function that does not move has gradient 0, and no direction to learn from") {
  const Tensor w = parameter(xt::xarray<double>{0.0, 0.0}), x = ones({3, 2}, {.dtype = float64});
  const Tensor penalty = nn::gradient_penalty([&](const Tensor& in) { return matmul(in, w); }, x);
  CHECK(penalty.item() == 1);
  penalty.backward();
  CHECK(near(w.grad(), {0, 0}));
  const auto constant = [](const Tensor& in) { return zeros({in.shape()[0]}, {.dtype = float64}); };
  CHECK(nn::gradient_penalty(constant, x).item() == 1);
  CHECK(nn::jacobian_penalty(constant, x).item() == 0);
}

TEST_CASE("jacobian_penalty is exact, or estimated without bias") {
  manual_seed(1);
  const Tensor w = randn({3, 4}, {.dtype = float64}), x = randn({200, 3}, {.dtype = float64});
  const auto linear = [&](const Tensor& in) { return matmul(in, w); };
  const double exact = sum(square(w)).item();
  CHECK(near(nn::jacobian_penalty(linear, x).item(), exact));
  const double estimate = nn::jacobian_penalty(linear, x, {.projections = 4}).item();
  CHECK(estimate == doctest::Approx(exact).epsilon(0.1));
  CHECK(estimate != exact);
  const auto image = [&](const Tensor& in) { return reshape(matmul(in, w), {200, 2, 2}); };
  CHECK(near(nn::jacobian_penalty(image, x).item(), exact));
}

TEST_CASE("under NoGrad the penalties have their values, and nothing is recorded") {
  const Tensor w = parameter(xt::xarray<double>{3.0, 4.0}), x = ones({2, 2}, {.dtype = float64});
  const NoGrad validation;
  const auto plane = [&](const Tensor& in) { return matmul(in, w); };
  const Tensor a = nn::gradient_penalty(plane, x), b = nn::jacobian_penalty(plane, x);
  CHECK((near(a.item(), 16) && near(b.item(), 25)));
  CHECK(!(a.requires_grad() || b.requires_grad()));
}

TEST_CASE("derivatives of penalties on derivatives") {
  manual_seed(2);
  const std::vector<Tensor> in{randn({3, 2}, {.dtype = float64}), randn({2, 4}, {.dtype = float64}),
                               randn({4}, {.dtype = float64}), randn({4, 2}, {.dtype = float64})};
  const auto network = [](const Tensor& w, const Tensor& v) {
    return [=](const Tensor& x) { return matmul(tanh(matmul(x, w)), v); };
  };
  const auto holds = [&](const TensorFunction& f, const std::vector<Tensor>& inputs) {
    const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  };
  holds([&](const auto& t) { return nn::gradient_penalty(network(t[1], t[2]), t[0]); },
        {in[0], in[1], in[2]});
  holds([&](const auto& t) { return nn::jacobian_penalty(network(t[1], t[2]), t[0]); },
        {in[0], in[1], in[3]});
}

TEST_CASE("what penalties on derivatives refuse") {
  const Tensor x = ones({3, 2});
  const auto itself = [](const Tensor& in) { return in * 1.0; };
  const auto total = [](const Tensor& in) { return sum(in); };
  CHECK(message<ShapeError>([&] { nn::gradient_penalty(itself, x); }) ==
        "[gradient_penalty] f must give (N) or (N, 1) for x (N, ...): got (3, 2) for (3, 2)");
  CHECK(message<ShapeError>([&] { nn::gradient_penalty(itself, zeros({})); }) ==
        "[gradient_penalty] x must be (N, ...): got ()");
  CHECK(message<ShapeError>([&] { nn::jacobian_penalty(total, x); }) ==
        "[jacobian_penalty] f must give (N, ...) for x (N, ...): got () for (3, 2)");
  CHECK(message<ShapeError>([&] { nn::jacobian_penalty(itself, zeros({})); }) ==
        "[jacobian_penalty] x must be (N, ...): got ()");
  CHECK(message<ValueError>([&] { nn::jacobian_penalty(itself, x, {.projections = -1}); }) ==
        "[jacobian_penalty] projections must not be negative: got -1");
}
