// Values of binary_cross_entropy, nll_loss, cross_entropy and their kin, ordinary and special.
#include "wengert/nn/loss_classification.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::labels;
using expect::near;
using expect::tensor;
using expect::values;
using nn::Reduction;

namespace {

double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// -log softmax(x)[c] for each row and class.
const std::vector<double> logits_values{2.0, -1.0, 0.5, 0.0, 1.5, -0.5, 3.0, 3.0, -2.0, 0.1, 0.2, 0.3};
std::vector<double> surprise() {
  std::vector<double> s;
  for (std::size_t i = 0; i < 4; ++i) {
    double total = 0;
    for (std::size_t c = 0; c < 3; ++c) total += std::exp(logits_values[3 * i + c]);
    for (std::size_t c = 0; c < 3; ++c) s.push_back(std::log(total) - logits_values[3 * i + c]);
  }
  return s;
}

}  // namespace

TEST_CASE("binary_cross_entropy is its formula") {
  const Tensor p = tensor({0.25, 0.9, 0.5}), y = tensor({0, 1, 0.25}), w = tensor({1, 2, 4});
  const double a = -std::log(0.75), b = -std::log(0.9), c = -std::log(0.5);
  CHECK(near(nn::binary_cross_entropy(p, y).item(), (a + b + c) / 3));
  CHECK(near(nn::binary_cross_entropy(p, y, {.weight = w, .reduction = Reduction::none}), {a, 2 * b, 4 * c}));
  CHECK(near(nn::binary_cross_entropy(p, y, {.weight = w}).item(), (a + 2 * b + 4 * c) / 3));
}

TEST_CASE("binary_cross_entropy at probabilities 0 and 1: 100 where they are wrong, and no NaN") {
  const Tensor p = parameter(xt::xarray<double>{0, 1, 0, 1}), y = tensor({0, 1, 1, 0});
  const Tensor losses = nn::binary_cross_entropy(p, y, {.reduction = Reduction::none});
  CHECK(near(losses, {0, 0, 100, 100}));
  sum(losses).backward();
  CHECK(near(p.grad(), {1, -1, 0, 0}));
}

TEST_CASE("binary_cross_entropy_with_logits is accurate everywhere") {
  const std::vector<double> x{-2, 0, 1.5}, y{0, 1, 0.25};
  std::vector<double> plain, weighted;
  for (std::size_t i = 0; i < 3; ++i) {
    plain.push_back(y[i] * softplus_of(-x[i]) + (1 - y[i]) * softplus_of(x[i]));
    weighted.push_back(0.5 * (3 * y[i] * softplus_of(-x[i]) + (1 - y[i]) * softplus_of(x[i])));
  }
  using Options = nn::BinaryCrossEntropyWithLogitsOptions;
  CHECK(near(nn::binary_cross_entropy_with_logits(tensor(x), tensor(y), {.reduction = Reduction::none}),
             plain));
  CHECK(near(nn::binary_cross_entropy_with_logits(tensor(x), tensor(y)).item(),
             (plain[0] + plain[1] + plain[2]) / 3));
  const Options options{.weight = tensor({0.5}), .pos_weight = tensor({3}), .reduction = Reduction::none};
  CHECK(near(nn::binary_cross_entropy_with_logits(tensor(x), tensor(y), options), weighted));

  // Sure and right: the loss is tiny and not 0; sure and wrong: |x|; at 0 the slope is one half.
  const Tensor far = parameter(xt::xarray<float>{-30.0f, 30.0f, -500.0f, 500.0f, 0.0f});
  const Tensor target(xt::xarray<float>{0.0f, 1.0f, 1.0f, 0.0f, 1.0f});
  const Tensor losses = nn::binary_cross_entropy_with_logits(far, target, {.reduction = Reduction::none});
  const auto v = values(losses);
  CHECK(v[0] == doctest::Approx(std::exp(-30.0)).epsilon(1e-6));
  CHECK(v[1] == doctest::Approx(std::exp(-30.0)).epsilon(1e-6));
  CHECK((v[2] == 500 && v[3] == 500));
  sum(losses).backward();
  const auto g = values(far.grad());
  CHECK(g[0] == doctest::Approx(std::exp(-30.0)).epsilon(1e-6));
  CHECK((g[2] == -1 && g[3] == 1 && g[4] == -0.5));
}

