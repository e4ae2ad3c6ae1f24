// For composed functions: what they record bears the caller's line.
#pragma once

#include "wengert/core/operand.hpp"
#include "wengert/ops/selection.hpp"

namespace wengert {

/// `at(x) * y` is x * y recorded at `where`; `at.pick` is `where` so.
struct At {
  Location where;
  Operand operator()(const Tensor& x) const { return {x, where}; }
  Tensor pick(const Tensor& mask, const Operand& a, const Operand& b) const {
    return wengert::where({mask, where}, a, b);
  }
};

}  // namespace wengert
