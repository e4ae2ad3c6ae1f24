#include "wengert/nn/initializer.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
namespace init = wengert::nn::init;
using expect::message;
using expect::near;
using expect::values;

namespace {

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
  explicit Moments(const Tensor& t) {
    const auto x = values(t);
    for (const double v : x) mean += v / static_cast<double>(x.size());
    for (const double v : x) deviation += (v - mean) * (v - mean) / static_cast<double>(x.size());
    for (const double v : x) largest = std::max(largest, std::abs(v));
    deviation = std::sqrt(deviation);
  }
};

Tensor leaf(const Shape& shape, DType dtype = float32) {
  return zeros(shape, {.dtype = dtype, .requires_grad = true});
}

}  // namespace

TEST_CASE("constants") {
  const Tensor t = leaf({2, 2});
  init::constant(t, 3.5);
  CHECK(near(t, {3.5, 3.5, 3.5, 3.5}));
  init::ones(t);
  CHECK(near(t, {1, 1, 1, 1}));
  init::zeros(t);
  CHECK(near(t, {0, 0, 0, 0}));
  CHECK((t.is_leaf() && t.requires_grad()));
}

TEST_CASE("uniform and normal have their range and moments, in either float dtype") {
  manual_seed(1);
  for (const DType dtype : {float32, float64}) {
    const Tensor t = leaf({100, 200}, dtype);
    init::uniform(t, 1.0, 3.0);
    const Moments u(t);
    CHECK(u.mean == doctest::Approx(2.0).epsilon(0.01));
    CHECK(u.deviation == doctest::Approx(2.0 / std::sqrt(12.0)).epsilon(0.02));
    CHECK(u.largest < 3.0);
    init::normal(t, -1.0, 0.5);
    const Moments n(t);
    CHECK(n.mean == doctest::Approx(-1.0).epsilon(0.02));
    CHECK(n.deviation == doctest::Approx(0.5).epsilon(0.02));
    CHECK(t.dtype() == dtype);
  }
}

TEST_CASE("fans and gains are PyTorch's") {
  const init::Fans dense = init::fans(leaf({30, 20})), convolution = init::fans(leaf({8, 4, 3, 5}));
  CHECK((dense.in == 20 && dense.out == 30));
  CHECK((convolution.in == 60 && convolution.out == 120));
  using enum init::Nonlinearity;
  CHECK(init::calculate_gain(linear) == 1.0);
  CHECK(init::calculate_gain(sigmoid) == 1.0);
  CHECK(near(init::calculate_gain(tanh), 5.0 / 3.0));
  CHECK(near(init::calculate_gain(relu), std::sqrt(2.0)));
  CHECK(near(init::calculate_gain(leaky_relu), std::sqrt(2.0 / 1.0001)));
  CHECK(near(init::calculate_gain(leaky_relu, 1.0), 1.0));
  CHECK(init::calculate_gain(selu) == 0.75);
}

TEST_CASE("xavier and kaiming scale by the fans") {
  manual_seed(2);
  const Tensor t = leaf({300, 100});
  const auto bounded_by = [&](double bound) {
    const Moments m(t);
    CHECK(m.largest <= bound * 1.000001);
    CHECK(m.largest > bound * 0.999);
    CHECK(m.deviation == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.02));
  };
  const auto deviates_by = [&](double deviation) {
    const Moments m(t);
    CHECK(std::abs(m.mean) < 0.02 * deviation);
    CHECK(m.deviation == doctest::Approx(deviation).epsilon(0.02));
  };
  init::xavier_uniform(t);
  bounded_by(std::sqrt(6.0 / 400));
  init::xavier_uniform(t, 2.0);
  bounded_by(2 * std::sqrt(6.0 / 400));
  init::xavier_normal(t);
  deviates_by(std::sqrt(2.0 / 400));
  init::kaiming_uniform(t);
  bounded_by(std::sqrt(6.0 / 100));
  init::kaiming_uniform(t, {.slope = std::sqrt(5.0)});
  bounded_by(std::sqrt(1.0 / 100));
  init::kaiming_uniform(t, {.fan = init::Fan::out, .nonlinearity = init::Nonlinearity::tanh});
  bounded_by(5.0 / 3.0 * std::sqrt(3.0 / 300));
  init::kaiming_normal(t, {.nonlinearity = init::Nonlinearity::relu});
  deviates_by(std::sqrt(2.0 / 100));
}

TEST_CASE("the seed decides, and nothing is drawn for an empty leaf") {
  const Tensor a = leaf({3, 2}), b = leaf({3, 2}), none = leaf({3, 0});
  manual_seed(6);
  init::kaiming_uniform(a);
  manual_seed(6);
  init::kaiming_uniform(none);
  init::kaiming_normal(none);
  init::xavier_normal(none);
  init::kaiming_uniform(b);
  CHECK(values(a) == values(b));
}

TEST_CASE("what cannot be initialized") {
  CHECK(message<ShapeError>([] { init::kaiming_uniform(leaf({3})); }) ==
        "[kaiming_uniform: fans] a weight must have two dimensions or more to have fans: got (3,)");
  CHECK(message<ValueError>([] { init::uniform(leaf({3}), 2.0, 1.0); }) ==
        "[uniform] low must not be above high: got 2 and 1");
  CHECK(message<ValueError>([] { init::normal(leaf({3}), 0.0, -1.0); }) ==
        "[normal] the deviation must not be negative: got -1");
}

