// What strides cost: operations over 1024 x 1024 floats, contiguous and not. Each pair should be within a
// factor of two.
#include <benchmark/benchmark.h>

#include <wengert/wengert.hpp>

using namespace wengert;

namespace {

const Tensor& square_matrix() {
  static const Tensor x = randn({1024, 1024});
  return x;
}
const Tensor& transposed() {
  static const Tensor x = transpose(square_matrix());
  return x;
}

template <class F>
void measure(const char* name, F f) {
  benchmark::RegisterBenchmark(name, [f](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(f().template array<float>().data());
    state.SetBytesProcessed(state.iterations() * 1024 * 1024 * 4);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const Tensor &x = square_matrix(), &t = transposed();
  const Tensor other = randn({1024, 1024}), row = randn({1024}), column = randn({1024, 1}),
               twice = randn({1024, 2048});
  const Tensor every_other = slice(twice, 1, 0, 2048, 2);
  const auto copied = [](const Tensor& a) { return a + 0.0; };
  measure("sum/contiguous", [=] { return sum(x); });
  measure("sum/transposed", [=] { return sum(t); });
  measure("sum/every other column", [=] { return sum(every_other); });
  measure("sum_rows/contiguous", [=] { return sum(x, {1}); });
  measure("sum_rows/transposed", [=] { return sum(t, {1}); });
  measure("sum_columns/contiguous", [=] { return sum(x, {0}); });
  measure("sum_columns/transposed", [=] { return sum(t, {0}); });
  measure("max_columns/contiguous", [=] { return max(x, {0}); });
  measure("max_columns/transposed", [=] { return max(t, {0}); });
  measure("add/contiguous", [=] { return x + other; });
  measure("add/row", [=] { return x + row; });
  measure("add/column", [=] { return x + column; });
  measure("add/transposed", [=] { return x + t; });
  measure("add/every other column", [=] { return x + every_other; });
  measure("copy/contiguous", [=] { return copied(x); });
  measure("copy/transposed", [=] { return copied(t); });
  measure("reshape/of a transposed", [=] { return reshape(t, {-1}); });
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