TEST_CASE("cross_entropy picks the label's surprise") {
  const Tensor x = tensor(logits_values, {4, 3}), y = labels({0, 2, 1, 2});
  const auto s = surprise();
  const std::vector<double> picked{s[0], s[5], s[7], s[11]};
  CHECK(near(nn::cross_entropy(x, y, {.reduction = Reduction::none}), picked));
  CHECK(near(nn::cross_entropy(x, y).item(), (picked[0] + picked[1] + picked[2] + picked[3]) / 4));
  CHECK(near(nn::nll_loss(nn::log_softmax(x), y, {.reduction = Reduction::none}), picked));
  CHECK(nn::cross_entropy(tensor({1e4, 0}, {1, 2}), labels({1})).item() == 1e4);
}

TEST_CASE("class weights weigh the mean") {
  const Tensor x = tensor(logits_values, {4, 3}), y = labels({0, 2, 1, 2}), w = tensor({1, 2, 0.5});
  const auto s = surprise();
  const std::vector<double> picked{s[0], 0.5 * s[5], 2 * s[7], 0.5 * s[11]};
  const double total = picked[0] + picked[1] + picked[2] + picked[3];
  CHECK(near(nn::cross_entropy(x, y, {.weight = w, .reduction = Reduction::none}), picked));
  CHECK(near(nn::cross_entropy(x, y, {.weight = w, .reduction = Reduction::sum}).item(), total));
  CHECK(near(nn::cross_entropy(x, y, {.weight = w}).item(), total / 4.0));
  CHECK(near(nn::nll_loss(nn::log_softmax(x), y, {.weight = w}).item(), total / 4.0));
}

TEST_CASE("ignored labels cost nothing and do not count") {
  const Tensor x = tensor(logits_values, {4, 3}), w = tensor({1, 2, 0.5});
  const auto s = surprise();
  const Tensor y = labels({0, -100, 1, -100});
  CHECK(near(nn::cross_entropy(x, y, {.reduction = Reduction::none}), {s[0], 0, s[7], 0}));
  CHECK(near(nn::cross_entropy(x, y).item(), (s[0] + s[7]) / 2));
  CHECK(near(nn::cross_entropy(x, y, {.weight = w}).item(), (s[0] + 2 * s[7]) / 3));
  CHECK(near(nn::cross_entropy(x, labels({0, 2, 1, 2}), {.ignore_index = 2}).item(), (s[0] + s[7]) / 2));
  CHECK(near(nn::nll_loss(nn::log_softmax(x), y).item(), (s[0] + s[7]) / 2));

  const Tensor leaf = parameter(x);
  const Tensor none =
      nn::cross_entropy(leaf, labels({-100, -100, -100, -100}), {.label_smoothing = 0.1, .weight = w});
  CHECK(none.item() == 0);
  none.backward();
  CHECK(near(leaf.grad(), std::vector<double>(12, 0.0)));
}

TEST_CASE("label smoothing spreads its share over the classes") {
  const Tensor x = tensor(logits_values, {4, 3}), y = labels({0, 2, 1, -100}), w = tensor({1, 2, 0.5});
  const auto s = surprise();
  const auto smooth = [&](std::size_t i, std::size_t c, const std::vector<double>& weight) {
    double spread = 0;
    for (std::size_t k = 0; k < 3; ++k) spread += weight[k] * s[3 * i + k];
    return 0.9 * weight[c] * s[3 * i + c] + 0.1 / 3 * spread;
  };
  const std::vector<double> one{1, 1, 1}, weight{1, 2, 0.5};
  const std::vector<double> a{smooth(0, 0, one), smooth(1, 2, one), smooth(2, 1, one), 0};
  const std::vector<double> b{smooth(0, 0, weight), smooth(1, 2, weight), smooth(2, 1, weight), 0};
  CHECK(near(nn::cross_entropy(x, y, {.label_smoothing = 0.1, .reduction = Reduction::none}), a));
  CHECK(near(nn::cross_entropy(x, y, {.label_smoothing = 0.1}).item(), (a[0] + a[1] + a[2]) / 3));
  CHECK(near(nn::cross_entropy(x, y, {.label_smoothing = 0.1, .weight = w}).item(),
             (b[0] + b[1] + b[2]) / 3.5));
}

