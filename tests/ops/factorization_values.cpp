// Factorizations: what they return multiplied together again, in float64 and float32, in batches, from any
// strides, of nothing, of one number and of what is not finite.
#include "support/tensors.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using support::Layout;
using support::near;
using support::tensor;
using support::values;

namespace {

Tensor numbers(const Shape& shape, DType dtype = float64, unsigned seed = 1) {
  std::vector<double> list(static_cast<std::size_t>(element_count(shape)));
  std::uint64_t state = seed;
  for (double& value : list) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = 2.0 * static_cast<double>(state >> 11) * 0x1p-53 - 1.0;
  }
  return tensor(list, shape, dtype);
}

Tensor one(std::int64_t n, DType dtype = float64) { return eye(n, {.dtype = dtype}); }
Tensor spd(const Shape& shape, DType dtype) {
  const Tensor x = numbers(shape, dtype);
  return matmul(x, transpose(x)) + one(shape.back(), dtype);
}
bool close(const Tensor& a, const Tensor& b, double tolerance) {
  CHECK(a.dtype() == b.dtype());
  CHECK(a.shape() == b.shape());
  return near(a, values(b), tolerance);
}
/// True if x is 0 above (below) the diagonal.
bool triangular(const Tensor& x, bool lower) {
  const auto list = values(x);
  const std::int64_t rows = x.shape()[x.ndim() - 2], columns = x.shape().back();
  bool all = true;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = i / columns % rows, column = i % columns;
    if (lower ? column > row : column < row) all &= list[static_cast<std::size_t>(i)] == 0.0;
  }
  return all;
}
bool all_nan(const Tensor& x) {
  bool all = true;
  for (const double value : values(x)) all &= std::isnan(value);
  return all;
}

}  // namespace

TEST_CASE("factors multiply to the matrix") {
  for (const DType dtype : {float32, float64})
    for (const Shape& batch : {Shape{}, Shape{3}, Shape{2, 1, 2}})
      for (const std::int64_t m : {1, 2, 5, 40})
        for (const std::int64_t n : {1, 3, 5, 33}) {
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(to_string(batch));
          const double tolerance = dtype == float32 ? 3e-5 : 1e-13;
          Shape shape = batch;
          shape.push_back(m);
          shape.push_back(n);
          const std::int64_t k = std::min(m, n);
          const Tensor a = numbers(shape, dtype);
          const auto [q, r] = qr(a);
          CHECK(close(matmul(q, r), a, tolerance));
          CHECK(triangular(r, false));
          CHECK(near(matmul(transpose(q), q),
                     values(broadcast_to(one(k, dtype), matmul(transpose(q), q).shape())), tolerance));
          const auto [u, s, vh] = svd(a);
          CHECK(close(matmul(u * unsqueeze(s, -2), vh), a, tolerance));
          CHECK(near(matmul(transpose(u), u),
                     values(broadcast_to(one(k, dtype), matmul(vh, transpose(vh)).shape())), tolerance));
          CHECK(near(matmul(vh, transpose(vh)), values(matmul(transpose(u), u)), tolerance));
          for (std::int64_t i = 0; i + 1 < k; ++i)
            CHECK(min(slice(s, -1, i, i + 1) - slice(s, -1, i + 1, i + 2)).item() >= 0.0);
          CHECK(min(s).item() >= 0.0);
          const Tensor p = pinv(a);
          CHECK(close(matmul(a, matmul(p, a)), a, 10 * tolerance));
          CHECK(near(matmul(a, p), values(transpose(matmul(a, p))), 50 * tolerance));
          if (m >= n) {
            const Tensor x = lstsq(a, slice(a, -1, 0, 1));  // the first column: x = (1, 0, ...)
            CHECK(near(matmul(a, x), values(slice(a, -1, 0, 1)), 10 * tolerance));
          }
          if (m != n) continue;
          const Tensor positive = spd(shape, dtype), l = cholesky(positive);
          CHECK(close(matmul(l, transpose(l)), positive, tolerance));
          CHECK(triangular(l, true));
          const auto [w, v] = eigh(positive);
          CHECK(close(matmul(v * unsqueeze(w, -2), transpose(v)), positive, tolerance));
          const Tensor b = numbers({n, 2}, dtype, 5);
          CHECK(near(matmul(positive, solve(positive, b)),
                     values(broadcast_to(b, solve(positive, b).shape())), 10 * tolerance));
          CHECK(near(matmul(positive, inv(positive)), values(matmul(v, transpose(v))), 20 * tolerance));
          CHECK(near(exp(slogdet(positive).logabsdet) / det(positive),
                     std::vector<double>(static_cast<std::size_t>(element_count(batch)), 1.0),
                     50 * tolerance));
        }
}

