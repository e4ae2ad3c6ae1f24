// lstsq, matrix_power and expm, composed: their derivatives are those of what they are made of.
#include "lib/ops/at.hpp"
#include "lib/ops/factorization.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"

namespace wengert {
namespace {

/// A constant (..., 1, 1) of one number for each batch.
Tensor per_batch(const Shape& batch, DType dtype, const std::vector<double>& numbers) {
  StorageRef storage = StorageRef::allocate(numbers.size() * item_size(dtype));
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::ranges::transform(numbers, values_of<T>(storage.data()), [](double x) { return static_cast<T>(x); });
  });
  return constant(std::move(storage), with_dims(batch, {1, 1}), dtype);
}

/// How often each matrix must be halved for the approximant to be good: norm / 2^times <= 5.37, for which
/// Higham found the degree 13 to reach double precision.
std::vector<double> halvings(const Tensor& a) {
  const std::int64_t n = columns_of(a.shape()), batches = element_count(batch_of(a.shape()));
  const std::vector<double> numbers = numbers_of(a);
  std::vector<double> result;
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    double norm = 0.0;
    for (std::int64_t j = 0; j < n; ++j) {
      double column = 0.0;
      for (std::int64_t i = 0; i < n; ++i)
        column += std::fabs(numbers[static_cast<std::size_t>((batch * n + i) * n + j)]);
      norm = std::fmax(norm, column);
    }
    result.push_back(norm > 5.37 && std::isfinite(norm) ? std::ceil(std::log2(norm / 5.37)) : 0.0);
  }
  return result;
}

}  // namespace

Tensor lstsq(const Tensor& a, const Tensor& b, Location where) {
  const Scope scope("lstsq");
  require_matrix("lstsq", a);
  const std::int64_t m = rows_of(a.shape()), n = columns_of(a.shape());
  if (m < n)
    fail<ShapeError>("lstsq", "there must be at least as many rows as columns: got ", a.shape(),
                     ". Did you mean matmul(pinv(a), b)?");
  const System system = make_system("lstsq", a, b, where);
  broadcast_shape("lstsq", batch_of(a.shape()), batch_of(system.b.shape()));
  const Qr factors = qr(system.a, where);
  const std::vector<double> r = numbers_of(factors.r);
  for (std::int64_t batch = 0; n > 0 && batch < element_count(batch_of(a.shape())); ++batch) {
    double least = INFINITY, most = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double entry = std::fabs(r[static_cast<std::size_t>((batch * n + i) * n + i)]);
      least = std::min(least, entry);
      most = std::max(most, entry);
    }
    if (least <= static_cast<double>(n) * unit_of(a.dtype()) * most)
      fail_batch("lstsq", "the matrix must have full rank", batch_of(a.shape()), batch, "has not");
  }
  const Tensor projected = matmul(transpose(factors.q, where), system.b, where);
  return system.result(solve_triangular(factors.r, projected, {.lower = false}, where), where);
}

Tensor matrix_power(const Tensor& a, std::int64_t n, Location where) {
  const Scope scope("matrix_power");
  require_square("matrix_power", a);
  if (n == 0) {
    const Tensor one =
        matrix_like(a, rows_of(a.shape()), rows_of(a.shape()), [](auto i, auto j) { return i == j; });
    return add({broadcast_to(one, a.shape(), where), where}, 0.0);
  }
  Tensor square = n < 0 ? inv(a, where) : a, result;
  for (std::uint64_t bits = n < 0 ? -static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);;
       bits >>= 1) {
    if (bits & 1) result = result.defined() ? matmul(result, square, where) : square;
    if (bits <= 1) break;
    square = matmul(square, square, where);
  }
  return result;
}

/// Higham, "The scaling and squaring method for the matrix exponential revisited", 2005: the Padé approximant
/// of degree 13 of a / 2^times, squared as often.
Tensor expm(const Tensor& a, Location where) {
  const Scope scope("expm");
  require_square("expm", a);
  const Shape batch = batch_of(a.shape());
  const std::vector<double> times = halvings(a.detach());
  std::vector<double> factors;
  for (const double t : times) factors.push_back(std::exp2(-t));
  const std::int64_t n = columns_of(a.shape());
  const Tensor one = matrix_like(a, n, n, [](auto i, auto j) { return i == j; });
  const Tensor x = mul({a, where}, per_batch(batch, a.dtype(), factors));
  const Tensor x2 = matmul(x, x, where), x4 = matmul(x2, x2, where), x6 = matmul(x4, x2, where);
  const At at{where};
  const auto plus = [&](const Tensor& left, const Tensor& right) { return at(left) + right; };
  const auto even = [&](double c6, double c4, double c2) {
    return plus(plus(at(x6) * c6, at(x4) * c4), at(x2) * c2);
  };
  // The coefficients are whole numbers that float64 holds.
  const Tensor odd_part = matmul(x,
                                 plus(plus(matmul(x6, even(1.0, 16380.0, 40840800.0), where),
                                           even(33522128640.0, 10559470521600.0, 1187353796428800.0)),
                                      one * 32382376266240000.0),
                                 where);
  const Tensor even_part = plus(plus(matmul(x6, even(182.0, 960960.0, 1323241920.0), where),
                                     even(670442572800.0, 129060195264000.0, 7771770303897600.0)),
                                one * 64764752532480000.0);
  Tensor y = solve(at(even_part) - odd_part, plus(even_part, odd_part), where);
  const double most = times.empty() ? 0.0 : *std::ranges::max_element(times);
  for (double done = 0.0; done < most; ++done) {
    std::vector<double> left;
    for (const double t : times) left.push_back(t - done);
    const Tensor squared = matmul(y, y, where);
    const bool everywhere = std::ranges::all_of(left, [](double t) { return t > 0.0; });
    y = everywhere ? squared : at.pick(per_batch(batch, a.dtype(), left) > 0.0, squared, y);
  }
  return y;
}

}  // namespace wengert