TEST_CASE("the gradient of cross_entropy is softmax less the one-hot label") {
  const Tensor x = parameter(tensor(logits_values, {4, 3}));
  nn::cross_entropy(x, labels({0, 2, 1, 2}), {.reduction = Reduction::sum}).backward();
  std::vector<double> expected = values(nn::softmax(x));
  for (const std::size_t i : {0, 5, 7, 11}) expected[i] -= 1;
  CHECK(near(x.grad(), expected));
}

TEST_CASE("labels of pixels: the classes are the second dimension") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 1, -1, 1, -1}, {2, 2, 2, 2});
  const Tensor y = reshape(labels({0, 1, 1, 0, 0, 1, -100, 1}), {2, 2, 2});
  std::vector<double> expected;
  for (const double lead : {-4.0, 4.0, 4.0, -4.0, -1.0, -1.0}) expected.push_back(softplus_of(-lead));
  expected.push_back(0);
  expected.push_back(softplus_of(1.0));
  CHECK(near(nn::cross_entropy(x, y, {.reduction = Reduction::none}), expected));
  CHECK(nn::cross_entropy(x, y, {.reduction = Reduction::none}).shape() == Shape{2, 2, 2});
  double total = 0;
  for (const double e : expected) total += e;
  CHECK(near(nn::cross_entropy(x, y).item(), total / 7));
  CHECK(near(nn::nll_loss(nn::log_softmax(x, 1), y).item(), total / 7));
}

TEST_CASE("cross_entropy of one-hot probabilities is that of the labels") {
  const Tensor x = tensor(logits_values, {4, 3}), y = labels({0, 2, 1, 2}), w = tensor({1, 2, 0.5});
  const Tensor p = tensor({1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1}, {4, 3});
  for (const double smoothing : {0.0, 0.3}) {
    const nn::CrossEntropyOptions sum{.label_smoothing = smoothing, .weight = w, .reduction = Reduction::sum};
    CHECK(near(nn::cross_entropy(x, p, sum).item(), nn::cross_entropy(x, y, sum).item()));
    CHECK(near(nn::cross_entropy(x, p, {.label_smoothing = smoothing}).item(),
               nn::cross_entropy(x, y, {.label_smoothing = smoothing}).item()));
  }
  // With class weights the mean of probabilities is by the number of rows, not by weights.
  CHECK(near(nn::cross_entropy(x, p, {.weight = w}).item(),
             nn::cross_entropy(x, y, {.weight = w, .reduction = Reduction::sum}).item() / 4));
}

TEST_CASE("a class that cannot be costs nothing where it is not asked for") {
  const Tensor x = parameter(xt::xarray<double>{{0.0, -INFINITY, 1.0}});
  const Tensor p = parameter(xt::xarray<double>{{0.25, 0.0, 0.75}});
  const Tensor loss = nn::cross_entropy(x, p);
  const double log_sum = std::log(1 + std::exp(1));
  CHECK(near(loss.item(), 0.25 * log_sum + 0.75 * (log_sum - 1)));
  loss.backward();
  const double q = std::exp(1 - log_sum);
  CHECK(near(x.grad(), {1 - q - 0.25, 0, q - 0.75}));
  CHECK(near(p.grad(), {log_sum, 0, log_sum - 1}));
  CHECK(nn::cross_entropy(x, tensor({0.5, 0.5, 0}, {1, 3})).item() == INFINITY);
}

