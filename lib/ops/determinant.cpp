// det and slogdet. The determinant is a polynomial, so it has every derivative at singular matrices too;
// there it is written in a way whose derivatives stay finite.
#include "lib/ops/blocks.hpp"
#include "lib/ops/factorization.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert {
namespace {

struct DetAttributes : Attributes {
  std::vector<bool> singular;  // of each batch: to rounding
  bool any = false;
};

/// Runs f(batch, lu factors or null where the matrix is not finite, pivots) over the matrices of a.
template <class T, class F>
void for_each_lu(const Node& a, F f) {
  const StorageRef copy = scratch(a);
  const std::int64_t n = columns_of(a.shape), batches = element_count(batch_of(a.shape));
  std::vector<int> pivots(static_cast<std::size_t>(n));
  T* lu = values_of<T>(copy.data());
  for (std::int64_t i = 0; i < batches; ++i, lu += n * n) {
    const bool finite = all_finite(lu, n * n);
    if (finite) lapack::lu(n, lu, pivots.data());
    f(i, finite ? lu : nullptr, pivots.data());
  }
}

void forward_det(Node& node) {
  auto& told = *static_cast<DetAttributes*>(node.attributes);
  std::byte* to = allocate_value(node);
  const std::int64_t n = columns_of(node.input(0).shape);
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_each_lu<T>(node.input(0), [&](std::int64_t batch, const T* lu, const int* pivots) {
      T product = lu ? T(1) : std::numeric_limits<T>::quiet_NaN();
      T least = std::numeric_limits<T>::infinity(), most = 0;
      for (std::int64_t i = 0; lu && i < n; ++i) {
        const T pivot = lu[i * n + i];
        product *= pivots[i] == i + 1 ? pivot : -pivot;
        least = std::min(least, std::fabs(pivot));
        most = std::max(most, std::fabs(pivot));
      }
      const bool singular =
          lu && n > 0 && least <= static_cast<T>(static_cast<double>(n) * unit_of(node.dtype)) * most;
      told.singular.push_back(singular);
      told.any |= singular;
      values_of<T>(to)[batch] = product;
    });
  });
}

void forward_slogdet(Node& node) {
  std::byte* to = allocate_value(node);
  const std::int64_t n = columns_of(node.input(0).shape);
  with_type(node.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_each_lu<T>(node.input(0), [&](std::int64_t batch, const T* lu, const int* pivots) {
      T sign = 1, log = 0;
      for (std::int64_t i = 0; lu && i < n; ++i) {
        const T pivot = lu[i * n + i];
        if ((pivot < T(0)) != (pivots[i] != i + 1)) sign = -sign;
        if (pivot == T(0)) {
          sign = 0;
          log = -std::numeric_limits<T>::infinity();
          break;
        }
        log += std::log(std::fabs(pivot));
      }
      T* parts = values_of<T>(to) + 2 * batch;
      parts[0] = lu ? sign : std::numeric_limits<T>::quiet_NaN();
      parts[1] = lu ? log : std::numeric_limits<T>::quiet_NaN();
    });
  });
}

Tensor as_matrix(const Tensor& numbers) { return unsqueeze(unsqueeze(numbers, -1), -1); }

Tensor rule_of_slogdet(const Call& c) {
  const std::vector<double> parts = numbers_of(c.y());
  Shape batch = c.node.shape;
  batch.pop_back();
  for (std::size_t i = 0; i < parts.size(); i += 2)
    if (parts[i] == 0.0)
      fail_batch("slogdet", "the gradient needs an invertible matrix", batch,
                 static_cast<std::int64_t>(i / 2), "is singular");
  return as_matrix(part(c.g, 1, {})) * transpose(inv(c.x(0)));
}

template <class Call>
std::vector<Sample> samples_of(Call call) {
  SampleNumbers numbers(35);
  const auto sample = [&](const char* what, const Shape& shape) {
    return Sample{what, {numbers.uniform(shape, -0.5, 0.5)}, [call](const std::vector<Tensor>& in) {
                    return call(conditioned(in[0], 1.5, 0.25));
                  }};
  };
  return {sample("(3, 3)", {3, 3}), sample("batches", {2, 1, 2, 2}), sample("one number", {}),
          sample("empty", {0, 0}), sample("no batches", {0, 2, 2})};
}

/// Rule: g det(a) a⁻ᵀ; of singular matrices a polynomial in the elements, differentiated as it is.
constexpr Operation det_operation{
    .name = "det",
    .forward = forward_det,
    .rules = {[](const Call& c) { return as_matrix(c.g * c.y()) * transpose(inv(c.x(0))); }},
    .samples = [] { return samples_of([](const Tensor& a) { return det(a); }); }};
