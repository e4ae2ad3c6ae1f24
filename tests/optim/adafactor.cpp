#include "wengert/optim/adafactor.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;
using optim::AdafactorOptions;

namespace {

double rms(const std::vector<double>& x) {
  double total = 0;
  for (const double value : x) total += value * value;
  return std::sqrt(total / static_cast<double>(x.size()));
}

/// Algorithms 4 (factored, of `rows` x `columns` matrices) and 5 of the paper, with sums as it has them.
class Reference {
 public:
  Reference(std::vector<double> start, std::size_t rows, std::size_t columns, bool factored)
      : p(std::move(start)), rows_(rows), columns_(columns), factored_(factored) {
    row_.resize(p.size() / columns);
    column_.resize(p.size() / rows);
    v_.resize(p.size());
  }
  void step(const std::vector<double>& g, const AdafactorOptions& o) {
    ++t_;
    const double b2 = 1 - std::pow(t_, o.beta2_decay);
    std::vector<double> u(p.size());
    if (factored_) {
      for (double& r : row_) r *= b2;
      for (double& c : column_) c *= b2;
      const std::size_t batches = p.size() / rows_ / columns_;
      const auto each = [&](auto f) {
        for (std::size_t b = 0; b < batches; ++b)
          for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < columns_; ++j)
              f((b * rows_ + i) * columns_ + j, b * rows_ + i, b * columns_ + j, b);
      };
      each([&](std::size_t k, std::size_t i, std::size_t j, std::size_t) {
        row_[i] += (1 - b2) * (g[k] * g[k] + o.eps.first);
        column_[j] += (1 - b2) * (g[k] * g[k] + o.eps.first);
      });
      std::vector<double> total(batches);
      for (std::size_t i = 0; i < row_.size(); ++i) total[i / rows_] += row_[i];
      each([&](std::size_t k, std::size_t i, std::size_t j, std::size_t b) {
        u[k] = g[k] / std::sqrt(row_[i] * column_[j] / total[b]);
      });
    } else {
      for (std::size_t k = 0; k < p.size(); ++k) {
        v_[k] = b2 * v_[k] + (1 - b2) * (g[k] * g[k] + o.eps.first);
        u[k] = g[k] / std::sqrt(v_[k]);
      }
    }
    const double rate = std::max(o.eps.second, rms(p)) * std::min(o.lr, 1 / std::sqrt(t_));
    const double clip = std::max(1.0, rms(u) / o.d);
    for (std::size_t k = 0; k < p.size(); ++k)
      p[k] = p[k] - o.lr * o.weight_decay * p[k] - rate * u[k] / clip;
  }
  std::vector<double> p;

 private:
  std::size_t rows_, columns_;
  bool factored_;
  std::vector<double> row_, column_, v_;
  double t_ = 0;
};

void follows(const Shape& shape, const AdafactorOptions& o) {
  const Tensor p = parameter(expect::tensor({1, -2, 0.5, 3, 0.1, -0.7, 2, 0.3, -1, 1.5, 0.2, 0.9}, shape));
  const bool factored = shape.size() >= 2;
  Reference reference(values(p), factored ? static_cast<std::size_t>(shape[shape.size() - 2]) : 1,
                      static_cast<std::size_t>(shape.back()), factored);
  optim::Adafactor optimizer({p}, o);
  for (int i = 0; i < 6; ++i) {
    optimizer.zero_grad();
    sum((0.5 * square(p) + i * p) / (i + 1.0)).backward();
    const std::vector<double> g = values((o.maximize ? -1.0 : 1.0) * p.grad());
    optimizer.step();
    reference.step(g, o);
    CHECK(near(p, reference.p, 1e-12));
  }
}

}  // namespace

TEST_CASE("steps follow the paper, factored and not") {
  for (const Shape& shape : {Shape{12}, Shape{3, 4}, Shape{2, 2, 3}}) {
    follows(shape, {});
    follows(shape, {.lr = 0.3});
    follows(shape, {.lr = 2.0, .beta2_decay = -0.5, .eps = {1e-3, 5.0}, .d = 0.4, .weight_decay = 0.1});
    follows(shape, {.lr = 0.1, .maximize = true});
  }
}

TEST_CASE("a matrix is remembered by a row and a column") {
  const Tensor p = parameter(expect::tensor({1, 2, 3, 4, 5, 6}, {2, 3})),
               q = parameter(expect::tensor({1, 2}));
  optim::Adafactor optimizer({p, q});
  sum(square(p)).backward();
  sum(square(q)).backward();
  optimizer.step();
  const optim::State state = optimizer.state();
  CHECK(state.at("0.row_var").shape() == Shape{2, 1});
  CHECK(state.at("0.col_var").shape() == Shape{1, 3});
  CHECK(!state.contains("0.variance"));
  CHECK(state.at("1.variance").shape() == Shape{2});
  CHECK(!state.contains("1.row_var"));
}

TEST_CASE("gradients that are small and large stay finite in float32") {
  const Tensor p = parameter(xt::xarray<float>{{1.0f, 1.0f}, {1.0f, 1.0f}});
  optim::Adafactor optimizer({p}, {.lr = 0.1});
  sum(p * Tensor(xt::xarray<float>{{0.0f, 1e-15f}, {1e15f, 1.0f}})).backward();
  optimizer.step();
  for (const double value : values(p)) CHECK(std::isfinite(value));
}

TEST_CASE("options that make no sense") {
  const std::vector<Tensor> p{parameter(xt::xarray<double>{1.0})};
  const auto refused = [&](const AdafactorOptions& o) {
    return message<ValueError>([&] { optim::Adafactor(p, o); });
  };
  CHECK(refused({.lr = -1}) == "[Adafactor] lr must be finite and not negative: got -1");
  CHECK(refused({.beta2_decay = 0.5}) == "[Adafactor] beta2_decay must not be positive: got 0.5");
  CHECK(refused({.eps = {-1, 0}}) == "[Adafactor] the first of eps must not be negative: got -1");
  CHECK(refused({.eps = {0, -1}}) == "[Adafactor] the second of eps must not be negative: got -1");
  CHECK(refused({.d = 0}) == "[Adafactor] d must be positive: got 0");
  CHECK(refused({.weight_decay = -1}) == "[Adafactor] weight_decay must not be negative: got -1");
}
