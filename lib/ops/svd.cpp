#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

/// The extents of a decomposition; u, s and vh lie side by side in its value, and the slot of vectors_part().
struct SvdExtents {
  explicit SvdExtents(const Shape& a) : m(rows_of(a)), n(columns_of(a)), k(std::min(m, n)) {}
  std::int64_t m, n, k;
  std::int64_t total() const { return m * k + k + k * n + 1; }
  Tensor u(const Tensor& packed, Location where = {}) const { return vectors_part(packed, 0, {m, k}, where); }
  Tensor s(const Tensor& packed, Location where = {}) const { return part(packed, m * k, {k}, where); }
  Tensor vh(const Tensor& packed, Location where = {}) const {
    return vectors_part(packed, m * k + k, {k, n}, where);
  }
};

void forward_svd(Node& node) {
  const Node& a = node.input(0);
  const SvdExtents extents(a.shape);
  const std::int64_t m = extents.m, n = extents.n, k = extents.k, batches = element_count(batch_of(a.shape));
  std::byte* to = allocate_value(node);
  const StorageRef copy = scratch(a);
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    over_batch(batches, std::max(m, n), [&](std::int64_t begin, std::int64_t end) {
      T *from = values_of<T>(copy.data()) + begin * m * n, *u = values_of<T>(to) + begin * extents.total();
      for (std::int64_t i = begin; i < end; ++i, from += m * n, u += extents.total()) {
        u[extents.total() - 1] = T(0);
        if (!all_finite(from, m * n))
          fill_nan(u, extents.total() - 1);
        else if (!lapack::svd(m, n, from, u, u + m * k, u + m * k + k))
          fail_batch("svd", "the iteration must converge", batch_of(a.shape), i, "did not");
      }
    });
  });
}

/// What the rule has at hand: vᵀ g_v and uᵀ g_u, and what of g_u and g_v leads out of the spans of u and v,
/// if these are not everything.
struct SvdParts {
  Tensor s, gs, a, b, gu, gvh, gu_outside, gvh_outside;
};

/// Throws where equal singular values, or zeros, leave the gradient undefined, or wrong with what svd()
/// knows.
void require_settled(const Call& c, const SvdParts& parts, double tolerance) {
  const SvdExtents extents(c.input_shape(0));
  const std::int64_t m = extents.m, n = extents.n, k = extents.k;
  const Shape batch = batch_of(c.input_shape(0));
  const auto s = numbers_of(parts.s), gs = numbers_of(parts.gs), a = numbers_of(parts.a),
             b = numbers_of(parts.b), gu = numbers_of(parts.gu), gvh = numbers_of(parts.gvh);
  const auto gu_outside = parts.gu_outside.defined() ? numbers_of(parts.gu_outside) : std::vector<double>(),
             gvh_outside =
                 parts.gvh_outside.defined() ? numbers_of(parts.gvh_outside) : std::vector<double>();
  const double rounding = 32.0 * static_cast<double>(std::max(m, n)) * unit_of(c.node.dtype);
  for (std::int64_t at = 0; at < element_count(batch); ++at) {
    const double *x = s.data() + at * k, *g = gs.data() + at * k, *p = a.data() + at * k * k,
                 *q = b.data() + at * k * k;
    const double vectors =
        std::fmax(largest(gu.data() + at * m * k, m * k), largest(gvh.data() + at * k * n, k * n));
    const double near = tolerance * largest(x, k), k_zero = rounding * vectors,
                 g_zero = rounding * largest(g, k);
    const auto reject = [&](const char* verdict) {
      fail_batch("svd", "the gradient of this function needs distinct singular values other than 0", batch,
                 at, verdict);
    };
    for (std::int64_t i = 0; i < k; ++i) {
      const auto total = [&](std::int64_t row, std::int64_t column) {
        return p[row * k + column] + q[row * k + column];
      };
      for (std::int64_t j = 0; j < i; ++j) {
        if (std::fabs(x[i] - x[j]) > near) continue;
        const EqualPair pair{total(i, j), total(j, i), total(i, i), total(j, j), k_zero, g[i], g[j], g_zero};
        // At 0 the two sides may be turned apart from each other.
        const bool apart = x[i] <= near && std::fabs(p[i * k + j] - p[j * k + i]) > k_zero;
        if (!pair.settled() || apart) reject("has equal ones");
      }
      if (x[i] > near || m == n) continue;
      double outside = 0.0;
      for (std::int64_t row = 0; row < m && !gu_outside.empty(); ++row)
        outside = std::fmax(outside, std::fabs(gu_outside[static_cast<std::size_t>((at * m + row) * k + i)]));
      for (std::int64_t column = 0; column < n && !gvh_outside.empty(); ++column)
        outside =
            std::fmax(outside, std::fabs(gvh_outside[static_cast<std::size_t>((at * k + i) * n + column)]));
      if (outside > k_zero || std::fabs(g[i]) > g_zero) reject("has a 0");
    }
  }
}

