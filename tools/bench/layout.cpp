// What strides cost: operations over 1024 x 1024 elements, contiguous and not. Each layout should be within a
// factor of two of the contiguous one.
#include <benchmark/benchmark.h>

#include <wengert/extend.hpp>
#include <wengert/wengert.hpp>

using namespace wengert;

namespace {

struct Layout {
  const char* name;
  Tensor x;
};

/// About as many elements each. The last ones, of another shape, come after a contiguous array of that shape.
std::vector<Layout> layouts(DType dtype) {
  const auto numbers = [=](const Shape& shape) { return randn(shape, {.dtype = dtype}); };
  const Tensor x = numbers({1024, 1024});
  const auto every = [](const Tensor& a, std::int64_t axis, std::int64_t step) {
    return slice(a, axis, {step < 0 ? -1 : 0, SliceRange::to_end, step});
  };
  return {{"contiguous", x},
          {"transposed", transpose(x)},
          {"every other row", every(numbers({2048, 1024}), 0, 2)},
          {"every other column", every(numbers({1024, 2048}), 1, 2)},
          {"every third column", every(numbers({1024, 3072}), 1, 3)},
          {"twice as much", numbers({1024, 2048})},  // what every other column has to load
          {"three times as much", numbers({1024, 3072})},
          {"rows reversed", every(x, 0, -1)},
          {"columns reversed", every(x, 1, -1)},
          {"a row", broadcast_to(numbers({1024}), {1024, 1024})},
          {"a column", broadcast_to(numbers({1024, 1}), {1024, 1024})},
          {"part of each row", slice(numbers({1024, 1100}), 1, 3, 1027)},
          {"runs of 16, contiguous", numbers({1024, 64, 16})},
          {"runs of 16", permute(numbers({64, 1024, 16}), {1, 0, 2})},
          {"runs of 3, contiguous", numbers({5461, 64, 3})},
          {"runs of 3", permute(numbers({64, 5461, 3}), {1, 0, 2})},
          {"axes reversed, contiguous", numbers({128, 128, 64})},
          {"axes reversed", permute(numbers({64, 128, 128}), {2, 1, 0})}};
}

template <class F>
void measure(const std::string& name, F f) {
  benchmark::RegisterBenchmark(name.c_str(), [f](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(f().node().data);
  });
}

void measure_all(DType dtype) {
  const std::string of = dtype == float32 ? "float32/" : "float64/";
  for (const auto& [layout, x] : layouts(dtype)) {
    const Tensor other = randn(x.shape(), {.dtype = dtype});
    const auto named = [&, name = std::string(layout)](const char* operation) {
      return of + operation + "/" + name;
    };
    measure(named("copy"), [x = x] { return x + 0.0; });
    measure(named("reshape"), [x = x] { return reshape(x, {-1}); });
    measure(named("add"), [x = x, other] { return x + other; });
    measure(named("sum"), [x = x] { return sum(x); });
    measure(named("sum_rows"), [x = x] { return sum(x, {-1}); });
    measure(named("sum_columns"), [x = x] { return sum(x, {0}); });
    measure(named("max"), [x = x] { return max(x); });
    measure(named("max_rows"), [x = x] { return max(x, {-1}); });
    measure(named("max_columns"), [x = x] { return max(x, {0}); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  measure_all(float32);
  measure_all(float64);
  benchmark::RunSpecifiedBenchmarks();
}
