#include "wengert/nn/initializer.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"

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
  CHECK(init::gain(linear) == 1.0);
  CHECK(init::gain(sigmoid) == 1.0);
  CHECK(near(init::gain(tanh), 5.0 / 3.0));
  CHECK(near(init::gain(relu), std::sqrt(2.0)));
  CHECK(near(init::gain(leaky_relu), std::sqrt(2.0 / 1.0001)));
  CHECK(near(init::gain(leaky_relu, 1.0), 1.0));
  CHECK(init::gain(selu) == 0.75);
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
        "[fans] a weight must have two dimensions or more to have fans: got (3,)");
  CHECK(message<ValueError>([] { init::uniform(leaf({3}), 2.0, 1.0); }) ==
        "[uniform] low must not be above high: got 2 and 1");
  CHECK(message<ValueError>([] { init::normal(leaf({3}), 0.0, -1.0); }) ==
        "[normal] the deviation must not be negative: got -1");
}