/// Townsend, "Differentiating the singular value decomposition", 2016. His 1 / (s_j² - s_i²) is split into
/// 1 / (s_j - s_i) and 1 / (s_j + s_i), of which equal singular values make only the first infinite.
Tensor rule_of_svd(const Call& c) {
  const SvdExtents extents(c.input_shape(0));
  const std::int64_t m = extents.m, n = extents.n, k = extents.k;
  const Tensor packed = c.y(), u = extents.u(packed), s = extents.s(packed), vh = extents.vh(packed);
  const Tensor gu = part(c.g, 0, {m, k}), gs = extents.s(c.g), gvh = part(c.g, m * k + k, {k, n});
  const double tolerance = static_cast<double>(std::max(m, n)) * unit_of(c.node.dtype);
  const Tensor a = matmul(transpose(u), gu), b = matmul(vh, transpose(gvh));
  SvdParts parts{s, gs, a, b, gu, gvh, {}, {}};
  if (m > k) parts.gu_outside = gu - matmul(u, a);
  if (n > k) parts.gvh_outside = gvh - matmul(transpose(b), vh);

  const EqualPairs equal = equal_pairs(s, tolerance);
  const std::vector<double> numbers = numbers_of(s);
  const Tensor row = unsqueeze(s, -2), column = unsqueeze(s, -1);
  // Zero singular values, to rounding, as a constant mask of the shape of s.
  StorageRef flags = StorageRef::allocate(numbers.size());
  bool any_zero = false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t first = i - i % static_cast<std::size_t>(k);
    any_zero |= values_of<bool>(flags.data())[i] = numbers[i] <= tolerance * numbers[first];
  }
  const Tensor zero = constant(std::move(flags), s.shape(), boolean);
  if ((equal.any || any_zero) && uses_vectors(c.g)) require_settled(c, parts, tolerance);

  const Tensor both_zero = logical_and(unsqueeze(zero, -2), unsqueeze(zero, -1));
  const Tensor skew_a = a - transpose(a), skew_b = b - transpose(b);
  const Tensor difference = where(equal.mask, 1.0, row - column), total = where(both_zero, 1.0, row + column);
  const Tensor turned = where(equal.mask, 0.0, (skew_a + skew_b) / difference) +
                        where(both_zero, 0.0, (skew_a - skew_b) / total);
  const Tensor core = where(diagonal_mask(k), unsqueeze(gs, -2), turned * 0.5);
  Tensor g = matmul(u, matmul(core, vh));
  const auto divided = [&](const Tensor& x, std::int64_t axis) {
    return where(unsqueeze(zero, axis), 0.0, x / unsqueeze(where(zero, 1.0, s), axis));
  };
  if (m > k) g = g + matmul(divided(parts.gu_outside, -2), vh);
  if (n > k) g = g + matmul(u, divided(parts.gvh_outside, -1));
  return g;
}

std::vector<Sample> samples_of_svd() {
  SampleNumbers numbers(38);
  std::vector<Sample> samples;
  const auto add = [&](const char* what, const Shape& shape, Tensor (*call)(const Svd&)) {
    samples.push_back({what, {numbers.uniform(shape, -0.3, 0.3)}, [call](const std::vector<Tensor>& in) {
                         return call(svd(conditioned(in[0], 1.5, 1.5)));
                       }});
  };
  const auto all = [](const Svd& y) { return matmul(y.u * unsqueeze(y.s * y.s, -2), y.vh * y.vh); };
  add("u, square", {3, 3}, [](const Svd& y) { return y.u; });
  add("s, tall", {3, 2}, [](const Svd& y) { return y.s; });
  add("vh, tall", {3, 2}, [](const Svd& y) { return y.vh; });
  add("u, wide", {2, 4}, [](const Svd& y) { return y.u; });
  add("vh, wide", {2, 3}, [](const Svd& y) { return y.vh; });
  add("all, tall", {4, 2}, all);
  add("all, wide, batches", {2, 1, 2, 3}, all);
  add("one number", {}, all);
  add("empty", {0, 3}, all);
  add("no columns", {2, 0}, all);
  add("no batches", {0, 2, 2}, all);
  return samples;
}

/// Rule: u (diag(g_s) + e ∘ (k_u + k_v) + f ∘ (k_u - k_v)) vᵀ, with k_u and k_v the antisymmetric parts of
/// uᵀ g_u and vᵀ g_v, e_ij = 1 / (s_j - s_i) and f_ij = 1 / (s_j + s_i); where a is not square, plus what
/// of g_u and g_v lies outside of the spans of u and v, divided by s.
constexpr Operation svd_operation{
    .name = "svd", .forward = forward_svd, .rules = {rule_of_svd}, .samples = samples_of_svd};
const Registered registered_svd(svd_operation);

}  // namespace

Svd svd(const Tensor& a, Location where) {
  require_value("svd", a);
  require_matrix("svd", a);
  Node& node = a.node();
  const SvdExtents extents(node.shape);
  const Tensor y =
      record(svd_operation, {&node}, with_dims(batch_of(node.shape), {extents.total()}), node.dtype, where);
  return {extents.u(y, where), extents.s(y, where), extents.vh(y, where)};
}

}  // namespace wengert
