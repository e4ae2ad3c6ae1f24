// Operations on shapes against plain loops.
#include "wengert/ops/shape.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("a backward slice") {
  CHECK(values(slice(support::vector({0, 1, 2}), 0, {-1, SliceRange::to_end, -1})) == std::vector<double>{2, 1, 0});
}
