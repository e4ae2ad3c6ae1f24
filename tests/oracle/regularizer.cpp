// Penalties, and what holds norms, against PyTorch.
#include "wengert/nn/regularizer.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

namespace {

/// (N, 3) -> (N, outputs of v), as in cases_regularizer.py.
nn::BatchFunction network(const In& x) {
  return [w = x[1], v = x[2]](const Tensor& in) { return matmul(tanh(matmul(in, w)), v); };
}

In spectral(const In& x, const nn::SpectralNormOptions& options) {
  const nn::SpectralNorm found = nn::spectral_norm(x[0], x[1], options);
  return {found.weight, found.sigma, found.u};
}

Tensor held(const In& x, const nn::MaxNormOptions& options) {
  const Tensor leaf = parameter(x[0]);
  nn::max_norm({leaf}, 1.2, options);
  return leaf.detach();
}

}  // namespace

TEST_CASE("regularizers agree with PyTorch") {
  const oracle::Bound renorm{.relative = 2e-7, .reason = "PyTorch divides by the norm plus 1e-7"};
  oracle::check_family(
      "regularizer",
      {
          {"group_lasso", [](const In& x) { return nn::group_lasso(x); }},
          {"group_lasso.1",
           [](const In& x) { return nn::group_lasso(x, {.axis = 1, .scale_by_size = false}); }},
          {"orthogonality", [](const In& x) { return nn::orthogonality(x); }},
          {"nuclear_norm", [](const In& x) { return nn::nuclear_norm(x); }},
          {"entropy.-1", [](const In& x) { return nn::entropy(x[0]); }},
          {"entropy.0", [](const In& x) { return nn::entropy(x[0], 0); }},
          {"total_variation", [](const In& x) { return nn::total_variation(x[0]); }},
          {"total_variation.isotropic",
           [](const In& x) { return nn::total_variation(x[0], {.isotropic = true}); }},
          {"activity", [](const In& x) { return nn::activity(x[0], {.l1 = 0.3, .l2 = 0.2}); }},
          {"gradient_penalty", [](const In& x) { return nn::gradient_penalty(network(x), x[0]); }},
          {"gradient_penalty.one_sided",
           [](const In& x) {
             return nn::gradient_penalty(network(x), x[0], {.target = 0.7, .one_sided = true});
           }},
          {"jacobian_penalty", [](const In& x) { return nn::jacobian_penalty(network(x), x[0]); }},
          {"weight_norm.0", [](const In& x) { return nn::weight_norm(x[0], x[1]); }},
          {"weight_norm.2", [](const In& x) { return nn::weight_norm(x[0], x[1], -1); }},
          {"spectral_norm.0", [](const In& x) { return spectral(x, {.iterations = 0}); }},
          {"spectral_norm.1", [](const In& x) { return spectral(x, {}); }},
          {"spectral_norm.5", [](const In& x) { return spectral(x, {.iterations = 5}); }},
          {"spectral_norm.axis", [](const In& x) { return spectral(x, {.iterations = 2, .axis = 1}); }},
          {"max_norm.2.0", [](const In& x) { return held(x, {}); }, renorm},
          {"max_norm.1.-1", [](const In& x) { return held(x, {.axis = -1, .p = 1.0}); }, renorm},
          {"max_norm.inf.1", [](const In& x) { return held(x, {.axis = 1, .p = INFINITY}); }, renorm},
      });
}
