#include "wengert/nn/recurrent.hpp"

#include <string>

#include "lib/core/fail.hpp"
#include "lib/core/memory.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// The slices of x along axis 0. They are cut in halves of halves: the gradient of each cut is an array as
/// large as what was cut, and n cuts of the whole would fill n such arrays.
void append_steps(std::vector<Tensor>& steps, const Tensor& x, Location where) {
  const std::int64_t count = x.shape()[0], half = count / 2;
  if (count == 1) {
    steps.push_back(squeeze(x, {0}, where));
  } else if (count > 1) {
    append_steps(steps, slice(x, 0, 0, half, 1, where), where);
    append_steps(steps, slice(x, 0, half, count, 1, where), where);
  }
}
std::vector<Tensor> steps_of(const Tensor& x, Location where) {
  std::vector<Tensor> steps;
  append_steps(steps, x, where);
  return steps;
}

/// The parts of a cell's state as a list: h, and for an LSTM also c.
std::vector<Tensor> parts(const Tensor& state) { return {state}; }
std::vector<Tensor> parts(const LSTMState& state) { return {state.h, state.c}; }
Tensor advanced(const RNNCell& cell, const Tensor& x, const std::vector<Tensor>& state, Location where) {
  return cell.step(x, state[0], where);
}
LSTMState advanced(const LSTMCell& cell, const Tensor& x, const std::vector<Tensor>& state, Location where) {
  return cell.step(x, {state[0], state[1]}, where);
}
Tensor advanced(const GRUCell& cell, const Tensor& x, const std::vector<Tensor>& state, Location where) {
  return cell.step(x, state[0], where);
}

void check_input(const char* name, const Tensor& x, std::int64_t in, const RecurrentOptions& options) {
  if ((x.ndim() != 2 && x.ndim() != 3) || x.shape().back() != in)
    fail<ShapeError>(name, "x must be ", options.batch_first ? "(N, L, " : "(L, N, ", in, ") or (L, ", in,
                     "): got ", x.shape());
  if (x.shape()[options.batch_first && x.ndim() == 3 ? 1 : 0] == 0)
    fail<ShapeError>(name, "there must be a step: got ", x.shape());
}

using Lists = memory::List<std::vector<Tensor>>;

/// A sequence's result and the last states, a list of cells for each part.
struct Run {
  Tensor output;
  std::vector<Tensor> last;
};

template <class Cell>
Run run(const char* name, const std::vector<Cell>& cells, const RecurrentOptions& options, bool training,
        const Tensor& x, const std::vector<Tensor>& first, Location where) {
  const std::int64_t hidden = cells[0].hidden_size();
  check_input(name, x, cells[0].input_size(), options);
  const bool single = x.ndim() == 2;
  const std::int64_t batch = single ? 1 : x.shape()[options.batch_first ? 0 : 1];
  const auto count = static_cast<std::int64_t>(cells.size());
  const Shape shape = single ? Shape{count, hidden} : Shape{count, batch, hidden};
  for (const Tensor& given : first)
    if (given.defined() && given.shape() != shape)
      fail<ShapeError>(name, "a state must be ", shape, ": got ", given.shape());
  const Scope scope(name);
  Lists states;  // of a part, of a cell
  for (const Tensor& given : first) {
    const Tensor all = given.defined() ? single ? unsqueeze(given, 1, where) : given
                                       : zeros({count, batch, hidden}, {.dtype = x.dtype()}, where);
    states.push_back(steps_of(all, where));
  }
  Lists last(first.size());
  Tensor layer_input = single                ? unsqueeze(x, 1, where)
                       : options.batch_first ? permute(x, {1, 0, 2}, where)
                                             : x;
  for (std::size_t i = 0; i < cells.size();) {
    std::vector<Tensor> outputs;
    for (const bool reverse : {false, true}) {
      if (reverse && !options.bidirectional) break;
      const std::vector<Tensor> steps = steps_of(cells[i].project(layer_input, where), where);
      std::vector<Tensor> state, result(steps.size());
      for (const auto& part : states) state.push_back(part[i]);
      for (std::size_t k = 0; k < steps.size(); ++k) {
        const std::size_t t = reverse ? steps.size() - 1 - k : k;
        state = parts(advanced(cells[i], steps[t], state, where));
        result[t] = state[0];
      }
      for (std::size_t part = 0; part < state.size(); ++part) last[part].push_back(state[part]);
      outputs.push_back(stack(result, 0, where));
      ++i;
    }
    layer_input = outputs.size() == 1 ? outputs[0] : concat(outputs, -1, where);
    if (i < cells.size()) layer_input = dropout(layer_input, options.dropout, training, where);
  }
  Run all;
  all.output = single                ? squeeze(layer_input, {1}, where)
               : options.batch_first ? permute(layer_input, {1, 0, 2}, where)
                                     : layer_input;
  for (const auto& part : last) {
    const Tensor together = stack(part, 0, where);
    all.last.push_back(single ? squeeze(together, {1}, where) : together);
  }
  return all;
}