TEST_CASE("known values") {
  const Tensor a = tensor({4, 2, 2, 3}, {2, 2});
  CHECK(near(cholesky(a), {2, 0, 1, std::sqrt(2.0)}));
  CHECK(det(a).item() == doctest::Approx(8.0));
  CHECK(det(tensor({0, 1, 0, 0, 0, 1, 1, 0, 0}, {3, 3})).item() == 1.0);
  CHECK(det(tensor({0, 1, 1, 0}, {2, 2})).item() == -1.0);
  CHECK(slogdet(tensor({0, 2, 1, 0}, {2, 2})).sign.item() == -1.0);
  CHECK(slogdet(tensor({0, 2, 1, 0}, {2, 2})).logabsdet.item() == doctest::Approx(std::log(2.0)));
  CHECK(near(inv(a), {0.375, -0.25, -0.25, 0.5}));
  CHECK(near(solve(a, support::vector({8, 8})), {1, 2}));
  CHECK(near(eigh(tensor({2, 9, 1, 2}, {2, 2})).eigenvalues, {1, 3}));  // 9 is not read
  CHECK(near(svd(tensor({0, 3, 4, 0}, {2, 2})).s, {4, 3}));
  CHECK(near(lstsq(tensor({1, 0, 1, 1, 1, 2}, {3, 2}), support::vector({1, 3, 5})), {1, 2}));
  CHECK(near(lstsq(tensor({1, 1, 1}, {3, 1}), support::vector({1, 2, 6})), {3}));
  CHECK(near(pinv(tensor({1, 2, 2, 4}, {2, 2})), {0.04, 0.08, 0.08, 0.16}));
  CHECK(near(matrix_power(tensor({1, 1, 1, 0}, {2, 2}), 10), {89, 55, 55, 34}));
  CHECK(near(matrix_power(tensor({1, 1, 1, 0}, {2, 2}), -3), {-1, 2, 2, -3}));
  CHECK(values(matrix_power(tensor({1, 1, 1, 0}, {2, 2}), 0)) == std::vector<double>{1, 0, 0, 1});
  const double c = std::cos(30.0), s = std::sin(30.0);
  CHECK(near(expm(tensor({0, -30, 30, 0}, {2, 2})), {c, -s, s, c}, 1e-12));
  CHECK(near(expm(tensor({1, 5, 0, 1}, {2, 2})), {std::exp(1.0), 5 * std::exp(1.0), 0, std::exp(1.0)}));
  CHECK(near(expm(tensor({1e-9, 0, 0, -600}, {2, 2})), {std::exp(1e-9), 0, 0, std::exp(-600.0)}, 1e-12));
  CHECK(near(expm(tensor({0, -3, 3, 0}, {2, 2}, float32)),
             {std::cos(3.0), -std::sin(3.0), std::sin(3.0), std::cos(3.0)}, 1e-5));
}

TEST_CASE("solve_triangular: every option reads its own triangle") {
  const Tensor a = numbers({4, 4}) + 3.0 * one(4), b = numbers({4, 3}, float64, 2);
  for (const bool lower : {false, true})
    for (const bool turned : {false, true})
      for (const bool unit : {false, true}) {
        std::vector<double> list = values(a);
        for (std::size_t i = 0; i < 4; ++i)
          for (std::size_t j = 0; j < 4; ++j)
            if (lower ? j > i : j < i)
              list[4 * i + j] = 0.0;
            else if (i == j && unit)
              list[4 * i + j] = 1.0;
        const Tensor t = tensor(list, {4, 4});
        const Tensor x = solve_triangular(a, b, {.lower = lower, .transpose = turned, .unit_diagonal = unit});
        CHECK(near(matmul(turned ? transpose(t) : t, x), values(b), 1e-13));
      }
}

