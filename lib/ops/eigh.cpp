#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

// The value is eigenvalues and eigenvectors side by side, and the slot of vectors_part().
Tensor eigenvalues_of(const Tensor& packed, std::int64_t n, Location where = {}) {
  return part(packed, 0, {n}, where);
}
Tensor eigenvectors_of(const Tensor& packed, std::int64_t n, Location where = {}) {
  return vectors_part(packed, n, {n, n}, where);
}

void forward_eigh(Node& node) {
  const Node& a = node.input(0);
  std::byte* to = allocate_value(node);
  const StorageRef copy = scratch(a);
  const std::int64_t n = columns_of(a.shape), batches = element_count(batch_of(a.shape));
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t total = n + n * n + 1;
    over_batch(batches, n, [&](std::int64_t begin, std::int64_t end) {
      const T* from = values_of<T>(copy.data()) + begin * n * n;
      T* w = values_of<T>(to) + begin * total;
      for (std::int64_t i = begin; i < end; ++i, from += n * n, w += total) {
        w[total - 1] = T(0);
        if (!lower_finite(from, n)) {
          fill_nan(w, n + n * n);
          continue;
        }
        std::copy(from, from + n * n, w + n);
        if (!lapack::eigh(n, w + n, w))
          fail_batch("eigh", "the iteration must converge", batch_of(a.shape), i, "did not");
      }
    });
  });
}

/// Throws where equal eigenvalues leave the gradient undefined, or wrong with what eigh() knows.
void require_settled(const Call& c, const EqualPairs& equal, const Tensor& k_tensor, const Tensor& gv_tensor,
                     const Tensor& gw_tensor) {
  const std::vector<double> k = numbers_of(k_tensor), gv = numbers_of(gv_tensor), gw = numbers_of(gw_tensor);
  const bool* mask = equal.mask.node().values<bool>();
  const std::int64_t n = columns_of(c.input_shape(0)), batches = element_count(batch_of(c.input_shape(0)));
  const double rounding = 32.0 * static_cast<double>(n) * unit_of(c.node.dtype);
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    const double *m = k.data() + batch * n * n, *g = gw.data() + batch * n;
    const double vectors = largest(gv.data() + batch * n * n, n * n);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < i; ++j) {
        const EqualPair pair{m[i * n + j],       m[j * n + i], m[i * n + i], m[j * n + j],
                             rounding * vectors, g[i],         g[j],         rounding * largest(g, n)};
        if (mask[(batch * n + i) * n + j] && !pair.settled())
          fail_batch("eigh", "the gradient of this function needs distinct eigenvalues",
                     batch_of(c.input_shape(0)), batch, "has equal ones");
      }
  }
}

/// Giles 2008, section 3.1, and Seeger et al., "Auto-differentiating linear algebra", 2017:
/// v (diag(g_w) + f ∘ (vᵀ g_v)) vᵀ with f_ij = 1 / (w_j - w_i), symmetrized.
Tensor rule_of_eigh(const Call& c) {
  const std::int64_t n = columns_of(c.input_shape(0));
  const Tensor packed = c.y(), w = eigenvalues_of(packed, n), v = eigenvectors_of(packed, n);
  const Tensor gw = eigenvalues_of(c.g, n), gv = part(c.g, n, {n, n});
  const EqualPairs equal = equal_pairs(w, static_cast<double>(n) * unit_of(c.node.dtype));
  const Tensor k = matmul(transpose(v), gv);
  if (equal.any && uses_vectors(c.g)) require_settled(c, equal, k, gv, gw);
  const Tensor distance = where(equal.mask, 1.0, unsqueeze(w, -2) - unsqueeze(w, -1));
  const Tensor turned = where(equal.mask, 0.0, k / distance);
  const Tensor core = where(diagonal_mask(n), unsqueeze(gw, -2), turned);
  const Tensor g = matmul(v, matmul(core, transpose(v)));
  return (g + transpose(g)) * 0.5;
}

std::vector<Sample> samples_of_eigh() {
  SampleNumbers numbers(37);
  std::vector<Sample> samples;
  const auto add = [&](const char* what, const Shape& shape, bool values, bool vectors) {
    samples.push_back({what, {numbers.uniform(shape, -0.5, 0.5)}, [=](const std::vector<Tensor>& in) {
                         const Tensor x = conditioned(in[0], -2.0, 3.0);
                         const Eigh y = eigh((x + transpose(x)) * 0.5);
                         return !vectors  ? y.eigenvalues
                                : !values ? y.eigenvectors
                                          : y.eigenvectors * unsqueeze(y.eigenvalues, -2);
                       }});
  };
  add("eigenvalues", {3, 3}, true, false);
  add("eigenvectors", {3, 3}, false, true);
  add("both, batches", {2, 1, 2, 2}, true, true);
  add("one number", {}, true, true);
  add("empty", {0, 0}, true, true);
  add("no batches", {0, 2, 2}, true, true);
  return samples;
}

/// Rule: v (diag(g_w) + f ∘ (vᵀ g_v)) vᵀ, its symmetric part, with f_ij = 1 / (w_j - w_i).
constexpr Operation eigh_operation{
    .name = "eigh", .forward = forward_eigh, .rules = {rule_of_eigh}, .samples = samples_of_eigh};
const Registered registered_eigh(eigh_operation);

}  // namespace

Eigh eigh(const Tensor& a, Location where) {
  require_value("eigh", a);
  require_square("eigh", a);
  Node& node = a.node();
  const std::int64_t n = columns_of(node.shape);
  const Tensor y =
      record(eigh_operation, {&node}, with_dims(batch_of(node.shape), {n + n * n + 1}), node.dtype, where);
  return {eigenvalues_of(y, n, where), eigenvectors_of(y, n, where)};
}

}  // namespace wengert
