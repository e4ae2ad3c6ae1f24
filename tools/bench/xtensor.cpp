// The elementwise workloads under the same names, written with plain xtensor: nothing is recorded, the
// derivative is written by hand, and results go to arrays that are there already.
#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include "bench.hpp"

namespace bench {
namespace {

constexpr std::size_t n = 1024;
using Vector = xt::xtensor<float, 1>;
using Matrix = xt::xtensor<float, 2>;

Matrix matrix(Numbers& numbers, std::size_t rows, std::size_t columns) {
  return xt::adapt(numbers.normal(static_cast<std::int64_t>(rows * columns)), std::vector{rows, columns});
}

template <class A>
double mean_square(const A& x) {
  return bench::mean_square(x.data(), static_cast<std::int64_t>(x.size()));
}

const Workload chain("chain", [](benchmark::State& state) {
  const Vector x{1.0f}, factor{1.0001f}, term{1e-4f};
  Vector y, g;
  const auto step = [&] {
    y = x;
    for (int i = 0; i < 500; ++i) {
      y = Vector(y * factor);
      y = Vector(y + term);
    }
    g = {1.0f};
    for (int i = 0; i < 500; ++i) g = Vector(g * factor);
    benchmark::DoNotOptimize(g.data());
  };
  measure(state, {}, step, [&] { return mean_square(y) + mean_square(g); });
});

template <class Forward, class Backward>
void map(benchmark::State& state, Forward forward, Backward backward) {
  Numbers numbers;
  const Matrix x = matrix(numbers, n, n), g = matrix(numbers, n, n);
  Matrix y = xt::empty_like(x), dx = xt::empty_like(x);
  const auto step = [&] {
    xt::noalias(y) = forward(x);
    xt::noalias(dx) = backward(x, g);
    benchmark::DoNotOptimize(y.data());
    benchmark::DoNotOptimize(dx.data());
  };
  measure(state, {}, step, [&] { return mean_square(y) + mean_square(dx); });
}

const Workload gelu_tanh("gelu_tanh", [](benchmark::State& state) {
  constexpr float a = 0.79788456f, b = 0.044715f;
  Matrix t({n, n});
  map(
      state,
      [&](const Matrix& x) {
        xt::noalias(t) = xt::tanh(a * (x + b * x * x * x));
        return 0.5f * x * (1.0f + t);
      },
      [&](const Matrix& x, const Matrix& g) {
        return 0.5f * g * (1.0f + t + x * (1.0f - t * t) * (a * (1.0f + 3.0f * b * x * x)));
      });
});
const Workload gelu_erf("gelu_erf", [](benchmark::State& state) {
  constexpr float a = 0.70710678f, b = 0.39894228f;
  Matrix t({n, n});
  map(
      state,
      [&](const Matrix& x) {
        xt::noalias(t) = 0.5f * (1.0f + xt::erf(a * x));
        return x * t;
      },
      [&](const Matrix& x, const Matrix& g) { return g * (t + b * x * xt::exp(-0.5f * x * x)); });
});

/// z is a row or a column of the matrix; `axis` is where it is repeated.
template <class Forward, class OfMatrix, class OfVector>
void broadcast(benchmark::State& state, std::size_t axis, Forward forward, OfMatrix of_matrix,
               OfVector of_vector) {
  Numbers numbers;
  const Matrix x = matrix(numbers, n, n), z = matrix(numbers, axis == 0 ? 1 : n, axis == 0 ? n : 1),
               g = matrix(numbers, n, n);
  Matrix y = xt::empty_like(x), dx = xt::empty_like(x);
  Vector dz({n});
  const auto step = [&] {
    xt::noalias(y) = forward(x, z);
    xt::noalias(dx) = of_matrix(z, g);
    xt::noalias(dz) = xt::sum(of_vector(x, g), {axis}, xt::evaluation_strategy::immediate);
    benchmark::DoNotOptimize(y.data());
    benchmark::DoNotOptimize(dx.data());
    benchmark::DoNotOptimize(dz.data());
  };
  measure(state, {}, step, [&] { return mean_square(y) + mean_square(dx) + mean_square(dz); });
}

void add(benchmark::State& state, std::size_t axis) {
  broadcast(
      state, axis, [](const Matrix& x, const Matrix& z) { return x + z; },
      [](const Matrix&, const Matrix& g) -> const Matrix& { return g; },
      [](const Matrix&, const Matrix& g) -> const Matrix& { return g; });
}
void mul(benchmark::State& state, std::size_t axis) {
  broadcast(
      state, axis, [](const Matrix& x, const Matrix& z) { return x * z; },
      [](const Matrix& z, const Matrix& g) { return g * z; },
      [](const Matrix& x, const Matrix& g) { return g * x; });
}
const Workload add_row("add_row", [](benchmark::State& state) { add(state, 0); });
const Workload add_column("add_column", [](benchmark::State& state) { add(state, 1); });
const Workload mul_row("mul_row", [](benchmark::State& state) { mul(state, 0); });
const Workload mul_column("mul_column", [](benchmark::State& state) { mul(state, 1); });

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv); }
