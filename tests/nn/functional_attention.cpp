#include "wengert/nn/functional_attention.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

const Tensor q = expect::tensor({1, 0, 0, 2}, {2, 2}), k = expect::tensor({1, 0, 0, 1, 1, 1}, {3, 2}),
             v = expect::tensor({1, 2, 3}, {3, 1});

/// The softmax of a list.
std::vector<double> shares(const std::vector<double>& z) {
  double total = 0;
  std::vector<double> y;
  for (const double x : z) total += std::exp(x);
  for (const double x : z) y.push_back(std::exp(x) / total);
  return y;
}
std::vector<double> joined(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("each query weighs the values by its products with the keys") {
  const double s = 1 / std::sqrt(2);
  const auto a = shares({s, 0, s}), b = shares({0, 2 * s, 2 * s});
  CHECK(near(nn::attention_weights(q, k), joined(a, b)));
  CHECK(near(nn::scaled_dot_product_attention(q, k, v),
             {a[0] + 2 * a[1] + 3 * a[2], b[0] + 2 * b[1] + 3 * b[2]}));
  CHECK(near(nn::attention_weights(q, k, {.scale = 1.0}), joined(shares({1, 0, 1}), shares({0, 2, 2}))));
}

TEST_CASE("masks say who sees whom") {
  const Tensor mask = expect::tensor({1, 1, 0, 0, 1, 1}, {2, 3}) == 1.0;
  const auto seen = values(nn::attention_weights(q, k, {.mask = mask, .scale = 1.0}));
  CHECK(near(seen, joined(joined(shares({1, 0}), {0, 0}), shares({2, 2}))));
  CHECK((seen[2] == 0.0 && seen[3] == 0.0));
  const Tensor added = expect::tensor({0, 0, -INFINITY, -INFINITY, 0, 0}, {2, 3});
  CHECK(values(nn::attention_weights(q, k, {.mask = added, .scale = 1.0})) == seen);
  const Tensor bias = expect::tensor({1, 0, 2});  // the same for each query
  CHECK(near(nn::attention_weights(q, k, {.mask = bias, .scale = 1.0}),
             joined(shares({2, 0, 3}), shares({1, 2, 4}))));
  const auto causal = values(nn::attention_weights(q, k, {.causal = true, .scale = 1.0}));
  CHECK(near(causal, joined({1, 0, 0}, joined(shares({0, 2}), {0}))));
  const auto both = values(
      nn::attention_weights(q, k, {.mask = expect::tensor({0, 1, 0}) == 0.0, .causal = true, .scale = 1.0}));
  CHECK(near(both, {1, 0, 0, 1, 0, 0}));
  const auto none = values(nn::attention_weights(q, k, {.mask = zeros({3}) == 1.0}));
  for (const double w : none) CHECK(std::isnan(w));
}

TEST_CASE("batches and heads are dimensions ahead, broadcast") {
  manual_seed(1);
  const Tensor x = randn({2, 3, 4, 5}, {.dtype = float64}), y = randn({3, 6, 5}, {.dtype = float64});
  const Tensor z = nn::scaled_dot_product_attention(x, y, y, {.causal = true});
  CHECK(z.shape() == Shape{2, 3, 4, 5});
  const auto part = [](const Tensor& t, std::int64_t i) { return squeeze(slice(t, 0, i, i + 1), {0}); };
  const Tensor one =
      nn::scaled_dot_product_attention(part(part(x, 1), 2), part(y, 2), part(y, 2), {.causal = true});
  CHECK(near(part(part(z, 1), 2), values(one)));
  CHECK(near(values(sum(nn::attention_weights(x, y), {-1})), std::vector<double>(24, 1.0)));
}

TEST_CASE("dropout of weights keeps what is expected") {
  manual_seed(4);
  const Tensor x = zeros({1, 1}), keys = zeros({10000, 1});
  const double y = nn::scaled_dot_product_attention(x, keys, ones({10000, 1}), {.dropout = 0.4}).item();
  CHECK(y == doctest::Approx(1.0).epsilon(0.03));
  CHECK(y != 1.0);
}

TEST_CASE("the derivatives of attention hold, to second order") {
  manual_seed(5);
  const Tensor a = randn({2, 3, 2}, {.dtype = float64}), b = randn({2, 4, 2}, {.dtype = float64}),
               c = randn({2, 4, 3}, {.dtype = float64}), mask = randn({3, 4}, {.dtype = float64});
  CHECK(gradcheck(
            [](const auto& in) {
              return nn::scaled_dot_product_attention(in[0], in[1], in[2], {.mask = in[3], .causal = true});
            },
            {a, b, c, mask}, {.order = 2})
            .problem == "");
}

TEST_CASE("attention names what does not fit") {
  CHECK(message<ShapeError>([&] {
          nn::attention_weights(zeros({2, 3}), zeros({2, 4}));
        }) == "[attention_weights] queries must be (..., L, E) and keys (..., S, E): got (2, 3) and (2, 4)");
  CHECK(message<ShapeError>([&] {
          nn::attention_weights(q, k, {.mask = zeros({3, 2}) == 0.0});
        }) ==
        "[attention_weights] the mask must broadcast to (..., L, S): got (3, 2) for queries (2, 2) and keys "
        "(3, 2)");
  CHECK(message<DTypeError>([&] {
          nn::attention_weights(q, k, {.mask = zeros({2, 3})});
        }) ==
        "[attention_weights] the mask must be boolean or of the queries' dtype: got float32 for float64");
  CHECK(
      message<ShapeError>([&] { nn::scaled_dot_product_attention(q, k, q); }) ==
      "[scaled_dot_product_attention] there must be a value for each key: got keys (3, 2) and values (2, 2)");
  CHECK(
      message<ShapeError>([&] { nn::scaled_dot_product_attention(zeros({2}), k, v); }) ==
      "[scaled_dot_product_attention] queries must be (..., L, E) and keys (..., S, E): got (2,) and (3, 2)");
  CHECK(message<ValueError>([&] { nn::scaled_dot_product_attention(q, k, v, {.dropout = 1.5}); }) ==
        "[scaled_dot_product_attention] dropout must lie within [0, 1]: got 1.5");
}
