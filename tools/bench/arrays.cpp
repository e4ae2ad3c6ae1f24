// Functions of arrays, written with Wengert: elementwise ones, reductions, transposes, broadcasts, layers and
// losses composed of primitive operations. Forward and backward. Also the machine's limits.
#include <cstring>
#include <memory>
#include <thread>

#include "functions.hpp"

using namespace wengert;

namespace bench {
namespace {

constexpr std::int64_t n = 1024;
constexpr double array_bytes = 4.0 * n * n;

// --- Small operations: what recording costs ----------------------------------------------------------------

const Workload chain("chain", [](benchmark::State& state) {
  const Tensor x = leaf({1.0f}, {1}), factor = constant<float>({1.0001f}, {1}),
               term = constant<float>({1e-4f}, {1});
  const auto f = [&] {
    Tensor y = x;
    for (int i = 0; i < 500; ++i) {
      y = y * factor;
      y = y + term;
    }
    return y;
  };
  measure_function(state, {}, f, constant<float>({1.0f}, {1}), {x});
});

// --- Elementwise functions, layers and losses --------------------------------------------------------------

void map(benchmark::State& state, Tensor (*f)(const Tensor&)) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}), g = constant(numbers.normal(n * n), {n, n});
  measure_function(state, {.bytes = 5.0 * array_bytes}, [&] { return f(x); }, g, {x});
}
const Workload tanh_form("gelu_tanh", [](benchmark::State& state) { map(state, gelu_tanh); });
const Workload erf_form("gelu_erf", [](benchmark::State& state) { map(state, gelu_erf); });

const Workload normalization("layer_norm", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(4096 * 512), {4096, 512}), weight = leaf(numbers.normal(512), {512}),
               bias = leaf(numbers.normal(512), {512}), g = constant(numbers.normal(4096 * 512), {4096, 512});
  measure_function(state, {.bytes = 5.0 * 4 * 4096 * 512}, [&] { return layer_norm(x, weight, bias); }, g,
                   {x, weight, bias});
});

const Workload cross_entropy("softmax_cross_entropy", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor logits = leaf(numbers.normal(1024 * 1000), {1024, 1000}),
               labels = constant(numbers.labels(1024, 1000), {1024});
  measure_function(state, {.bytes = 3.0 * 4 * 1024 * 1000}, [&] { return nn::cross_entropy(logits, labels); },
                   constant<float>({1.0f}, {}), {logits});
});

// --- Reductions, transposes, broadcasts --------------------------------------------------------------------

void reduction(benchmark::State& state, const Shape& result, Tensor (*f)(const Tensor&)) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}),
               g = constant(numbers.normal(element_count(result)), result);
  measure_function(state, {.bytes = 2.0 * array_bytes}, [&] { return f(x); }, g, {x});
}
const Workload sum_all("sum", [](benchmark::State& state) {
  reduction(state, {}, [](const Tensor& x) { return sum(x); });
});
const Workload sum_rows("sum_rows", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return sum(x, {1}); });
});
const Workload sum_columns("sum_columns", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return sum(x, {0}); });
});
const Workload sum_transposed("sum_transposed", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return sum(transpose(x), {1}); });
});
const Workload max_rows("max_rows", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return max(x, {1}); });
});
const Workload max_columns("max_columns", [](benchmark::State& state) {
  reduction(state, {n}, [](const Tensor& x) { return max(x, {0}); });
});
const Workload transposition("transpose", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}), g = constant(numbers.normal(n * n), {n * n});
  measure_function(state, {.bytes = 4.0 * array_bytes}, [&] { return reshape(transpose(x), {-1}); }, g, {x});
});

void broadcast(benchmark::State& state, const Shape& shape, double arrays,
               Tensor (*f)(const Tensor&, const Tensor&)) {
  Numbers numbers;
  const Tensor x = leaf(numbers.normal(n * n), {n, n}), z = leaf(numbers.normal(element_count(shape)), shape),
               g = constant(numbers.normal(n * n), {n, n});
  measure_function(state, {.bytes = arrays * array_bytes}, [&] { return f(x, z); }, g, {x, z});
}
const Workload add_row("add_row", [](benchmark::State& state) {
  broadcast(state, {n}, 4, [](const Tensor& x, const Tensor& z) { return x + z; });
});
const Workload add_column("add_column", [](benchmark::State& state) {
  broadcast(state, {n, 1}, 4, [](const Tensor& x, const Tensor& z) { return x + z; });
});
const Workload mul_row("mul_row", [](benchmark::State& state) {
  broadcast(state, {n}, 5, [](const Tensor& x, const Tensor& z) { return x * z; });
});
const Workload mul_column("mul_column", [](benchmark::State& state) {
  broadcast(state, {n, 1}, 5, [](const Tensor& x, const Tensor& z) { return x * z; });
});
const Workload add_transposed("add_transposed", [](benchmark::State& state) {
  broadcast(state, {n, n}, 6, [](const Tensor& x, const Tensor& z) { return x + transpose(z); });
});

// --- Limits of the machine ---------------------------------------------------------------------------------

const Workload copy("limit_copy", [](benchmark::State& state) {
  const auto threads = static_cast<std::size_t>(thread_count());
  constexpr std::size_t bytes = 64 << 20;
  const std::unique_ptr<char[]> from(new char[threads * bytes]()), to(new char[threads * bytes]());
  const auto part = [&](std::size_t i) { std::memcpy(&to[i * bytes], &from[i * bytes], bytes); };
  const auto step = [&] {
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(part, i);
    part(0);
    for (std::thread& other : others) other.join();
    benchmark::DoNotOptimize(to.get());
  };
  measure(state, {.bytes = 2.0 * static_cast<double>(threads * bytes)}, step, [] { return 0.0; });
});

const Workload product("limit_sgemm", [](benchmark::State& state) {
  Numbers numbers;
  const Tensor a = constant(numbers.normal(n * n), {n, n}), b = constant(numbers.normal(n * n), {n, n});
  measure(
      state, {.flops = 2.0 * n * n * n}, [&] { compute(matmul(a, b)); },
      [&] { return mean_square(matmul(a, b)); });
});

}  // namespace
}  // namespace bench
