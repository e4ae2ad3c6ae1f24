// Modules with PyTorch's weights: tools/oracle/modules writes them, with inputs, outputs and gradients. Each
// is loaded here and must give the same; and what is saved from here is byte for byte the file PyTorch's
// states were written to, so that it can read what Wengert trained.
#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "tests/io/folder.hpp"
#include "tests/oracle/compare.hpp"
#include "tests/support/tensors.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/attention.hpp"
#include "wengert/nn/convolution.hpp"
#include "wengert/nn/embedding.hpp"
#include "wengert/nn/normalization.hpp"
#include "wengert/nn/recurrent.hpp"
#include "wengert/nn/transformer.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using oracle::Tensors;

namespace {

constexpr oracle::Bound bound{1e-5, 1e-5, "both compute in float32"};
const std::string folder = WENGERT_SOURCE_ROOT "/tests/oracle/";

struct Entry {
  std::string name;
  std::shared_ptr<nn::Module> module;
  std::function<Tensors(const Tensors&)> call;
};

/// By default the module is called with the first input.
template <class M>
Entry entry(const char* name, M module) {
  const auto held = std::make_shared<M>(std::move(module));
  return {name, held, [held](const Tensors& x) -> Tensors { return {(*held)(x[0])}; }};
}
template <class M, class F>
Entry entry(const char* name, M module, F call) {
  const auto held = std::make_shared<M>(std::move(module));
  return {name, held, [held, call](const Tensors& x) -> Tensors { return call(*held, x); }};
}
template <class M>
Entry in_evaluation(const char* name, M module) {
  module.eval();
  return entry(name, std::move(module));
}

/// Every third element true, but never the first of a row.
Tensor hidden(std::int64_t rows, std::int64_t columns) {
  const Tensor column = arange(static_cast<double>(columns), {.dtype = int64});
  const Tensor place =
      reshape(arange(static_cast<double>(rows * columns), {.dtype = int64}), {rows, columns});
  return remainder(place.astype(float64), 3.0) * (column > 0).astype(float64) == 2.0;
}

std::vector<Entry> modules() {
  const auto both = [](const auto& module, const Tensors& x) -> Tensors { return {module(x[0], x[1])}; };
  std::vector<Entry> all;
  all.push_back(entry("linear", nn::Linear(4, 3)));
  all.push_back(entry("bilinear", nn::Bilinear(3, 2, 4), both));
  all.push_back(entry("conv1d", nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2})));
  all.push_back(entry("conv2d", nn::Conv2d(2, 3, {3, 2}, {.padding = {1, 0}, .dilation = {1, 2}})));
  all.push_back(entry("conv2d_nobias", nn::Conv2d(2, 2, 3, {.bias = false})));
  all.push_back(entry("conv3d", nn::Conv3d(1, 2, 2)));
  all.push_back(entry("conv_transpose1d", nn::ConvTranspose1d(4, 2, 3, {.stride = 2, .groups = 2})));
  all.push_back(entry("conv_transpose2d",
                      nn::ConvTranspose2d(2, 3, 3, {.stride = 2, .padding = 1, .output_padding = 1})));
  all.push_back(
      entry("conv_transpose3d", nn::ConvTranspose3d(2, 4, {1, 2, 3}, {.stride = {1, 2, 1}, .groups = 2})));
  all.push_back(entry("batch_norm1d", nn::BatchNorm1d(3)));
  all.push_back(entry("batch_norm1d_line", nn::BatchNorm1d(2, {.momentum = {}})));
  all.push_back(entry("batch_norm2d", nn::BatchNorm2d(2, {.eps = 1e-3, .momentum = 0.3})));
  all.push_back(in_evaluation("batch_norm2d_eval", nn::BatchNorm2d(2)));
  all.push_back(entry("instance_norm1d", nn::InstanceNorm1d(3)));
  all.push_back(
      entry("instance_norm2d", nn::InstanceNorm2d(2, {.affine = true, .track_running_stats = true})));
  all.push_back(entry("batch_norm3d", nn::BatchNorm3d(2)));
  all.push_back(entry("instance_norm3d", nn::InstanceNorm3d(2, {.affine = true})));
  all.push_back(entry("layer_norm", nn::LayerNorm({3, 4})));
  all.push_back(entry("group_norm", nn::GroupNorm(2, 4)));
  all.push_back(entry("embedding", nn::Embedding(6, 3, {.padding_idx = 2})));
  all.push_back(entry("prelu", nn::PReLU(3)));
  all.push_back(
      entry("rnn_cell", nn::RNNCell(3, 2, {.nonlinearity = nn::RecurrentNonlinearity::relu}), both));
  all.push_back(entry("lstm_cell", nn::LSTMCell(3, 2), [](const nn::LSTMCell& cell, const Tensors& x) {
    const nn::LSTMState next = cell(x[0], {x[1], x[2]});
    return Tensors{next.h, next.c};
  }));
  all.push_back(entry("gru_cell", nn::GRUCell(3, 2), both));
  all.push_back(entry("rnn", nn::RNN(3, 2, {.num_layers = 2}), [](const nn::RNN& rnn, const Tensors& x) {
    const auto [y, h] = rnn(x[0]);
    return Tensors{y, h};
  }));
  all.push_back(entry("lstm", nn::LSTM(3, 4, {.num_layers = 2, .bidirectional = true}),
                      [](const nn::LSTM& lstm, const Tensors& x) {
                        const auto [y, h, c] = lstm(x[0], {x[1], x[2]});
                        return Tensors{y, h, c};
                      }));
  all.push_back(
      entry("lstm_single", nn::LSTM(3, 2, {.bias = false}), [](const nn::LSTM& lstm, const Tensors& x) {
        const auto [y, h, c] = lstm(x[0]);
        return Tensors{y, h, c};
      }));
  all.push_back(entry("gru", nn::GRU(3, 4, {.num_layers = 2, .batch_first = true, .bidirectional = true}),
                      [](const nn::GRU& gru, const Tensors& x) {
                        const auto [y, h] = gru(x[0]);
                        return Tensors{y, h};
                      }));
  using nn::MultiheadAttention;
  all.push_back(entry("attention", MultiheadAttention(6, 2), [](const auto& attention, const Tensors& x) {
    const auto [y, weights] = attention(x[0], x[1], x[2]);
    return Tensors{y, weights};
  }));
  all.push_back(entry(
      "attention_masks", MultiheadAttention(6, 2, {.batch_first = true, .kdim = 3, .vdim = 5}),
      [](const auto& attention, const Tensors& x) {
        const auto [y, weights] = attention(
            x[0], x[1], x[2],
            {.key_padding_mask = hidden(2, 4), .attn_mask = hidden(3, 4), .average_attn_weights = false});
        return Tensors{y, weights};
      }));
  all.push_back(entry("encoder", nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 8, .dropout = 0.0})));
  all.push_back(
      entry("encoder_first",
            nn::TransformerEncoderLayer(4, 2,
                                        {.dim_feedforward = 6,
                                         .dropout = 0.0,
                                         .activation = nn::TransformerActivation::gelu,
                                         .batch_first = true,
                                         .norm_first = true}),
            [](const auto& layer, const Tensors& x) { return Tensors{layer(x[0], {.causal = true})}; }));
  all.push_back(
      entry("decoder", nn::TransformerDecoderLayer(4, 2, {.dim_feedforward = 6, .dropout = 0.0}), both));
  return all;
}