TEST_CASE("vectors, and batches that broadcast") {
  const Tensor a = numbers({3, 1, 2, 2}) + 3.0 * one(2), b = numbers({4, 2, 1});
  for (const Tensor& x : {solve(a, b), solve_triangular(a, b, {.lower = false}), lstsq(a, b)}) {
    CHECK(x.shape() == Shape{3, 4, 2, 1});
    CHECK(x.requires_grad() == false);
  }
  CHECK(near(matmul(a, solve(a, b)), values(broadcast_to(b, {3, 4, 2, 1})), 1e-13));
  CHECK(solve(a, support::vector({1, 2})).shape() == Shape{3, 1, 2});
  CHECK(solve_triangular(a, support::vector({1, 2})).shape() == Shape{3, 1, 2});
  CHECK(lstsq(a, support::vector({1, 2})).shape() == Shape{3, 1, 2});
}

TEST_CASE("any strides go in") {
  for (const Layout layout : {Layout::transposed, Layout::every_other, Layout::backward}) {
    const Tensor a = spd({2, 4, 4}, float64) + numbers({2, 4, 4}, float64, 3) * 0.1, b = numbers({2, 4, 3});
    const Tensor x = support::view(a, layout), y = support::view(b, layout);
    CHECK(!is_contiguous(x.node()));
    CHECK(support::same_bits(cholesky(a), cholesky(x)));
    CHECK(support::same_bits(solve(a, b), solve(x, y)));
    CHECK(support::same_bits(solve_triangular(a, b), solve_triangular(x, y)));
    CHECK(support::same_bits(inv(a), inv(x)));
    CHECK(support::same_bits(det(a), det(x)));
    CHECK(support::same_bits(slogdet(a).logabsdet, slogdet(x).logabsdet));
    CHECK(support::same_bits(qr(b).q, qr(y).q));
    CHECK(support::same_bits(eigh(a).eigenvectors, eigh(x).eigenvectors));
    CHECK(support::same_bits(svd(b).vh, svd(y).vh));
    CHECK(support::same_bits(pinv(b), pinv(y)));
    CHECK(near(expm(a), values(expm(x)), 1e-13));
  }
  const Tensor same = broadcast_to(tensor({2, 1, 1, 2}, {2, 2}), {3, 2, 2});
  CHECK(near(det(same), {3, 3, 3}));
}

// To rounding: some of OpenBLAS's kernels for old processors group their sums by the alignment of what they
// are given.
TEST_CASE("a batch gives what each of its matrices gives") {
  const Tensor a = numbers({3, 5, 5}), b = numbers({3, 5, 2});
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto of = [i](const Tensor& x) {
      return reshape(slice(x, 0, i, i + 1), {x.shape()[1], x.shape()[2]});
    };
    CHECK(near(of(inv(a)), values(inv(of(a))), 1e-12));
    CHECK(near(of(solve(a, b)), values(solve(of(a), of(b))), 1e-12));
    CHECK(near(of(svd(a).u), values(svd(of(a)).u), 1e-12));
    CHECK(near(of(qr(a).r), values(qr(of(a)).r), 1e-12));
    CHECK(near(of(expm(a * tensor({0.1, 1, 20}, {3, 1, 1}))),
               values(expm(of(a * tensor({0.1, 1, 20}, {3, 1, 1}))))));
  }
}

