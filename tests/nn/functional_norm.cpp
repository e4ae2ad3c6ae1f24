#include "wengert/nn/functional_norm.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

/// (x - mean) / sqrt(var + eps) of a list of numbers.
std::vector<double> normalized(const std::vector<double>& x, double eps) {
  double mean = 0, variance = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  std::vector<double> y;
  for (const double v : x) y.push_back((v - mean) / std::sqrt(variance + eps));
  return y;
}
std::vector<double> joined(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const std::vector<double> first{1, 2, 4, 0.5, -1, 3}, second{0, 1, 1, 2, -5, 2};
Tensor two_rows() { return expect::tensor(joined(first, second), {2, 6}); }

}  // namespace

TEST_CASE("layer_norm normalizes each row, or several dimensions at once") {
  const Tensor x = two_rows();
  const auto rows = joined(normalized(first, 1e-5), normalized(second, 1e-5));
  CHECK(near(nn::layer_norm(x, {6}), rows));
  CHECK(near(nn::layer_norm(reshape(x, {2, 2, 3}), {2, 3}), rows));
  CHECK(near(nn::layer_norm(reshape(x, {12}), {12}), normalized(joined(first, second), 1e-5)));
  const Tensor w = expect::tensor({1, 2, 3, 4, 5, 6}), b = expect::tensor({0, 1, 0, 1, 0, 1});
  std::vector<double> expected;
  for (std::size_t i = 0; i < 12; ++i)
    expected.push_back(rows[i] * (1.0 + static_cast<double>(i % 6)) + static_cast<double>(i % 2));
  CHECK(near(nn::layer_norm(x, {6}, w, b), expected));
  CHECK(near(nn::layer_norm(full({1, 3}, 7, {.dtype = float64}), {3}), {0, 0, 0}));
  CHECK(near(nn::layer_norm(x, {6}, {}, {}, {.eps = 2.0}),
             joined(normalized(first, 2.0), normalized(second, 2.0))));
}

TEST_CASE("rms_norm divides by the root mean square") {
  const Tensor x = expect::tensor({3, 4, 0, 0, 1, -1}, {3, 2}), w = expect::tensor({1, 10});
  const double r = std::sqrt(12.5), tiny = 1 / std::sqrt(1 + std::numeric_limits<double>::epsilon());
  CHECK(near(nn::rms_norm(x, {2}), {3 / r, 4 / r, 0, 0, tiny, -tiny}));
  CHECK(near(nn::rms_norm(x, {2}, w, {.eps = 3.75}), {3 / std::sqrt(16.25), 40 / std::sqrt(16.25), 0, 0,
                                                      1 / std::sqrt(4.75), -10 / std::sqrt(4.75)}));
  // Of float32 numbers the default eps is that of float32.
  const double small = 1e-4, eps = std::numeric_limits<float>::epsilon();
  CHECK(near(nn::rms_norm(Tensor(xt::xarray<float>{1e-4f}), {1}), {small / std::sqrt(small * small + eps)},
             1e-5));
}

TEST_CASE("group_norm and instance_norm normalize groups of channels of one sample") {
  const Tensor x = reshape(two_rows(), {2, 3, 2});
  CHECK(near(nn::group_norm(x, 1), joined(normalized(first, 1e-5), normalized(second, 1e-5))));
  std::vector<double> pairs;
  for (const auto& row : {first, second})
    for (std::size_t i = 0; i < 6; i += 2) pairs = joined(pairs, normalized({row[i], row[i + 1]}, 1e-5));
  CHECK(near(nn::group_norm(x, 3), pairs));
  CHECK(near(nn::instance_norm(x), pairs));
  const Tensor w = expect::tensor({1, 2, 3}), b = expect::tensor({0, 10, 20});
  std::vector<double> affine;
  for (std::size_t i = 0; i < 12; ++i) {
    const auto channel = static_cast<double>(i / 2 % 3);
    affine.push_back(pairs[i] * (1 + channel) + 10 * channel);
  }
  CHECK(near(nn::group_norm(x, 3, w, b), affine));
  CHECK(near(nn::instance_norm(x, {}, {}, w, b), affine));
  CHECK(nn::group_norm(zeros({0, 4, 2}), 2).shape() == Shape{0, 4, 2});
}

TEST_CASE("batch_norm learns from the batch and moves the running statistics, outside the tape") {
  const Tensor x = parameter(expect::tensor({1, 10, 2, 20, 6, 30}, {3, 2}));
  const Tensor mean = expect::tensor({1, 1}), variance = expect::tensor({2, 2});
  const Tensor y = nn::batch_norm(x, mean, variance, {}, {}, {.training = true, .momentum = 0.25});
  const auto a = normalized({1, 2, 6}, 1e-5), b = normalized({10, 20, 30}, 1e-5);
  CHECK(near(y, {a[0], b[0], a[1], b[1], a[2], b[2]}));
  CHECK(near(mean, {0.75 + 0.25 * 3, 0.75 + 0.25 * 20}));
  CHECK(near(variance, {1.5 + 0.25 * 7, 1.5 + 0.25 * 100}));  // unbiased: 14 / 2 and 200 / 2
  CHECK((mean.is_leaf() && !mean.requires_grad() && variance.is_leaf() && !variance.requires_grad()));
  const Tensor out = nn::batch_norm(x, mean, variance);
  CHECK(near(values(mean), {1.5, 5.75}));
  CHECK(near(values(out)[0], (1 - 1.5) / std::sqrt(3.25 + 1e-5)));
  CHECK(near(values(out)[5], (30 - 5.75) / std::sqrt(26.5 + 1e-5)));
}

