// Networks, written with Wengert: training steps, a recurrent layer, a Hessian-vector product. The
// transformer and the recurrent layer are composed of primitive operations.
#include <cmath>

#include "functions.hpp"

using namespace wengert;

namespace bench {
namespace {

// --- Perceptrons -------------------------------------------------------------------------------------------

struct Xor : nn::Module {
  nn::Linear hidden{2, 8}, output{8, 1};
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  void visit(nn::Visitor& v) override { v("hidden", hidden), v("output", output); }
};

const Workload xor_step("xor", [](benchmark::State& state) {
  Numbers numbers;
  Xor model;
  fill(model, numbers);
  optim::SGD optimizer(model.parameters(), {.lr = 0.1});
  const Tensor x = constant<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}),
               y = constant<float>({0, 1, 1, 0}, {4, 1});
  measure_training(state, {}, optimizer, [&] { return nn::mse_loss(model(x), y); });
});

struct Perceptron : nn::Module {
  nn::Linear first{784, 256}, second{256, 128}, third{128, 10};
  Tensor operator()(const Tensor& x) const { return third(relu(second(relu(first(x))))); }
  void visit(nn::Visitor& v) override { v("first", first), v("second", second), v("third", third); }
};

template <class Optimizer, class Options>
void perceptron(benchmark::State& state, const Options& options) {
  Numbers numbers;
  Perceptron model;
  fill(model, numbers);
  Optimizer optimizer(model.parameters(), options);
  const Tensor x = constant(numbers.normal(64 * 784), {64, 784}),
               labels = constant(numbers.labels(64, 10), {64});
  const double weights = 784 * 256 + 256 * 128 + 128 * 10;
  measure_training(state, {.flops = 2.0 * 64 * (3 * weights - 784 * 256)}, optimizer,
                   [&] { return nn::cross_entropy(model(x), labels); });
}
const Workload perceptron_sgd("perceptron_sgd", [](benchmark::State& state) {
  perceptron<optim::SGD>(state, optim::SGDOptions{.lr = 0.01});
});
const Workload perceptron_adam("perceptron_adam", [](benchmark::State& state) {
  perceptron<optim::Adam>(state, optim::AdamOptions{.lr = 1e-3});
});

const Workload hessian_vector("hvp", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor x = constant(numbers.normal(32 * 100), {32, 100}), y = constant(numbers.normal(32), {32, 1});
  std::vector<Tensor> parameters, v;
  for (const Shape& shape : {Shape{64, 100}, Shape{64}, Shape{1, 64}, Shape{1}}) {
    parameters.push_back(leaf(numbers.uniform(element_count(shape), 0.1), shape));
    v.push_back(constant(numbers.normal(element_count(shape)), shape));
  }
  const auto loss_of = [&](const std::vector<Tensor>& p) {
    return nn::mse_loss(nn::linear(tanh(nn::linear(x, p[0], p[1])), p[2], p[3]), y);
  };
  std::vector<Tensor> product;
  const auto step = [&] {
    product = hvp(loss_of, parameters, v);
    for (const Tensor& part : product) compute(part);
  };
  measure(state, {.flops = 2.0 * 32 * 64 * 100 * 5}, step, [&] {
    double check = 0.0;
    for (const Tensor& part : product) check += mean_square(part);
    return check;
  });
});

// --- Convolutions ------------------------------------------------------------------------------------------

struct ConvNet : nn::Module {
  Tensor weight1 = parameter(zeros({16, 1, 3, 3})), bias1 = parameter(zeros({16}));
  Tensor weight2 = parameter(zeros({32, 16, 3, 3})), bias2 = parameter(zeros({32}));
  nn::Linear output{32 * 7 * 7, 10};
  Tensor operator()(const Tensor& x) const {
    const Tensor first = max_pool2d(relu(conv2d(x, weight1, bias1, {.padding = 1})), 2);
    const Tensor second = max_pool2d(relu(conv2d(first, weight2, bias2, {.padding = 1})), 2);
    return output(flatten(second, 1));
  }
  void visit(nn::Visitor& v) override {
    v("first.weight", weight1), v("first.bias", bias1), v("second.weight", weight2), v("second.bias", bias2);
    v("output", output);
  }
};

const Workload conv_net("conv_net", [](benchmark::State& state) {
  Numbers numbers;
  ConvNet model;
  fill(model, numbers);
  optim::SGD optimizer(model.parameters(), {.lr = 0.01});
  const Tensor x = constant(numbers.normal(64 * 784), {64, 1, 28, 28}),
               labels = constant(numbers.labels(64, 10), {64});
  const double first = 784.0 * 16 * 9, second = 196.0 * 32 * 16 * 9, last = 32.0 * 49 * 10;
  measure_training(state, {.flops = 2.0 * 64 * (2 * first + 3 * second + 3 * last)}, optimizer,
                   [&] { return nn::cross_entropy(model(x), labels); });
});

// --- A recurrent layer -------------------------------------------------------------------------------------

