// Outputs, gradients and running statistics are held to PyTorch's in tests/oracle/modules.cpp.
#include "wengert/nn/normalization.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/random.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, value] : module.state()) names.push_back(name);
  return names;
}
using Names = std::vector<std::string>;

template <class M>
std::string wrong(const M& module, const Shape& x) {
  return expect::wrong_derivatives(module, {parameter(randn(x, {.dtype = float64}))},
                                   [&](const auto& in) { return module(in[0]); });
}

}  // namespace

TEST_CASE("states have PyTorch's names, shapes, dtypes and first values") {
  const nn::BatchNorm2d norm(3);
  CHECK(names(norm) == Names{"bias", "num_batches_tracked", "running_mean", "running_var", "weight"});
  CHECK(values(norm.weight) == std::vector<double>{1, 1, 1});
  CHECK(values(norm.bias) == std::vector<double>{0, 0, 0});
  CHECK(values(norm.running_mean) == std::vector<double>{0, 0, 0});
  CHECK(values(norm.running_var) == std::vector<double>{1, 1, 1});
  CHECK((norm.num_batches_tracked.dtype() == int64 && norm.num_batches_tracked.ndim() == 0));
  CHECK(norm.num_batches_tracked.item() == 0);
  CHECK(norm.parameters().size() == 2);
  CHECK(names(nn::BatchNorm1d(3, {.affine = false})) ==
        Names{"num_batches_tracked", "running_mean", "running_var"});
  CHECK(names(nn::BatchNorm1d(3, {.track_running_stats = false})) == Names{"bias", "weight"});
  CHECK(names(nn::InstanceNorm2d(3)).empty());
  CHECK(names(nn::InstanceNorm1d(3, {.affine = true})) == Names{"bias", "weight"});
  CHECK(names(nn::LayerNorm({2, 3})) == Names{"bias", "weight"});
  CHECK(nn::LayerNorm({2, 3}).weight.shape() == Shape{2, 3});
  CHECK(nn::LayerNorm({3}).weight.shape() == Shape{3});
  CHECK(nn::LayerNorm(3).weight.shape() == Shape{3});
  CHECK(names(nn::LayerNorm({3}, {.bias = false})) == Names{"weight"});
  CHECK(names(nn::LayerNorm({3}, {.elementwise_affine = false})).empty());
  CHECK(names(nn::RMSNorm({3})) == Names{"weight"});
  CHECK(names(nn::RMSNorm({3}, {.elementwise_affine = false})).empty());
  CHECK(names(nn::GroupNorm(2, 4)) == Names{"bias", "weight"});
  CHECK(names(nn::GroupNorm(2, 4, {.affine = false})).empty());
}

TEST_CASE("in training the batch counts and is counted, in evaluation what is kept does") {
  nn::BatchNorm1d norm(1, {.dtype = float64});
  const Tensor x = expect::tensor({1, 3, 5, 7}, {4, 1});
  const Tensor before = norm.running_mean;  // a handle of the leaf, which stays the same
  norm(x);
  CHECK(near(norm.running_mean, {0.4}));
  CHECK(near(norm.running_var, {0.9 + 0.1 * 20 / 3.0}));
  CHECK(norm.num_batches_tracked.item() == 1);
  CHECK(&before.handle() == &norm.running_mean.handle());
  norm.eval();
  const double root = std::sqrt(0.9 + 2 / 3.0 + 1e-5);
  CHECK(near(norm(x), {0.6 / root, 2.6 / root, 4.6 / root, 6.6 / root}));
  CHECK(near(norm(slice(x, 0, 0, 1)), {0.6 / root}));  // one value is enough
  CHECK(norm.num_batches_tracked.item() == 1);
  CHECK(near(norm.running_mean, {0.4}));
}

TEST_CASE("without momentum running statistics are averages of all batches") {
  nn::BatchNorm1d norm(1, {.momentum = {}, .dtype = float64});
  for (const double shift : {0.0, 3.0, 9.0}) norm(expect::tensor({1, 3}, {2, 1}) + shift);
  CHECK(near(norm.running_mean, {(2 + 5 + 11) / 3.0}));
  CHECK(near(norm.running_var, {2}));
}

TEST_CASE("without running statistics the batch counts in evaluation, too") {
  nn::BatchNorm1d norm(1, {.track_running_stats = false});
  nn::InstanceNorm1d instance(1);
  const Tensor x = Tensor(xt::xarray<float>{1, 2, 6});
  const auto learned = values(norm(reshape(x, {3, 1}))), one = values(instance(reshape(x, {1, 1, 3})));
  norm.eval();
  instance.eval();
  CHECK(values(norm(reshape(x, {3, 1}))) == learned);
  CHECK(values(instance(reshape(x, {1, 1, 3}))) == one);
}

