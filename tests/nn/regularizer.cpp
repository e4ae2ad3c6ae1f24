#include "wengert/nn/regularizer.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/random.hpp"

using namespace wengert;
using expect::message;
using expect::near;

TEST_CASE("penalties are their formulas over all parameters") {
  const Tensor a = parameter(xt::xarray<double>{1.0, -2.0}), b = parameter(xt::xarray<double>{0.5});
  CHECK(near(nn::l1({a, b}).item(), 3.5));
  CHECK(near(nn::l2({a, b}).item(), 5.25));
  CHECK(near(nn::elastic_net({a, b}, 0.2).item(), 0.2 * 3.5 + 0.8 * 5.25));
  CHECK(nn::l2({a}).shape() == Shape{});
  nn::elastic_net({a, b}, 0.2).backward();
  CHECK(near(a.grad(), {0.2 + 1.6, -0.2 - 3.2}));
  CHECK(near(b.grad(), {0.2 + 0.8}));
  const Tensor zero = parameter(xt::xarray<double>{0.0});
  nn::l1({zero}).backward();
  CHECK(near(zero.grad(), {0}));
}

TEST_CASE("their derivatives hold, to second order") {
  const std::vector<Tensor> x{expect::tensor({1, -2, 0.7, 3}, {2, 2}), expect::tensor({0.5})};
  CHECK(gradcheck([](const auto& in) { return nn::l1(in); }, x, {.order = 2}).ok());
  CHECK(gradcheck([](const auto& in) { return nn::l2(in); }, x, {.order = 2}).ok());
  CHECK(gradcheck([](const auto& in) { return nn::elastic_net(in, 0.3); }, x, {.order = 2}).ok());
}

TEST_CASE("group_lasso, orthogonality and nuclear_norm are their formulas") {
  const Tensor w = expect::tensor({3, 4, 0, 0, 0, 0}, {3, 2}), b = expect::tensor({-2, 0.5, 0});
  CHECK(near(nn::group_lasso({w, b}).item(), 5 * std::sqrt(2) + 2.5));
  CHECK(near(nn::group_lasso({w}, {.scale_by_size = false}).item(), 5));
  CHECK(near(nn::group_lasso({w}, {.axis = -1}).item(), 7 * std::sqrt(3)));
  CHECK(near(nn::orthogonality({expect::tensor({1, 0, 0, 0, 2, 0}, {2, 3})}).item(), 9));
  CHECK(near(nn::orthogonality({expect::tensor({1, 0, 0, 1, 0, 0}, {3, 2}), w}).item(), 64 + 2 * 144 + 225));
  CHECK(near(nn::nuclear_norm({expect::tensor({0, -3, 2, 0, 0, 0}, {3, 2})}).item(), 5));
  const Tensor leaf = parameter(w);
  nn::group_lasso({leaf}, {.scale_by_size = false}).backward();
  CHECK(near(leaf.grad(), {0.6, 0.8, 0, 0, 0, 0}));
}

TEST_CASE("entropy of sure, unsure and impossible") {
  CHECK(near(nn::entropy(zeros({2, 4}, {.dtype = float64})).item(), std::log(4)));
  CHECK(near(nn::entropy(expect::tensor({1000, 0, 0, 1000}, {2, 2})).item(), 0));
  const Tensor masked = parameter(xt::xarray<double>{0.0, -INFINITY, 0.0});
  const Tensor h = nn::entropy(masked);
  CHECK(near(h.item(), std::log(2)));
  h.backward();
  CHECK(near(masked.grad(), {0, 0, 0}));
  CHECK(std::isnan(nn::entropy(zeros({0, 4})).item()));
}

TEST_CASE("total_variation counts steps") {
  const Tensor x = expect::tensor({0, 3, 3, 4, 3, 3}, {2, 3});
  CHECK(near(nn::total_variation(x).item(), 3 + 0 + 1 + 0 + 4 + 0 + 0));
  CHECK(near(nn::total_variation(x, {.axes = -1}).item(), 4));
  CHECK(near(nn::total_variation(x, {.isotropic = true}).item(), 5 + 1));
  CHECK(nn::total_variation(zeros({0, 3})).item() == 0);
  CHECK(nn::total_variation(zeros({2, 0, 3}), {.isotropic = true}).item() == 0);
  const Tensor flat = parameter(ones({2, 2}, {.dtype = float64}));
  nn::total_variation(flat, {.isotropic = true}).backward();
  CHECK(near(flat.grad(), {0, 0, 0, 0}));
}

