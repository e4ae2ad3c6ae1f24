#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"
#include "lib/ops/gemm.hpp"

namespace wengert {
namespace {

void forward_pinv(Node& node) {
  const Node& a = node.input(0);
  std::byte* to = allocate_value(node);
  if (node.size() == 0) return;
  const StorageRef copy = scratch(a);
  const std::int64_t m = rows_of(a.shape), n = columns_of(a.shape), k = std::min(m, n);
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> parts(static_cast<std::size_t>(m * k + k + k * n));
    T *u = parts.data(), *s = u + m * k, *vh = s + k;
    for (std::int64_t i = 0; i < a.size() / (m * n); ++i) {
      T *from = values_of<T>(copy.data()) + i * m * n, *y = values_of<T>(to) + i * m * n;
      if (!all_finite(from, m * n)) {
        fill_nan(y, m * n);
        continue;
      }
      if (!lapack::svd(m, n, from, u, s, vh))
        fail_batch("pinv", "the iteration must converge", batch_of(a.shape), i, "did not");
      const T least = static_cast<T>(static_cast<double>(std::max(m, n)) * unit_of(node.dtype)) * s[0];
      for (std::int64_t j = 0; j < k; ++j)
        for (std::int64_t column = 0; column < n; ++column)
          vh[j * n + column] = s[j] > least ? vh[j * n + column] / s[j] : T(0);
      gemm(node.dtype, reinterpret_cast<std::byte*>(y), {reinterpret_cast<std::byte*>(vh), 1, n},
           {reinterpret_cast<std::byte*>(u), 1, k}, n, m, k);
    }
  });
}

/// Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
/// variables separate", 1973: dy = -y da y + y yᵀ daᵀ (1 - a y) + (1 - y a) daᵀ yᵀ y.
Tensor rule_of_pinv(const Call& c) {
  const Tensor a = c.x(0), y = c.y(), turned = transpose(y), g = transpose(c.g);
  const Tensor through = matmul(turned, matmul(c.g, turned));
  const Tensor right = matmul(matmul(g, y), turned), left = matmul(turned, matmul(y, g));
  return (right - matmul(a, matmul(y, right))) + (left - matmul(matmul(left, y), a)) - through;
}

std::vector<Sample> samples_of_pinv() {
  SampleNumbers numbers(39);
  const auto sample = [&](const char* what, const Shape& shape) {
    return Sample{what, {numbers.uniform(shape, -0.5, 0.5)}, [](const std::vector<Tensor>& in) {
                    return pinv(conditioned(in[0], 2.0, 0.5));
                  }};
  };
  return {sample("square", {2, 2}),        sample("tall", {3, 2}),   sample("wide", {2, 3}),
          sample("batches", {2, 1, 3, 2}), sample("one number", {}), sample("empty", {0, 3}),
          sample("no batches", {0, 2, 2})};
}

/// Rule: with r = gᵀ y yᵀ and l = yᵀ y gᵀ: (1 - a y) r + l (1 - y a) - yᵀ g yᵀ.
constexpr Operation pinv_operation{
    .name = "pinv", .forward = forward_pinv, .rules = {rule_of_pinv}, .samples = samples_of_pinv};
const Registered registered_pinv(pinv_operation);

}  // namespace

Tensor pinv(const Tensor& a, Location where) {
  require_value("pinv", a);
  require_matrix("pinv", a);
  Node& node = a.node();
  const Shape shape = with_dims(batch_of(node.shape), {columns_of(node.shape), rows_of(node.shape)});
  return record(pinv_operation, {&node}, shape, node.dtype, where);
}

}  // namespace wengert
