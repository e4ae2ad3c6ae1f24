#include "wengert/optim/muon.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::MuonOptions;

namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.size(), std::vector<double>(b[0].size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b[0].size(); ++j)
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}
Matrix turned(const Matrix& a) {
  Matrix t(a[0].size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a[0].size(); ++j) t[j][i] = a[i][j];
  return t;
}

Matrix orthogonalized(Matrix x, const MuonOptions& o) {
  const bool tall = x.size() > x[0].size();
  if (tall) x = turned(x);
  double norm = 0;
  for (const auto& row : x)
    for (const double value : row) norm += value * value;
  norm = std::sqrt(norm) + o.eps;
  for (auto& row : x)
    for (double& value : row) value /= norm;
  for (int n = 0; n < o.ns_steps; ++n) {
    const Matrix a = product(x, turned(x)), ax = product(a, x), aax = product(a, ax);
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = 0; j < x[0].size(); ++j)
        x[i][j] = 3.4445 * x[i][j] - 4.7750 * ax[i][j] + 2.0315 * aax[i][j];
  }
  return tall ? turned(x) : x;
}

// Steps with the gradient (p + i) / (i + 1) of the i-th step, against the source's formulas in plain doubles.
void follows(const Shape& shape, const MuonOptions& o) {
  const Tensor p = parameter(expect::tensor({1, -2, 0.5, 3, 0.1, -0.7, 2, 0.3, -1, 1.5, 0.2, 0.9}, shape));
  optim::Muon optimizer({p}, o);
  std::vector<double> q = values(p), b(12);
  const auto rows = static_cast<std::size_t>(shape[0]), columns = 12 / rows;
  for (int t = 0; t < 4; ++t) {
    optimizer.zero_grad();
    sum((0.5 * square(p) + t * p) / (t + 1.0)).backward();
    optimizer.step();
    Matrix u(rows, std::vector<double>(columns));
    for (std::size_t k = 0; k < 12; ++k) {
      const double g = (o.maximize ? -1 : 1) * (q[k] + t) / (t + 1);
      b[k] = o.momentum * b[k] + (1 - o.momentum) * g;
      u[k / columns][k % columns] = o.nesterov ? (1 - o.momentum) * g + o.momentum * b[k] : b[k];
    }
    const Matrix change = orthogonalized(u, o);
    const double ratio = static_cast<double>(rows) / static_cast<double>(columns);
    for (std::size_t k = 0; k < 12; ++k) {
      q[k] -= o.lr * o.weight_decay * q[k];
      q[k] -= o.lr * std::sqrt(std::max(1.0, ratio)) * change[k / columns][k % columns];
    }
    CHECK(near(p, q, 1e-11));
  }
}

}  // namespace

TEST_CASE("steps follow the source") {
  for (const Shape& shape : {Shape{3, 4}, Shape{6, 2}, Shape{2, 3, 2}}) {
    follows(shape, {});
    follows(shape, {.lr = 0.3, .weight_decay = 0.5, .momentum = 0.5, .nesterov = false, .ns_steps = 2});
    follows(shape, {.lr = 0.3, .eps = 0.1, .maximize = true});
  }
}

TEST_CASE("a step's singular values are near 1, whatever the gradient's are") {
  manual_seed(5);
  const Tensor p = parameter(zeros({8, 5}, {.dtype = float64}));
  optim::Muon optimizer({p}, {.lr = 1.0, .weight_decay = 0.0, .momentum = 0.0, .nesterov = false});
  const Tensor scale = expect::tensor({1, 3, 0.2, 10, 0.5});
  sum(p * scale * randn({8, 5}, {.dtype = float64})).backward();
  optimizer.step();
  for (const double s : values(svd(p.detach()).s / std::sqrt(8.0 / 5.0))) CHECK((s > 0.6 && s < 1.3));
}

TEST_CASE("what cannot be trained so") {
  const Tensor matrix = parameter(ones({1, 1})), vector = parameter(ones({1}));
  CHECK(
      message<ShapeError>([&] {
        optim::Muon({matrix, vector});
      }) ==
      "[Muon] a parameter must have two dimensions or more: number 1 is (1,). Did you mean to train it with "
      "AdamW?");
  const auto refused = [&](const MuonOptions& o) {
    return message<ValueError>([&] { optim::Muon({matrix}, o); });
  };
  CHECK(refused({.lr = -1}) == "[Muon] lr must be finite and not negative: got -1");
  CHECK(refused({.weight_decay = -1}) == "[Muon] weight_decay must not be negative: got -1");
  CHECK(refused({.momentum = 1}) == "[Muon] momentum must lie within [0, 1): got 1");
  CHECK(refused({.eps = 0}) == "[Muon] eps must be positive: got 0");
  CHECK(refused({.ns_steps = 0}) == "[Muon] ns_steps must be positive: got 0");
}
