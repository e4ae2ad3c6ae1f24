#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

/// The extents of a factorization; q and r lie side by side in its value.
struct QrExtents {
  explicit QrExtents(const Shape& a) : m(rows_of(a)), n(columns_of(a)), k(std::min(m, n)) {}
  std::int64_t m, n, k;
  std::int64_t total() const { return m * k + k * n; }
  Tensor q(const Tensor& packed, Location where = {}) const { return part(packed, 0, {m, k}, where); }
  Tensor r(const Tensor& packed, Location where = {}) const { return part(packed, m * k, {k, n}, where); }
};

void forward_qr(Node& node) {
  const Node& a = node.input(0);
  const QrExtents extents(a.shape);
  const auto [m, n, k] = extents;
  std::byte* to = allocate_value(node);
  const StorageRef copy = scratch(a);
  const std::int64_t batches = element_count(batch_of(a.shape));
  with_type(node.dtype, [&, m = m, n = n, k = k](auto zero) {
    using T = decltype(zero);
    over_batch(batches, std::max(m, n), [&](std::int64_t begin, std::int64_t end) {
      T *from = values_of<T>(copy.data()) + begin * m * n, *q = values_of<T>(to) + begin * extents.total();
      for (std::int64_t i = begin; i < end; ++i, from += m * n, q += extents.total()) {
        if (all_finite(from, m * n))
          lapack::qr(m, n, from, q, q + m * k);
        else
          fill_nan(q, extents.total());
      }
    });
  });
}

void require_rank(const Call& c, const QrExtents& extents) {
  const std::vector<double> r = numbers_of(extents.r(c.y().detach()));
  const Shape batch = batch_of(c.input_shape(0));
  const std::int64_t batches = extents.k == 0 ? 0 : element_count(batch);
  for (std::int64_t i = 0; i < batches; ++i) {
    double least = INFINITY, most = 0.0;
    for (std::int64_t j = 0; j < extents.k; ++j) {
      const double entry = std::fabs(r[static_cast<std::size_t>((i * extents.k + j) * extents.n + j)]);
      least = std::min(least, entry);
      most = std::max(most, entry);
    }
    if (least <= static_cast<double>(extents.k) * unit_of(c.node.dtype) * most)
      fail_batch("qr", "the gradient needs independent columns", batch, i, "has dependent ones");
  }
}

/// Of square or tall a: (g_q + q s) r⁻ᵀ, with s the symmetric matrix that has the lower triangle of r g_rᵀ -
/// g_qᵀ q.
Tensor tall_rule(const Tensor& q, const Tensor& r, const Tensor& gq, const Tensor& gr) {
  const Tensor m = matmul(r, transpose(gr)) - matmul(transpose(gq), q);
  const Tensor s = where(triangle_mask(columns_of(r.shape()), true, false), m, transpose(m));
  return transpose(solve_triangular(r, transpose(gq + matmul(q, s)), {.lower = false}));
}

/// Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
/// experimental design", 2010; wide a = (x y) has q and the square part of r from x, and qᵀ y beside it:
/// Roberts and Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide, and deep
/// matrices", 2020.
Tensor rule_of_qr(const Call& c) {
  const QrExtents extents(c.input_shape(0));
  require_rank(c, extents);
  const Tensor packed = c.y(), q = extents.q(packed), r = extents.r(packed);
  const Tensor gq = extents.q(c.g), gr = extents.r(c.g);
  if (extents.m >= extents.n) return tall_rule(q, r, gq, gr);
  const auto square = [&](const Tensor& x) { return slice(x, -1, 0, extents.m); };
  const auto beside = [&](const Tensor& x) { return slice(x, -1, extents.m, extents.n); };
  const Tensor gv = beside(gr), y = beside(c.x(0));
  const Tensor gx = tall_rule(q, square(r), gq + matmul(y, transpose(gv)), square(gr));
  return concat({gx, matmul(q, gv)}, -1);
}

std::vector<Sample> samples_of_qr() {
  SampleNumbers numbers(36);
  std::vector<Sample> samples;
  const auto add = [&](const char* what, const Shape& shape, bool q, bool r) {
    samples.push_back({what, {numbers.uniform(shape, -0.5, 0.5)}, [q, r](const std::vector<Tensor>& in) {
                         const Qr y = qr(conditioned(in[0], 1.5, 0.5));
                         return !q ? y.r : !r ? y.q : matmul(y.q, y.r * y.r);
                       }});
  };
  add("square", {3, 3}, true, true);
  add("tall, q", {4, 2}, true, false);
  add("tall, r", {3, 2}, false, true);
  add("wide, q", {2, 3}, true, false);
  add("wide, r", {2, 4}, false, true);
  add("batches", {2, 1, 3, 2}, true, true);
  add("batches, wide", {2, 2, 3}, true, true);
  add("one number", {}, true, true);
  add("empty", {0, 3}, true, true);
  add("no columns", {2, 0}, true, true);
  add("no batches", {0, 2, 2}, true, true);
  return samples;
}

/// Rule: with s the symmetric matrix that has the lower triangle of r g_rᵀ - g_qᵀ q, (g_q + q s) r⁻ᵀ where a
/// is square or tall. Where it is wide, its first columns receive that with g_q + y g_vᵀ for g_q, where y and
/// g_v are the rest of a and of g_r; the rest of a receives q g_v.
constexpr Operation qr_operation{
    .name = "qr", .forward = forward_qr, .rules = {rule_of_qr}, .samples = samples_of_qr};
const Registered registered_qr(qr_operation);

}  // namespace

Qr qr(const Tensor& a, Location where) {
  require_value("qr", a);
  require_matrix("qr", a);
  Node& node = a.node();
  const QrExtents extents(node.shape);
  const Tensor y =
      record(qr_operation, {&node}, with_dims(batch_of(node.shape), {extents.total()}), node.dtype, where);
  return {extents.q(y, where), extents.r(y, where)};
}

}  // namespace wengert
