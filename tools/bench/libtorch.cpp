// The same workloads under the same names, written with libtorch as its users write them: its fused functions
// and layers wherever it has them, gradients dropped rather than set to zero.
#include <torch/torch.h>

#include "bench.hpp"

namespace F = torch::nn::functional;
using torch::Tensor;

namespace bench {
namespace {

constexpr std::int64_t n = 1024;

Tensor constant(const std::vector<float>& values, at::IntArrayRef shape) {
  return torch::tensor(values).view(shape);
}
Tensor leaf(const std::vector<float>& values, at::IntArrayRef shape) {
  return constant(values, shape).requires_grad_();
}

void fill(torch::nn::Module& module, Numbers& numbers) {
  const torch::NoGradGuard guard;
  for (const auto& item : module.named_parameters())
    item.value().copy_(constant(numbers.initial(item.key(), item.value().sizes()), item.value().sizes()));
}

double mean_square(const Tensor& x) {
  const Tensor held = x.detach().contiguous();
  return bench::mean_square(held.data_ptr<float>(), held.numel());
}

template <class Function>
void measure_function(benchmark::State& state, Function f, const Tensor& g,
                      const std::vector<Tensor>& leaves) {
  measure(
      state, {},
      [&] {
        for (const Tensor& x : leaves) x.mutable_grad() = Tensor();
        f().backward(g);
      },
      [&] {
        double check = 0.0;
        for (const Tensor& x : leaves) check += mean_square(x.grad()), x.mutable_grad() = Tensor();
        return check + mean_square(f());
      });
}

template <class Loss>
void measure_training(benchmark::State& state, torch::optim::Optimizer& optimizer, Loss loss_of) {
  const std::vector<Tensor>& parameters = optimizer.param_groups().front().params();
  const auto step = [&] {
    for (const Tensor& parameter : parameters)
      parameter.mutable_grad() = Tensor();  // its zero_grad writes zeros
    const Tensor loss = loss_of();
    loss.backward();
    optimizer.step();
  };
  measure(state, {}, step, [&] { return loss_of().template item<double>(); });
}

// --- Functions of arrays -----------------------------------------------------------------------------------

const Workload chain("chain", [](benchmark::State& state) {
  const Tensor x = leaf({1.0f}, {1}), factor = constant({1.0001f}, {1}), term = constant({1e-4f}, {1});
  const auto f = [&] {
    Tensor y = x;
    for (int i = 0; i < 500; ++i) {
      y = y * factor;
      y = y + term;
    }
    return y;
  };
  measure_function(state, f, constant({1.0f}, {1}), {x});
});

void map(benchmark::State& state, const char* form) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}), g = constant(numbers.normal(n * n), {n, n});
  measure_function(state, [&] { return F::gelu(x, F::GELUFuncOptions().approximate(form)); }, g, {x});
}
const Workload gelu_tanh("gelu_tanh", [](benchmark::State& state) { map(state, "tanh"); });
const Workload gelu_erf("gelu_erf", [](benchmark::State& state) { map(state, "none"); });

const Workload layer_norm("layer_norm", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(4096 * 512), {4096, 512}), weight = leaf(numbers.normal(512), {512}),
               bias = leaf(numbers.normal(512), {512}), g = constant(numbers.normal(4096 * 512), {4096, 512});
  const auto options = F::LayerNormFuncOptions({512}).weight(weight).bias(bias);
  measure_function(state, [&] { return F::layer_norm(x, options); }, g, {x, weight, bias});
});

const Workload softmax_cross_entropy("softmax_cross_entropy", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor logits = leaf(numbers.normal(1024 * 1000), {1024, 1000}),
               labels = torch::tensor(numbers.labels(1024, 1000));
  measure_function(state, [&] { return F::cross_entropy(logits, labels); }, constant({1.0f}, {}), {logits});
});

void reduction(benchmark::State& state, at::IntArrayRef result, Tensor (*f)(const Tensor&)) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}),
               g = constant(numbers.normal(c10::multiply_integers(result)), result);
  measure_function(state, [&] { return f(x); }, g, {x});
}
const Workload sum_all("sum", [](benchmark::State& state) {
  reduction(state, {}, [](const Tensor& x) { return x.sum(); });
});
const Workload sum_rows("sum_rows", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return x.sum(1); });
});
const Workload sum_columns("sum_columns", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return x.sum(0); });
});
const Workload sum_transposed("sum_transposed", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return x.t().sum(1); });
});
// Along rows its max is the faster one, although it finds the places too; along columns its amax.
const Workload max_rows("max_rows", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return std::get<0>(x.max(1)); });
});
const Workload max_columns("max_columns", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return x.amax(0); });
});
const Workload transpose("transpose", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}), g = constant(numbers.normal(n * n), {n * n});
  measure_function(state, [&] { return x.t().reshape({-1}); }, g, {x});
});

