// where, clip, logic and closeness.
#include "wengert/ops/selection.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("clip holds values within its bounds") {
  CHECK(values(clip(support::vector({-2, 0.5, 3}), 0, 1)) == std::vector<double>{0, 0.5, 1});
}
