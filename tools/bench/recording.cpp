// What recording and differentiating small operations costs: a long chain of one-element operations, and a
// training step of a network so small that arithmetic hardly counts. Also counts the calls of malloc in such
// a step.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <wengert/wengert.hpp>

extern "C" void* __libc_malloc(std::size_t bytes);

namespace {
std::atomic<long> mallocs{0};
}

// glibc's own malloc, counted. aligned_alloc and operator new end here or are counted below.
extern "C" void* malloc(std::size_t bytes) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}

using namespace wengert;

namespace {

void chain(benchmark::State& state) {
  const auto length = state.range(0);
  const Tensor start = parameter(xt::xarray<float>{1.0f});
  const Tensor factor(xt::xarray<float>{1.0001f}), term(xt::xarray<float>{1e-4f});
  for (auto _ : state) {
    Tensor x = start;
    for (std::int64_t i = 0; i < length / 2; ++i) {
      x = x * factor;
      x = x + term;
    }
    x.backward();
    start.zero_grad();
  }
  state.counters["seconds/operation"] =
      benchmark::Counter(static_cast<double>(length),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(chain)->Arg(1000);

struct Xor : nn::Module {
  nn::Linear hidden{2, 8}, output{8, 1};
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("output", output);
  }
};

void xor_step(benchmark::State& state) {
  manual_seed(7);
  Xor model;
  optim::SGD optimizer(model.parameters(), {.lr = 0.1});
  const Tensor x(xt::xarray<float>{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  const Tensor y(xt::xtensor<float, 2>{{0}, {1}, {1}, {0}});
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(x), y);
    loss.backward();
    optimizer.step();
  };
  for (int i = 0; i < 100; ++i) step();
  const long before = mallocs.load();
  for (auto _ : state) step();
  state.counters["mallocs/step"] =
      static_cast<double>(mallocs.load() - before) / static_cast<double>(state.iterations());
}
BENCHMARK(xor_step);

}  // namespace

BENCHMARK_MAIN();
