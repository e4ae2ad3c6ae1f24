#include "wengert/nn/loss_embedding.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::near;
using expect::tensor;
using nn::Reduction;

TEST_CASE("triplet_margin_loss keeps the negative farther than the positive") {
  const Tensor a = tensor({0, 0, 0, 0}, {2, 2}), p = tensor({3, 4, 3, 4}, {2, 2});
  const Tensor n = parameter(tensor({0, 5.5, 0, 30}, {2, 2}));
  const nn::TripletMarginOptions options{.eps = 0.0, .reduction = Reduction::none};
  CHECK(near(nn::triplet_margin_loss(a, p, n, options), {0.5, 0}));
  CHECK(near(nn::triplet_margin_loss(a, p, n, {.p = 1.0, .eps = 0.0}).item(), (1 + 7 - 5.5) / 2));
  const double apart = std::sqrt(9 + 1.5 * 1.5);
  CHECK(near(nn::triplet_margin_loss(a, p, n, {.eps = 0.0, .swap = true}).item(), (1 + 5 - apart) / 2));
  nn::triplet_margin_loss(a, p, n, {.eps = 0.0, .reduction = Reduction::sum}).backward();
  CHECK(near(n.grad(), {0, -1, 0, 0}));
}

TEST_CASE("three equal vectors cost the margin, and have finite gradients") {
  const Tensor a = parameter(xt::xarray<double>{{1.0, 2.0}});
  for (const double eps : {0.0, 1e-6}) {
    a.zero_grad();
    const Tensor loss = nn::triplet_margin_loss(a, a, a, {.eps = eps});
    CHECK(near(loss.item(), 1));
    loss.backward();
    CHECK(near(a.grad(), {0, 0}));
  }
}

TEST_CASE("cosine_embedding_loss of pairs that belong together, and apart") {
  const Tensor a = tensor({1, 0, 1, 0, 1, 0}, {3, 2}), b = tensor({3, 4, 3, 4, -1, 0}, {3, 2});
  const Tensor y = tensor({1, -1, -1});
  CHECK(near(nn::cosine_embedding_loss(a, b, y, {.reduction = Reduction::none}), {0.4, 0.6, 0}));
  CHECK(near(nn::cosine_embedding_loss(a, b, y, {.margin = 0.5}).item(), (0.4 + 0.1) / 3));
  CHECK(near(nn::cosine_embedding_loss(zeros_like(a), b, y).item(), 1.0 / 3));
}

TEST_CASE("info_nce_loss: each query among the keys of all") {
  const Tensor q = tensor({2, 0, 0, 3}, {2, 2}), k = tensor({1, 0, 0, 1}, {2, 2});
  const double right = std::log(1 + std::exp(-1 / 0.5)), wrong = std::log(1 + std::exp(1 / 0.5));
  CHECK(near(nn::info_nce_loss(q, k, {.temperature = 0.5}).item(), right));
  CHECK(near(nn::info_nce_loss(q, flip(k, 0), {.temperature = 0.5, .reduction = Reduction::none}),
             {wrong, wrong}));
  const Tensor others = tensor({0, 1, 0, -2, -1, 0}, {3, 2});
  const nn::InfoNceOptions options{.temperature = 0.5, .negatives = others, .reduction = Reduction::none};
  const auto term = [](double cosine) { return std::exp(cosine / 0.5); };
  CHECK(near(nn::info_nce_loss(q, k, options), {std::log(1 + (2 * term(0) + term(-1)) / term(1)),
                                                std::log(1 + (term(1) + term(-1) + term(0)) / term(1))}));
  // Cold: the sum is of numbers that exp() alone could not hold.
  CHECK(near(nn::info_nce_loss(q, flip(k, 0), {.temperature = 1e-3}).item(), 1000));
}

TEST_CASE("embeddings of nothing") {
  const Tensor none = zeros({0, 3}, {.dtype = float64});
  CHECK(nn::triplet_margin_loss(none, none, none, {.reduction = Reduction::sum}).item() == 0);
  CHECK(nn::cosine_embedding_loss(none, none, zeros({0}, {.dtype = float64}), {.reduction = Reduction::sum})
            .item() == 0);
  CHECK(std::isnan(nn::triplet_margin_loss(none, none, none).item()));
}