TEST_CASE("activity is by the sample") {
  const Tensor x = expect::tensor({1, -2, 3, 0}, {2, 2});
  CHECK(near(nn::activity(x, {.l1 = 0.5, .l2 = 0.1}).item(), (0.5 * 6 + 0.1 * 14) / 2));
  CHECK(near(nn::activity(x).item(), 0.07));
}

TEST_CASE("derivatives of penalties of shape, to second order") {
  manual_seed(6);
  const Tensor w = randn({3, 4}, {.dtype = float64}), v = randn({2, 3, 2}, {.dtype = float64});
  const auto holds = [](const TensorFunction& f, const std::vector<Tensor>& inputs) {
    const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  };
  holds([](const auto& in) { return nn::group_lasso(in, {.axis = 1}); }, {w, v});
  holds([](const auto& in) { return nn::orthogonality(in); }, {w, v});
  holds([](const auto& in) { return nn::nuclear_norm(in); }, {w, v});
  holds([](const auto& in) { return nn::entropy(in[0], 1); }, {v});
  for (const bool isotropic : {false, true})
    holds([=](const auto& in) { return nn::total_variation(in[0], {.isotropic = isotropic}); }, {v});
  holds([](const auto& in) { return nn::activity(in[0], {.l1 = 0.1, .l2 = 0.2}); }, {v});
}

TEST_CASE("shapes and options that penalties refuse") {
  const Tensor b = ones({3}), w = ones({2, 2});
  CHECK(message<ValueError>([] { nn::group_lasso({}); }) ==
        "[group_lasso] there must be a parameter: got none");
  CHECK(message<IndexError>([&] {
          nn::group_lasso({w, b}, {.axis = 1});
        }) == "[group_lasso] an axis must lie within the dimensions: got axis 1 for 1 dimension");
  CHECK(message<ShapeError>([&] {
          nn::orthogonality({w, b});
        }) == "[orthogonality] a parameter must have two dimensions or more: got (3,)");
  CHECK(message<ValueError>([] { nn::orthogonality({}); }) ==
        "[orthogonality] there must be a parameter: got none");
  CHECK(message<ShapeError>([&] { nn::nuclear_norm({b}); }) ==
        "[nuclear_norm] a parameter must have two dimensions or more: got (3,)");
  CHECK(message<ValueError>([] { nn::nuclear_norm({}); }) ==
        "[nuclear_norm] there must be a parameter: got none");
  CHECK(message<DTypeError>([] {
          nn::entropy(expect::labels({1, 2}));
        }) == "[entropy] logits must be float32 or float64: got int64");
  CHECK(message<IndexError>([&] { nn::entropy(b, 1); }) ==
        "[entropy] an axis must lie within the dimensions: got axis 1 for 1 dimension");
  CHECK(message<IndexError>([&] { nn::total_variation(b); }) ==
        "[total_variation] an axis must lie within the dimensions: got axis -2 for 1 dimension");
  CHECK(message<ValueError>([&] { nn::total_variation(w, {.axes = 0, .isotropic = true}); }) ==
        "[total_variation] isotropic is of two axes: got (0,)");
  CHECK(message<ValueError>([&] { nn::total_variation(w, {.axes = {}}); }) ==
        "[total_variation] there must be an axis: got none");
  CHECK(message<DTypeError>([] {
          nn::total_variation(zeros({2, 2}, {.dtype = int64}));
        }) == "[total_variation] x must be float32 or float64: got int64");
  CHECK(message<ShapeError>([] { nn::activity(zeros({})); }) == "[activity] x must be (N, ...): got ()");
  CHECK(message<DTypeError>([] { nn::activity(expect::labels({1})); }) ==
        "[activity] x must be float32 or float64: got int64");
}

TEST_CASE("what they refuse") {
  CHECK(message<ValueError>([] { nn::l1({}); }) == "[l1] there must be a parameter: got none");
  CHECK(message<ValueError>([] { nn::l2({}); }) == "[l2] there must be a parameter: got none");
  CHECK(message<ValueError>([] { nn::elastic_net({}); }) ==
        "[elastic_net] there must be a parameter: got none");
  CHECK(message<ValueError>([] { nn::elastic_net({ones({1})}, 1.5); }) ==
        "[elastic_net] l1_ratio must lie within [0, 1]: got 1.5");
}
