// Singular matrices and repeated values: the right finite gradient, or an error that names the batch.
#include "support/tensors.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using support::leaf;
using support::message;
using support::near;
using support::tensor;
using support::values;

namespace {

Tensor one(std::int64_t n) { return eye(n, {.dtype = float64}); }
Tensor gradient(const Tensor& y, const Tensor& x) { return grad(sum(y), {x})[0]; }
Tensor restored(const Eigh& y, Tensor (*f)(const Tensor&)) {
  return matmul(y.eigenvectors * unsqueeze(f(y.eigenvalues), -2), transpose(y.eigenvectors));
}
Tensor gradient_kept(const Tensor& y, const Tensor& x) {
  return grad(sum(y), {x}, {.retain_graph = true})[0];
}
Tensor trace(const Tensor& x) { return sum(x * one(x.shape().back())); }
Tensor same(const Tensor& x) { return x; }
Tensor squared(const Tensor& x) { return square(x); }

const std::string equal_eigenvalues =
    "[eigh] the gradient of this function needs distinct eigenvalues: it has equal ones";
const std::string equal_singular_values =
    "[svd] the gradient of this function needs distinct singular values other than 0: it has equal ones";

}  // namespace

TEST_CASE("det of a singular matrix is 0 and has every derivative") {
  const Tensor a = leaf({1, 2, 2, 4}, {2, 2});
  CHECK(det(a).item() == 0.0);
  CHECK(near(gradient(det(a), a), {4, -2, -2, 1}));
  const auto f = [](const auto& in) { return det(in[0]); };
  const auto check = [&](const std::vector<double>& list, const Shape& shape) {
    const auto report = gradcheck(f, {tensor(list, shape)}, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  };
  check({1, 2, 2, 4}, {2, 2});
  check({0.1, 0.2, 0.3, 0.6}, {2, 2});         // singular to rounding
  check({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3});  // rank 2
  check({1, 2, 3, 2, 4, 6, 3, 6, 9}, {3, 3});  // rank 1
  check({0, 0, 0, 0, 0, 0, 0, 0, 0}, {3, 3});  // rank 0
  check({0}, {1, 1});
  check({1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}, {4, 4});
  check({1, 2, 2, 4, 3, 1, 1, 2, 0, 0, 0, 0}, {3, 2, 2});  // one of a batch is not
  // The third derivative of a 3 by 3 determinant at 0 is that of a product of three entries.
  const Tensor x = leaf(std::vector<double>(9, 0.0), {3, 3});
  const auto pick = [](const Tensor& t, std::int64_t i) {
    return reshape(slice(reshape(t, {9}), 0, i, i + 1), {});
  };
  const Tensor g = grad(det(x), {x}, {.create_graph = true})[0];
  const Tensor h = grad(pick(g, 0), {x}, {.create_graph = true})[0];  // which keeps the graph
  CHECK(near(grad(pick(h, 4), {x}, {.retain_graph = true})[0], {0, 0, 0, 0, 0, 0, 0, 0, 1}));
  CHECK(near(grad(pick(h, 5), {x})[0], {0, 0, 0, 0, 0, 0, 0, -1, 0}));
}

TEST_CASE("det of a matrix that float32 takes for singular") {
  const Tensor a = leaf({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3}, float32);
  CHECK(near(gradient(det(a), a), {-3, 6, -3, 6, -12, 6, -3, 6, -3}, 1e-5));
}

TEST_CASE("slogdet of a singular matrix: a value, and an error for its gradient") {
  const Tensor a = leaf({1, 2, 2, 4, 2, 0, 0, 3, 0, 0, 0, 0}, {3, 2, 2});
  const Slogdet y = slogdet(a);
  CHECK(values(y.sign) == std::vector<double>{0, 1, 0});
  CHECK(near(y.logabsdet, {-INFINITY, std::log(6.0), -INFINITY}));
  CHECK(!y.sign.requires_grad());
  CHECK(message<ValueError>([&] { gradient(slice(y.logabsdet, 0, 1, 2), a); }) ==
        "[slogdet] the gradient needs an invertible matrix: batch 0 is singular");
}

TEST_CASE("equal eigenvalues: functions of the eigenvalues have their gradient") {
  const Tensor a = parameter(one(3) * 2.0);
  CHECK(near(gradient(square(eigh(a).eigenvalues), a), values(a * 2.0)));
  CHECK(near(gradient(exp(eigh(a).eigenvalues), a), values(one(3) * std::exp(2.0))));
  CHECK(near(gradient(trace(restored(eigh(a), squared)), a), values(a * 2.0)));
  // Rotated, and beside another eigenvalue.
  const Tensor q = qr(tensor({1, 2, 3, -1, 1, 0.5, 2, 0, 1}, {3, 3})).q;
  const Tensor b = parameter(matmul(q * tensor({1, 1, 3}, {3}), transpose(q)));
  CHECK(near(gradient(square(eigh(b).eigenvalues), b), values(b * 2.0), 1e-12));
  CHECK(near(gradient(trace(restored(eigh(b), squared)), b), values(b * 2.0), 1e-12));
  // One of the equal ones alone: a subgradient, of trace 1.
  const Tensor g = gradient(slice(eigh(a).eigenvalues, 0, 2, 3), a);
  CHECK(trace(g).item() == doctest::Approx(1.0));
}

TEST_CASE("equal eigenvalues: other eigenvectors and projections have their gradient") {
  const Tensor q = qr(tensor({1, 2, 3, -1, 1, 0.5, 2, 0, 1}, {3, 3})).q;
  const Tensor b = matmul(q * tensor({1, 1, 3}, {3}), transpose(q)),
               u = tensor({1, 2, 3, 4, 5, 6, 7, 8, 10}, {3, 3});
  const auto onto = [](const Tensor& v, std::int64_t from, std::int64_t to) {
    const Tensor some = slice(v, 1, from, to);
    return matmul(some, transpose(some));
  };
  // The two projections add up to the identity, so their gradients add up to 0.
  const Tensor x = parameter(b);
  const Tensor of_one = gradient(onto(eigh(x).eigenvectors, 2, 3) * u, x);
  const Tensor of_two = gradient(onto(eigh(x).eigenvectors, 0, 2) * u, x);
  CHECK(near(of_one, values(-of_two), 1e-13));
  CHECK(sum(abs(of_one)).item() > 1.0);
  const auto report = gradcheck(
      [&](const auto& in) { return onto(eigh((in[0] + transpose(in[0])) * 0.5).eigenvectors, 2, 3); }, {b});
  CHECK_MESSAGE(report.ok(), report.problem);
}

TEST_CASE("equal eigenvalues: what cannot be right is an error that names the batch") {
  const Tensor a = parameter(one(2)), u = tensor({1, 2, 2, 5}, {2, 2});
  CHECK(message<ValueError>([&] { gradient(restored(eigh(a), same) * u, a); }) == equal_eigenvalues);
  CHECK(message<ValueError>([&] {
          gradient(restored(eigh(a), [](const Tensor& w) { return log(w); }) * u, a);
        }) == equal_eigenvalues);  // f = 0 there
  CHECK(message<ValueError>([&] {
          gradient(eigh(a).eigenvectors * tensor({1, 2, 3, 5}, {2, 2}), a);
        }) == equal_eigenvalues);
  CHECK(message<ValueError>([&] {
          gradient(restored(eigh(a), [](const Tensor& w) { return log(w); }), a);
        }) == equal_eigenvalues);  // the sum, of which eigh sees the same as of the trace
  CHECK(near(gradient(log(eigh(a).eigenvalues), a), {1, 0, 0, 1}));
  // The gradient of sum(w²) is 2 a; its own derivative goes through the eigenvectors.
  const Tensor g = grad(sum(square(eigh(a).eigenvalues)), {a}, {.create_graph = true})[0];
  CHECK(message<ValueError>([&] { gradient(g * u, a); }) == equal_eigenvalues);
  const Tensor batch = leaf({1, 0, 0, 2, 3, 0, 0, 3}, {2, 2, 2});
  CHECK(message<ValueError>([&] { gradient(restored(eigh(batch), same) * u, batch); }) ==
        "[eigh] the gradient of this function needs distinct eigenvalues: batch 1 has equal ones");
}

TEST_CASE("equal singular values") {
  const Tensor a = parameter(one(2) * 3.0), u = tensor({1, 2, -2, 5}, {2, 2});
  const Tensor v = tensor({1, 2, 0, -2, 5, 1, 3, 3, 4}, {3, 3});
  CHECK(near(gradient_kept(square(svd(a).s), a), values(a * 2.0)));
  CHECK(near(gradient_kept(svd(a).s, a), values(one(2))));
  // The orthogonal polar factor is smooth there: its derivative is the skew part over 2 s.
  const Svd y = svd(a);
  CHECK(near(gradient_kept(matmul(y.u, y.vh) * u, a), {0, 2.0 / 3.0, -2.0 / 3.0, 0}));
  const auto report = gradcheck(
      [&](const auto& in) {
        const Svd z = svd(in[0]);
        return sum(matmul(z.u, z.vh) * v);
      },
      {one(3) * 2.0});
  CHECK_MESSAGE(report.ok(), report.problem);
  CHECK(message<ValueError>([&] { gradient_kept(matmul(y.u * y.s, y.vh) * u, a); }) == equal_singular_values);
  CHECK(message<ValueError>([&] { gradient_kept(y.u * u, a); }) == equal_singular_values);
}

TEST_CASE("singular values of 0") {
  // Of a square matrix one 0 leaves everything defined but the sign of its vectors.
  const Tensor a = leaf({1, 2, 2, 4}, {2, 2}), u = tensor({1, 2, -2, 5}, {2, 2});
  const Svd y = svd(a);
  CHECK(near(gradient_kept(square(y.s), a), values(a * 2.0)));
  CHECK(near(gradient_kept(matmul(y.u * y.s, y.vh) * u, a), values(u), 1e-13));
  // The nuclear norm: a subgradient, which the matrix itself meets with its norm.
  const Tensor g = gradient_kept(y.s, a);
  CHECK(sum(g * a).item() == doctest::Approx(5.0));
  // Of a tall one the left vector of a 0 may turn in a plane.
  const Tensor tall = leaf({1, 2, 2, 4, 3, 6}, {3, 2}), v = tensor({1, 0, 2, 5, -1, 1}, {3, 2});
  const Svd z = svd(tall);
  CHECK(near(gradient_kept(square(z.s), tall), values(tall * 2.0)));
  CHECK(gradient_kept(z.s, tall).size() == 6);
  const std::string zero =
      "[svd] the gradient of this function needs distinct singular values other than 0: it has a 0";
  CHECK(message<ValueError>([&] { gradient_kept(matmul(z.u * z.s, z.vh) * v, tall); }) == zero);
  CHECK(message<ValueError>([&] { gradient_kept(matmul(z.u, z.vh) * v, tall); }) == zero);
  const Tensor wide = parameter(transpose(tall));
  const Svd w = svd(wide);
  CHECK(message<ValueError>([&] { gradient_kept(matmul(w.u, w.vh) * transpose(v), wide); }) == zero);
  // The vectors of the other singular values are defined.
  const auto leading = [](const auto& in) {
    const Svd t = svd(in[0]);
    return matmul(slice(t.u, 1, 0, 1), slice(t.vh, 0, 0, 1));
  };
  const auto report = gradcheck(leading, {tall.detach()});
  CHECK_MESSAGE(report.ok(), report.problem);
  const Tensor none = parameter(zeros({2, 2}, {.dtype = float64}));
  CHECK(near(gradient_kept(square(svd(none).s), none), {0, 0, 0, 0}));
}

TEST_CASE("qr of dependent columns: a value, and an error for its gradient") {
  const Tensor a = leaf({1, 2, 2, 4, 3, 6, 1, 0, 0, 1, 0, 0}, {2, 3, 2});
  const Qr y = qr(a);
  CHECK(near(matmul(y.q, y.r), values(a)));
  CHECK(message<ValueError>([&] { gradient_kept(y.q, a); }) ==
        "[qr] the gradient needs independent columns: batch 0 has dependent ones");
}