TEST_CASE("a state goes from one module to another, and dtypes change but for the count") {
  nn::BatchNorm2d a(2), b(2);
  a(randn({3, 2, 2, 2}));
  b.load(a.state());
  CHECK(values(b.running_mean) == values(a.running_mean));
  CHECK(b.num_batches_tracked.item() == 1);
  b.to(float64);
  CHECK((b.running_var.dtype() == float64 && b.num_batches_tracked.dtype() == int64));
  b(randn({3, 2, 2, 2}, {.dtype = float64}));
  CHECK(b.num_batches_tracked.item() == 2);
}

TEST_CASE("derivatives of normalizations as modules hold, to second order") {
  manual_seed(6);
  const nn::BatchNormOptions wide{.dtype = float64};
  CHECK(wrong(nn::BatchNorm1d(2, wide), {3, 2}) == "");
  CHECK(wrong(nn::BatchNorm1d(2, wide), {2, 2, 2}) == "");
  CHECK(wrong(nn::BatchNorm2d(2, wide), {2, 2, 1, 2}) == "");
  nn::BatchNorm2d evaluated(2, wide);
  evaluated.eval();
  CHECK(wrong(evaluated, {2, 2, 1, 2}) == "");
  CHECK(wrong(nn::InstanceNorm1d(2, {.affine = true, .dtype = float64}), {2, 2, 3}) == "");
  CHECK(wrong(nn::InstanceNorm2d(2, {.dtype = float64}), {1, 2, 2, 2}) == "");
  CHECK(wrong(nn::LayerNorm({3}, {.dtype = float64}), {2, 3}) == "");
  CHECK(wrong(nn::RMSNorm({3}, {.dtype = float64}), {2, 3}) == "");
  CHECK(wrong(nn::GroupNorm(2, 4, {.dtype = float64}), {1, 4, 2}) == "");
}

TEST_CASE("what does not fit is named, and nothing is learned from it") {
  nn::BatchNorm1d line(3);
  CHECK(message<ShapeError>([&] {
          line(zeros({4, 2}));
        }) == "[BatchNorm1d] x must be (N, C) or (N, C, L) with 3 channels: got (4, 2)");
  CHECK(message<ValueError>([&] {
          line(zeros({1, 3}));
        }) == "[batch_norm] in training there must be more than one value for a channel: got (1, 3)");
  CHECK(line.num_batches_tracked.item() == 0);
  CHECK(message<ShapeError>([&] {
          nn::BatchNorm2d(3)(zeros({4, 3}));
        }) == "[BatchNorm2d] x must be (N, C, H, W) with 3 channels: got (4, 3)");
  CHECK(message<ShapeError>([&] {
          nn::InstanceNorm1d(3)(zeros({4, 3}));
        }) == "[InstanceNorm1d] x must be (N, C, L) with 3 channels: got (4, 3)");
  CHECK(message<ShapeError>([&] {
          nn::InstanceNorm2d(3)(zeros({4, 2, 2, 2}));
        }) == "[InstanceNorm2d] x must be (N, C, H, W) with 3 channels: got (4, 2, 2, 2)");
  CHECK(message<ShapeError>([] {
          nn::BatchNorm3d(3)(zeros({4, 3, 2, 2}));
        }) == "[BatchNorm3d] x must be (N, C, D, H, W) with 3 channels: got (4, 3, 2, 2)");
  CHECK(message<ShapeError>([] {
          nn::InstanceNorm3d(3)(zeros({4, 2, 2, 2, 2}));
        }) == "[InstanceNorm3d] x must be (N, C, D, H, W) with 3 channels: got (4, 2, 2, 2, 2)");
  CHECK(message<ShapeError>([&] {
          nn::LayerNorm({3})(zeros({4, 2}));
        }) == "[layer_norm] the last extents of x must be the normalized shape: got (4, 2) for (3,)");
  CHECK(message<ShapeError>([&] {
          nn::GroupNorm(1, 3)(zeros({4, 2}));
        }) == "[GroupNorm] x must be (N, C, ...) with 3 channels: got (4, 2)");
  CHECK(message<ValueError>([&] { nn::BatchNorm1d(0); }) ==
        "[BatchNorm1d] the channels must be positive: got 0");
  CHECK(message<ValueError>([&] { nn::BatchNorm2d(1, {.eps = -1.0}); }) ==
        "[BatchNorm2d] eps must be 0 or more: got -1");
  CHECK(message<ValueError>([&] { nn::InstanceNorm1d(1, {.momentum = 1.5}); }) ==
        "[InstanceNorm1d] the momentum must lie within [0, 1]: got 1.5");
  CHECK(message<ValueError>([&] {
          nn::LayerNorm({2, 0});
        }) == "[LayerNorm] the normalized extents must be positive: got (2, 0)");
  CHECK(message<ValueError>([&] { nn::RMSNorm(Shape{}); }) ==
        "[RMSNorm] the normalized extents must be positive: got ()");
  CHECK(message<ValueError>([&] { nn::GroupNorm(2, 3); }) ==
        "[GroupNorm] the groups must divide the channels: got 2 groups for 3");
}
