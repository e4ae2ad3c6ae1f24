#include "wengert/nn/distance.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::tensor;

TEST_CASE("normalize gives length 1, in any norm and along any axis") {
  const Tensor x = tensor({3, 4, -6, 8}, {2, 2});
  CHECK(near(nn::normalize(x), {0.6, 0.8, -0.6, 0.8}));
  CHECK(near(nn::normalize(x, {.p = 1.0, .axis = 0}), {1.0 / 3, 1.0 / 3, -2.0 / 3, 2.0 / 3}));
  CHECK(near(nn::normalize(x, {.p = INFINITY, .axis = -1}), {0.75, 1, -0.75, 1}));
  CHECK(near(nn::normalize(x, {.eps = 10.0}), {0.3, 0.4, -0.6, 0.8}));
}

TEST_CASE("a vector of zeros stays, and so does a tiny or huge one's direction") {
  const Tensor zero = parameter(xt::xarray<double>{{0.0, 0.0}});
  const Tensor y = nn::normalize(zero, {.eps = 0.5});
  CHECK(near(y, {0, 0}));
  sum(y).backward();
  CHECK(near(zero.grad(), {2, 2}));
  CHECK(near(nn::normalize(tensor({3e-200, 4e-200, 3e200, 4e200}, {2, 2}), {.eps = 1e-300}),
             {0.6, 0.8, 0.6, 0.8}));
}

TEST_CASE("cosine_similarity does not depend on lengths") {
  const Tensor a = tensor({1, 0, 0, 2}, {2, 2}), b = tensor({3, 4});
  CHECK(near(nn::cosine_similarity(a, b), {0.6, 0.8}));
  CHECK(near(nn::cosine_similarity(a, tensor({-3, 4, 0, 0}, {2, 2}), {.axis = 0}), {-1, 0}));
  CHECK(near(nn::cosine_similarity(a, zeros_like(a)), {0, 0}));
}

TEST_CASE("pairwise_distance is over the last dimension, and has a gradient for equal vectors") {
  const Tensor a = tensor({1, 2, 4, 6}, {2, 2}), b = tensor({1, 2});
  CHECK(near(nn::pairwise_distance(a, b, {.eps = 0.0}), {0, 5}));
  CHECK(near(nn::pairwise_distance(a, b, {.p = 1.0, .eps = 0.0}), {0, 7}));
  CHECK(near(nn::pairwise_distance(a, b, {.p = INFINITY, .eps = 0.0}), {0, 4}));
  CHECK(nn::pairwise_distance(a, b, {.keepdims = true}).shape() == Shape{2, 1});
  const Tensor x = parameter(xt::xarray<double>{1.0, 2.0});
  nn::pairwise_distance(x, b).backward();
  CHECK(near(x.grad(), {std::sqrt(0.5), std::sqrt(0.5)}));
}

TEST_CASE("derivatives of distances, to second order") {
  manual_seed(3);
  const Tensor a = randn({3, 4}, {.dtype = float64}), b = randn({3, 4}, {.dtype = float64});
  const auto holds = [](const TensorFunction& f, const std::vector<Tensor>& inputs) {
    const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  };
  for (const double p : {1.0, 2.0, 3.5}) {
    holds([=](const auto& in) { return nn::normalize(in[0], {.p = p}); }, {a});
    holds([=](const auto& in) { return nn::pairwise_distance(in[0], in[1], {.p = p}); }, {a, b});
  }
  holds([](const auto& in) { return nn::cosine_similarity(in[0], in[1]); }, {a, b});
}

TEST_CASE("what has no distance") {
  CHECK(message<ShapeError>([] { nn::pairwise_distance(zeros({}), zeros({})); }) ==
        "[pairwise_distance] vectors must have a dimension: got ()");
  CHECK(message<IndexError>([] { nn::normalize(zeros({3})); }).starts_with("[normalize: norm] "));
  CHECK(message<ValueError>([] {
          nn::normalize(zeros({3, 1}), {.p = 0.0});
        }) == "[normalize: norm] p must be positive: got 0");
  CHECK(message<ShapeError>([] {
          nn::cosine_similarity(zeros({3, 2}), zeros({2, 2}));
        }).starts_with("[cosine_similarity: "));
}

TEST_CASE("a vector that is broadcast along its axis is a longer one") {
  CHECK(near(nn::cosine_similarity(tensor({2}, {1, 1}), tensor({1, 1, 1, 1}, {1, 4})), {1}));
  CHECK(near(nn::cosine_similarity(tensor({3, 4}, {2, 1}), tensor({2}, {1, 1})), {1, 1}));
  CHECK(near(nn::cosine_similarity(tensor({1, 0, 0, 1}, {2, 2}), tensor({-5}, {1})),
             {-std::sqrt(0.5), -std::sqrt(0.5)}));
}
