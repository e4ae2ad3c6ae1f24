// The losses' derivatives against differences, to second order.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using expect::labels;
using expect::tensor;
using nn::Reduction;

namespace {

void holds(const TensorFunction& f, const std::vector<Tensor>& inputs) {
  const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
  CHECK_MESSAGE(report.ok(), report.problem);
}

}  // namespace

TEST_CASE("derivatives of regression losses") {
  manual_seed(1);
  const Tensor p = randn({3, 2}, {.dtype = float64}), t = randn({3, 2}, {.dtype = float64});
  for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    holds([=](const auto& in) { return nn::mse_loss(in[0], in[1], {reduction}); }, {p, t});
    holds([=](const auto& in) { return nn::l1_loss(in[0], in[1], {reduction}); }, {p, t});
    holds([=](const auto& in) { return nn::log_cosh_loss(in[0], in[1], {reduction}); }, {p, t});
  }
  const Tensor v = add(rand({3, 1}, {.dtype = float64}), 0.5), counts = tensor({0, 1, 2, 3, 4, 7}, {3, 2});
  holds([](const auto& in) { return nn::huber_loss(in[0], in[1], {.delta = 0.7}); }, {p, t});
  holds([](const auto& in) { return nn::smooth_l1_loss(in[0], in[1], {.beta = 0.7}); }, {p, t});
  holds([](const auto& in) { return nn::quantile_loss(in[0], in[1], {.quantile = 0.2}); }, {p, t});
  holds([=](const auto& in) { return nn::poisson_nll_loss(in[0], counts, {.full = true}); }, {p});
  holds([=](const auto& in) { return nn::poisson_nll_loss(in[0], in[1], {.full = true}); },
        {p, counts + 1.5});
  holds([=](const auto& in) { return nn::poisson_nll_loss(in[0], counts, {.log_input = false}); }, {exp(p)});
  holds([](const auto& in) { return nn::gaussian_nll_loss(in[0], in[1], in[2], {.full = true}); }, {p, t, v});
}

TEST_CASE("derivatives of binary cross entropies") {
  manual_seed(1);
  const Tensor x = randn({3, 2}, {.dtype = float64}), y = rand({3, 2}, {.dtype = float64});
  const Tensor p = sigmoid(x).detach(), w = tensor({0.5, 2});
  holds([=](const auto& in) { return nn::binary_cross_entropy(in[0], in[1]); }, {p, y});
  holds([=](const auto& in) { return nn::binary_cross_entropy(in[0], y, {.weight = in[1]}); }, {p, w});
  holds([=](const auto& in) { return nn::binary_cross_entropy_with_logits(in[0], in[1]); }, {x, y});
  holds([=](const auto& in) { return nn::binary_cross_entropy_with_logits(in[0], in[1]); },
        {zeros({2}, {.dtype = float64}), tensor({0, 1})});
  holds(
      [=](const auto& in) {
        return nn::binary_cross_entropy_with_logits(
            in[0], y, {.weight = in[1], .pos_weight = in[2], .reduction = Reduction::none});
      },
      {x, w, tensor({3, 0.25})});
}

TEST_CASE("derivatives of losses over labels") {
  manual_seed(1);
  const Tensor x = randn({4, 3}, {.dtype = float64}), w = tensor({1, 2, 0.5});
  const Tensor y = labels({0, 2, -100, 1});
  holds([=](const auto& in) { return nn::nll_loss(in[0], y, {.weight = in[1]}); }, {x, w});
  holds([=](const auto& in) { return nn::cross_entropy(in[0], y); }, {x});
  holds([=](const auto& in) { return nn::cross_entropy(in[0], y, {.reduction = Reduction::none}); }, {x});
  holds(
      [=](const auto& in) { return nn::cross_entropy(in[0], y, {.label_smoothing = 0.2, .weight = in[1]}); },
      {x, w});
}

TEST_CASE("derivatives of losses over probabilities") {
  manual_seed(2);
  const Tensor x = randn({2, 3, 2}, {.dtype = float64}), w = tensor({1, 2, 0.5});
  const Tensor p = nn::softmax(randn({2, 3, 2}, {.dtype = float64}), 1),
               y = reshape(labels({0, 2, -100, 1}), {2, 2});
  holds([=](const auto& in) { return nn::nll_loss(in[0], y, {.weight = in[1]}); }, {x, w});
  holds(
      [=](const auto& in) { return nn::cross_entropy(in[0], y, {.label_smoothing = 0.2, .weight = in[1]}); },
      {x, w});
  holds(
      [](const auto& in) {
        return nn::cross_entropy(in[0], in[1], {.label_smoothing = 0.2, .weight = in[2]});
      },
      {x, p, w});
  holds([](const auto& in) { return nn::kl_div(in[0], in[1]); }, {x, p});
  holds([](const auto& in) { return nn::kl_div(in[0], in[1], {.log_target = true}); }, {x, log(p)});
  for (const double gamma : {0.0, 0.5, 2.0})
    holds([=](const auto& in) { return nn::focal_loss(in[0], in[1], {.gamma = gamma}); }, {x, p});
  holds([](const auto& in) { return nn::dice_loss(in[0], in[1]); }, {p, rand({2, 3, 2}, {.dtype = float64})});
  holds([](const auto& in) { return nn::dice_loss(in[0], in[1], {.smooth = 0.1, .squared = true}); },
        {p, p * 0.5});
}

TEST_CASE("derivatives of losses with margins") {
  manual_seed(3);
  const Tensor x = randn({4, 3}, {.dtype = float64}), z = randn({4, 3}, {.dtype = float64}),
               w = tensor({1, 2, 0.5});
  const Tensor y = where(randn({4, 3}, {.dtype = float64}) > 0.0, ones_like(x), -1.0),
               l = labels({0, 2, 2, 1});
  holds([=](const auto& in) { return nn::hinge_loss(in[0], y); }, {x});
  holds([=](const auto& in) { return nn::squared_hinge_loss(in[0], y); }, {x});
  holds([=](const auto& in) { return nn::soft_margin_loss(in[0], y); }, {x});
  holds([=](const auto& in) { return nn::margin_ranking_loss(in[0], in[1], y, {.margin = 0.3}); }, {x, z});
  for (const int p : {1, 2})
    holds([=](const auto& in) { return nn::multi_margin_loss(in[0], l, {.p = p, .weight = in[1]}); }, {x, w});
}

TEST_CASE("derivatives of losses of vectors") {
  manual_seed(4);
  const Tensor a = randn({4, 3}, {.dtype = float64}), b = randn({4, 3}, {.dtype = float64}),
               c = randn({4, 3}, {.dtype = float64}), y = tensor({1, -1, 1, -1});
  for (const bool swap : {false, true})
    holds([=](const auto& in) { return nn::triplet_margin_loss(in[0], in[1], in[2], {.swap = swap}); },
          {a, b, c});
  holds([=](const auto& in) { return nn::cosine_embedding_loss(in[0], in[1], y, {.margin = -0.5}); }, {a, b});
  holds([](const auto& in) { return nn::info_nce_loss(in[0], in[1], {.temperature = 0.5}); }, {a, b});
  holds(
      [](const auto& in) {
        return nn::info_nce_loss(in[0], in[1], {.temperature = 0.5, .negatives = in[2]});
      },
      {a, b, c});
}