void broadcast(benchmark::State& state, at::IntArrayRef shape, Tensor (*f)(const Tensor&, const Tensor&)) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}),
               z = leaf(numbers.normal(c10::multiply_integers(shape)), shape),
               g = constant(numbers.normal(n * n), {n, n});
  measure_function(state, [&] { return f(x, z); }, g, {x, z});
}
const Workload add_row("add_row", [](benchmark::State& state) {
  broadcast(state, {n}, [](const Tensor& x, const Tensor& z) { return x + z; });
});
const Workload add_column("add_column", [](benchmark::State& state) {
  broadcast(state, {n, 1}, [](const Tensor& x, const Tensor& z) { return x + z; });
});
const Workload mul_row("mul_row", [](benchmark::State& state) {
  broadcast(state, {n}, [](const Tensor& x, const Tensor& z) { return x * z; });
});
const Workload mul_column("mul_column", [](benchmark::State& state) {
  broadcast(state, {n, 1}, [](const Tensor& x, const Tensor& z) { return x * z; });
});
const Workload add_transposed("add_transposed", [](benchmark::State& state) {
  broadcast(state, {n, n}, [](const Tensor& x, const Tensor& z) { return x + z.t(); });
});

const Workload product("limit_sgemm", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor a = constant(numbers.normal(n * n), {n, n}), b = constant(numbers.normal(n * n), {n, n});
  measure(
      state, {}, [&] { benchmark::DoNotOptimize(torch::matmul(a, b).data_ptr()); },
      [&] { return mean_square(torch::matmul(a, b)); });
});

// --- Networks ----------------------------------------------------------------------------------------------

struct XorImpl : torch::nn::Module {
  torch::nn::Linear hidden = register_module("hidden", torch::nn::Linear(2, 8));
  torch::nn::Linear output = register_module("output", torch::nn::Linear(8, 1));
  Tensor forward(const Tensor& x) { return output(torch::tanh(hidden(x))); }
};
TORCH_MODULE(Xor);

const Workload xor_step("xor", [](benchmark::State& state) {
  Numbers numbers;
  Xor model;
  fill(*model, numbers);
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.1));
  const Tensor x = constant({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), y = constant({0, 1, 1, 0}, {4, 1});
  measure_training(state, optimizer, [&] { return F::mse_loss(model(x), y); });
});

struct PerceptronImpl : torch::nn::Module {
  torch::nn::Linear first = register_module("first", torch::nn::Linear(784, 256));
  torch::nn::Linear second = register_module("second", torch::nn::Linear(256, 128));
  torch::nn::Linear third = register_module("third", torch::nn::Linear(128, 10));
  Tensor forward(const Tensor& x) { return third(torch::relu(second(torch::relu(first(x))))); }
};
TORCH_MODULE(Perceptron);

template <class Optimizer, class Options>
void perceptron(benchmark::State& state, const Options& options) {
  Numbers numbers;
  Perceptron model;
  fill(*model, numbers);
  Optimizer optimizer(model->parameters(), options);
  const Tensor x = constant(numbers.normal(64 * 784), {64, 784}),
               labels = torch::tensor(numbers.labels(64, 10));
  measure_training(state, optimizer, [&] { return F::cross_entropy(model(x), labels); });
}
const Workload perceptron_sgd("perceptron_sgd", [](benchmark::State& state) {
  perceptron<torch::optim::SGD>(state, torch::optim::SGDOptions(0.01));
});
const Workload perceptron_adam("perceptron_adam", [](benchmark::State& state) {
  perceptron<torch::optim::Adam>(state, torch::optim::AdamOptions(1e-3));
});

const Workload hessian_vector("hvp", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor x = constant(numbers.normal(32 * 100), {32, 100}), y = constant(numbers.normal(32), {32, 1});
  std::vector<Tensor> p, v;
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{64, 100}, {64}, {1, 64}, {1}}) {
    const std::int64_t count = c10::multiply_integers(shape);
    p.push_back(leaf(numbers.uniform(count, 0.1), shape));
    v.push_back(constant(numbers.normal(count), shape));
  }
  std::vector<Tensor> product;
  const auto step = [&] {
    const Tensor loss = F::mse_loss(F::linear(torch::tanh(F::linear(x, p[0], p[1])), p[2], p[3]), y);
    const auto gradient = torch::autograd::grad({loss}, p, {}, true, true);
    product = torch::autograd::grad(gradient, p, v);
  };
  measure(state, {}, step, [&] {
    double check = 0.0;
    for (const Tensor& part : product) check += mean_square(part);
    return check;
  });
});

struct ConvNetImpl : torch::nn::Module {
  torch::nn::Conv2d first =
      register_module("first", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 16, 3).padding(1)));
  torch::nn::Conv2d second =
      register_module("second", torch::nn::Conv2d(torch::nn::Conv2dOptions(16, 32, 3).padding(1)));
  torch::nn::Linear output = register_module("output", torch::nn::Linear(32 * 7 * 7, 10));
  Tensor forward(const Tensor& x) {
    const Tensor halved = torch::max_pool2d(torch::relu(first(x)), 2);
    return output(torch::max_pool2d(torch::relu(second(halved)), 2).flatten(1));
  }
};
TORCH_MODULE(ConvNet);

