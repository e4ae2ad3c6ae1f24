// Making tensors from shapes and numbers.
#include "wengert/ops/creation.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("arange stops before its end") {
  CHECK(values(arange(0, 1, 0.25)) == std::vector<double>{0, 0.25, 0.5, 0.75});
}