/// The tensors under `name` + separator, by what follows.
nn::State part_of(const std::map<std::string, Tensor>& file, const std::string& name, char separator) {
  nn::State part;
  for (const auto& [key, tensor] : file)
    if (key.size() > name.size() && key[name.size()] == separator && key.starts_with(name))
      part.emplace(key.substr(name.size() + 1), tensor);
  return part;
}

void compare(const std::string& key, const Tensor& got, const Tensor& expected) {
  const std::string found = oracle::difference(got, expected, bound);
  CHECK_MESSAGE(found.empty(), key << ": " << found);
}

/// Runs the loaded module and compares every part of the file that belongs to it.
void check(const Entry& entry, const nn::State& loaded, const nn::State& parts) {
  std::set<std::string> used;
  const auto expected = [&](const std::string& part) {
    used.insert(part);
    return parts.at(part);
  };
  const auto prefix = entry.name + "/";
  Tensors inputs;
  for (std::size_t i = 0; parts.contains("in" + std::to_string(i)); ++i) {
    const Tensor x = expected("in" + std::to_string(i));
    inputs.push_back(is_float(x.dtype()) ? parameter(x) : x);
  }
  const Tensors outputs = entry.call(inputs);
  Tensor total = zeros({});
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const std::string out = "out" + std::to_string(k);
    compare(prefix + out, outputs[k], expected(out));
    total = total + sum(oracle::weights(outputs[k].shape(), k).astype(float32) * outputs[k]);
  }
  total.backward();
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].requires_grad()) {
      const std::string in = "grad/in" + std::to_string(i);
      compare(prefix + in, inputs[i].grad(), expected(in));
    }
  for (const auto& [name, leaf] : entry.module->named_parameters())
    compare(prefix + "grad/" + name, leaf.grad(), expected("grad/" + name));
  for (const auto& [name, buffer] : entry.module->named_buffers()) {
    // PyTorch's instance norms have this buffer and never count; here it is what its name says.
    if (entry.name == "instance_norm2d" && name == "num_batches_tracked")
      CHECK(buffer.item() == 1);
    else
      compare(prefix + "after/" + name, buffer,
              parts.contains("after/" + name) ? expected("after/" + name) : loaded.at(name));
  }
  for (const auto& [part, tensor] : parts)
    CHECK_MESSAGE(used.contains(part), prefix << part << " has no match");
}

}  // namespace

TEST_CASE("modules with PyTorch's weights give its outputs, its gradients and its running statistics") {
  const auto states = io::load_safetensors(folder + "modules_state.safetensors");
  const auto file = io::load_safetensors(folder + "modules.safetensors");
  std::set<std::string> names;
  for (const Entry& entry : modules()) {
    names.insert(entry.name);
    try {
      const nn::State loaded = part_of(states, entry.name, '.');
      entry.module->load(loaded);
      check(entry, loaded, part_of(file, entry.name, '/'));
    } catch (const std::exception& error) {
      FAIL_CHECK(entry.name << ": " << std::string(error.what()));
    }
  }
  for (const auto& [key, tensor] : file)
    CHECK_MESSAGE(names.contains(key.substr(0, key.find('/'))), key << " belongs to no module");
}

TEST_CASE("what is saved is byte for byte the file that PyTorch's states were written to") {
  const std::string path = folder + "modules_state.safetensors";
  const auto states = io::load_safetensors(path);
  nn::State all;
  for (const Entry& entry : modules()) {
    entry.module->load(part_of(states, entry.name, '.'));
    for (const auto& [name, value] : entry.module->state()) all.emplace(entry.name + "." + name, value);
  }
  const tests::Folder temporary;
  io::save_safetensors(temporary / "saved.safetensors", all);
  CHECK(tests::read_bytes(temporary / "saved.safetensors") == tests::read_bytes(path));
}
