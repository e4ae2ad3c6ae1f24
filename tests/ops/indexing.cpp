// gather, scatter_add, index_select and one_hot against plain loops.
#include "wengert/ops/indexing.hpp"

#include "support/tensors.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::same_bits;
using support::tensor;
using support::values;

TEST_CASE("index_select takes negative indices") {
  CHECK(values(index_select(support::vector({0, 1, 2}), 0, tensor({-1, 0}, {2}, int64))) == std::vector<double>{2, 0});
}
