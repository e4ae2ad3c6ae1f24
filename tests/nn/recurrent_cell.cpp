// Outputs and gradients are held to PyTorch's in tests/oracle/modules.cpp.
#include "wengert/nn/recurrent_cell.hpp"

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

double s(double z) { return 1 / (1 + std::exp(-z)); }
Tensor drawn(const Shape& shape) { return parameter(randn(shape, {.dtype = float64})); }

/// Gives a cell with one input and one hidden number its weights.
void fill(const nn::RecurrentCell& cell, const std::vector<double>& w_ih, const std::vector<double>& w_hh,
          const std::vector<double>& b_ih, const std::vector<double>& b_hh) {
  cell.weight_ih.assign(reshape(expect::tensor(w_ih), cell.weight_ih.shape()).detach());
  cell.weight_hh.assign(reshape(expect::tensor(w_hh), cell.weight_hh.shape()).detach());
  cell.bias_ih.assign(expect::tensor(b_ih));
  cell.bias_hh.assign(expect::tensor(b_hh));
}

}  // namespace

TEST_CASE("parameters have PyTorch's names, shapes and range") {
  manual_seed(1);
  const nn::LSTMCell lstm(3, 25);
  std::vector<std::string> names;
  for (const auto& [name, value] : lstm.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"weight_ih", "weight_hh", "bias_ih", "bias_hh"});
  CHECK(lstm.weight_ih.shape() == Shape{100, 3});
  CHECK(lstm.weight_hh.shape() == Shape{100, 25});
  CHECK(lstm.bias_ih.shape() == Shape{100});
  CHECK((lstm.input_size() == 3 && lstm.hidden_size() == 25));
  double largest = 0.0;
  for (const Tensor& leaf : lstm.parameters())
    for (const double w : values(leaf)) largest = std::max(largest, std::abs(w));
  CHECK((largest <= 0.2 && largest > 0.199));
  CHECK(nn::GRUCell(3, 2).weight_ih.shape() == Shape{6, 3});
  CHECK(nn::RNNCell(3, 2).weight_hh.shape() == Shape{2, 2});
  CHECK(nn::RNNCell(3, 2, {.bias = false}).parameters().size() == 2);
}

TEST_CASE("each cell is its formula") {
  const Tensor x = expect::tensor({0.5}), h = expect::tensor({-1}), c = expect::tensor({2});
  const nn::RNNCell rnn(1, 1, {.dtype = float64});
  fill(rnn, {2}, {3}, {0.25}, {0.5});
  CHECK(near(rnn(x, h), {std::tanh(1 - 3 + 0.75)}));
  CHECK(near(rnn(x), {std::tanh(1.75)}));
  const nn::RNNCell straight(1, 1, {.nonlinearity = nn::RecurrentNonlinearity::relu, .dtype = float64});
  fill(straight, {2}, {-3}, {0.25}, {0.5});
  CHECK(near(straight(x, h), {4.75}));
  const nn::LSTMCell lstm(1, 1, {.dtype = float64});
  fill(lstm, {1, 2, 3, 4}, {0.5, -0.5, 1, 2}, {0.1, 0.2, 0.3, 0.4}, {1, 2, 3, 4});
  const double i = s(0.5 - 0.5 + 1.1), f = s(1 + 0.5 + 2.2), g = std::tanh(1.5 - 1 + 3.3), o = s(2 - 2 + 4.4);
  const auto next = lstm(x, {h, c});
  CHECK(near(next.c, {f * 2 + i * g}));
  CHECK(near(next.h, {o * std::tanh(f * 2 + i * g)}));
  const auto first = lstm(x);
  CHECK(near(first.c, {s(0.5 + 1.1) * std::tanh(1.5 + 3.3)}));
  const nn::GRUCell gru(1, 1, {.dtype = float64});
  fill(gru, {1, 2, 3}, {0.5, -0.5, 1}, {0.1, 0.2, 0.3}, {1, 2, 3});
  const double r = s(0.5 - 0.5 + 1.1), z = s(1 + 0.5 + 2.2), n = std::tanh(1.8 + r * (-1 + 3.0));
  CHECK(near(gru(x, h), {(1 - z) * n - z}));
}

TEST_CASE("a batch is each of its samples") {
  manual_seed(2);
  const nn::GRUCell gru(3, 2);
  const Tensor x = randn({4, 3}), h = randn({4, 2});
  const Tensor all = gru(x, h), one = gru(squeeze(slice(x, 0, 2, 3), {0}), squeeze(slice(h, 0, 2, 3), {0}));
  CHECK(one.shape() == Shape{2});
  CHECK(near(slice(all, 0, 2, 3), values(one), 1e-6));
}

TEST_CASE("derivatives of cells hold, to second order") {
  manual_seed(3);
  const Tensor x = drawn({2, 3}), h = drawn({2, 2}), c = drawn({2, 2});
  const nn::RNNCell rnn(3, 2, {.dtype = float64});
  const nn::LSTMCell lstm(3, 2, {.dtype = float64});
  const nn::GRUCell gru(3, 2, {.dtype = float64});
  CHECK(expect::wrong_derivatives(rnn, {x, h}, [&](const auto& in) { return rnn(in[0], in[1]); }) == "");
  CHECK(expect::wrong_derivatives(gru, {x, h}, [&](const auto& in) { return gru(in[0], in[1]); }) == "");
  CHECK(expect::wrong_derivatives(lstm, {x, h, c}, [&](const auto& in) {
          const auto next = lstm(in[0], {in[1], in[2]});
          return stack({next.h, next.c});
        }) == "");
}

TEST_CASE("what does not fit a cell is named") {
  const nn::LSTMCell lstm(3, 2);
  CHECK(message<ShapeError>([&] {
          lstm(zeros({4, 2}));
        }) == "[LSTMCell] x must be (N, 3) or (3): got (4, 2)");
  CHECK(message<ShapeError>([&] {
          lstm(zeros({4, 3}), {zeros({2}), zeros({4, 2})});
        }) == "[LSTMCell] the state must be (4, 2): got (2,)");
  CHECK(message<ShapeError>([&] {
          lstm(zeros({4, 3}), {{}, zeros({4, 3})});
        }) == "[LSTMCell] the state must be (4, 2): got (4, 3)");
  CHECK(message<ShapeError>([&] {
          nn::GRUCell(3, 2)(zeros({2, 4, 3}));
        }) == "[GRUCell] x must be (N, 3) or (3): got (2, 4, 3)");
  CHECK(message<ShapeError>([&] { nn::RNNCell(3, 2)(zeros({3}), zeros({3})); }) ==
        "[RNNCell] the state must be (2,): got (3,)");
  CHECK(message<ValueError>([&] { nn::RNNCell(3, 0); }) ==
        "[RNNCell] the input must not be negative and the hidden state positive: got 3 and 0");
}