/// Rule: a⁻ᵀ times the cotangent of the logarithm; that of the sign is dropped.
constexpr Operation slogdet_operation{
    .name = "slogdet", .forward = forward_slogdet, .rules = {rule_of_slogdet}, .samples = [] {
      return samples_of([](const Tensor& a) {
        const Slogdet y = slogdet(a);
        return y.sign * y.logabsdet;
      });
    }};
const Registered registered_det(det_operation), registered_slogdet(slogdet_operation);

/// The determinant by products alone: Bird, "A simple division-free algorithm for computing determinants",
/// 2011.
Tensor det_by_products(const Tensor& a) {
  const std::int64_t n = columns_of(a.shape());
  const Tensor above = matrix_like(a, n, n, [](std::int64_t i, std::int64_t j) { return i < j; });
  const Tensor diagonal = diagonal_mask(n);
  Tensor x = a;
  for (std::int64_t step = 1; step < n; ++step) {
    const Tensor rest = matmul(above, sum(where(diagonal, x, 0.0), {-1}));
    x = matmul(where(diagonal, -unsqueeze(rest, -1), x * above), a);
  }
  const Tensor corner = reshape(slice(slice(x, 0, 0, 1), 1, 0, 1), {});
  return n % 2 ? corner : -corner;
}

/// The determinant of one singular matrix. In the basis of its singular vectors, held constant, it is nearly
/// diagonal: what is invertible of it is eliminated, and of the small rest, which is 0, the determinant is a
/// polynomial.
Tensor det_of_singular(const Tensor& a) {
  const std::int64_t n = columns_of(a.shape());
  Tensor left, right;
  std::int64_t rank = 0;
  {
    const NoGrad constants;
    const Svd basis = svd(a);
    const std::vector<double> s = numbers_of(basis.s);
    while (rank < n && s[static_cast<std::size_t>(rank)] > static_cast<double>(n) * unit_of(a.dtype()) * s[0])
      ++rank;
    // Of the left vectors one is turned round where needed, so that the two bases have the same orientation.
    const double sign = det(basis.u).item() * det(basis.vh).item() < 0 ? -1.0 : 1.0;
    left = transpose(basis.u) *
           matrix_like(a, n, 1, [&](std::int64_t i, std::int64_t) { return i == 0 ? sign : 1.0; });
    right = transpose(basis.vh);
  }
  const Tensor m = matmul(left, matmul(a, right));
  const auto block = [&](std::int64_t i, std::int64_t i_end, std::int64_t j, std::int64_t j_end) {
    return slice(slice(m, 0, i, i_end), 1, j, j_end);
  };
  if (rank == 0) return det_by_products(m);
  const Tensor regular = block(0, rank, 0, rank);
  if (rank == n) return record(det_operation, {&regular.node()}, {}, a.dtype(), {}, new DetAttributes);
  const Tensor rest =
      block(rank, n, rank, n) - matmul(block(rank, n, 0, rank), solve(regular, block(0, rank, rank, n)));
  return det(regular) * det_by_products(rest);
}

}  // namespace

Tensor det(const Tensor& a, Location where) {
  require_value("det", a);
  require_square("det", a);
  Node& node = a.node();
  auto* told = new DetAttributes;
  const Tensor y = record(det_operation, {&node}, batch_of(node.shape), node.dtype, where, told);
  if (!y.requires_grad() || !told->any) return y;  // `told` lives while y wants a gradient
  const Scope scope("det");
  const Shape batch = batch_of(node.shape);
  const std::int64_t n = columns_of(node.shape), batches = element_count(batch);
  const Tensor list = reshape(a, {batches, n, n}, where);
  std::vector<Tensor> determinants;
  for (std::int64_t i = 0; i < batches; ++i) {
    const Tensor one = reshape(slice(list, 0, i, i + 1, 1, where), {n, n}, where);
    determinants.push_back(told->singular[static_cast<std::size_t>(i)] ? det_of_singular(one)
                                                                       : det(one, where));
  }
  const Tensor composed = reshape(stack(determinants, 0, where), batch, where);
  // The value is that of elimination, which finds a 0 to be exactly 0 more often.
  return composed + (y.detach() - composed.detach());
}

Slogdet slogdet(const Tensor& a, Location where) {
  require_value("slogdet", a);
  require_square("slogdet", a);
  Node& node = a.node();
  const Tensor y =
      record(slogdet_operation, {&node}, with_dims(batch_of(node.shape), {2}), node.dtype, where);
  return {part(y, 0, {}, where).detach(where), part(y, 1, {}, where)};
}

}  // namespace wengert