TEST_CASE("instance_norm keeps the means over the batch of each sample's statistics") {
  const Tensor x = expect::tensor({1, 3, 2, 8}, {2, 1, 2});
  const Tensor mean = expect::tensor({0}), variance = expect::tensor({1});
  nn::instance_norm(x, mean, variance, {}, {}, {.training = true, .momentum = 0.5});
  CHECK(near(mean, {0.5 * 3.5}));
  CHECK(near(variance, {0.5 + 0.5 * (2 + 18) / 2.0}));
  CHECK(near(values(nn::instance_norm(x, mean, variance, {}, {}, {.training = false}))[0],
             (1 - 1.75) / std::sqrt(5.5 + 1e-5)));
}

TEST_CASE("derivatives of normalizations hold, to second order") {
  manual_seed(3);
  const Tensor x = randn({2, 4, 3}, {.dtype = float64}), w = randn({4}, {.dtype = float64}),
               b = randn({4}, {.dtype = float64}), v = randn({3}, {.dtype = float64}),
               positive = expect::tensor({0.5, 1, 2, 3});
  const auto ok = [](const TensorFunction& f, const std::vector<Tensor>& inputs) {
    return gradcheck(f, inputs, {.order = 2}).problem;
  };
  CHECK(ok([](const auto& in) { return nn::layer_norm(in[0], {3}, in[1], in[1]); }, {x, v}) == "");
  CHECK(ok([](const auto& in) { return nn::rms_norm(in[0], {3}, in[1]); }, {x, v}) == "");
  CHECK(ok([](const auto& in) { return nn::group_norm(in[0], 2, in[1], in[2]); }, {x, w, b}) == "");
  CHECK(ok([](const auto& in) { return nn::instance_norm(in[0], {}, {}, in[1], in[2]); }, {x, w, b}) == "");
  CHECK(ok([](const auto& in) { return nn::batch_norm(in[0], {}, {}, in[1], in[2], {.training = true}); },
           {x, w, b}) == "");
  CHECK(ok([](const auto& in) { return nn::batch_norm(in[0], in[2], in[3], in[1], in[2]); },
           {x, w, b, positive}) == "");
}

TEST_CASE("normalizations name what does not fit") {
  const Tensor x = zeros({2, 4, 3}), three = zeros({3}), four = zeros({4});
  CHECK(message<ShapeError>([&] { nn::layer_norm(x, {4}); }) ==
        "[layer_norm] the last extents of x must be the normalized shape: got (2, 4, 3) for (4,)");
  CHECK(message<ShapeError>([&] { nn::layer_norm(x, {}); }) ==
        "[layer_norm] the last extents of x must be the normalized shape: got (2, 4, 3) for ()");
  CHECK(message<ShapeError>([&] {
          nn::rms_norm(three, {1, 3});
        }) == "[rms_norm] the last extents of x must be the normalized shape: got (3,) for (1, 3)");
  CHECK(message<ShapeError>([&] { nn::layer_norm(x, {3}, four); }) ==
        "[layer_norm] the weight must be (3,): got (4,)");
  CHECK(message<ShapeError>([&] { nn::layer_norm(x, {3}, three, four); }) ==
        "[layer_norm] the bias must be (3,): got (4,)");
  CHECK(message<ValueError>([&] { nn::layer_norm(x, {3}, {}, {}, {.eps = -1.0}); }) ==
        "[layer_norm] eps must be 0 or more: got -1");
  CHECK(message<ShapeError>([&] { nn::group_norm(x, 3); }) ==
        "[group_norm] the groups must divide the channels: got 3 groups for (2, 4, 3)");
  CHECK(message<ShapeError>([&] { nn::group_norm(x, 2, three); }) ==
        "[group_norm] the weight must be (4,): got (3,)");
  CHECK(message<ShapeError>([&] { nn::group_norm(three, 1); }) ==
        "[group_norm] x must be (N, C, ...): got (3,)");
  CHECK(message<ShapeError>([&] {
          nn::instance_norm(zeros({2, 3}));
        }) == "[instance_norm] x must be (N, C, spatial...): got (2, 3)");
  CHECK(message<ShapeError>([&] { nn::batch_norm(x, three, four, {}, {}, {.training = true}); }) ==
        "[batch_norm] the running mean must be (4,): got (3,)");
  CHECK(message<ShapeError>([&] { nn::batch_norm(x, four, three); }) ==
        "[batch_norm] the running variance must be (4,): got (3,)");
  CHECK(message<ValueError>([&] { nn::batch_norm(x, four, {}); }) ==
        "[batch_norm] outside of training there must be running statistics: got none");
  CHECK(message<ValueError>([&] {
          nn::batch_norm(zeros({1, 4}), four, four, {}, {}, {.training = true});
        }) == "[batch_norm] in training there must be more than one value for a channel: got (1, 4)");
  CHECK(message<ValueError>([&] {
          nn::instance_norm(zeros({5, 4, 1}));
        }) == "[instance_norm] in training there must be more than one value for a channel: got (5, 4, 1)");
}
