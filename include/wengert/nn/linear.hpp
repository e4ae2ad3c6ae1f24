// The fully connected layer, and the one of two inputs. Calls throw as the functions of nn/functional.hpp do.
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

/// y[..., o] = x1^T W[o] x2 + b[o]: (..., in1) x (..., in2) -> (..., out), with `weight` (out, in1, in2) and
/// `bias` (out), both uniform within 1 / sqrt(in1) of 0 at first.
class Bilinear : public Module {
 public:
  /// Throws ValueError for an extent below 1.
  Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, const LinearOptions& options = {});

  Tensor operator()(const Tensor& x1, const Tensor& x2, Location where = {}) const;
  void visit(Visitor& v) override;

  Tensor weight, bias;
};

}  // namespace wengert::nn
