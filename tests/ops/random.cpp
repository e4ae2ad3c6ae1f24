// Random tensors: reproducible, and distributed as they should be.
#include "wengert/ops/random.hpp"

#include "wengert/core/random.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("the same seed gives the same numbers") {
  manual_seed(7);
  const Tensor a = rand({5});
  manual_seed(7);
  CHECK(same_bits(a, rand({5})));
}
