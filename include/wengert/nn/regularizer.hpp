// Penalties on parameters: scalar tensors to add to a loss, `loss + 1e-4 * nn::l2(model.parameters())`.
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

// Each throws ValueError where there is no parameter, and DTypeError where their dtypes differ.

/// The sum of the parameters' absolute values; the derivative is 0 at 0.
Tensor l1(const std::vector<Tensor>& parameters, Location where = {});
/// The sum of the parameters' squares (not its root, and without a factor of one half).
Tensor l2(const std::vector<Tensor>& parameters, Location where = {});
/// l1_ratio * l1 + (1 - l1_ratio) * l2 (Zou and Hastie, "Regularization and variable selection via the
/// elastic net", 2005). Throws ValueError unless 0 <= l1_ratio <= 1.
Tensor elastic_net(const std::vector<Tensor>& parameters, double l1_ratio = 0.5, Location where = {});

}  // namespace wengert::nn
