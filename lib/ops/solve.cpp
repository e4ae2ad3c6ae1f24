#include <memory>

#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"

namespace wengert {
namespace {

/// What elimination made of the matrices of a; the gradient solves with the same.
struct Factors {
  StorageRef lu;
  std::vector<int> pivots;
};

struct SolveAttributes : Attributes {
  SolveAttributes(bool transpose, std::shared_ptr<const Factors> factors)
      : transpose(transpose), factors(std::move(factors)) {}
  bool transpose;
  std::shared_ptr<const Factors> factors;  // made by the first solve
};

std::shared_ptr<const Factors> factorize(const Node& a) {
  auto factors = std::make_shared<Factors>();
  factors->lu = scratch(a);
  const std::int64_t n = columns_of(a.shape), batches = n == 0 ? 0 : a.size() / (n * n);
  factors->pivots.resize(static_cast<std::size_t>(batches * n));
  with_type(a.dtype, [&](auto zero) {
    over_batch(batches, n, [&](std::int64_t begin, std::int64_t end) {
      auto* lu = values_of<decltype(zero)>(factors->lu.data()) + begin * n * n;
      int* pivots = factors->pivots.data() + begin * n;
      for (std::int64_t i = begin; i < end; ++i, lu += n * n, pivots += n) {
        if (!all_finite(lu, n * n)) {
          fill_nan(lu, n * n);
          for (std::int64_t k = 0; k < n; ++k) pivots[k] = static_cast<int>(k + 1);
        } else if (!lapack::lu(n, lu, pivots)) {
          fail_batch("solve", "the matrix must be invertible", batch_of(a.shape), i, "is singular");
        }
      }
    });
  });
  return factors;
}

void forward_solve(Node& node) {
  auto& told = *static_cast<SolveAttributes*>(node.attributes);
  const Node& a = node.input(0);
  if (!told.factors) told.factors = factorize(a);
  std::byte* to = allocate_value(node);
  copy_broadcast(to, node.input(1), node.shape);
  const std::int64_t n = rows_of(node.shape), k = columns_of(node.shape);
  const std::vector<std::int64_t> matrices = broadcast_batches(batch_of(a.shape), batch_of(node.shape));
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* x = values_of<T>(to);
    for (const std::int64_t matrix : matrices) {
      const T* lu = values_of<T>(told.factors->lu.data()) + matrix * n * n;
      lapack::lu_solve(told.transpose, n, k, lu, told.factors->pivots.data() + matrix * n, x);
      x += n * k;
    }
  });
}

Tensor solve_with(const Tensor& a, const Tensor& b, bool transpose, std::shared_ptr<const Factors> factors,
                  Location where);

/// Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
/// 2008: of y = a⁻¹ b they are a⁻ᵀ g and minus that times yᵀ.
std::vector<Tensor> rule_of_solve(const Call& c) {
  const auto& told = c.attributes<SolveAttributes>();
  const Tensor b = solve_with(c.x(0), c.g, !told.transpose, told.factors, {});
  if (!c.node.input(0).requires_grad) return {Tensor(), b};
  return {-(told.transpose ? matmul(c.y(), transpose(b)) : matmul(b, transpose(c.y()))), b};
}

std::vector<Sample> samples_of_solve() {
  SampleNumbers numbers(32);
  std::vector<Sample> samples;
  const auto add = [&](const char* what, const Shape& a, const Shape& b) {
    samples.push_back({what,
                       {numbers.uniform(a, -0.5, 0.5), numbers.uniform(b, -1.0, 1.0)},
                       [](const std::vector<Tensor>& in) {
                         const Tensor b = in[1].ndim() == 0 ? reshape(in[1], {1}) : in[1];
                         return solve(conditioned(in[0], 2.0, 0.5), b);
                       }});
  };
  add("matrix", {3, 3}, {3, 2});
  add("vector", {3, 3}, {3});
  add("batches", {2, 2, 2}, {2, 2, 1});
  add("one matrix, many right sides", {2, 2}, {2, 2, 1});
  add("many matrices, one right side", {2, 2, 2}, {2, 1});
  add("batches of one vector", {2, 2, 2}, {2});
  add("batches broadcast both ways", {2, 1, 2, 2}, {3, 2, 1});
  add("one number", {}, {});
  add("empty", {0, 0}, {0, 2});
  add("no right sides", {2, 2}, {2, 0});
  add("no batches", {0, 2, 2}, {2, 1});
  return samples;
}

/// Rule: b: a⁻ᵀ g. a: minus that times yᵀ.
constexpr Operation solve_operation{
    .name = "solve", .forward = forward_solve, .rule_of_all = rule_of_solve, .samples = samples_of_solve};
const Registered registered_solve(solve_operation);

Tensor solve_with(const Tensor& a, const Tensor& b, bool transpose, std::shared_ptr<const Factors> factors,
                  Location where) {
  const Shape batch = broadcast_shape("solve", batch_of(a.shape()), batch_of(b.shape()));
  return record(solve_operation, {&a.node(), &b.node()},
                with_dims(batch, {rows_of(b.shape()), columns_of(b.shape())}), a.dtype(), where,
                new SolveAttributes(transpose, std::move(factors)));
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b, Location where) {
  require_value("solve", a);
  require_value("solve", b);
  require_square("solve", a,
                 b.ndim() > 0 && a.ndim() > 1 && rows_of(a.shape()) > columns_of(a.shape())
                     ? ". Did you mean lstsq(a, b)?"
                     : "");
  const System system = make_system("solve", a, b, where);
  return system.result(solve_with(system.a, system.b, false, nullptr, where), where);
}

}  // namespace wengert
