// What the workloads written with Wengert share.
#pragma once

#include <wengert/wengert.hpp>
#include <xtensor/xadapt.hpp>

#include "bench.hpp"

namespace bench {

using wengert::Shape;
using wengert::Tensor;

template <class T>
Tensor constant(const std::vector<T>& values, const Shape& shape) {
  return Tensor(xt::adapt(values, std::vector<std::size_t>(shape.begin(), shape.end())));
}
inline Tensor leaf(const std::vector<float>& values, const Shape& shape) {
  return wengert::parameter(xt::adapt(values, std::vector<std::size_t>(shape.begin(), shape.end())));
}

/// Gives every parameter its initial value.
inline void fill(const wengert::nn::Module& module, Numbers& numbers) {
  for (const auto& [name, parameter] : module.named_parameters())
    parameter.assign(constant(numbers.initial(name, parameter.shape()), parameter.shape()));
}

/// Has the value computed, where it still waits.
inline void compute(const Tensor& x) { benchmark::DoNotOptimize(&x.node()); }

inline double mean_square(const Tensor& x) {
  const wengert::NoGrad constant;
  return wengert::mean(wengert::square(x)).item();
}

/// Forward and backward of f with a given cotangent: the result's value and all gradients are wanted.
template <class F>
void measure_function(benchmark::State& state, const Cost& cost, F f, const Tensor& g,
                      const std::vector<Tensor>& leaves) {
  measure(
      state, cost,
      [&] {
        for (const Tensor& x : leaves) x.zero_grad();
        const Tensor y = f();
        y.backward({.seed = g});
        compute(y);
        for (const Tensor& x : leaves) compute(x.grad());
      },
      [&] {
        double check = 0.0;
        for (const Tensor& x : leaves) check += mean_square(x.grad()), x.zero_grad();
        return check + mean_square(f());
      });
}

/// A step of training: the loss's value and the parameters' new ones are wanted.
template <class Optimizer, class Loss>
void measure_training(benchmark::State& state, const Cost& cost, Optimizer& optimizer, Loss loss_of) {
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = loss_of();
    loss.backward();
    optimizer.step();
    compute(loss);
  };
  measure(state, cost, step, [&] { return loss_of().item(); });
}

}  // namespace bench