template <class Cell, class Options>
std::vector<Cell> make_cells(std::int64_t in, std::int64_t hidden, const RecurrentOptions& options,
                             const Options& cell) {
  std::vector<Cell> cells;
  const std::int64_t directions = options.bidirectional ? 2 : 1;
  for (std::int64_t layer = 0; layer < options.num_layers; ++layer)
    for (std::int64_t direction = 0; direction < directions; ++direction)
      cells.emplace_back(layer == 0 ? in : directions * hidden, hidden, cell);
  return cells;
}

template <class Cell>
void visit_cells(Visitor& v, std::vector<Cell>& cells, std::size_t directions) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string suffix = "_l" + std::to_string(i / directions) + (i % directions ? "_reverse" : "");
    v("weight_ih" + suffix, cells[i].weight_ih);
    v("weight_hh" + suffix, cells[i].weight_hh);
    v("bias_ih" + suffix, cells[i].bias_ih);
    v("bias_hh" + suffix, cells[i].bias_hh);
  }
}

RecurrentOptions as_recurrent(const RNNOptions& o) {
  return {.num_layers = o.num_layers,
          .bias = o.bias,
          .batch_first = o.batch_first,
          .dropout = o.dropout,
          .bidirectional = o.bidirectional,
          .dtype = o.dtype};
}

}  // namespace

RecurrentLayer::RecurrentLayer(const char* name, const RecurrentOptions& options) : options_(options) {
  if (options.num_layers < 1)
    fail<ValueError>(name, "there must be a layer: got num_layers ", options.num_layers);
  if (!(options.dropout >= 0.0 && options.dropout <= 1.0))
    fail<ValueError>(name, "dropout must lie within [0, 1]: got ", options.dropout);
}

RNN::RNN(std::int64_t in, std::int64_t hidden, const RNNOptions& options)
    : RecurrentLayer("RNN", as_recurrent(options)),
      cells(make_cells<RNNCell>(
          in, hidden, options_,
          RNNCellOptions{
              .bias = options.bias, .nonlinearity = options.nonlinearity, .dtype = options.dtype})) {}
LSTM::LSTM(std::int64_t in, std::int64_t hidden, const RecurrentOptions& options)
    : RecurrentLayer("LSTM", options),
      cells(make_cells<LSTMCell>(in, hidden, options,
                                 RecurrentCellOptions{.bias = options.bias, .dtype = options.dtype})) {}
GRU::GRU(std::int64_t in, std::int64_t hidden, const RecurrentOptions& options)
    : RecurrentLayer("GRU", options),
      cells(make_cells<GRUCell>(in, hidden, options,
                                RecurrentCellOptions{.bias = options.bias, .dtype = options.dtype})) {}

void RNN::visit(Visitor& v) { visit_cells(v, cells, static_cast<std::size_t>(directions())); }
void LSTM::visit(Visitor& v) { visit_cells(v, cells, static_cast<std::size_t>(directions())); }
void GRU::visit(Visitor& v) { visit_cells(v, cells, static_cast<std::size_t>(directions())); }

RecurrentOutput RNN::operator()(const Tensor& x, const Tensor& h, Location where) const {
  const Run all = run("RNN", cells, options_, is_training(), x, {h}, where);
  return {all.output, all.last[0]};
}
LSTMOutput LSTM::operator()(const Tensor& x, const LSTMState& state, Location where) const {
  const Run all = run("LSTM", cells, options_, is_training(), x, {state.h, state.c}, where);
  return {all.output, all.last[0], all.last[1]};
}
RecurrentOutput GRU::operator()(const Tensor& x, const Tensor& h, Location where) const {
  const Run all = run("GRU", cells, options_, is_training(), x, {h}, where);
  return {all.output, all.last[0]};
}

}  // namespace wengert::nn
