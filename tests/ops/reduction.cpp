// Reductions against plain loops over every subset of the axes.
#include "wengert/ops/reduction.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("a sum over all axes") { CHECK(sum(tensor({1, 2, 3, 4}, {2, 2})).item() == 10.0); }
