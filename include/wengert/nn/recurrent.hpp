// Recurrent networks over whole sequences: RNN, LSTM, GRU, in layers and in both directions. The parameters
// of layer k are weight_ih_lk, weight_hh_lk, bias_ih_lk, bias_hh_lk, with `_reverse` for the direction that
// reads from the end. Constructors throw ValueError for a negative input size, a hidden size or a number of
// layers below 1, and a dropout outside of [0, 1].
#pragma once

#include <vector>

#include "wengert/nn/recurrent_cell.hpp"

namespace wengert::nn {

struct RecurrentOptions {
  std::int64_t num_layers = 1;  ///< each reads the outputs of the one before
  bool bias = true;
  bool batch_first = false;    ///< x and output are (N, L, ...) instead of (L, N, ...)
  double dropout = 0.0;        ///< of the outputs of every layer but the last, in training
  bool bidirectional = false;  ///< also reads from the end; outputs are joined, forward first
  DType dtype = float32;
};

/// `output` is (L, N, D * hidden), h of the last layer at every step, with D = 2 if bidirectional, else 1;
/// `h` (num_layers * D, N, hidden) is the last state of each layer and direction, in the order of `cells`.
struct RecurrentOutput {
  Tensor output, h;
};
struct LSTMOutput {
  Tensor output, h, c;
};

/// What the networks have in common. x is (L, N, in), (N, L, in) with batch_first, or (L, in) for one
/// sequence; then no result has an N. States are (num_layers * D, N, hidden) also with batch_first; an empty
/// one is 0. Throws ShapeError where shapes do not fit or L is 0.
class RecurrentLayer : public Module {
 protected:
  /// Throws ValueError unless num_layers is positive and dropout within [0, 1].
  RecurrentLayer(const char* name, const RecurrentOptions& options);
  std::int64_t directions() const noexcept { return options_.bidirectional ? 2 : 1; }
  RecurrentOptions options_;
};

struct RNNOptions {
  std::int64_t num_layers = 1;
  RecurrentNonlinearity nonlinearity = RecurrentNonlinearity::tanh;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0.0;
  bool bidirectional = false;
  DType dtype = float32;
};

/// RNNCell along a sequence (Elman, "Finding structure in time", 1990): auto [y, h] = rnn(x).
class RNN : public RecurrentLayer {
 public:
  RNN(std::int64_t in, std::int64_t hidden, const RNNOptions& options = {});
  RecurrentOutput operator()(const Tensor& x, const Tensor& h = {}, Location where = {}) const;
  void visit(Visitor& v) override;

  std::vector<RNNCell> cells;  ///< layer 0, layer 0 reverse, layer 1 ...
};

/// LSTMCell along a sequence: auto [y, h, c] = lstm(x), and lstm(next, {h, c}) goes on.
class LSTM : public RecurrentLayer {
 public:
  LSTM(std::int64_t in, std::int64_t hidden, const RecurrentOptions& options = {});
  LSTMOutput operator()(const Tensor& x, const LSTMState& state = {}, Location where = {}) const;
  void visit(Visitor& v) override;

  std::vector<LSTMCell> cells;
};

/// GRUCell along a sequence: auto [y, h] = gru(x).
class GRU : public RecurrentLayer {
 public:
  GRU(std::int64_t in, std::int64_t hidden, const RecurrentOptions& options = {});
  RecurrentOutput operator()(const Tensor& x, const Tensor& h = {}, Location where = {}) const;
  void visit(Visitor& v) override;

  std::vector<GRUCell> cells;
};

}  // namespace wengert::nn
