#include "wengert/grad/grad.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"
#include "wengert/core/backward.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert {

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         const GradOptions& options) {
  return grad_of_outputs({output}, inputs, options);
}

std::vector<Tensor> grad_of_outputs(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                    const GradOptions& options) {
  if (inputs.empty()) return {};
  for (const Tensor& input : inputs)
    if (!input.requires_grad())
      fail<GraphError>("grad", "an input must want a gradient: got one of shape ", input.shape(),
                       " that does not. Did you mean parameter(...)?");
  std::vector<Tensor> seeds = options.seeds;
  if (seeds.empty()) {
    for (const Tensor& output : outputs) {
      if (output.size() != 1)
        fail<ShapeError>("grad", "an output of several elements needs a seed of its shape: got shape ",
                         output.shape(), ". Did you mean grad(sum(y), ...)?");
      seeds.push_back(ones_like(output));
    }
  }
  std::vector<Tensor> gradients = run_backward(
      outputs, seeds, inputs,
      {.retain_graph = options.retain_graph || options.create_graph, .create_graph = options.create_graph});
  if (!options.allow_unused)
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (!gradients[i].defined())
        fail<GraphError>("grad", "the output must depend on every input: it does not depend on input ", i,
                         ", of shape ", inputs[i].shape(),
                         std::ranges::any_of(outputs, &Tensor::requires_grad)
                             ? ""
                             : ", as it was not recorded: it is a constant, or a NoGrad lived",
                         ". Did you mean {.allow_unused = true}?");
  return gradients;
}

}  // namespace wengert
