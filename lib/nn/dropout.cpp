#include "wengert/nn/dropout.hpp"

#include "lib/core/fail.hpp"
#include "wengert/nn/functional.hpp"

namespace wengert::nn {

Dropout::Dropout(double p) : p_(p) {
  if (!(p >= 0.0 && p <= 1.0)) fail<ValueError>("Dropout", "p must lie within [0, 1]: got ", p);
}

Tensor Dropout::operator()(const Tensor& x, Location where) const {
  return dropout(x, p_, is_training(), where);
}

}  // namespace wengert::nn
