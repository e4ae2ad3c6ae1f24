// Composed elementwise functions, softmax and losses against PyTorch.
#include "wengert/ops/activation.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/loss.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

TEST_CASE("composed functions and losses agree with PyTorch") {
  std::vector<Entry> table = {
      {"log_sigmoid", [](const In& x) { return log_sigmoid(x[0]); }},
      {"elu", [](const In& x) { return elu(x[0]); }},
      {"selu", [](const In& x) { return selu(x[0]); }},
      {"celu", [](const In& x) { return celu(x[0]); }},
      {"gelu", [](const In& x) { return gelu(x[0]); }},
      {"silu", [](const In& x) { return silu(x[0]); }},
      {"glu", [](const In& x) { return nn::glu(x[0]); }},
      {"glu.0", [](const In& x) { return nn::glu(x[0], 0); }},
      {"mish", [](const In& x) { return mish(x[0]); }},
      {"hardtanh", [](const In& x) { return hardtanh(x[0]); }},
      {"hardsigmoid", [](const In& x) { return hardsigmoid(x[0]); }},
      {"hardswish", [](const In& x) { return hardswish(x[0]); }},
      {"softsign", [](const In& x) { return softsign(x[0]); }},
      {"softshrink", [](const In& x) { return softshrink(x[0]); }},
      {"hardshrink", [](const In& x) { return hardshrink(x[0]); }},
      {"tanhshrink", [](const In& x) { return tanhshrink(x[0]); }},
      {"relu6", [](const In& x) { return relu6(x[0]); }},
      {"elu.alpha", [](const In& x) { return elu(x[0], 0.7); }},
      {"celu.alpha", [](const In& x) { return celu(x[0], 0.5); }},
      {"gelu.tanh", [](const In& x) { return gelu(x[0], GeluForm::tanh); }},
      {"hardtanh.range", [](const In& x) { return hardtanh(x[0], -0.3, 0.8); }},
      {"softshrink.bound", [](const In& x) { return softshrink(x[0], 0.2); }},
      {"hardshrink.bound", [](const In& x) { return hardshrink(x[0], 0.2); }},
      {"threshold", [](const In& x) { return threshold(x[0], 0.3, -2.0); }},
      {"logaddexp", [](const In& x) { return logaddexp(x[0], x[1]); }},
      {"xlogy", [](const In& x) { return xlogy(x[0], x[1]); }},
      {"lerp", [](const In& x) { return lerp(x[0], x[1], x[2]); }},
      {"squared_difference", [](const In& x) { return squared_difference(x[0], x[1]); }},
      {"softmax.0", [](const In& x) { return nn::softmax(x[0], 0); }},
      {"softmax.-1", [](const In& x) { return nn::softmax(x[0]); }},
      {"log_softmax.0", [](const In& x) { return nn::log_softmax(x[0], 0); }},
      {"log_softmax.-1", [](const In& x) { return nn::log_softmax(x[0]); }},
      {"linear", [](const In& x) { return nn::linear(x[0], x[1], x[2]); }},
      {"cross_entropy.all",
       [](const In& x) {
         return nn::cross_entropy(x[0], x[1], {.label_smoothing = 0.1, .weight = x[2], .ignore_index = 0});
       }},
      {"nll_loss.all",
       [](const In& x) { return nn::nll_loss(x[0], x[1], {.weight = x[2], .ignore_index = 0}); }},
      {"binary_cross_entropy", [](const In& x) { return nn::binary_cross_entropy(x[0], x[1]); }},
      {"binary_cross_entropy_with_logits",
       [](const In& x) { return nn::binary_cross_entropy_with_logits(x[0], x[1]); }},
      {"binary_cross_entropy_with_logits.all",
       [](const In& x) {
         return nn::binary_cross_entropy_with_logits(
             x[0], x[1], {.weight = x[2], .pos_weight = x[3], .reduction = nn::Reduction::sum});
       }},
  };
  for (const auto& [name, reduction] :
       {std::pair("none", nn::Reduction::none), {"mean", nn::Reduction::mean}, {"sum", nn::Reduction::sum}}) {
    const std::string tail = std::string(".") + name;
    table.emplace_back("mse_loss" + tail,
                       [r = reduction](const In& x) { return nn::mse_loss(x[0], x[1], {.reduction = r}); });
    table.emplace_back("l1_loss" + tail,
                       [r = reduction](const In& x) { return nn::l1_loss(x[0], x[1], {.reduction = r}); });
    table.emplace_back("cross_entropy" + tail, [r = reduction](const In& x) {
      return nn::cross_entropy(x[0], x[1], {.reduction = r});
    });
  }
  oracle::check_family("activation", table);
}
