// grad: derivatives of an output with respect to chosen tensors, leaving every .grad() alone.
#pragma once

#include <vector>

#include "wengert/core/grad_mode.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert {

struct GradOptions {
  bool create_graph = false;  ///< record the pass, so that the results can be differentiated again
  bool retain_graph = false;  ///< keep the graph for another pass; implied by create_graph
  bool allow_unused =
      false;  ///< an empty Tensor for an input that the output does not depend on, not an Error
  std::vector<Tensor> seeds =
      {};  ///< the cotangent of each output; ones by default, for outputs of one element
};

/// The derivative of `output` with respect to each of `inputs`, which may be leaves or results on the way.
/// Throws ShapeError for an output of several elements without seed, GraphError for an input that it does not
/// depend on, or that wants no gradient.
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {});
/// The same for several outputs: the sum over them of seed times derivative.
std::vector<Tensor> grad_of_outputs(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                    const GradOptions& options = {});

}  // namespace wengert
