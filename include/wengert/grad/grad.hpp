// grad: derivatives of an output with respect to chosen tensors, leaving every .grad() alone.
#pragma once

#include <vector>

#include "wengert/core/grad_mode.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert {

struct GradOptions {
  bool create_graph = false;  ///< record the pass, so that the results can be differentiated again
  /// Keep the graph for another pass; implied by create_graph. Otherwise what lies between the outputs and
  /// the inputs is freed; the graph below an input stays, unless it leads to another.
  bool retain_graph = false;
  bool allow_unused =
      false;  ///< an empty Tensor for an input that the output does not depend on, not an Error
  std::vector<Tensor> seeds =
      {};  ///< the cotangent of each output; ones by default, for outputs of one element
};

/// The derivative of `output` with respect to each of `inputs`, which may be leaves or results on the way.
/// Throws ShapeError for an output of several elements without seed, GraphError for an input that it does not
/// depend on, or that wants no gradient, and where the graph was freed by an earlier pass; ShapeError or
/// DTypeError for a seed of another shape or dtype than the output's.
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {});
/// The same for several outputs: the sum over them of seed times derivative. Throws as grad does, and
/// GraphError unless there are as many seeds as outputs, or none.
std::vector<Tensor> grad_of_outputs(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                    const GradOptions& options = {});

}  // namespace wengert
