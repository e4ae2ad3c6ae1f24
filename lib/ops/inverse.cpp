#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

void forward_inv(Node& node) {
  std::byte* to = allocate_value(node);
  copy_contiguous(to, node.input(0));
  const std::int64_t n = columns_of(node.shape), batches = n == 0 ? 0 : node.size() / (n * n);
  with_type(node.dtype, [&](auto zero) {
    over_batch(batches, n, [&](std::int64_t begin, std::int64_t end) {
      std::vector<int> pivots(static_cast<std::size_t>(n));
      auto* y = values_of<decltype(zero)>(to) + begin * n * n;
      for (std::int64_t i = begin; i < end; ++i, y += n * n) {
        if (!all_finite(y, n * n)) {
          fill_nan(y, n * n);
          continue;
        }
        if (!lapack::lu(n, y, pivots.data()))
          fail_batch("inv", "the matrix must be invertible", batch_of(node.shape), i, "is singular");
        lapack::lu_invert(n, y, pivots.data());
      }
    });
  });
}

std::vector<Sample> samples_of_inv() {
  SampleNumbers numbers(34);
  const auto sample = [&](const char* what, const Shape& shape) {
    return Sample{what, {numbers.uniform(shape, -0.5, 0.5)}, [](const std::vector<Tensor>& in) {
                    return inv(conditioned(in[0], 2.0, 0.5));
                  }};
  };
  return {sample("(3, 3)", {3, 3}), sample("batches", {2, 1, 2, 2}), sample("one number", {}),
          sample("empty", {0, 0}), sample("no batches", {0, 2, 2})};
}

/// Rule: -yᵀ g yᵀ.
constexpr Operation inv_operation{.name = "inv",
                                  .forward = forward_inv,
                                  .rules = {[](const Call& c) {
                                    const Tensor turned = transpose(c.y());
                                    return -matmul(turned, matmul(c.g, turned));
                                  }},
                                  .samples = samples_of_inv};
const Registered registered_inv(inv_operation);

}  // namespace

Tensor inv(const Tensor& a, Location where) {
  require_value("inv", a);
  require_square("inv", a, a.ndim() > 1 ? ". Did you mean pinv(a)?" : "");
  Node& node = a.node();
  return record(inv_operation, {&node}, node.shape, node.dtype, where);
}

}  // namespace wengert
