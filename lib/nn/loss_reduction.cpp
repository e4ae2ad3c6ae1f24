#include "wengert/nn/loss_reduction.hpp"

#include "lib/nn/loss_parts.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert::nn {

Tensor reduce_loss(const Tensor& losses, Reduction reduction, Location where) {
  check_float("reduce_loss", "losses", losses);
  switch (reduction) {
    case Reduction::none:
      return losses;
    case Reduction::mean:
      return mean(losses, {}, false, where);
    case Reduction::sum:
      return sum(losses, {}, false, where);
  }
  return losses;
}

}  // namespace wengert::nn
