// The fully connected layer.
#pragma once

#include "wengert/nn/module.hpp"

namespace wengert::nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = float32;
};

/// y = x W^T + b: (..., in) -> (..., out), with `weight` (out, in) and `bias` (out). Both begin uniform
/// within 1 / sqrt(in) of 0, as PyTorch's do. Without a bias `bias` is an empty Tensor.
class Linear : public Module {
 public:
  /// Throws ValueError for a negative extent.
  Linear(std::int64_t in, std::int64_t out, const LinearOptions& options = {});

  Tensor operator()(const Tensor& x, Location where = {}) const;
  void visit(Visitor& v) override;

  Tensor weight, bias;
};

}  // namespace wengert::nn