TEST_CASE("nothing is factored as mathematics has it") {
  const Tensor none = zeros({0, 0}, {.dtype = float64});
  CHECK(det(none).item() == 1.0);
  CHECK(slogdet(none).sign.item() == 1.0);
  CHECK(slogdet(none).logabsdet.item() == 0.0);
  for (const Tensor& x : {cholesky(none), inv(none), expm(none), eigh(none).eigenvectors,
                          matrix_power(none, 3), pinv(none), matrix_power(none, -1), matrix_power(none, 0)})
    CHECK(x.shape() == Shape{0, 0});
  const Tensor wide = zeros({0, 3}, {.dtype = float64}), tall = zeros({3, 0}, {.dtype = float64});
  CHECK(qr(wide).q.shape() == Shape{0, 0});
  CHECK(qr(wide).r.shape() == Shape{0, 3});
  CHECK(qr(tall).q.shape() == Shape{3, 0});
  CHECK(svd(wide).vh.shape() == Shape{0, 3});
  CHECK(svd(tall).u.shape() == Shape{3, 0});
  CHECK(pinv(wide).shape() == Shape{3, 0});
  CHECK(lstsq(tall, zeros({3, 2}, {.dtype = float64})).shape() == Shape{0, 2});
  CHECK(solve(none, zeros({0}, {.dtype = float64})).shape() == Shape{0});
  CHECK(det(zeros({0, 2, 2})).shape() == Shape{0});
  CHECK(svd(zeros({2, 0, 3, 4})).u.shape() == Shape{2, 0, 3, 3});
  CHECK(det(zeros({2, 0, 0})).shape() == Shape{2});
  CHECK(values(det(zeros({2, 0, 0}))) == std::vector<double>{1, 1});
}

TEST_CASE("what is not finite is NaN in the result, and leaves its neighbours alone") {
  for (const DType dtype : {float32, float64})
    for (const double bad : {double(NAN), double(INFINITY), -double(INFINITY)})
      for (const std::int64_t n : {2, 30}) {
        std::vector<double> list = values(spd({2, n, n}, float64));
        const std::vector<double> second(list.begin() + n * n, list.end());
        list[static_cast<std::size_t>(n)] = bad;  // row 1, column 0
        const Tensor a = tensor(list, {2, n, n}, dtype), good = tensor(second, {n, n}, dtype);
        const auto check = [&](const Tensor& x, const Tensor& y) {
          CHECK(all_nan(slice(x, 0, 0, 1)));
          CHECK(near(slice(x, 0, 1, 2), values(y), dtype == float32 ? 1e-4 : 1e-12));
        };
        check(cholesky(a), cholesky(good));
        check(inv(a), inv(good));
        check(det(a), det(good));
        check(slogdet(a).sign, slogdet(good).sign);
        check(slogdet(a).logabsdet, slogdet(good).logabsdet);
        check(qr(a).q, qr(good).q);
        check(qr(a).r, qr(good).r);
        check(eigh(a).eigenvalues, eigh(good).eigenvalues);
        check(eigh(a).eigenvectors, eigh(good).eigenvectors);
        check(svd(a).s, svd(good).s);
        check(pinv(a), pinv(good));
        check(solve(a, ones({n, 1}, {.dtype = dtype})), solve(good, ones({n, 1}, {.dtype = dtype})));
        CHECK(all(isnan(slice(expm(a * 0.01), 0, 0, 1))).item() == 1.0);
        CHECK(all(isfinite(slice(expm(a * 0.01), 0, 1, 2))).item() == 1.0);
        // Gradients too: no error, no hang.
        const Tensor x = parameter(a);
        for (const auto& f : std::vector<std::function<Tensor()>>{
                 [&] { return sum(cholesky(x)); }, [&] { return sum(inv(x)); }, [&] { return sum(det(x)); },
                 [&] { return sum(slogdet(x).logabsdet); }, [&] { return sum(qr(x).q); },
                 [&] { return sum(eigh(x).eigenvectors * x); }, [&] { return sum(svd(x).u * x); },
                 [&] { return sum(pinv(x)); }, [&] { return sum(expm(x * 0.01)); }}) {
          const Tensor g = grad(f(), {x})[0];
          CHECK(any(isnan(slice(g, 0, 0, 1))).item() == 1.0);
          CHECK(all(isfinite(slice(g, 0, 1, 2))).item() == 1.0);
        }
      }
  // A triangle that is not read may hold anything.
  CHECK(near(cholesky(tensor({4, NAN, 2, 3}, {2, 2})), {2, 0, 1, std::sqrt(2.0)}));
  CHECK(near(eigh(tensor({2, NAN, 1, 2}, {2, 2})).eigenvalues, {1, 3}));
  CHECK(near(solve_triangular(tensor({2, NAN, 1, 4}, {2, 2}), support::vector({2, 9})), {1, 2}));
}