const Workload conv_net("conv_net", [](benchmark::State& state) {
  Numbers numbers;
  ConvNet model;
  fill(*model, numbers);
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.01));
  const Tensor x = constant(numbers.normal(64 * 784), {64, 1, 28, 28}),
               labels = torch::tensor(numbers.labels(64, 10));
  measure_training(state, optimizer, [&] { return F::cross_entropy(model(x), labels); });
});

const Workload lstm("lstm", [](benchmark::State& state) {
  constexpr std::int64_t steps = 64, batch = 32, in = 64, hidden = 128;
  Numbers numbers;
  torch::nn::LSTM model(torch::nn::LSTMOptions(in, hidden));
  std::vector<Tensor> leaves = model->parameters();
  {
    const torch::NoGradGuard guard;
    for (const Tensor& leaf : leaves) leaf.copy_(constant(numbers.uniform(leaf.numel(), 0.1), leaf.sizes()));
  }
  const Tensor x = leaf(numbers.normal(steps * batch * in), {steps, batch, in}),
               g = constant(numbers.normal(steps * batch * hidden), {steps, batch, hidden});
  leaves.push_back(x);
  measure_function(
      state, [&] { return std::get<0>(model(x)); }, g, leaves);
});

constexpr std::int64_t characters = 65, wide = 128, heads = 4, length = 64, batch = 16;

struct BlockImpl : torch::nn::Module {
  torch::nn::LayerNorm norm1 =
      register_module("norm1", torch::nn::LayerNorm(torch::nn::LayerNormOptions({wide})));
  torch::nn::LayerNorm norm2 =
      register_module("norm2", torch::nn::LayerNorm(torch::nn::LayerNormOptions({wide})));
  torch::nn::Linear qkv = register_module("qkv", torch::nn::Linear(wide, 3 * wide));
  torch::nn::Linear projection = register_module("projection", torch::nn::Linear(wide, wide));
  torch::nn::Linear up = register_module("up", torch::nn::Linear(wide, 4 * wide));
  torch::nn::Linear down = register_module("down", torch::nn::Linear(4 * wide, wide));

  // Scale and mask go into the product of queries and keys.
  Tensor attention(const Tensor& x, const Tensor& mask) {
    const auto by_head = [](const Tensor& part) {
      return part.view({batch, length, heads, wide / heads})
          .transpose(1, 2)
          .reshape({-1, length, wide / heads});
    };
    const std::vector<Tensor> parts = qkv(x).chunk(3, -1);
    const Tensor q = by_head(parts[0]), k = by_head(parts[1]), v = by_head(parts[2]);
    const Tensor scores =
        torch::baddbmm(mask, q, k.transpose(1, 2), 1.0, 1.0 / std::sqrt(static_cast<double>(wide / heads)));
    const Tensor mixed = torch::bmm(torch::softmax(scores, -1), v);
    return projection(
        mixed.view({batch, heads, length, wide / heads}).transpose(1, 2).reshape({batch, length, wide}));
  }
  Tensor forward(const Tensor& x, const Tensor& mask) {
    const Tensor y = x + attention(norm1(x), mask);
    return y + down(torch::gelu(up(norm2(y))));
  }
};
TORCH_MODULE(Block);

struct TransformerImpl : torch::nn::Module {
  torch::nn::Embedding embedding = register_module("embedding", torch::nn::Embedding(characters, wide));
  torch::nn::Embedding position = register_module("position", torch::nn::Embedding(length, wide));
  torch::nn::ModuleList blocks =
      register_module("blocks", torch::nn::ModuleList(Block(), Block(), Block(), Block()));
  torch::nn::LayerNorm norm =
      register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({wide})));
  torch::nn::Linear output = register_module("output", torch::nn::Linear(wide, characters));
  Tensor mask = torch::full({1, length, length}, -INFINITY).triu(1);

  Tensor forward(const Tensor& text) {
    Tensor x = embedding(text).view({batch, length, wide}) + position->weight;
    for (const auto& block : *blocks) x = block->as<BlockImpl>()->forward(x, mask);
    return output(norm(x)).view({batch * length, characters});
  }
};
TORCH_MODULE(Transformer);

const Workload transformer("transformer", [](benchmark::State& state) {
  Numbers numbers;
  Transformer model;
  fill(*model, numbers);
  torch::optim::AdamW optimizer(model->parameters(), torch::optim::AdamWOptions(1e-3));
  const Tensor text = torch::tensor(numbers.labels(batch * length, characters)),
               next = torch::tensor(numbers.labels(batch * length, characters));
  measure_training(state, optimizer, [&] { return F::cross_entropy(model(text), next); });
});

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  at::set_num_threads(bench::thread_count());
  return bench::run(argc, argv);
}
