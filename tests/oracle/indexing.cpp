// Elements chosen by indices, masks and order against PyTorch.
#include "wengert/ops/indexing.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/order.hpp"

using namespace wengert;
using In = oracle::Tensors;

namespace {

In topk_squared(const Tensor& x, std::int64_t axis, bool largest) {
  const auto [values, indices] = topk(x, 3, axis, largest);
  return {square(values), indices};
}

}  // namespace

TEST_CASE("choosing elements by indices agrees with PyTorch") {
  oracle::check_family(
      "indexing",
      {
          {"index_select.0", [](const In& x) { return index_select(x[0], 0, x[1]); }},
          {"index_select.1", [](const In& x) { return square(index_select(x[0], 1, x[1])); }},
          {"gather.0", [](const In& x) { return square(gather(x[0], 0, x[1])); }},
          {"gather.1", [](const In& x) { return square(gather(x[0], 1, x[1])); }},
          {"gather.-1", [](const In& x) { return gather(x[0], -1, x[1]); }},
          {"scatter_add.0", [](const In& x) { return square(scatter_add(x[0], 0, x[1], x[2])); }},
          {"scatter_add.1", [](const In& x) { return square(scatter_add(x[0], 1, x[1], x[2])); }},
          {"sort", [](const In& x) { return square(sort(x[0])); }},
          {"sort.0.descending", [](const In& x) { return square(sort(x[0], 0, true)); }},
          {"sort.values", [](const In& x) { return sort(x[0]); }},
          {"argsort", [](const In& x) { return argsort(x[0]); }},
          {"argsort.descending", [](const In& x) { return argsort(x[0], -1, true); }},
          {"topk", [](const In& x) { return topk_squared(x[0], -1, true); }},
          {"topk.smallest.0", [](const In& x) { return topk_squared(x[0], 0, false); }},
          {"searchsorted", [](const In& x) { return searchsorted(x[0], x[1]); }},
          {"searchsorted.right", [](const In& x) { return searchsorted(x[0], x[1], true); }},
          {"unique",
           [](const In& x) {
             const auto [values, inverse, counts] = unique(x[0]);
             return In{values, inverse, counts};
           }},
          {"masked_select", [](const In& x) { return square(masked_select(x[0], x[1])); }},
          {"nonzero", [](const In& x) { return nonzero(x[0]); }},
          {"take_along_axis", [](const In& x) { return square(take_along_axis(x[0], x[1], 0)); }},
          {"index_put",
           [](const In& x) {
             return square(index_put(x[0], {x[1], x[2]}, x[3]));
           }},
          {"index_put.rows", [](const In& x) { return square(index_put(x[0], {x[1]}, x[2])); }},
          {"index_put.add", [](const In& x) { return square(index_put(x[0], {x[1]}, x[2], true)); }},
          {"embedding", [](const In& x) { return square(embedding(x[0], x[1])); }},
          {"one_hot", [](const In& x) { return one_hot(x[0], 6, float64); }},
      });
}
