// The elementwise operations: their values in each dtype, int64 exactly, and the operators beside xtensor.
#include "wengert/ops/elementwise.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("int64 arithmetic is exact where double is not") {
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  const Tensor x(xt::xarray<std::int64_t>{big});
  CHECK(support::whole(x + 1) == std::vector<std::int64_t>{big + 1});
}