TEST_CASE("truncated_normal keeps its bounds and, far inside of them, is normal") {
  manual_seed(3);
  const Tensor t = leaf({100, 200});
  init::truncated_normal(t, 1.0, 0.5, 0.0, 1.25);
  const auto x = values(t);
  CHECK((*std::min_element(x.begin(), x.end()) >= 0.0 && *std::max_element(x.begin(), x.end()) <= 1.25));
  CHECK((*std::min_element(x.begin(), x.end()) < 0.02 && *std::max_element(x.begin(), x.end()) > 1.24));
  // Of z in [-2, 0.5]: mean (phi(-2) - phi(0.5)) / (Phi(0.5) - Phi(-2)).
  CHECK(Moments(t).mean ==
        doctest::Approx(1.0 + 0.5 * (0.05399 - 0.35207) / (0.69146 - 0.02275)).epsilon(0.01));
  init::truncated_normal(t);
  CHECK(Moments(t).deviation == doctest::Approx(0.8796).epsilon(0.02));
  CHECK(Moments(t).largest <= 2.0);
}

TEST_CASE("eye is the identity of any matrix") {
  const Tensor wide = leaf({2, 3}), tall = leaf({3, 2}, float64);
  init::eye(wide);
  init::eye(tall);
  CHECK(near(wide, {1, 0, 0, 0, 1, 0}));
  CHECK(near(tall, {1, 0, 0, 1, 0, 0}));
  CHECK(tall.dtype() == float64);
}

TEST_CASE("lecun_normal has variance 1 / fan_in") {
  manual_seed(3);
  const Tensor t = leaf({100, 10, 5, 5});
  init::lecun_normal(t);
  CHECK(Moments(t).deviation == doctest::Approx(std::sqrt(1.0 / 250)).epsilon(0.02));
}

TEST_CASE("orthogonal: orthonormal rows or columns, of any sign") {
  manual_seed(3);
  for (const Shape& shape : {Shape{4, 4}, Shape{3, 5}, Shape{5, 3}, Shape{3, 2, 4}, Shape{9, 2, 2}}) {
    const Tensor t = leaf(shape, float64);
    init::orthogonal(t, 2.0);
    Tensor w = reshape(t.detach(), {shape[0], -1});
    if (w.shape()[0] > w.shape()[1]) w = transpose(w);
    CHECK(near(matmul(w, transpose(w)), values(4.0 * eye(w.shape()[0], {.dtype = float64})), 1e-12));
  }
  // Uniformly distributed: each element is as often negative as positive, the diagonal too.
  double diagonal = 0;
  for (int i = 0; i < 400; ++i) {
    const Tensor t = leaf({2, 2}, float64);
    init::orthogonal(t);
    diagonal += values(t)[0] / 400;
  }
  CHECK(std::abs(diagonal) < 4 * std::sqrt(0.5 / 400));
}

TEST_CASE("sparse: the same number of zeros in each column, at random rows") {
  manual_seed(3);
  const Tensor t = leaf({9, 400}), none = leaf({0, 3});
  init::sparse(t, 0.3, 2.0);
  const auto x = values(t);
  std::vector<int> in_row(9);
  double squares = 0;
  for (std::size_t c = 0; c < 400; ++c) {
    int zeros = 0;
    for (std::size_t r = 0; r < 9; ++r) {
      const double v = x[r * 400 + c];
      squares += v * v;
      if (v == 0) ++zeros, ++in_row[r];
    }
    CHECK(zeros == 3);
  }
  CHECK(std::sqrt(squares / 2400) == doctest::Approx(2.0).epsilon(0.05));
  for (const int zeros : in_row) CHECK(std::abs(zeros - 400 / 3.0) < 4 * std::sqrt(400 * 2.0 / 9));
  init::sparse(t, 1.0);
  CHECK(Moments(t).largest == 0);
  init::sparse(t, 0.0);
  CHECK(count_nonzero(t).item() == 3600);
  init::sparse(none, 0.5);
  init::orthogonal(none);
}

TEST_CASE("what the shaped initializers refuse, and then change nothing") {
  const Tensor t = leaf({2, 2}), cube = leaf({2, 2, 2});
  CHECK(message<ShapeError>([&] { init::eye(cube); }) == "[eye] the leaf must be a matrix: got (2, 2, 2)");
  CHECK(message<ShapeError>([&] { init::sparse(cube, 0.5); }) ==
        "[sparse] the leaf must be a matrix: got (2, 2, 2)");
  CHECK(message<ShapeError>([] { init::orthogonal(leaf({3})); }) ==
        "[orthogonal] the leaf must have two dimensions or more: got (3,)");
  CHECK(message<ShapeError>([] { init::lecun_normal(leaf({3})); }) ==
        "[lecun_normal: fans] a weight must have two dimensions or more to have fans: got (3,)");
  CHECK(message<ValueError>([&] { init::sparse(t, 1.5); }) ==
        "[sparse] sparsity must lie within [0, 1]: got 1.5");
  CHECK(message<ValueError>([&] { init::sparse(t, 0.5, -1.0); }) ==
        "[sparse] the deviation must not be negative: got -1");
  CHECK(message<ValueError>([&] { init::truncated_normal(t, 0.0, 0.0); }) ==
        "[truncated_normal] the deviation must be positive: got 0");
  CHECK(message<ValueError>([&] { init::truncated_normal(t, 0.0, 1.0, 2.0, 1.0); }) ==
        "[truncated_normal] low must be below high: got 2 and 1");
  CHECK(near(t, {0, 0, 0, 0}));
}
