// Outputs and gradients are held to PyTorch's in tests/oracle/modules.cpp.
#include "wengert/nn/attention.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/functional_attention.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using nn::MultiheadAttention;

namespace {

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& entry : module.named_parameters()) names.push_back(entry.name);
  return names;
}
using Names = std::vector<std::string>;

Tensor drawn(const Shape& shape) { return parameter(randn(shape, {.dtype = float64})); }

}  // namespace

TEST_CASE("parameters have PyTorch's names, shapes and first values") {
  manual_seed(1);
  const MultiheadAttention one(20, 4), apart(4, 2, {.kdim = 3, .vdim = 5}), bare(4, 2, {.bias = false});
  CHECK(names(one) == Names{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  CHECK(one.in_proj_weight.shape() == Shape{60, 20});
  double largest = 0.0;
  for (const double w : values(one.in_proj_weight)) largest = std::max(largest, std::abs(w));
  const double bound = std::sqrt(6.0 / 80);
  CHECK((largest <= bound && largest > 0.98 * bound));
  for (const double b : values(one.in_proj_bias)) CHECK(b == 0.0);
  for (const double b : values(one.out_proj.bias)) CHECK(b == 0.0);
  CHECK(names(apart) == Names{"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias",
                              "out_proj.weight", "out_proj.bias"});
  CHECK(apart.k_proj_weight.shape() == Shape{4, 3});
  CHECK(apart.v_proj_weight.shape() == Shape{4, 5});
  CHECK(names(bare) == Names{"in_proj_weight", "out_proj.weight"});
}

TEST_CASE("with the identity for projections one head is scaled_dot_product_attention") {
  const MultiheadAttention attention(2, 1, {.batch_first = true, .dtype = float64});
  attention.in_proj_weight.assign(
      concat({eye(2, {.dtype = float64}), eye(2, {.dtype = float64}), eye(2, {.dtype = float64})}).detach());
  attention.out_proj.weight.assign(eye(2, {.dtype = float64}));
  manual_seed(2);
  const Tensor q = drawn({2, 3, 2}), k = drawn({2, 4, 2}), v = drawn({2, 4, 2});
  const auto [y, weights] = attention(q, k, v);
  CHECK(near(y, values(nn::scaled_dot_product_attention(q, k, v))));
  CHECK(near(weights, values(nn::attention_weights(q, k))));
  const auto causal = attention(q, k, v, {.causal = true, .need_weights = false});
  CHECK(near(causal.output, values(nn::scaled_dot_product_attention(q, k, v, {.causal = true}))));
  CHECK(!causal.weights.defined());
}

TEST_CASE("a boolean mask is true where a key is hidden, and a float one is added") {
  manual_seed(3);
  const MultiheadAttention attention(4, 2);
  const Tensor x = randn({3, 2, 4});
  const Tensor hide = Tensor(xt::xarray<bool>{{false, true, false}, {false, false, true}});
  const auto [y, weights] = attention(x, x, x, {.key_padding_mask = hide});
  const auto w = values(weights);  // (2, 3, 3)
  for (std::size_t i = 0; i < 18; ++i) CHECK((w[i] == 0.0) == (i < 9 ? i % 3 == 1 : i % 3 == 2));
  const Tensor added = wengert::where(hide, full({}, -INFINITY), 0.0);
  CHECK(values(attention(x, x, x, {.key_padding_mask = added}).output) == values(y));
  // One mask for each sample and head, here the same for all, says what one for all says.
  const Tensor upper = triu(ones({3, 3}), 1) == 1.0;
  const auto one = values(attention(x, x, x, {.attn_mask = upper}).output);
  CHECK(near(attention(x, x, x, {.attn_mask = tile(unsqueeze(upper, 0), {4, 1, 1})}).output, one, 1e-6));
  CHECK(near(attention(x, x, x, {.causal = true}).output, one, 1e-6));
  const auto apart = attention(x, x, x, {.attn_mask = upper, .average_attn_weights = false}).weights;
  CHECK(apart.shape() == Shape{2, 2, 3, 3});
}

TEST_CASE("batch_first and a single sequence are other arrangements of the same") {
  manual_seed(4);
  const MultiheadAttention attention(4, 2, {.kdim = 3, .vdim = 5});
  MultiheadAttention turned(4, 2, {.batch_first = true, .kdim = 3, .vdim = 5});
  turned.load(attention.state());
  const Tensor q = randn({3, 2, 4}), k = randn({6, 2, 3}), v = randn({6, 2, 5});
  const auto swapped = [](const Tensor& x) { return permute(x, {1, 0, 2}); };
  const auto [y, weights] = attention(q, k, v);
  CHECK(y.shape() == Shape{3, 2, 4});
  CHECK(weights.shape() == Shape{2, 3, 6});
  CHECK(near(swapped(turned(swapped(q), swapped(k), swapped(v)).output), values(y), 1e-6));
  const auto second = [](const Tensor& x) { return squeeze(slice(x, 1, 1, 2), {1}); };
  for (const MultiheadAttention* module : {&attention, &std::as_const(turned)}) {
    const auto [one, seen] = (*module)(second(q), second(k), second(v));
    CHECK(one.shape() == Shape{3, 4});
    CHECK(near(one, values(second(y)), 1e-5));
    CHECK(near(seen, values(slice(weights, 0, 1, 2)), 1e-5));
  }
}

TEST_CASE("dropout of the weights acts in training only") {
  manual_seed(5);
  MultiheadAttention attention(4, 2, {.dropout = 0.5});
  const Tensor x = randn({6, 2, 4});
  CHECK(values(attention(x, x, x).output) != values(attention(x, x, x).output));
  attention.eval();
  CHECK(values(attention(x, x, x).output) == values(attention(x, x, x).output));
}

TEST_CASE("derivatives of attention hold, to second order") {
  manual_seed(6);
  const MultiheadAttention attention(4, 2, {.dtype = float64});
  const Tensor q = drawn({2, 1, 4}), k = drawn({3, 1, 4});
  CHECK(expect::wrong_derivatives(attention, {q, k}, [&](const auto& in) {
          return attention(in[0], in[1], in[1], {.causal = true}).output;
        }) == "");
}

TEST_CASE("what does not fit attention is named") {
  const MultiheadAttention attention(4, 2, {.kdim = 3});
  const Tensor q = zeros({5, 2, 4}), k = zeros({6, 2, 3}), v = zeros({6, 2, 4});
  const std::string law =
      "[MultiheadAttention] query, key and value must be (L, N, E), (S, N, K) and (S, N, V) with E, K, V = "
      "4, 3, "
      "4, or all without N: got ";
  CHECK(message<ShapeError>([&] { attention(q, v, v); }) == law + "(5, 2, 4), (6, 2, 4) and (6, 2, 4)");
  CHECK(message<ShapeError>([&] { attention(q, k, q); }) == law + "(5, 2, 4), (6, 2, 3) and (5, 2, 4)");
  CHECK(message<ShapeError>([&] {
          attention(q, zeros({6, 1, 3}), v);
        }) == law + "(5, 2, 4), (6, 1, 3) and (6, 2, 4)");
  CHECK(message<ShapeError>([&] {
          attention(q, zeros({6, 3}), v);
        }) == law + "(5, 2, 4), (6, 3) and (6, 2, 4)");
  CHECK(message<ShapeError>([&] {
          attention(q, k, v, {.attn_mask = zeros({6, 5})});
        }) == "[MultiheadAttention] the attn_mask must be (5, 6) or (4, 5, 6): got (6, 5)");
  CHECK(message<ShapeError>([&] {
          attention(q, k, v, {.key_padding_mask = zeros({6, 2})});
        }) == "[MultiheadAttention] the key_padding_mask must be (2, 6): got (6, 2)");
  CHECK(message<DTypeError>([&] {
          attention(q, k, v, {.attn_mask = zeros({5, 6}, {.dtype = int64})});
        }) ==
        "[MultiheadAttention] the attn_mask must be boolean or of the query's dtype: got int64 for float32");
  CHECK(message<ValueError>([] { MultiheadAttention(4, 3); }) ==
        "[MultiheadAttention] the heads must divide the extent: got 3 heads for 4");
  CHECK(message<ValueError>([] { MultiheadAttention(4, 2, {.kdim = 0}); }) ==
        "[MultiheadAttention] the extents must be positive: got 4, 0 and 4");
  CHECK(message<ValueError>([] { MultiheadAttention(4, 2, {.dropout = 2}); }) ==
        "[MultiheadAttention] dropout must lie within [0, 1]: got 2");
}
