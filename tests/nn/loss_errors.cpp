// The texts of the losses' errors.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/nn/loss.hpp"

using namespace wengert;
using expect::labels;
using expect::message;

TEST_CASE("a prediction and its target are compared, not broadcast") {
  CHECK(message<ShapeError>([] {
          nn::mse_loss(zeros({4, 1}), zeros({4}));
        }) ==
        "[mse_loss] prediction and target must have one shape: got (4, 1) and (4,). Did you mean "
        "reshape(target, {4, "
        "1})?");
  CHECK(message<ShapeError>([] {
          nn::l1_loss(zeros({4, 2}), zeros({2}));
        }) == "[l1_loss] prediction and target must have one shape: got (4, 2) and (2,)");
  CHECK(message<ShapeError>([] {
          nn::binary_cross_entropy_with_logits(zeros({4}), zeros({4, 1}));
        }) ==
        "[binary_cross_entropy_with_logits] logits and target must have one shape: got (4,) and (4, 1). Did "
        "you mean "
        "reshape(target, {4})?");
  CHECK(message<DTypeError>([] { nn::mse_loss(zeros({4}), zeros({4}, {.dtype = int64})); }) ==
        "[mse_loss] prediction and target must have one dtype: got float32 and int64. Did you mean "
        "target.astype(float32)?");
  CHECK(message<DTypeError>([] { nn::mse_loss(zeros({4}, {.dtype = int64}), zeros({4})); }) ==
        "[mse_loss] prediction must be float32 or float64: got int64");
}

TEST_CASE("weights must broadcast to the losses") {
  CHECK(message<ShapeError>([] {
          nn::binary_cross_entropy(zeros({4}), zeros({4}), {.weight = ones({3})});
        }) == "[binary_cross_entropy] weight must broadcast to the losses: got (3,) for (4,)");
  CHECK(message<ShapeError>([] {
          nn::binary_cross_entropy_with_logits(zeros({4}), zeros({4}), {.pos_weight = ones({2, 4})});
        }) ==
        "[binary_cross_entropy_with_logits] pos_weight must broadcast to the losses: got (2, 4) for (4,)");
  CHECK(message<DTypeError>([] {
          nn::binary_cross_entropy(zeros({4}), zeros({4}), {.weight = ones({4}, {.dtype = float64})});
        }) ==
        "[binary_cross_entropy] weight must have the dtype of the losses: got float64 for float32. Did you "
        "mean "
        "weight.astype(float32)?");
}

TEST_CASE("logits given for probabilities are noticed") {
  CHECK(message<ValueError>([] {
          nn::binary_cross_entropy(expect::tensor({-3, 2}), expect::tensor({0, 1}));
        }) ==
        "[binary_cross_entropy] a probability must lie within [0, 1]: got values from -3 to 2. Did you mean "
        "binary_cross_entropy_with_logits(logits, target)?");
}

TEST_CASE("labels are looked at before anything is computed") {
  const Tensor x = zeros({3, 2});
  CHECK(message<IndexError>([&] {
          nn::cross_entropy(x, labels({0, 2, 1}));
        }) == "[cross_entropy] labels must lie in [0, 2): got 2 at position 1");
  CHECK(message<IndexError>([&] {
          nn::nll_loss(x, labels({0, 1, -1}));
        }) == "[nll_loss] labels must lie in [0, 2): got -1 at position 2");
  CHECK(message<ShapeError>([&] {
          nn::cross_entropy(x, zeros({3, 1}, {.dtype = int64}));
        }) ==
        "[cross_entropy] labels must be (N) for logits (N, C): got (3, 1) for (3, 2). Did you mean "
        "reshape(labels, "
        "{3})?");
  CHECK(message<ShapeError>([&] {
          nn::cross_entropy(x, labels({0, 1}));
        }) == "[cross_entropy] labels must be (N) for logits (N, C): got (2,) for (3, 2)");
  CHECK(message<DTypeError>([&] { nn::cross_entropy(x, zeros({3})); }) ==
        "[cross_entropy] labels must be int64: got float32. Did you mean labels.astype(int64)?");
  CHECK(message<ShapeError>([&] { nn::cross_entropy(zeros({3}), labels({0})); }) ==
        "[cross_entropy] logits must be (N, C) or (N, C, d1, ...): got (3,)");
  CHECK(message<DTypeError>([&] {
          nn::cross_entropy(zeros({3, 2}, {.dtype = int64}), labels({0, 1, 1}));
        }) == "[cross_entropy] logits must be float32 or float64: got int64");
  CHECK(message<ShapeError>([&] {
          nn::cross_entropy(x, labels({0, 1, 1}), {.weight = ones({3})});
        }) == "[cross_entropy] weight must be (C) for logits (N, C): got (3,) for (3, 2)");
  CHECK(message<ValueError>([&] {
          nn::cross_entropy(x, labels({0, 1, 1}), {.label_smoothing = 1.5});
        }) == "[cross_entropy] label_smoothing must lie within [0, 1]: got 1.5");
}

