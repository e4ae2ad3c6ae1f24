#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

void forward_cholesky(Node& node) {
  std::byte* to = allocate_value(node);
  copy_contiguous(to, node.input(0));
  const std::int64_t n = columns_of(node.shape), batches = n == 0 ? 0 : node.size() / (n * n);
  with_type(node.dtype, [&](auto zero) {
    over_batch(batches, n, [&](std::int64_t begin, std::int64_t end) {
      auto* l = values_of<decltype(zero)>(to) + begin * n * n;
      for (std::int64_t i = begin; i < end; ++i, l += n * n) {
        if (!lower_finite(l, n))
          fill_nan(l, n * n);
        else if (!lapack::cholesky(n, l))
          fail_batch("cholesky", "the matrix must be positive definite", batch_of(node.shape), i, "is not");
      }
    });
  });
}

/// Murray, "Differentiation of the Cholesky decomposition", 2016: with p the lower triangle of lᵀ g, its
/// diagonal halved, the cotangent is the symmetric part of l⁻ᵀ p l⁻¹.
Tensor rule_of_cholesky(const Call& c) {
  const Tensor l = c.y();
  const std::int64_t n = columns_of(c.node.shape);
  const Tensor half = matrix_like(l, n, n, [](std::int64_t i, std::int64_t j) {
    return i > j ? 1.0 : i == j ? 0.5 : 0.0;
  });
  const Tensor p = matmul(transpose(l), c.g) * half;
  const Tensor left = solve_triangular(l, p, {.transpose = true});
  const Tensor both = solve_triangular(l, transpose(left), {.transpose = true});
  return (both + transpose(both)) * 0.5;
}

std::vector<Sample> samples_of_cholesky() {
  SampleNumbers numbers(31);
  const auto sample = [&](const char* what, const Shape& shape) {
    return Sample{what, {numbers.uniform(shape, -1.0, 1.0)}, [](const std::vector<Tensor>& in) {
                    const Tensor x = in[0].ndim() == 0 ? reshape(in[0], {1, 1}) : in[0];
                    return cholesky(conditioned(matmul(x, transpose(x)), 1.0, 0.25));
                  }};
  };
  return {sample("(3, 3)", {3, 3}), sample("batches", {2, 2, 2}), sample("one number", {}),
          sample("empty", {0, 0}), sample("no batches", {0, 2, 2})};
}

/// Rule: the symmetric part of l⁻ᵀ p l⁻¹, with p the lower triangle of lᵀ g, its diagonal halved.
constexpr Operation cholesky_operation{.name = "cholesky",
                                       .forward = forward_cholesky,
                                       .rules = {rule_of_cholesky},
                                       .samples = samples_of_cholesky};
const Registered registered_cholesky(cholesky_operation);

}  // namespace

Tensor cholesky(const Tensor& a, Location where) {
  require_value("cholesky", a);
  require_square("cholesky", a);
  Node& node = a.node();
  return record(cholesky_operation, {&node}, node.shape, node.dtype, where);
}

}  // namespace wengert
