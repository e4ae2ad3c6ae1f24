// Holds a module's derivatives to differences of itself.
#pragma once

#include <string>
#include <vector>

#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/module.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace expect {

/// What gradcheck finds wrong with the first and second derivatives of call(inputs) in the module's
/// parameters and the inputs that want a gradient; "" where all hold.
template <class F>
std::string wrong_derivatives(const wengert::nn::Module& module, const std::vector<wengert::Tensor>& inputs,
                              F call, int order = 2) {
  using namespace wengert;
  std::vector<Tensor> leaves = module.parameters();
  for (const Tensor& x : inputs)
    if (x.requires_grad()) leaves.push_back(x);
  const auto loss = [&] {
    const Tensor y = call(inputs);
    const Tensor weights = reshape(linspace(0.5, 1.5, y.size(), {.dtype = float64}), y.shape());
    return sum(weights * sin(y));
  };
  return gradcheck_leaves(leaves, loss, {.order = order}).problem;
}

}  // namespace expect
