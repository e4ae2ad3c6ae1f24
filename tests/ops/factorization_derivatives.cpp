// Factorizations and what is composed of them: first and second derivatives against differences.
#include <algorithm>

#include "support/tensors.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using support::tensor;

namespace {

void check(const char* what, const TensorFunction& f, const std::vector<Tensor>& inputs) {
  CAPTURE(what);
  const auto report = gradcheck(f, inputs, {.order = 2});
  CHECK_MESSAGE(report.ok(), report.problem);
}

/// Reproducible numbers in [-1, 1].
Tensor numbers(const Shape& shape, unsigned seed = 1) {
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  std::uint64_t state = seed;
  for (double& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = 2.0 * static_cast<double>(state >> 11) * 0x1p-53 - 1.0;
  }
  return tensor(values, shape);
}

Tensor first(const Tensor& x, std::int64_t count) { return slice(x, -1, 0, count); }

}  // namespace

TEST_CASE("factorizations: every sample's first and second derivative agree with differences") {
  const std::vector<std::string> mine = {
      "cholesky", "solve", "solve_triangular", "inv", "det", "slogdet", "qr", "eigh", "svd", "pinv"};
  std::size_t found = 0;
  for (const Operation* operation : registered_operations()) {
    if (std::find(mine.begin(), mine.end(), operation->name) == mine.end()) continue;
    ++found;
    for (const Sample& sample : operation->samples()) {
      const std::string name = std::string(operation->name) + ", " + sample.what;
      CAPTURE(name);
      const auto report = gradcheck(sample.call, sample.inputs, {.order = 2});
      CHECK_MESSAGE(report.ok(), report.problem);
    }
  }
  CHECK(found == mine.size());
}

TEST_CASE("lstsq, matrix_power and expm: first and second derivatives") {
  const auto least = [](const auto& in) { return lstsq(in[0], in[1]); };
  check("tall", least, {numbers({4, 2}), numbers({4, 2}, 2)});
  check("square, vector", least, {numbers({3, 3}, 3), numbers({3}, 2)});
  check("batches", least, {numbers({2, 3, 2}), numbers({3, 1}, 2)});
  check("no columns", least, {numbers({3, 0}), numbers({3, 1})});
  for (const std::int64_t n : {-3, -1, 0, 1, 2, 5}) {
    CAPTURE(n);
    const Tensor x = numbers({2, 2, 2}) + tensor({3, 0, 0, 3}, {2, 2});
    const auto report =
        gradcheck([n](const auto& in) { return matrix_power(in[0], n) + in[0]; }, {x}, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  }
  const auto exponential = [](const auto& in) { return expm(in[0]); };
  check("small", exponential, {numbers({3, 3}) * 0.1});
  check("of norm 8, which is halved", exponential, {numbers({2, 2}) * 8.0});
  check("of different norms", exponential, {numbers({3, 2, 2}) * tensor({0.01, 1.0, 10.0}, {3, 1, 1})});
  check("0", exponential, {tensor({0, 0, 0, 0}, {2, 2})});
  check("empty", exponential, {numbers({0, 0})});
}

TEST_CASE("cholesky and eigh: the gradient is symmetric and that of symmetric arguments") {
  const Tensor x = numbers({3, 3});
  const Tensor a = parameter(matmul(x, transpose(x)) + eye(3, {.dtype = float64}));
  const Tensor u = numbers({3, 3}, 7);
  const auto symmetric = [&](const Tensor& g) {
    CHECK(support::near(g, support::values(transpose(g)), 1e-14));
  };
  symmetric(grad(sum(cholesky(a) * u), {a})[0]);
  const Eigh y = eigh(a);
  symmetric(grad(sum(y.eigenvectors * u), {a})[0]);
}

TEST_CASE("larger factorizations: log of the determinant by every way") {
  const Tensor x = numbers({40, 40}) * 0.1;
  const Tensor a = parameter(matmul(x, transpose(x)) + eye(40, {.dtype = float64}));
  const std::vector<double> inverse = support::values(inv(a));
  const auto diagonal = [](const Tensor& m) { return sum(m * eye(40, {.dtype = float64}), {-1}); };
  const std::vector<std::pair<const char*, Tensor>> ways = {
      {"slogdet", slogdet(a).logabsdet},
      {"det", log(det(a))},
      {"cholesky", 2.0 * sum(log(diagonal(cholesky(a))))},
      {"qr", sum(log(abs(diagonal(qr(a).r))))},
      {"eigh", sum(log(eigh(a).eigenvalues))},
      {"svd", sum(log(svd(a).s))}};
  for (const auto& [name, y] : ways) {
    CAPTURE(name);
    CHECK(y.item() == doctest::Approx(ways[0].second.item()).epsilon(1e-12));
    CHECK(support::near(grad(y, {a})[0], inverse, 1e-11));
  }
}

TEST_CASE("pinv: derivatives among matrices of deficient rank") {
  check("rank 1 of 3 by 2", [](const auto& in) { return pinv(matmul(in[0], in[1])); },
        {numbers({3, 1}), numbers({1, 2}, 2)});
  check("rank 2 of 3 by 3", [](const auto& in) { return pinv(matmul(in[0], in[1])); },
        {numbers({3, 2}), numbers({2, 3}, 2)});
}

TEST_CASE("qr: the derivative of a wide matrix reaches every column") {
  const Tensor a = parameter(numbers({2, 4}));
  const Tensor g = grad(sum(square(qr(a).r)), {a})[0];
  CHECK(support::near(g, support::values(a * 2.0), 1e-13));  // |r|² = |a|²
  CHECK(support::near(grad(sum(square(first(qr(a).r, 2))), {a})[0],
                      support::values(concat({first(a, 2) * 2.0, zeros({2, 2}, {.dtype = float64})}, -1)),
                      1e-13));
}