TEST_CASE("labels of more dimensions, and probabilities for labels") {
  const Tensor x = zeros({2, 3, 2});
  CHECK(message<ShapeError>([&] {
          nn::cross_entropy(x, labels({0, 1}));
        }) ==
        "[cross_entropy] labels must be (N, d1, ...) for logits (N, C, d1, ...): got (2,) for (2, 3, 2)");
  CHECK(message<IndexError>([&] {
          nn::nll_loss(x, reshape(labels({0, 1, 3, 0}), {2, 2}));
        }) == "[nll_loss] labels must lie in [0, 3): got 3 at position (1, 0)");
  CHECK(message<ShapeError>([&] {
          nn::cross_entropy(x, zeros({2, 3, 1}));
        }) == "[cross_entropy] logits and target must have one shape: got (2, 3, 2) and (2, 3, 1)");
  CHECK(message<DTypeError>([&] {
          nn::cross_entropy(x, zeros({2, 3, 2}, {.dtype = float64}));
        }) ==
        "[cross_entropy] logits and target must have one dtype: got float32 and float64. Did you mean "
        "target.astype(float32)?");
  CHECK(message<ShapeError>([&] { nn::cross_entropy(x, x, {.weight = ones({2})}); }) ==
        "[cross_entropy] weight must be (C) for logits (N, C, ...): got (2,) for (2, 3, 2)");
  CHECK(message<DTypeError>([&] { nn::cross_entropy(x, x, {.weight = ones({3}, {.dtype = float64})}); }) ==
        "[cross_entropy] weight must have the dtype of the losses: got float64 for float32. Did you mean "
        "weight.astype(float32)?");
  CHECK(message<ValueError>([&] { nn::cross_entropy(x, x, {.ignore_index = 1}); }) ==
        "[cross_entropy] ignore_index is for labels, the target is of probabilities: got 1");
}

TEST_CASE("options out of range") {
  const Tensor x = zeros({2});
  CHECK(message<ValueError>([&] { nn::huber_loss(x, x, {.delta = 0.0}); }) ==
        "[huber_loss] delta must be positive: got 0");
  CHECK(message<ValueError>([&] { nn::smooth_l1_loss(x, x, {.beta = -1.0}); }) ==
        "[smooth_l1_loss] beta must not be negative: got -1");
  CHECK(message<ValueError>([&] { nn::quantile_loss(x, x, {.quantile = 1.0}); }) ==
        "[quantile_loss] quantile must lie in (0, 1): got 1");
  CHECK(message<ValueError>([&] { nn::poisson_nll_loss(x, x, {.eps = -1.0}); }) ==
        "[poisson_nll_loss] eps must not be negative: got -1");
  CHECK(message<ValueError>([&] { nn::gaussian_nll_loss(x, x, ones({2}), {.eps = 0.0}); }) ==
        "[gaussian_nll_loss] eps must be positive: got 0");
  CHECK(message<ValueError>([&] { nn::gaussian_nll_loss(x, x, full({1}, -2.0)); }) ==
        "[gaussian_nll_loss] a variance must not be negative: got -2");
  CHECK(message<ShapeError>([&] { nn::gaussian_nll_loss(x, x, ones({3})); }) ==
        "[gaussian_nll_loss] variance must broadcast to the losses: got (3,) for (2,)");
  CHECK(message<ValueError>([&] { nn::focal_loss(x, x, {.alpha = 1.5}); }) ==
        "[focal_loss] alpha must not be above 1: got 1.5");
  CHECK(message<ValueError>([&] { nn::focal_loss(x, x, {.gamma = -1.0}); }) ==
        "[focal_loss] gamma must not be negative: got -1");
  CHECK(message<ValueError>([&] { nn::dice_loss(x, x, {.smooth = -1.0}); }) ==
        "[dice_loss] smooth must not be negative: got -1");
  CHECK(message<ShapeError>([&] { nn::dice_loss(zeros({}), zeros({})); }) ==
        "[dice_loss] probability must be (N, ...): got ()");
}

