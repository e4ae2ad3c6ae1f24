// The loop of the law tests: every sample of every registered operation, evaluated and differentiated.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/tensors.hpp"
#include "wengert/core/node.hpp"
#include "wengert/grad/grad.hpp"

namespace laws {

using support::values;
using wengert::Operation;
using wengert::Sample;
using wengert::Shape;
using wengert::Tensor;
using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// Runs `law` on each sample; what is special about it goes into the message of a failure.
inline void for_each_sample(const std::function<void(const Operation&, const Sample&)>& law) {
  for (const Operation* operation : wengert::registered_operations())
    for (const Sample& sample : operation->samples()) {
      const std::string name = std::string(operation->name) + ", " + sample.what;
      CAPTURE(name);
      law(*operation, sample);
    }
}

/// Numbers in [-1, 1], reproducible, none of them near 0.
inline Tensor weights(const Shape& shape, wengert::DType dtype = wengert::float64, unsigned seed = 1) {
  std::vector<double> numbers(static_cast<std::size_t>(wengert::element_count(shape)));
  std::uint64_t state = seed * 7919u + 17u;
  for (double& entry : numbers) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    entry = 0.25 + 0.75 * static_cast<double>(state >> 11) * 0x1p-53;
    if (state >> 10 & 1) entry = -entry;
  }
  return support::tensor(numbers, shape, dtype);
}

struct Evaluation {
  Tensor value;
  std::vector<Tensor> gradients;  // of each input; empty for one that is not asked for or not reached
};

/// The value, and the gradient of every input that wants one, contracted with `seed`, or with weights().
inline Evaluation evaluate(const Function& call, const std::vector<Tensor>& inputs, bool create_graph = false,
                           Tensor seed = {}) {
  Evaluation result{call(inputs), std::vector<Tensor>(inputs.size())};
  if (!result.value.requires_grad()) return result;
  if (!seed.defined()) seed = weights(result.value.shape(), result.value.dtype());
  std::vector<Tensor> wanted;
  for (const Tensor& input : inputs)
    if (input.requires_grad()) wanted.push_back(input);
  const auto gradients = wengert::grad(result.value, wanted,
                                       {.create_graph = create_graph, .allow_unused = true, .seeds = {seed}});
  for (std::size_t i = 0, k = 0; i < inputs.size(); ++i)
    if (inputs[i].requires_grad()) result.gradients[i] = gradients[k++];
  return result;
}

}  // namespace laws
