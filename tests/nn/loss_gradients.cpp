// The losses' derivatives against differences, to second order.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/random.hpp"

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
  }
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
