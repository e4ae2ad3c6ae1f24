// Every call's line is recorded: of functions, of operators with tensors and numbers on either side, and of
// what rules record on behalf of a call.
#include "wengert/core/location.hpp"

#include <cstring>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;

namespace {
bool here(const Tensor& x, int line) {
  const Location where = x.node().where;
  return where.line == line && std::strstr(where.file, "location.cpp") != nullptr;
}
}  // namespace

TEST_CASE("functions record their caller's line") {
  const Tensor x = parameter(xt::xarray<double>{{1, 2}, {3, 4}});
  CHECK(here(x, __LINE__ - 1));
  CHECK(here(exp(x), __LINE__));
  CHECK(here(maximum(x, 2.0), __LINE__));
  CHECK(here(maximum(2.0, x), __LINE__));
  CHECK(here(sum(x), __LINE__));
  CHECK(here(sum(x, {0}, true), __LINE__));
  CHECK(here(mean(x), __LINE__));
  CHECK(here(var(x), __LINE__));
  CHECK(here(wengert::std(x), __LINE__));
  CHECK(here(logsumexp(x), __LINE__));
  CHECK(here(prod(x), __LINE__));
  CHECK(here(matmul(x, x), __LINE__));
  CHECK(here(transpose(x), __LINE__));
  CHECK(here(reshape(x, {4}), __LINE__));
  CHECK(here(flatten(x), __LINE__));
  CHECK(here(unsqueeze(x, 0), __LINE__));
  CHECK(here(slice(x, 0, 0, 1), __LINE__));
  CHECK(here(concat({x, x}), __LINE__));
  CHECK(here(stack({x, x}), __LINE__));
  CHECK(here(where(x > 1.0, x, 0.0), __LINE__));
  CHECK(here(clip(x, 1.5, 2.5), __LINE__));
  CHECK(here(clip(x, 5.0, 2.5), __LINE__));
  CHECK(here(masked_fill(x, x > 1.0, 0.0), __LINE__));
  CHECK(here(leaky_relu(x), __LINE__));
  CHECK(here(x.astype(float32), __LINE__));
  CHECK(here(x.detach(), __LINE__));
  CHECK(here(zeros({2}), __LINE__));
  CHECK(here(arange(3), __LINE__));
  CHECK(here(randn({3}), __LINE__));
  CHECK(here(index_select(x, 0, arange(1, {.dtype = int64})), __LINE__));
  CHECK(here(argmax(x), __LINE__));
}

TEST_CASE("operators record their caller's line, whichever side is a number") {
  const Tensor x = parameter(xt::xarray<double>{1, 2});
  CHECK(here(x + x, __LINE__));
  CHECK(here(x * 2.0, __LINE__));
  CHECK(here(2.0 * x, __LINE__));
  CHECK(here(1 / x, __LINE__));
  CHECK(here(-x, __LINE__));
  CHECK(here(x > 1.0, __LINE__));
  CHECK(here(1.0 == x, __LINE__));
  const Tensor y = x * x;  // the first operand's line
  CHECK(y.node().where.line >= __LINE__ - 2);
  CHECK(y.node().where.line < __LINE__);
}

TEST_CASE("what a rule records bears the line of the call it differentiates") {
  const Tensor x = parameter(xt::xarray<double>{1, 2});
  const Tensor y = exp(x);
  const int line = __LINE__ - 1;
  const Tensor s = sum(y);
  const Tensor g = grad(s, {x}, {.create_graph = true})[0];
  CHECK(here(g, line));
  CHECK(here(exp(x), __LINE__));  // and afterwards the caller's again
}