TEST_CASE("targets of margins are 1 or -1") {
  const Tensor x = expect::tensor({1, 2, 3, 4}, {2, 2}), y = expect::tensor({1, -1, 0, 1}, {2, 2});
  for (const auto& loss : {&nn::hinge_loss, &nn::squared_hinge_loss})
    CHECK(message<ValueError>([&] {
            (*loss)(x, y, {}, {});
          }).ends_with("_loss] a target must be 1 or -1: got 0 at position (1, 0)"));
  CHECK(message<ValueError>([&] { nn::soft_margin_loss(x, y); }) ==
        "[soft_margin_loss] a target must be 1 or -1: got 0 at position (1, 0)");
  CHECK(message<ValueError>([&] { nn::margin_ranking_loss(x, x, y); }) ==
        "[margin_ranking_loss] a target must be 1 or -1: got 0 at position (1, 0)");
  CHECK(message<ValueError>([&] {
          nn::cosine_embedding_loss(x, x, expect::tensor({1, 0.5}));
        }) == "[cosine_embedding_loss] a target must be 1 or -1: got 0.5 at position 1");
  CHECK(message<ShapeError>([&] {
          nn::margin_ranking_loss(x, x, expect::tensor({1, 1}));
        }) == "[margin_ranking_loss] a and target must have one shape: got (2, 2) and (2,)");
  CHECK(message<ValueError>([&] {
          nn::multi_margin_loss(x, labels({0, 1}), {.p = 3});
        }) == "[multi_margin_loss] p must be 1 or 2: got 3");
  CHECK(message<IndexError>([&] {
          nn::multi_margin_loss(x, labels({0, -1}));
        }) == "[multi_margin_loss] labels must lie in [0, 2): got -1 at position 1");
  CHECK(message<ShapeError>([&] {
          nn::multi_margin_loss(zeros({2, 2, 2}), labels({0, 1}));
        }) == "[multi_margin_loss] scores must be (N, C): got (2, 2, 2)");
}

TEST_CASE("vectors that do not fit") {
  const Tensor x = zeros({3, 2}), y = zeros({3});
  CHECK(message<ShapeError>([&] {
          nn::triplet_margin_loss(x, x, zeros({3, 1}));
        }) == "[triplet_margin_loss] anchor and negative must have one shape: got (3, 2) and (3, 1)");
  CHECK(message<ValueError>([&] { nn::triplet_margin_loss(x, x, x, {.p = 0.0}); }) ==
        "[triplet_margin_loss] p must be positive: got 0");
  CHECK(message<ShapeError>([&] { nn::triplet_margin_loss(zeros({}), zeros({}), zeros({})); }) ==
        "[triplet_margin_loss] anchor must be (..., d): got ()");
  CHECK(message<ShapeError>([&] { nn::cosine_embedding_loss(y, y, y); }) ==
        "[cosine_embedding_loss] a must be (N, d): got (3,)");
  CHECK(message<ShapeError>([&] {
          nn::cosine_embedding_loss(x, x, zeros({3, 1}));
        }) ==
        "[cosine_embedding_loss] target must be (N) for a (N, d): got (3, 1) for (3, 2). Did you mean "
        "reshape(target, {3})?");
  CHECK(message<DTypeError>([&] {
          nn::cosine_embedding_loss(x, x, labels({1, 1, -1}));
        }) ==
        "[cosine_embedding_loss] a and target must have one dtype: got float32 and int64. Did you mean "
        "target.astype(float32)?");
  CHECK(message<ShapeError>([&] { nn::info_nce_loss(y, y); }) ==
        "[info_nce_loss] query must be (N, d): got (3,)");
  CHECK(message<ShapeError>([&] {
          nn::info_nce_loss(x, x, {.negatives = zeros({4, 3})});
        }) == "[info_nce_loss] negatives must be (M, d) for query (N, d): got (4, 3) for (3, 2)");
  CHECK(message<DTypeError>([&] {
          nn::info_nce_loss(x, x, {.negatives = zeros({4, 2}, {.dtype = float64})});
        }) ==
        "[info_nce_loss] query and negatives must have one dtype: got float32 and float64. Did you mean "
        "negatives.astype(float32)?");
  CHECK(message<ValueError>([&] { nn::info_nce_loss(x, x, {.temperature = 0.0}); }) ==
        "[info_nce_loss] temperature must be positive: got 0");
}
