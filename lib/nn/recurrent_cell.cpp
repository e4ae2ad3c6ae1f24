#include "wengert/nn/recurrent_cell.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::nn {

RecurrentCell::RecurrentCell(const char* name, std::int64_t in, std::int64_t hidden, std::int64_t gates,
                             const RecurrentCellOptions& options)
    : in_(in), hidden_(hidden) {
  if (in < 0 || hidden < 1)
    fail<ValueError>(name, "the input must not be negative and the hidden state positive: got ", in, " and ",
                     hidden);
  const double bound = 1.0 / std::sqrt(static_cast<double>(hidden));
  const auto drawn = [&](const Shape& shape) {
    const Tensor leaf = zeros(shape, {.dtype = options.dtype, .requires_grad = true});
    init::uniform(leaf, -bound, bound);
    return leaf;
  };
  weight_ih = drawn({gates * hidden, in});
  weight_hh = drawn({gates * hidden, hidden});
  if (!options.bias) return;
  bias_ih = drawn({gates * hidden});
  bias_hh = drawn({gates * hidden});
}

void RecurrentCell::visit(Visitor& v) {
  v("weight_ih", weight_ih);
  v("weight_hh", weight_hh);
  v("bias_ih", bias_ih);
  v("bias_hh", bias_hh);
}

Tensor RecurrentCell::project(const Tensor& x, Location where) const {
  return linear(x, weight_ih, bias_ih, where);
}

Tensor RecurrentCell::recur(const Tensor& h, Location where) const {
  return linear(h, weight_hh, bias_hh, where);
}

Tensor RecurrentCell::first_state(const char* name, const Tensor& x, const Tensor& state,
                                  Location where) const {
  if (x.ndim() < 1 || x.ndim() > 2 || x.shape().back() != in_)
    fail<ShapeError>(name, "x must be (N, ", in_, ") or (", in_, "): got ", x.shape());
  Shape shape = x.shape();
  shape.back() = hidden_;
  if (!state.defined()) return zeros(shape, {.dtype = x.dtype()}, where);
  if (state.shape() != shape) fail<ShapeError>(name, "the state must be ", shape, ": got ", state.shape());
  return state;
}

RNNCell::RNNCell(std::int64_t in, std::int64_t hidden, const RNNCellOptions& options)
    : RecurrentCell("RNNCell", in, hidden, 1, {.bias = options.bias, .dtype = options.dtype}),
      nonlinearity_(options.nonlinearity) {}

Tensor RNNCell::operator()(const Tensor& x, const Tensor& h, Location where) const {
  const Tensor before = first_state("RNNCell", x, h, where);
  return step(project(x, where), before, where);
}

Tensor RNNCell::step(const Tensor& projected, const Tensor& h, Location where) const {
  const Scope scope("rnn_cell");
  const Tensor z = add({projected, where}, recur(h, where));
  return nonlinearity_ == RecurrentNonlinearity::tanh ? tanh(z, where) : relu(z, where);
}

LSTMCell::LSTMCell(std::int64_t in, std::int64_t hidden, const RecurrentCellOptions& options)
    : RecurrentCell("LSTMCell", in, hidden, 4, options) {}

LSTMState LSTMCell::operator()(const Tensor& x, const LSTMState& state, Location where) const {
  const LSTMState before{first_state("LSTMCell", x, state.h, where),
                         first_state("LSTMCell", x, state.c, where)};
  return step(project(x, where), before, where);
}

LSTMState LSTMCell::step(const Tensor& projected, const LSTMState& state, Location where) const {
  const Scope scope("lstm_cell");
  const auto gates = chunk(add({projected, where}, recur(state.h, where)), 4, -1, where);
  const Tensor input = sigmoid(gates[0], where), forget = sigmoid(gates[1], where),
               candidate = tanh(gates[2], where), output = sigmoid(gates[3], where);
  const Tensor kept = mul({forget, where}, state.c), written = mul({input, where}, candidate);
  const Tensor c = add({kept, where}, written);
  return {mul({output, where}, tanh(c, where)), c};
}

GRUCell::GRUCell(std::int64_t in, std::int64_t hidden, const RecurrentCellOptions& options)
    : RecurrentCell("GRUCell", in, hidden, 3, options) {}

Tensor GRUCell::operator()(const Tensor& x, const Tensor& h, Location where) const {
  const Tensor before = first_state("GRUCell", x, h, where);
  return step(project(x, where), before, where);
}

Tensor GRUCell::step(const Tensor& projected, const Tensor& h, Location where) const {
  const Scope scope("gru_cell");
  const auto of_x = chunk(projected, 3, -1, where), of_h = chunk(recur(h, where), 3, -1, where);
  const Tensor reset = sigmoid(add({of_x[0], where}, of_h[0]), where),
               update = sigmoid(add({of_x[1], where}, of_h[1]), where);
  const Tensor candidate = tanh(add({of_x[2], where}, mul({reset, where}, of_h[2])), where);
  return add({candidate, where}, mul({update, where}, sub({h, where}, candidate)));
}

}  // namespace wengert::nn
