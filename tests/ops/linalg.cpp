// matmul against plain loops.
#include "wengert/ops/linalg.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("a product of two vectors") {
  CHECK(matmul(support::vector({1, 2}), support::vector({3, 4})).item() == 11.0);
}
