// Every operation that a function or loss records bears the line of the user who called it.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "support/recorded_at.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/distance.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/nn/sequential.hpp"

using namespace wengert;

namespace {

int recorded_at(int line, const Tensor& y) { return support::recorded_at(__FILE__, line, y); }

}  // namespace

TEST_CASE("operations bear the caller's line") {
  const Tensor x = ones({3, 2}, {.requires_grad = true}), p = full({3, 2}, 0.5, {.requires_grad = true}),
               t = zeros({3, 2}), w = ones({2}), y = expect::labels({0, 1, -100});
  CHECK(recorded_at(__LINE__, nn::softmax(x)) > 0);
  CHECK(recorded_at(__LINE__, nn::log_softmax(x)) > 0);
  CHECK(recorded_at(__LINE__, nn::dropout(x)) > 0);
  CHECK(recorded_at(__LINE__, nn::mse_loss(x, t)) > 0);
  CHECK(recorded_at(__LINE__, nn::l1_loss(x, t)) > 0);
  CHECK(recorded_at(__LINE__, nn::binary_cross_entropy(p, t, {.weight = w})) > 0);
  // On one line: compilers differ in what __LINE__ is where a macro's arguments span several.
  const nn::BinaryCrossEntropyWithLogitsOptions both{.weight = w, .pos_weight = w};
  CHECK(recorded_at(__LINE__, nn::binary_cross_entropy_with_logits(x, t, both)) > 0);
  CHECK(recorded_at(__LINE__, nn::nll_loss(x, y, {.weight = w})) > 0);
  CHECK(recorded_at(__LINE__, nn::cross_entropy(x, y, {.label_smoothing = 0.1, .weight = w})) > 0);
  CHECK(recorded_at(__LINE__, nn::cross_entropy(x, p, {.label_smoothing = 0.1, .weight = w})) > 0);
  CHECK(recorded_at(__LINE__, nn::l1({x, p})) > 0);
  CHECK(recorded_at(__LINE__, nn::l2({x, p})) > 0);
  CHECK(recorded_at(__LINE__, nn::elastic_net({x, p})) > 0);
  const nn::Sequential net{nn::Linear(2, 2), nn::ReLU(),    nn::LeakyReLU(), nn::Tanh(),
                           nn::Sigmoid(),    nn::Softmax(), nn::Dropout(),   nn::LogSoftmax()};
  CHECK(recorded_at(__LINE__, net(x)) > 10);
}

TEST_CASE("operations of losses and distances bear the caller's line") {
  const Tensor x = ones({3, 2}, {.requires_grad = true}), t = zeros({3, 2}), w = ones({2}), y = ones({3, 2}),
               l = expect::labels({0, 1, 1}), v = ones({3, 2}, {.requires_grad = true});
  CHECK(recorded_at(__LINE__, nn::reduce_loss(x)) > 0);
  CHECK(recorded_at(__LINE__, nn::huber_loss(x, t)) > 0);
  CHECK(recorded_at(__LINE__, nn::smooth_l1_loss(x, t)) > 0);
  CHECK(recorded_at(__LINE__, nn::log_cosh_loss(x, t)) > 0);
  CHECK(recorded_at(__LINE__, nn::quantile_loss(x, t)) > 0);
  CHECK(recorded_at(__LINE__, nn::poisson_nll_loss(x, v, {.full = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::poisson_nll_loss(x, v, {.log_input = false})) > 0);
  CHECK(recorded_at(__LINE__, nn::gaussian_nll_loss(x, t, v, {.full = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::kl_div(x, v)) > 0);
  CHECK(recorded_at(__LINE__, nn::kl_div(x, v, {.log_target = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::focal_loss(x, v)) > 0);
  CHECK(recorded_at(__LINE__, nn::dice_loss(x, v, {.squared = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::hinge_loss(x, y)) > 0);
  CHECK(recorded_at(__LINE__, nn::squared_hinge_loss(x, y)) > 0);
  CHECK(recorded_at(__LINE__, nn::soft_margin_loss(x, y)) > 0);
  CHECK(recorded_at(__LINE__, nn::multi_margin_loss(x, l, {.p = 2, .weight = w})) > 0);
  CHECK(recorded_at(__LINE__, nn::margin_ranking_loss(x, v, y)) > 0);
  CHECK(recorded_at(__LINE__, nn::triplet_margin_loss(x, v, t, {.swap = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::cosine_embedding_loss(x, v, ones({3}))) > 0);
  CHECK(recorded_at(__LINE__, nn::info_nce_loss(x, v)) > 0);
  CHECK(recorded_at(__LINE__, nn::info_nce_loss(x, v, {.negatives = v})) > 0);
  const Tensor s = ones({3, 1, 2}, {.requires_grad = true}), one = expect::labels({1});
  CHECK(recorded_at(__LINE__, nn::ctc_loss(s, one, expect::labels({3}), one, {.zero_infinity = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::softmin(x)) > 0);
  CHECK(recorded_at(__LINE__, nn::normalize(x)) > 0);
  CHECK(recorded_at(__LINE__, nn::cosine_similarity(x, w)) > 0);
  CHECK(recorded_at(__LINE__, nn::pairwise_distance(x, v)) > 0);
}

TEST_CASE("operations of regularizers bear the caller's line") {
  const Tensor w = parameter(expect::tensor({1, 2, 3, 5}, {2, 2})),
               g = parameter(expect::tensor({1, 2}, {2, 1}));
  CHECK(recorded_at(__LINE__, nn::group_lasso({w}, {.axis = 1})) > 0);
  CHECK(recorded_at(__LINE__, nn::orthogonality({w})) > 0);
  CHECK(recorded_at(__LINE__, nn::nuclear_norm({w})) > 0);
  CHECK(recorded_at(__LINE__, nn::entropy(w)) > 0);
  CHECK(recorded_at(__LINE__, nn::total_variation(w)) > 0);
  CHECK(recorded_at(__LINE__, nn::total_variation(w, {.isotropic = true})) > 0);
  CHECK(recorded_at(__LINE__, nn::activity(w)) > 0);
  CHECK(recorded_at(__LINE__, nn::weight_norm(w, g)) > 0);
  CHECK(recorded_at(__LINE__, nn::spectral_norm(w, expect::tensor({1, 1})).weight) > 0);
}
