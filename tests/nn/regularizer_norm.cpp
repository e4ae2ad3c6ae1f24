// The projection and the reparameterizations.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::tensor;

TEST_CASE("max_norm scales down what is too long and leaves the rest") {
  const Tensor w = parameter(tensor({3, 4, 0.3, 0.4, 0, 0}, {3, 2})),
               b = parameter(xt::xarray<float>{-2.0f, 0.5f});
  nn::max_norm({w, b}, 1.0);
  CHECK(near(w, {0.6, 0.8, 0.3, 0.4, 0, 0}));
  CHECK(near(b, {-1, 0.5}));
  CHECK((b.dtype() == float32 && w.is_leaf() && w.requires_grad()));
  nn::max_norm({w}, 0.5, {.axis = 1, .p = INFINITY});
  CHECK(near(w, {0.5, 0.5, 0.25, 0.25, 0, 0}));
  nn::max_norm({w}, 0.0);
  CHECK(near(w, {0, 0, 0, 0, 0, 0}));
}

TEST_CASE("weight_norm has g's lengths and v's directions") {
  const Tensor v = tensor({3, 4, 0, -2}, {2, 2});
  CHECK(near(nn::weight_norm(v, tensor({10, 1}, {2, 1})), {6, 8, 0, -1}));
  CHECK(near(nn::weight_norm(v, tensor({3, std::sqrt(20)}, {1, 2}), 1), {3, 4, 0, -2}));
  CHECK(std::isnan(sum(nn::weight_norm(zeros({1, 2}), ones({1, 1}))).item()));
}

TEST_CASE("spectral_norm finds the largest singular value, by constants") {
  manual_seed(1);
  const Tensor w = parameter(randn({4, 3}, {.dtype = float64}));
  const double largest = max(svd(w).s).item();
  const Tensor buffer = randn({4}, {.dtype = float64});
  double before = 0;
  for (int i = 0; i < 200; ++i) {
    const nn::SpectralNorm step = nn::spectral_norm(w, buffer);
    CHECK(step.sigma.item() >= before - 1e-12);
    CHECK(!step.u.requires_grad());
    before = step.sigma.item();
    buffer.assign(step.u);
  }
  CHECK(near(before, largest, 1e-10));
  const nn::SpectralNorm still = nn::spectral_norm(w, buffer, {.iterations = 0});
  CHECK(near(still.u, expect::values(buffer)));
  CHECK(near(max(svd(still.weight).s).item(), 1, 1e-10));
  // At the end of the iteration the gradient of sigma is that of the largest singular value.
  still.sigma.backward();
  const Tensor other = parameter(w.detach());
  max(svd(other).s).backward();
  CHECK(near(w.grad(), expect::values(other.grad()), 1e-5));
}

TEST_CASE("derivatives of reparameterizations, to second order") {
  manual_seed(2);
  const Tensor v = randn({3, 2, 2}, {.dtype = float64}), g = randn({1, 2, 1}, {.dtype = float64});
  const auto holds = [](const TensorFunction& f, const std::vector<Tensor>& inputs) {
    const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  };
  holds([](const auto& in) { return nn::weight_norm(in[0], in[1], 1); }, {v, g});
  // The vectors are constants; with vectors that no iteration moves, differences see the same function.
  const Tensor row = randn({1, 4}, {.dtype = float64}), one = ones({1}, {.dtype = float64});
  const auto column = [=](const auto& in) { return nn::spectral_norm(in[0], one, {.iterations = 0}).weight; };
  const GradcheckReport exact = gradcheck(column, {row}, {.order = 1});
  CHECK_MESSAGE(exact.ok(), exact.problem);
}

TEST_CASE("what norms refuse") {
  const Tensor w = parameter(tensor({3, 4}, {1, 2})), x = w * 1.0;
  CHECK(message<ValueError>([&] { nn::max_norm({w}, -1.0); }) ==
        "[max_norm] limit must not be negative: got -1");
  CHECK(message<ValueError>([&] { nn::max_norm({w}, 1.0, {.p = 0.0}); }) ==
        "[max_norm] p must be positive: got 0");
  CHECK(message<IndexError>([&] { nn::max_norm({w}, 1.0, {.axis = 2}); }) ==
        "[max_norm] an axis must lie within the dimensions: got axis 2 for 2 dimensions");
  CHECK(message<GraphError>([&] {
          nn::max_norm({w, x}, 1.0);
        }) == "[max_norm] only a leaf can be given another value: got the result of an operation");
  CHECK(message<DTypeError>([&] {
          nn::max_norm({w, expect::labels({7})}, 1.0);
        }) == "[max_norm] a parameter must be float32 or float64: got int64");
  CHECK(near(w, {3, 4}));
  CHECK(message<ShapeError>([&] { nn::weight_norm(w, ones({2}, {.dtype = float64}), 1); }) ==
        "[weight_norm] g must be (1, 2) for v (1, 2) and axis 1: got (2,)");
  CHECK(message<IndexError>([&] { nn::weight_norm(w, w, -3); }) ==
        "[weight_norm] an axis must lie within the dimensions: got axis -3 for 2 dimensions");
  CHECK(message<ShapeError>([&] { nn::spectral_norm(ones({3}), ones({3})); }) ==
        "[spectral_norm] w must have two dimensions or more: got (3,)");
  CHECK(message<ShapeError>([&] { nn::spectral_norm(w, ones({2})); }) ==
        "[spectral_norm] u must be (1,) for w (1, 2) and axis 0: got (2,)");
  CHECK(message<ValueError>([&] { nn::spectral_norm(w, ones({1}), {.iterations = -1}); }) ==
        "[spectral_norm] iterations must not be negative: got -1");
}
