// One step of a recurrent network: RNNCell, LSTMCell, GRUCell. nn/recurrent.hpp has whole sequences. Calls
// throw ShapeError unless x is (N, in) or (in) and the state fits, DTypeError where dtypes differ from the
// parameters'.
#pragma once

#include "wengert/nn/module.hpp"

namespace wengert::nn {

struct RecurrentCellOptions {
  bool bias = true;
  DType dtype = float32;
};

/// What the cells have in common: `weight_ih` (gates * hidden, in), `weight_hh` (gates * hidden, hidden),
/// `bias_ih` and `bias_hh` (gates * hidden), all uniform within 1 / sqrt(hidden) of 0 at first.
class RecurrentCell : public Module {
 public:
  void visit(Visitor& v) override;
  std::int64_t input_size() const noexcept { return in_; }
  std::int64_t hidden_size() const noexcept { return hidden_; }
  /// What a step needs of its input, x weight_ih^T + bias_ih: (..., in) -> (..., gates * hidden). Of all
  /// steps at once it is one product.
  Tensor project(const Tensor& x, Location where = {}) const;

  Tensor weight_ih, weight_hh, bias_ih, bias_hh;

 protected:
  RecurrentCell(const char* name, std::int64_t in, std::int64_t hidden, std::int64_t gates,
                const RecurrentCellOptions& options);
  /// The state, or zeros for an empty one. Throws ShapeError unless x is (N, in) or (in) and the state fits.
  Tensor first_state(const char* name, const Tensor& x, const Tensor& state, Location where) const;
  /// h weight_hh^T + bias_hh.
  Tensor recur(const Tensor& h, Location where) const;

 private:
  std::int64_t in_, hidden_;
};

enum class RecurrentNonlinearity { tanh, relu };

struct RNNCellOptions {
  bool bias = true;
  RecurrentNonlinearity nonlinearity = RecurrentNonlinearity::tanh;
  DType dtype = float32;
};

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu: (N, in) x (N, hidden) -> (N, hidden); without N for one
/// sample. An empty h is 0.
class RNNCell : public RecurrentCell {
 public:
  /// Throws ValueError for a negative input size or a hidden size below 1, as the other cells do.
  RNNCell(std::int64_t in, std::int64_t hidden, const RNNCellOptions& options = {});
  Tensor operator()(const Tensor& x, const Tensor& h = {}, Location where = {}) const;
  /// The same from project(x), without checks.
  Tensor step(const Tensor& projected, const Tensor& h, Location where = {}) const;

 private:
  RecurrentNonlinearity nonlinearity_;
};

/// What an LSTM hands on from step to step: h, which is also its output, and c; an empty one is 0.
struct LSTMState {
  Tensor h = {}, c = {};
};

/// With (i, f, g, o) the quarters of W_ih x + b_ih + W_hh h + b_hh, c' = sigmoid(f) c + sigmoid(i) tanh(g)
/// and h' = sigmoid(o) tanh(c') (Hochreiter and Schmidhuber, "Long short-term memory", 1997).
class LSTMCell : public RecurrentCell {
 public:
  LSTMCell(std::int64_t in, std::int64_t hidden, const RecurrentCellOptions& options = {});
  LSTMState operator()(const Tensor& x, const LSTMState& state = {}, Location where = {}) const;
  LSTMState step(const Tensor& projected, const LSTMState& state, Location where = {}) const;
};

/// With (r, z, n) the thirds of W_ih x + b_ih and (r', z', n') those of W_hh h + b_hh, R = sigmoid(r + r')
/// and Z = sigmoid(z + z'): h' = (1 - Z) tanh(n + R n') + Z h (Cho et al., "Learning phrase representations
/// using RNN encoder-decoder", 2014).
class GRUCell : public RecurrentCell {
 public:
  GRUCell(std::int64_t in, std::int64_t hidden, const RecurrentCellOptions& options = {});
  Tensor operator()(const Tensor& x, const Tensor& h = {}, Location where = {}) const;
  Tensor step(const Tensor& projected, const Tensor& h, Location where = {}) const;
};

}  // namespace wengert::nn
