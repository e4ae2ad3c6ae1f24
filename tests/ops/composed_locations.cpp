// Every operation that a composed function records bears the line of the user who called it.
#include <doctest/doctest.h>

#include "ops/expect.hpp"
#include "support/recorded_at.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/convolution.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/order.hpp"
#include "wengert/ops/pooling.hpp"
#include "wengert/ops/products.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;

namespace {

Tensor leaf(const Shape& shape) { return parameter(expect::numbers(shape, 5, 0.2, 0.9)); }

}  // namespace

TEST_CASE("windows bear the caller's line") {
  const Tensor x = leaf({1, 2, 4, 5}), w = leaf({2, 2, 2, 2}), b = leaf({2}), line = leaf({1, 2, 5});
  AT_THIS_LINE(conv2d(x, w, b));
  AT_THIS_LINE(conv1d(line, leaf({2, 2, 2}), b));
  AT_THIS_LINE(conv_transpose2d(x, w, b));
  AT_THIS_LINE(unfold(x, 2));
  AT_THIS_LINE(fold(leaf({1, 4, 4}), 5, 2));
  AT_THIS_LINE(max_pool2d(x, 2));
  AT_THIS_LINE(avg_pool2d(x, 2, {.padding = 1, .count_include_pad = false}));
  AT_THIS_LINE(adaptive_avg_pool2d(x, 3));
  AT_THIS_LINE(adaptive_avg_pool2d(x, {2, 1}));
  AT_THIS_LINE(interpolate(x, {.size = 3}));
  AT_THIS_LINE(interpolate(x, {.scale = {1.5}, .mode = Interpolation::bilinear}));
}

TEST_CASE("arrangements and choices bear the caller's line") {
  const Tensor x = leaf({2, 3}), at = expect::whole({1, 0});
  AT_THIS_LINE(flip(x));
  AT_THIS_LINE(roll(x, 1));
  AT_THIS_LINE(roll(x, 1, 1));
  AT_THIS_LINE(tile(x, 2));
  AT_THIS_LINE(repeat(x, 2, 0));
  AT_THIS_LINE(repeat(x, {1, 2}, 0));
  AT_THIS_LINE(pad(x, {{1, 1}, {0, 1}}));
  AT_THIS_LINE(pad(x, {{1, 1}, {0, 1}}, {.mode = PadMode::reflect}));
  AT_THIS_LINE(pad(x, {{1, 1}, {0, 1}}, {.mode = PadMode::replicate}));
  AT_THIS_LINE(split(x, 2, 1)[1]);
  AT_THIS_LINE(chunk(x, 2)[1]);
  AT_THIS_LINE(diagonal(x, 1));
  AT_THIS_LINE(diag(leaf({3}), 1));
  AT_THIS_LINE(tril(x));
  AT_THIS_LINE(sort(x));
  AT_THIS_LINE(topk(x, 2).values);
  AT_THIS_LINE(masked_select(x, x > 0.5));
  AT_THIS_LINE(take_along_axis(x, expect::whole({0, 2}, {2, 1}), 1));
  AT_THIS_LINE(index_put(x, {at}, leaf({3})));
  AT_THIS_LINE(index_put(x, {at}, leaf({3}), true));
  AT_THIS_LINE(embedding(x, at));
}

TEST_CASE("products, running operations and norms bear the caller's line") {
  const Tensor x = leaf({2, 3}), v = leaf({3});
  AT_THIS_LINE(dot(v, v));
  AT_THIS_LINE(outer(v, v));
  AT_THIS_LINE(inner(x, v));
  AT_THIS_LINE(kron(x, v));
  AT_THIS_LINE(tensordot(x, v, 1));
  AT_THIS_LINE(trace(x, 0));
  AT_THIS_LINE(einsum("ij,j,ij->i", {x, v, x}));
  AT_THIS_LINE(einsum("ii->i", {leaf({2, 2})}));
  AT_THIS_LINE(cumsum(x, 0));
  AT_THIS_LINE(cumprod(x, 1));
  AT_THIS_LINE(logcumsumexp(x, 1));
  AT_THIS_LINE(prod(x));
  AT_THIS_LINE(prod(x, 1));
  AT_THIS_LINE(expm(matmul(x, transpose(x))));
  AT_THIS_LINE(norm(x));
  AT_THIS_LINE(norm(x, 3, 1));
  AT_THIS_LINE(norm(x, INFINITY));
  AT_THIS_LINE(average(x, v, 1));
}

TEST_CASE("composed elementwise functions bear the caller's line") {
  const Tensor x = leaf({2, 3}), y = leaf({3});
  using Unary = Tensor (*)(const Tensor&, Location);
  for (const Unary f :
       {Unary(log_sigmoid), Unary(selu), Unary(silu), Unary(mish), Unary(hardsigmoid), Unary(hardswish),
        Unary(softsign), Unary(tanhshrink), Unary(relu6), Unary(identity), Unary(clone)})
    AT_THIS_LINE(f(x, {__FILE__, __LINE__}));
  AT_THIS_LINE(elu(x));
  AT_THIS_LINE(celu(x, 2));
  AT_THIS_LINE(gelu(x));
  AT_THIS_LINE(gelu(x, GeluForm::tanh));
  AT_THIS_LINE(hardtanh(x));
  AT_THIS_LINE(softshrink(x));
  AT_THIS_LINE(hardshrink(x));
  AT_THIS_LINE(threshold(x, 0.5, 1));
  AT_THIS_LINE(logaddexp(x, y));
  AT_THIS_LINE(xlogy(x, y));
  AT_THIS_LINE(lerp(x, y, 0.5));
  AT_THIS_LINE(squared_difference(x, y));
  AT_THIS_LINE(scale_gradient(x, 2));
  AT_THIS_LINE(reverse_gradient(x));
  AT_THIS_LINE(straight_through(x, x));
}

TEST_CASE("distributions bear the line of their parameters") {
  const Tensor a = leaf({3}), b = leaf({3});
  AT_THIS_LINE(uniform({2, 3}, a, a + b, float64));
  AT_THIS_LINE(normal({2, 3}, a, b, float64));
  AT_THIS_LINE(exponential({2, 3}, a, float64));
  AT_THIS_LINE(gumbel({2, 3}, a, b, float64));
  AT_THIS_LINE(truncated_normal({2, 3}, a, b, -1, 1, float64));
}
