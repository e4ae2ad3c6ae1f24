// Clipping of gradients, between backward() and step().
#pragma once

#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::optim {

struct ClipNormOptions {
  double norm = 2.0;                ///< which p-norm; infinity is the largest absolute value
  bool error_if_nonfinite = false;  ///< a ValueError instead of gradients of NaN or 0
};

/// Scales all gradients by one factor so that the norm of them together is at most `max_norm` (Pascanu et
/// al., "On the difficulty of training recurrent neural networks", 2013). Returns the norm before. Parameters
/// without a gradient are left out. Throws ValueError for a negative max_norm or a norm that is not positive.
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm,
                      const ClipNormOptions& options = {});

/// Holds every element of the gradients within [-max_value, max_value]. Throws ValueError for a negative
/// max_value.
void clip_grad_value(const std::vector<Tensor>& parameters, double max_value);

}  // namespace wengert::optim
