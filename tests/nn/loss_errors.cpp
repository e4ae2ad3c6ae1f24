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
        "[cross_entropy] logits must be (N, C): got (3,)");
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
