// Linear algebra against PyTorch. Factors that are unique only up to signs enter as sums in which the signs
// cancel.
#include "wengert/ops/factorization.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using In = oracle::Tensors;
using oracle::Tensors;

namespace {

/// q and r with the signs that make the diagonal of r positive.
Tensors positive_qr(const Tensor& a) {
  const auto [q, r] = qr(a);
  const Tensor signs = sign(diagonal(r, 0, -2, -1)).detach();
  return {q * unsqueeze(signs, -2), r * unsqueeze(signs, -1)};
}
/// Eigenvalues, and v diag(c) vᵀ with numbers c of which no two are equal.
Tensors signless_eigh(const Tensor& a) {
  const auto [values, vectors] = eigh(a);
  return {values, matmul(vectors * oracle::weights({values.shape().back()}, 7), transpose(vectors))};
}
/// Singular values, and u diag(c) vh.
Tensors signless_svd(const Tensor& a) {
  const auto [u, s, vh] = svd(a);
  return {s, matmul(u * oracle::weights({s.shape().back()}, 7), vh)};
}

}  // namespace

TEST_CASE("linear algebra agrees with PyTorch") {
  oracle::check_family(
      "factorization",
      {
          {"cholesky", [](const In& x) { return cholesky(x[0]); }},
          {"inv", [](const In& x) { return inv(x[0]); }},
          {"det", [](const In& x) { return det(x[0]); }},
          {"slogdet",
           [](const In& x) {
             const auto [sign, logabsdet] = slogdet(x[0]);
             return Tensors{sign, logabsdet};
           }},
          {"expm", [](const In& x) { return expm(x[0]); }},
          {"pinv", [](const In& x) { return pinv(x[0]); }},
          {"matrix_power.-2", [](const In& x) { return matrix_power(x[0], -2); }},
          {"matrix_power.0", [](const In& x) { return matrix_power(x[0], 0); }},
          {"matrix_power.1", [](const In& x) { return matrix_power(x[0], 1); }},
          {"matrix_power.3", [](const In& x) { return matrix_power(x[0], 3); }},
          {"solve", [](const In& x) { return solve(x[0], x[1]); }},
          {"solve_triangular", [](const In& x) { return solve_triangular(x[0], x[1]); }},
          {"solve_triangular.upper",
           [](const In& x) { return solve_triangular(x[0], x[1], {.lower = false}); }},
          {"solve_triangular.transpose",
           [](const In& x) { return solve_triangular(x[0], x[1], {.transpose = true}); }},
          {"solve_triangular.unit",
           [](const In& x) { return solve_triangular(x[0], x[1], {.unit_diagonal = true}); }},
          {"qr", [](const In& x) { return positive_qr(x[0]); }},
          {"eigh", [](const In& x) { return signless_eigh(x[0]); }},
          {"eigvalsh", [](const In& x) { return eigh(x[0]).eigenvalues; }},
          {"svd", [](const In& x) { return signless_svd(x[0]); }},
          {"lstsq", [](const In& x) { return lstsq(x[0], x[1]); }},
      });
}
