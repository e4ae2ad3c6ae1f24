// Every operation that a function or loss records bears the line of the user who called it.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "nn/recorded.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/nn/sequential.hpp"

using namespace wengert;

namespace {

int recorded_at(int line, const Tensor& y) { return expect::recorded_at(__FILE__, line, y); }

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
  CHECK(recorded_at(__LINE__, nn::binary_cross_entropy_with_logits(x, t, {.weight = w, .pos_weight = w})) >
        0);
  CHECK(recorded_at(__LINE__, nn::nll_loss(x, y, {.weight = w})) > 0);
  CHECK(recorded_at(__LINE__, nn::cross_entropy(x, y, {.label_smoothing = 0.1, .weight = w})) > 0);
  CHECK(recorded_at(__LINE__, nn::l1({x, p})) > 0);
  CHECK(recorded_at(__LINE__, nn::l2({x, p})) > 0);
  CHECK(recorded_at(__LINE__, nn::elastic_net({x, p})) > 0);
  const nn::Sequential net{nn::Linear(2, 2), nn::ReLU(),    nn::LeakyReLU(), nn::Tanh(),
                           nn::Sigmoid(),    nn::Softmax(), nn::Dropout(),   nn::LogSoftmax()};
  CHECK(recorded_at(__LINE__, net(x)) > 10);
}
