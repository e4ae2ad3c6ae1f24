// Flatten as a module, for nn::Sequential.
// header-only
#pragma once

#include "wengert/nn/module.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {

/// Joins the dimensions from `start` to `end`, both included; by default all but the batch's: (N, c, h) ->
/// (N, c * h).
class Flatten : public Module {
 public:
  explicit Flatten(std::int64_t start = 1, std::int64_t end = -1) : start_(start), end_(end) {}
  Tensor operator()(const Tensor& x, Location where = {}) const { return flatten(x, start_, end_, where); }

 private:
  std::int64_t start_, end_;
};

}  // namespace wengert::nn
