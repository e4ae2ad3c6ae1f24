// Every loss in float32 is float32 and near its value in float64, whatever the layout of its inputs.
#include <doctest/doctest.h>

#include <functional>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using expect::labels;

namespace {

using Loss = std::function<Tensor(const Tensor& x, const Tensor& y, const Tensor& p, const Tensor& sign)>;
struct Named {
  const char* name;
  Loss loss;
};

const Named losses[] = {
    {"mse", [](auto& x, auto& y, auto&, auto&) { return nn::mse_loss(x, y); }},
    {"l1", [](auto& x, auto& y, auto&, auto&) { return nn::l1_loss(x, y); }},
    {"huber", [](auto& x, auto& y, auto&, auto&) { return nn::huber_loss(x, y, {.delta = 0.3}); }},
    {"smooth_l1", [](auto& x, auto& y, auto&, auto&) { return nn::smooth_l1_loss(x, y, {.beta = 0.3}); }},
    {"log_cosh", [](auto& x, auto& y, auto&, auto&) { return nn::log_cosh_loss(x, y); }},
    {"quantile", [](auto& x, auto& y, auto&, auto&) { return nn::quantile_loss(x, y, {.quantile = 0.3}); }},
    {"poisson_nll",
     [](auto& x, auto&, auto& p, auto&) { return nn::poisson_nll_loss(x, 3.0 * p, {.full = true}); }},
    {"gaussian_nll",
     [](auto& x, auto& y, auto& p, auto&) { return nn::gaussian_nll_loss(x, y, p, {.full = true}); }},
    {"binary_cross_entropy",
     [](auto&, auto&, auto& p, auto&) { return nn::binary_cross_entropy(p, 1.0 - p); }},
    {"with_logits",
     [](auto& x, auto&, auto& p, auto&) { return nn::binary_cross_entropy_with_logits(x, p); }},
    {"cross_entropy",
     [](auto& x, auto&, auto&, auto&) {
       return nn::cross_entropy(x, labels({0, 2, 1, 1}), {.label_smoothing = 0.1});
     }},
    {"cross_entropy of probabilities",
     [](auto& x, auto&, auto& p, auto&) { return nn::cross_entropy(x, p, {.label_smoothing = 0.1}); }},
    {"nll",
     [](auto& x, auto&, auto&, auto&) {
       return nn::nll_loss(x, labels({0, 2, 1, 1}));
     }},
    {"kl_div", [](auto& x, auto&, auto& p, auto&) { return nn::kl_div(x, p); }},
    {"kl_div of logarithms",
     [](auto& x, auto& y, auto&, auto&) { return nn::kl_div(x, y, {.log_target = true}); }},
    {"focal", [](auto& x, auto&, auto& p, auto&) { return nn::focal_loss(x, p); }},
    {"dice", [](auto&, auto& y, auto& p, auto&) { return nn::dice_loss(p, sigmoid(y)); }},
    {"hinge", [](auto& x, auto&, auto&, auto& sign) { return nn::hinge_loss(x, sign); }},
    {"squared_hinge", [](auto& x, auto&, auto&, auto& sign) { return nn::squared_hinge_loss(x, sign); }},
    {"soft_margin", [](auto& x, auto&, auto&, auto& sign) { return nn::soft_margin_loss(x, sign); }},
    {"multi_margin",
     [](auto& x, auto&, auto&, auto&) {
       return nn::multi_margin_loss(x, labels({0, 2, 1, 1}), {.p = 2});
     }},
    {"margin_ranking",
     [](auto& x, auto& y, auto&, auto& sign) { return nn::margin_ranking_loss(x, y, sign); }},
    {"triplet_margin", [](auto& x, auto& y, auto& p, auto&) { return nn::triplet_margin_loss(x, y, p); }},
    {"cosine_embedding",
     [](auto& x, auto& y, auto&, auto& sign) {
       return nn::cosine_embedding_loss(x, y, reshape(slice(sign, 1, 0, 1), {4}));
     }},
    {"info_nce", [](auto& x, auto& y, auto&, auto&) { return nn::info_nce_loss(x, y); }},
    {"ctc",
     [](auto& x, auto&, auto&, auto&) {
       return nn::ctc_loss(unsqueeze(nn::log_softmax(x), 1), labels({1, 2}), labels({4}), labels({2}));
     }},
};

}  // namespace

TEST_CASE("losses keep the dtype, and do not look at the layout") {
  manual_seed(8);
  const Shape shape{4, 3};
  const Tensor x = randn(shape, {.dtype = float64}), y = randn(shape, {.dtype = float64}),
               p = nn::softmax(randn(shape, {.dtype = float64})).detach(),
               sign = where(randn(shape, {.dtype = float64}) > 0.0, ones(shape, {.dtype = float64}), -1.0);
  const auto narrow = [](const Tensor& t) { return t.astype(float32); };
  const auto turned = [](const Tensor& t) { return transpose(transpose(t).detach() * 1.0); };
  for (const auto& [name, loss] : losses) {
    INFO(name);
    const Tensor exact = loss(x, y, p, sign);
    const Tensor rough = loss(narrow(x), narrow(y), narrow(p), narrow(sign));
    CHECK(exact.shape() == Shape{});
    CHECK((exact.dtype() == float64 && rough.dtype() == float32));
    CHECK(expect::near(rough.item(), exact.item(), 1e-6));
    CHECK(expect::near(loss(turned(x), turned(y), turned(p), turned(sign)).item(), exact.item(), 1e-14));
  }
}