Tensor lstm(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih,
            const Tensor& bias_hh) {
  const std::int64_t batch = x.shape()[1], hidden = weight_hh.shape()[1];
  const Tensor from_input = nn::linear(x, weight_ih, bias_ih + bias_hh), recurrent = transpose(weight_hh);
  Tensor h = zeros({batch, hidden}), c = zeros({batch, hidden});
  std::vector<Tensor> outputs;
  for (const Tensor& row : split(from_input, {1})) {
    const std::vector<Tensor> gates = chunk(squeeze(row, {0}) + matmul(h, recurrent), 4, 1);
    c = sigmoid(gates[1]) * c + sigmoid(gates[0]) * tanh(gates[2]);
    h = sigmoid(gates[3]) * tanh(c);
    outputs.push_back(h);
  }
  return stack(outputs);
}

const Workload recurrent("lstm", [](benchmark::State& state) {
  constexpr std::int64_t steps = 64, batch = 32, in = 64, hidden = 128;
  Numbers numbers;
  const Tensor weight_ih = leaf(numbers.uniform(4 * hidden * in, 0.1), {4 * hidden, in}),
               weight_hh = leaf(numbers.uniform(4 * hidden * hidden, 0.1), {4 * hidden, hidden}),
               bias_ih = leaf(numbers.uniform(4 * hidden, 0.1), {4 * hidden}),
               bias_hh = leaf(numbers.uniform(4 * hidden, 0.1), {4 * hidden}),
               x = leaf(numbers.normal(steps * batch * in), {steps, batch, in}),
               g = constant(numbers.normal(steps * batch * hidden), {steps, batch, hidden});
  measure_function(state, {.flops = 3.0 * 2 * steps * batch * 4 * hidden * (in + hidden)},
                   [&] { return lstm(x, weight_ih, weight_hh, bias_ih, bias_hh); }, g,
                   {weight_ih, weight_hh, bias_ih, bias_hh, x});
});

// --- A transformer over characters -------------------------------------------------------------------------

constexpr std::int64_t characters = 65, wide = 128, heads = 4, length = 64, batch = 16;

struct Norm : nn::Module {
  Tensor weight = parameter(ones({wide})), bias = parameter(zeros({wide}));
  Tensor operator()(const Tensor& x) const { return layer_norm(x, weight, bias); }
  void visit(nn::Visitor& v) override { v("weight", weight), v("bias", bias); }
};

struct Block : nn::Module {
  Norm norm1, norm2;
  nn::Linear qkv{wide, 3 * wide}, projection{wide, wide}, up{wide, 4 * wide}, down{4 * wide, wide};

  static Tensor attention_weights(const Tensor& q, const Tensor& k, const Tensor& future) {
    const Tensor scores = matmul(q, transpose(k)) * (1.0 / std::sqrt(static_cast<double>(wide / heads)));
    return nn::softmax(masked_fill(scores, future, -INFINITY));
  }
  Tensor attention(const Tensor& x, const Tensor& future) const {
    const auto by_head = [](const Tensor& part) {
      return permute(reshape(part, {batch, length, heads, wide / heads}), {0, 2, 1, 3});
    };
    const std::vector<Tensor> parts = chunk(qkv(x), 3, -1);
    const Tensor q = by_head(parts[0]), k = by_head(parts[1]), v = by_head(parts[2]);
    const Tensor mixed = matmul(attention_weights(q, k, future), v);
    return projection(reshape(permute(mixed, {0, 2, 1, 3}), {batch, length, wide}));
  }
  Tensor operator()(const Tensor& x, const Tensor& future) const {
    const Tensor y = x + attention(norm1(x), future);
    return y + down(gelu_erf(up(norm2(y))));
  }
  void visit(nn::Visitor& v) override {
    v("norm1", norm1), v("norm2", norm2), v("qkv", qkv), v("projection", projection), v("up", up),
        v("down", down);
  }
};

struct Transformer : nn::Module {
  Tensor embedding = parameter(zeros({characters, wide})), position = parameter(zeros({length, wide}));
  std::vector<Block> blocks{4};
  Norm norm;
  nn::Linear output{wide, characters};
  Tensor future = triu(ones({length, length}), 1) > 0.0;

  Tensor operator()(const Tensor& text) const {  // (batch * length) -> (batch * length, characters)
    Tensor x = reshape(index_select(embedding, 0, text), {batch, length, wide}) + position;
    for (const Block& block : blocks) x = block(x, future);
    return reshape(output(norm(x)), {batch * length, characters});
  }
  void visit(nn::Visitor& v) override {
    v("embedding", embedding), v("position", position), v("blocks", blocks), v("norm", norm),
        v("output", output);
  }
};

const Workload transformer("transformer", [](benchmark::State& state) {
  Numbers numbers;
  Transformer model;
  fill(model, numbers);
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-3});
  const Tensor text = constant(numbers.labels(batch * length, characters), {batch * length}),
               next = constant(numbers.labels(batch * length, characters), {batch * length});
  const double weights = 4 * 12.0 * wide * wide + wide * characters, scores = 4 * 2.0 * length * wide;
  measure_training(state, {.flops = 3.0 * 2 * batch * length * (weights + scores)}, optimizer,
                   [&] { return nn::cross_entropy(model(text), next); });
});

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv); }
