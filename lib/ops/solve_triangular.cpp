#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

struct TriangularAttributes : Attributes {
  explicit TriangularAttributes(const TriangularOptions& options) : options(options) {}
  TriangularOptions options;
};

void forward_solve_triangular(Node& node) {
  const TriangularOptions& told = static_cast<const TriangularAttributes*>(node.attributes)->options;
  const Node& a = node.input(0);
  std::byte* to = allocate_value(node);
  copy_broadcast(to, node.input(1), node.shape);
  StorageRef copy;
  const std::byte* triangles = dense(a, copy);
  const std::int64_t n = rows_of(node.shape), k = columns_of(node.shape);
  const std::vector<std::int64_t> matrices = broadcast_batches(batch_of(a.shape), batch_of(node.shape));
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* all = reinterpret_cast<const T*>(triangles);
    T* x = values_of<T>(to);
    for (const std::int64_t matrix : matrices) {
      const T* t = all + matrix * n * n;
      for (std::int64_t i = 0; i < n && !told.unit_diagonal; ++i)
        if (t[i * n + i] == T(0))
          fail_batch("solve_triangular", "the matrix must be invertible", batch_of(a.shape), matrix,
                     "has a zero on its diagonal");
      lapack::solve_triangular(told.lower, told.transpose, told.unit_diagonal, n, k, t, x);
      x += n * k;
    }
  });
}

/// As for solve(), within the triangle.
std::vector<Tensor> rule_of_solve_triangular(const Call& c) {
  const TriangularOptions& told = c.attributes<TriangularAttributes>().options;
  TriangularOptions turned = told;
  turned.transpose = !told.transpose;
  const Tensor b = solve_triangular(c.x(0), c.g, turned);
  if (!c.node.input(0).requires_grad) return {Tensor(), b};
  const Tensor product = told.transpose ? matmul(c.y(), transpose(b)) : matmul(b, transpose(c.y()));
  const Tensor mask = triangle_mask(rows_of(c.node.shape), told.lower, told.unit_diagonal);
  return {where(mask, -product, 0.0), b};
}

std::vector<Sample> samples_of_solve_triangular() {
  SampleNumbers numbers(33);
  std::vector<Sample> samples;
  const auto add = [&](const char* what, const Shape& a, const Shape& b, TriangularOptions options) {
    samples.push_back({what,
                       {numbers.uniform(a, -0.5, 0.5), numbers.uniform(b, -1.0, 1.0)},
                       [options](const std::vector<Tensor>& in) {
                         const Tensor b = in[1].ndim() == 0 ? reshape(in[1], {1}) : in[1];
                         return solve_triangular(conditioned(in[0], 1.5, 0.5), b, options);
                       }});
  };
  add("lower", {3, 3}, {3, 2}, {});
  add("lower, transposed", {3, 3}, {3}, {.transpose = true});
  add("upper", {3, 3}, {3, 2}, {.lower = false});
  add("upper, transposed", {3, 3}, {3, 1}, {.lower = false, .transpose = true});
  add("lower, diagonal of ones", {3, 3}, {3, 2}, {.unit_diagonal = true});
  add("upper, transposed, diagonal of ones", {3, 3}, {3, 2},
      {.lower = false, .transpose = true, .unit_diagonal = true});
  add("batches broadcast both ways", {2, 1, 2, 2}, {3, 2, 1}, {});
  add("one number", {}, {}, {});
  add("empty", {0, 0}, {0, 2}, {});
  add("no batches", {0, 2, 2}, {2, 1}, {.lower = false});
  return samples;
}

/// Rule: b: a⁻ᵀ g. a: the triangle of minus that times yᵀ.
constexpr Operation solve_triangular_operation{.name = "solve_triangular",
                                               .forward = forward_solve_triangular,
                                               .rule_of_all = rule_of_solve_triangular,
                                               .samples = samples_of_solve_triangular};
const Registered registered_solve_triangular(solve_triangular_operation);

}  // namespace

Tensor solve_triangular(const Tensor& a, const Tensor& b, TriangularOptions options, Location where) {
  require_value("solve_triangular", a);
  require_value("solve_triangular", b);
  require_square("solve_triangular", a);
  const System system = make_system("solve_triangular", a, b, where);
  const Shape batch = broadcast_shape("solve_triangular", batch_of(a.shape()), batch_of(system.b.shape()));
  const Shape shape = with_dims(batch, {rows_of(system.b.shape()), columns_of(system.b.shape())});
  return system.result(record(solve_triangular_operation, {&system.a.node(), &system.b.node()}, shape,
                              a.dtype(), where, new TriangularAttributes(options)),
                       where);
}

}  // namespace wengert
