// Outputs and gradients are held to PyTorch's in tests/oracle/modules.cpp.
#include "wengert/nn/recurrent.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/random.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

Tensor at(const Tensor& x, std::int64_t i) { return squeeze(slice(x, 0, i, i + 1), {0}); }
Tensor drawn(const Shape& shape) { return parameter(randn(shape, {.dtype = float64})); }

}  // namespace

TEST_CASE("parameters have PyTorch's names and shapes") {
  const nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true});
  std::vector<std::string> names;
  for (const auto& [name, value] : lstm.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{
                     "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
                     "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_ih_l1",
                     "weight_hh_l1", "bias_ih_l1", "bias_hh_l1", "weight_ih_l1_reverse",
                     "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"});
  const nn::State state = lstm.state();
  CHECK(state.at("weight_ih_l0_reverse").shape() == Shape{16, 3});
  CHECK(state.at("weight_ih_l1").shape() == Shape{16, 8});
  CHECK(state.at("weight_hh_l1_reverse").shape() == Shape{16, 4});
  CHECK(nn::GRU(3, 4).state().at("weight_ih_l0").shape() == Shape{12, 3});
  CHECK(nn::RNN(3, 4, {.bias = false}).state().size() == 2);
}

TEST_CASE("a sequence is the cell, step by step") {
  manual_seed(1);
  const nn::LSTM lstm(3, 2, {.dtype = float64});
  const Tensor x = drawn({5, 4, 3}), h0 = drawn({1, 4, 2}), c0 = drawn({1, 4, 2});
  const auto [y, h, c] = lstm(x, {h0, c0});
  CHECK(y.shape() == Shape{5, 4, 2});
  CHECK(h.shape() == Shape{1, 4, 2});
  nn::LSTMState state{at(h0, 0), at(c0, 0)};
  for (std::int64_t t = 0; t < 5; ++t) {
    state = lstm.cells[0](at(x, t), state);
    CHECK(near(at(y, t), values(state.h)));
  }
  CHECK(near(h, values(state.h)));
  CHECK(near(c, values(state.c)));
}

TEST_CASE("a second layer reads the first, the reverse direction from the end") {
  manual_seed(2);
  const nn::GRU gru(3, 2, {.num_layers = 2, .bidirectional = true, .dtype = float64});
  nn::GRU forward(3, 2, {.dtype = float64}), backward(3, 2, {.dtype = float64}),
      second(4, 2, {.dtype = float64});
  const auto take = [&](nn::GRU& one, std::size_t i) { one.cells[0].load(gru.cells[i].state()); };
  take(forward, 0);
  take(backward, 1);
  take(second, 2);
  const Tensor x = drawn({5, 4, 3});
  const auto [y, h] = gru(x);
  const Tensor back = flip(backward(flip(x, {0})).output, {0});
  const Tensor middle = concat({forward(x).output, back}, -1);
  const auto last = second(middle);
  CHECK(y.shape() == Shape{5, 4, 4});
  CHECK(h.shape() == Shape{4, 4, 2});
  CHECK(near(slice(y, -1, 0, 2), values(last.output)));
  CHECK(near(at(h, 0), values(at(forward(x).output, 4))));
  CHECK(near(at(h, 1), values(at(back, 0))));
  CHECK(near(at(h, 2), values(last.h)));
}

TEST_CASE("batch_first and a single sequence are other arrangements of the same") {
  manual_seed(3);
  const nn::RNN rnn(3, 2, {.num_layers = 2, .dtype = float64});
  nn::RNN turned(3, 2, {.num_layers = 2, .batch_first = true, .dtype = float64});
  turned.load(rnn.state());
  const Tensor x = drawn({5, 4, 3}), h0 = drawn({2, 4, 2});
  const auto [y, h] = rnn(x, h0);
  const auto [z, k] = turned(permute(x, {1, 0, 2}), h0);
  CHECK(near(permute(z, {1, 0, 2}), values(y)));
  CHECK(near(k, values(h)));
  const auto [one, last] = rnn(squeeze(slice(x, 1, 2, 3), {1}), squeeze(slice(h0, 1, 2, 3), {1}));
  CHECK(one.shape() == Shape{5, 2});
  CHECK(last.shape() == Shape{2, 2});
  CHECK(near(slice(y, 1, 2, 3), values(one)));
  CHECK(near(slice(h, 1, 2, 3), values(last)));
  CHECK(turned(at(permute(x, {1, 0, 2}), 2)).output.shape() == Shape{5, 2});
  CHECK(rnn(zeros({1, 0, 3}, {.dtype = float64})).output.shape() == Shape{1, 0, 2});
}

