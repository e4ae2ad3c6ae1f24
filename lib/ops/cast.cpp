// Conversion between dtypes: Tensor::astype.
#include "lib/core/lowering.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"

namespace wengert {
namespace {

void forward_cast(Node& node) {
  run_blocks(kernel::table().cast[index(node.input(0).dtype)][index(node.dtype)], node, node.inputs(), 1);
}

bool lower_cast(const Node& node, Lowering& lowering) {
  lowering = {.block = kernel::table().cast[index(node.input(0).dtype)][index(node.dtype)],
              .in = {0, -1, -1, -1}};
  return true;
}

/// Rule: g in the dtype of x.
constexpr Operation cast_operation{
    .name = "astype",
    .forward = forward_cast,
    .rules = {[](const Call& c) { return c.g.astype(c.node.input(0).dtype); }},
    .samples =
        [] {
          SampleNumbers numbers(12);
          // There and back, so that the result is float64 again; float32 rounds, within what the tests allow.
          return std::vector<Sample>{
              {"float64 to int64",
               {numbers.uniform({2, 3}, -5.0, 5.0)},
               [](const std::vector<Tensor>& in) { return in[0].detach().astype(int64).astype(float64); }},
              {"float64 to boolean",
               {numbers.uniform({3}, -5.0, 5.0)},
               [](const std::vector<Tensor>& in) { return in[0].detach().astype(boolean).astype(float64); }},
              {"0-d",
               {numbers.uniform({}, -5.0, 5.0)},
               [](const std::vector<Tensor>& in) { return in[0].detach().astype(int64).astype(float64); }},
              {"empty", {numbers.uniform({0, 2}, -5.0, 5.0)}, [](const std::vector<Tensor>& in) {
                 return in[0].detach().astype(int64).astype(float64);
               }}};
        },
    .lower = lower_cast,
    .looks_at = {}};
const Registered registered_cast(cast_operation);

}  // namespace

Tensor Tensor::astype(DType dtype, Location where) const {
  Node& from = recorded();
  if (from.dtype == dtype) return *this;
  return record(cast_operation, {&from}, from.shape, dtype, where);
}

}  // namespace wengert
