// The backward pass over the tape: cotangents for chosen targets, or accumulated into leaves.
#pragma once

#include <span>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Which cotangents a pass computes, and what it leaves behind.
struct PassOptions {
  bool retain_graph = false;
  bool create_graph = false;
  /// Nothing is followed beyond a target: each stands for itself, whatever it was computed from.
  bool partial = false;
};

/// Walks the tape backward from `outputs` with cotangents `seeds` (of the outputs' shapes and dtypes). With
/// `targets` empty, accumulates into every leaf reached that wants a gradient; otherwise returns the
/// cotangent of each target, leaves untouched: zeros where the derivative is zero, an empty Tensor where a
/// target is not reached. Throws GraphError where a part of the graph has been freed and unless there is a
/// seed for each output, ShapeError or DTypeError for a seed that does not fit.
std::vector<Tensor> run_backward(std::span<const Tensor> outputs, std::span<const Tensor> seeds,
                                 std::span<const Tensor> targets, const PassOptions& options);

}  // namespace wengert