TEST_CASE("dropout acts between layers, in training only") {
  manual_seed(4);
  nn::LSTM lstm(3, 8, {.num_layers = 2, .dropout = 0.5}), one(3, 8, {.dropout = 0.5});
  const Tensor x = randn({4, 2, 3});
  CHECK(values(lstm(x).output) != values(lstm(x).output));
  CHECK(values(at(lstm(x).h, 0)) == values(at(lstm(x).h, 0)));  // the first layer reads x itself
  CHECK(values(one(x).output) == values(one(x).output));
  lstm.eval();
  CHECK(values(lstm(x).output) == values(lstm(x).output));
}

TEST_CASE("derivatives of recurrent networks hold, to second order") {
  manual_seed(5);
  const Tensor x = drawn({3, 1, 2}), h = drawn({2, 1, 1}), c = drawn({2, 1, 1});
  const nn::RNN rnn(2, 1, {.num_layers = 2, .dtype = float64});
  CHECK(expect::wrong_derivatives(rnn, {x, h}, [&](const auto& in) { return rnn(in[0], in[1]).output; }) ==
        "");
  const nn::LSTM lstm(2, 1, {.bidirectional = true, .dtype = float64});
  CHECK(expect::wrong_derivatives(lstm, {x, h, c}, [&](const auto& in) {
          const auto [y, last_h, last_c] = lstm(in[0], {in[1], in[2]});
          return concat({flatten(y), flatten(last_h), flatten(last_c)});
        }) == "");
  const nn::GRU gru(2, 1, {.num_layers = 2, .dtype = float64});
  CHECK(expect::wrong_derivatives(gru, {x, h}, [&](const auto& in) { return gru(in[0], in[1]).output; }) ==
        "");
}

TEST_CASE("what does not fit a network is named") {
  const nn::LSTM lstm(3, 2);
  const nn::GRU turned(3, 2, {.batch_first = true});
  CHECK(message<ShapeError>([&] {
          lstm(zeros({5, 4, 2}));
        }) == "[LSTM] x must be (L, N, 3) or (L, 3): got (5, 4, 2)");
  CHECK(message<ShapeError>([&] { turned(zeros({3})); }) == "[GRU] x must be (N, L, 3) or (L, 3): got (3,)");
  CHECK(message<ShapeError>([&] { lstm(zeros({0, 4, 3})); }) == "[LSTM] there must be a step: got (0, 4, 3)");
  CHECK(message<ShapeError>([&] {
          turned(zeros({4, 0, 3}));
        }) == "[GRU] there must be a step: got (4, 0, 3)");
  CHECK(message<ShapeError>([&] {
          lstm(zeros({5, 4, 3}), {zeros({4, 2}), {}});
        }) == "[LSTM] a state must be (1, 4, 2): got (4, 2)");
  CHECK(message<ShapeError>([&] {
          turned(zeros({5, 3}), zeros({1, 5, 2}));
        }) == "[GRU] a state must be (1, 2): got (1, 5, 2)");
  CHECK(message<ValueError>([&] { nn::RNN(3, 2, {.num_layers = 0}); }) ==
        "[RNN] there must be a layer: got num_layers 0");
  CHECK(message<ValueError>([&] { nn::GRU(3, 2, {.dropout = -0.5}); }) ==
        "[GRU] dropout must lie within [0, 1]: got -0.5");
}
