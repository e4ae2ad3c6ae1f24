// A line search for the strong Wolfe conditions.
#pragma once

#include <functional>

#include "wengert/core/tensor.hpp"

namespace wengert::optim {

/// A point on a line: where, the loss there, its slope along the line, and the whole gradient.
struct LinePoint {
  double t = 0.0, loss = 0.0, slope = 0.0;
  Tensor gradient;
};

struct LineSearch {
  double tolerance = 1e-9;  ///< a bracket that changes no parameter by more is left
  double largest = 1.0;     ///< of the direction: the largest absolute element
};

/// A point with loss <= start.loss + 1e-4 t start.slope and |slope| <= 0.9 |start.slope|, or the best found
/// in 25 evaluations; begins with length `t`. A loss of NaN counts as infinite. Counts `evaluations`.
LinePoint search_line(const std::function<LinePoint(double)>& at, const LinePoint& start, double t,
                      const LineSearch& options, std::int64_t& evaluations);

}  // namespace wengert::optim
