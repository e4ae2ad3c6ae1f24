// Layers and losses written as mathematics, forward and backward. tools/bench/libtorch.cpp has the same under
// the same names, by libtorch's fused layers.
#include <benchmark/benchmark.h>

#include <wengert/wengert.hpp>

using namespace wengert;

namespace {

Tensor gelu_tanh(const Tensor& x) {
  return 0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}
Tensor gelu_erf(const Tensor& x) { return 0.5 * x * (1.0 + erf(0.7071067811865476 * x)); }

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor deviation = x - mean(x, {-1}, true);
  const Tensor variance = mean(square(deviation), {-1}, true);
  return deviation * rsqrt(variance + 1e-5) * weight + bias;
}

template <Tensor (*f)(const Tensor&)>
void map(benchmark::State& state) {
  manual_seed(1);
  const Tensor x = parameter(randn({1024, 1024})), seed = randn({1024, 1024});
  for (auto _ : state) {
    f(x).backward({.seed = seed});
    x.zero_grad();
  }
  state.SetBytesProcessed(state.iterations() * 1024 * 1024 * 4 * 5);
}
BENCHMARK(map<gelu_tanh>)->Name("gelu_tanh")->Unit(benchmark::kMillisecond);
BENCHMARK(map<gelu_erf>)->Name("gelu_erf")->Unit(benchmark::kMillisecond);

void layer_norm(benchmark::State& state) {
  manual_seed(1);
  const Tensor x = parameter(randn({4096, 512})), weight = parameter(ones({512})),
               bias = parameter(zeros({512}));
  const Tensor seed = randn({4096, 512});
  for (auto _ : state) {
    layer_norm(x, weight, bias).backward({.seed = seed});
    for (const Tensor& leaf : {x, weight, bias}) leaf.zero_grad();
  }
  state.SetBytesProcessed(state.iterations() * 4096 * 512 * 4 * 5);
}
BENCHMARK(layer_norm)->Unit(benchmark::kMillisecond);

void softmax_cross_entropy(benchmark::State& state) {
  manual_seed(1);
  const Tensor logits = parameter(randn({1024, 1000}));
  const Tensor labels = (rand({1024}) * 1000.0).astype(int64);
  for (auto _ : state) {
    nn::cross_entropy(logits, labels).backward();
    logits.zero_grad();
  }
  state.SetBytesProcessed(state.iterations() * 1024 * 1000 * 4 * 3);
}
BENCHMARK(softmax_cross_entropy)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
