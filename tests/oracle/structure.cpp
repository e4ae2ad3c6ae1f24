// Operations on shapes and indices, and products, against PyTorch.
#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using In = oracle::Tensors;

TEST_CASE("operations on shapes agree with PyTorch") {
  oracle::check_family("structure", {
    {"reshape", [](const In& x) { return reshape(x[0], {4, -1}); }},
    {"reshape.squared", [](const In& x) { return square(reshape(x[0], {4, -1})); }},
    {"flatten", [](const In& x) { return flatten(x[0]); }},
    {"flatten.1", [](const In& x) { return flatten(x[0], 1); }},
    {"squeeze", [](const In& x) { return squeeze(x[0]); }},
    {"squeeze.2", [](const In& x) { return squeeze(x[0], 2); }},
    {"unsqueeze.0", [](const In& x) { return unsqueeze(x[0], 0); }},
    {"unsqueeze.-1", [](const In& x) { return unsqueeze(x[0], -1); }},
    {"transpose", [](const In& x) { return transpose(x[0]); }},
    {"permute", [](const In& x) { return permute(x[0], {2, 0, 1}); }},
    {"permute.squared", [](const In& x) { return square(permute(x[0], {2, 0, 1})); }},
    {"permute.negative", [](const In& x) { return permute(x[0], {-1, 1, 0}); }},
    {"broadcast_to", [](const In& x) { return broadcast_to(x[0], {5, 2, 3, 4}); }},
    {"broadcast_to.squared", [](const In& x) { return square(broadcast_to(x[0], {5, 2, 3, 4})); }},
    {"concat.0", [](const In& x) { return concat(x, 0); }},
    {"concat.-1", [](const In& x) { return concat(x, -1); }},
    {"concat.squared", [](const In& x) { return square(concat(x, 0)); }},
    {"stack.0", [](const In& x) { return stack(x, 0); }},
    {"stack.1", [](const In& x) { return stack(x, 1); }},
    {"stack.-1", [](const In& x) { return stack(x, -1); }},
    {"slice", [](const In& x) { return slice(x[0], 1, 1, 3); }},
    {"slice.step", [](const In& x) { return slice(x[0], 2, {0, SliceRange::to_end, 2}); }},
    {"slice.step.squared", [](const In& x) { return square(slice(x[0], 2, {0, SliceRange::to_end, 2})); }},
    {"slice.negative", [](const In& x) { return slice(x[0], 1, {-2}); }},
    {"slice.back", [](const In& x) { return slice(x[0], 2, {-1, SliceRange::to_end, -2}); }},
    {"slice.back.squared", [](const In& x) { return square(slice(x[0], 2, {-1, SliceRange::to_end, -2})); }},
    {"slice.empty", [](const In& x) { return slice(x[0], 1, 2, 1); }},
  });
}

TEST_CASE("choosing elements by indices agrees with PyTorch") {
  oracle::check_family("indexing", {
    {"index_select.0", [](const In& x) { return index_select(x[0], 0, x[1]); }},
    {"index_select.1", [](const In& x) { return square(index_select(x[0], 1, x[1])); }},
    {"gather.0", [](const In& x) { return square(gather(x[0], 0, x[1])); }},
    {"gather.1", [](const In& x) { return square(gather(x[0], 1, x[1])); }},
    {"gather.-1", [](const In& x) { return gather(x[0], -1, x[1]); }},
    {"scatter_add.0", [](const In& x) { return square(scatter_add(x[0], 0, x[1], x[2])); }},
    {"scatter_add.1", [](const In& x) { return square(scatter_add(x[0], 1, x[1], x[2])); }},
    {"one_hot", [](const In& x) { return one_hot(x[0], 6, float64); }},
  });
}

TEST_CASE("products agree with PyTorch") {
  oracle::check_family("products", {
    {"matmul", [](const In& x) { return matmul(x[0], x[1]); }},
  });
}