TEST_CASE("kl_div where the target, or what is believed, is 0") {
  const double half = std::log(0.5);
  const Tensor x = parameter(xt::xarray<double>{half, half, -INFINITY});
  const Tensor p = parameter(xt::xarray<double>{0.5, 0.0, 0.0});
  const Tensor losses = nn::kl_div(x, p, {.reduction = Reduction::none});
  CHECK(near(losses, {0, 0, 0}));
  sum(losses).backward();
  CHECK(near(x.grad(), {-0.5, 0, 0}));
  CHECK(near(p.grad(), {1, 0, 0}));
  const Tensor never = parameter(xt::xarray<double>{-INFINITY});
  const Tensor wrong = nn::kl_div(never, tensor({0.5}));
  CHECK(wrong.item() == INFINITY);
  wrong.backward();
  CHECK(near(never.grad(), {-0.5}));

  const Tensor log_p = parameter(xt::xarray<double>{half, -INFINITY, -INFINITY});
  const Tensor y = parameter(xt::xarray<double>{half, half, -INFINITY});
  const Tensor logs = nn::kl_div(y, log_p, {.log_target = true, .reduction = Reduction::none});
  CHECK(near(logs, {0, 0, 0}));
  sum(logs).backward();
  CHECK(near(y.grad(), {-0.5, 0, 0}));
  CHECK(near(log_p.grad(), {0.5, 0, 0}));
  const double quarter = std::log(0.25), rest = std::log(0.75);
  CHECK(near(nn::kl_div(tensor({half, half}), tensor({0.25, 0.75}), {.reduction = Reduction::sum}).item(),
             0.25 * (quarter - half) + 0.75 * (rest - half)));
}

TEST_CASE("focal_loss lets easy elements count little, and is finite far out") {
  const double p = 1 / (1 + std::exp(-2.0));
  const Tensor x = tensor({2, 2}), y = tensor({1, 0});
  CHECK(near(nn::focal_loss(x, y, {.reduction = Reduction::none}),
             {0.25 * (1 - p) * (1 - p) * softplus_of(-2), 0.75 * p * p * softplus_of(2)}));
  CHECK(near(nn::focal_loss(x, y, {.alpha = -1.0, .gamma = 0.0}).item(),
             nn::binary_cross_entropy_with_logits(x, y).item()));
  for (const double gamma : {0.0, 0.5, 1.0, 2.0}) {
    const Tensor far = parameter(xt::xarray<double>{1000.0, -1000.0, 1000.0, -1000.0});
    const Tensor losses = nn::focal_loss(far, tensor({1, 0, 0, 1}),
                                         {.alpha = -1.0, .gamma = gamma, .reduction = Reduction::none});
    CHECK(near(losses, {0, 0, 1000, 1000}));
    sum(losses).backward();
    CHECK(near(far.grad(), {0, 0, 1, -1}));
  }
}

TEST_CASE("dice_loss of what is found, missed and not there") {
  const Tensor y = tensor({1, 1, 0, 0, 0, 0}, {3, 2}), p = tensor({1, 1, 1, 1, 0, 0}, {3, 2});
  CHECK(near(nn::dice_loss(p, y, {.smooth = 0.0, .reduction = Reduction::none}), {0, 1, 0}));
  CHECK(near(nn::dice_loss(p, y, {.reduction = Reduction::none}), {0, 1 - 1.0 / 3, 0}));
  CHECK(near(nn::dice_loss(p, y, {.smooth = 0.0, .squared = true}).item(), 1.0 / 3));
  const Tensor nothing = parameter(xt::xarray<double>{{0.0, 0.0}});
  nn::dice_loss(nothing, zeros_like(nothing), {.smooth = 0.0}).backward();
  CHECK(near(nothing.grad(), {0, 0}));
}

TEST_CASE(
    "classification of an empty batch: the mean by labels and rows is 0, others are NaN, the sum is 0") {
  const Tensor x = zeros({0, 3}, {.dtype = float64}), none = labels({});
  CHECK(nn::cross_entropy(x, none).item() == 0);
  CHECK(nn::nll_loss(x, none).item() == 0);
  CHECK(nn::cross_entropy(x, x).item() == 0);
  CHECK(nn::cross_entropy(x, x, {.reduction = Reduction::none}).shape() == Shape{0});
  CHECK(std::isnan(nn::binary_cross_entropy_with_logits(x, x).item()));
  CHECK(nn::focal_loss(x, x, {.reduction = Reduction::sum}).item() == 0);
  CHECK(nn::kl_div(x, x, {.reduction = Reduction::sum}).item() == 0);
  CHECK(nn::dice_loss(x, x, {.reduction = Reduction::none}).shape() == Shape{0});
}
