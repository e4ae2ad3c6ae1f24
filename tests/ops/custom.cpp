// Operations made by a user: one input, several, broadcasting, wrong rules, wrong inputs.
#include "wengert/ops/custom.hpp"

#include <doctest/doctest.h>

#include <string>
#include <wengert/wengert.hpp>
#include <xtensor/xmath.hpp>

using namespace wengert;

namespace {

const auto scaled_sum = [] {
  return custom_op(
      "scaled_sum", [](const auto& a, const auto& b) { return a * 2.0f + b; },
      [](const Tensor& g, const Tensor&, const Tensor&, const Tensor&) {
        return std::vector<Tensor>{2.0 * g, g};
      });
};

std::string message(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("one input, to second order, in both dtypes") {
  const auto cube = custom_op(
      "cube", [](const auto& x) { return x * x * x; },
      [](const Tensor& g, const Tensor& x, const Tensor&) { return 3.0 * g * x * x; });
  const Tensor x(xt::xarray<double>{{0.5, -1.0}, {2.0, 0.25}});
  CHECK(gradcheck([&](const std::vector<Tensor>& in) { return cube(in[0]); }, {x}, {.order = 2}).ok());
  CHECK(gradcheck([&](const std::vector<Tensor>& in) { return cube(transpose(in[0])); }, {x}).ok());
  CHECK(cube(Tensor(xt::xarray<float>{2.0f})).dtype() == float32);
}

TEST_CASE("several inputs, broadcast") {
  const auto op = scaled_sum();
  const Tensor a(xt::xarray<double>{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}), b(xt::xarray<double>{1.0, 0.0, -1.0});
  CHECK(
      gradcheck([&](const std::vector<Tensor>& in) { return op(in[0], in[1]); }, {a, b}, {.order = 2}).ok());
}

TEST_CASE("an empty Tensor says that an input has no derivative") {
  const auto first = custom_op(
      "first", [](const auto& a, const auto& b) { return a + 0.0 * b; },
      [](const Tensor& g, const Tensor&, const Tensor&, const Tensor&) {
        return std::vector<Tensor>{g, Tensor()};
      });
  const Tensor a = parameter(xt::xarray<double>{1.0, 2.0}), b = parameter(xt::xarray<double>{3.0, 4.0});
  const auto gradients = grad(sum(first(a, b)), {a, b});
  CHECK(allclose(gradients[0], ones_like(a)));
  CHECK(allclose(gradients[1], zeros_like(b)));
}

TEST_CASE("wrong rules and wrong inputs are errors") {
  const auto op = scaled_sum();
  const Tensor x(xt::xarray<double>{1.0});
  CHECK(message([&] { op(x, ones({1})); }) ==
        "[scaled_sum] dtypes must be equal: got float64 and float32. Did you mean to cast with "
        "astype(float64)?");
  CHECK(message([&] { op(arange(2, {.dtype = int64}), arange(2, {.dtype = int64})); }) ==
        "[scaled_sum] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message([&] { op(ones({2}), ones({3})); }) == "[scaled_sum] shapes must broadcast: got (2,), (3,)");
  const auto short_rule = custom_op(
      "short_rule", [](const auto& a, const auto& b) { return a + b; },
      [](const Tensor& g, const Tensor&, const Tensor&, const Tensor&) { return std::vector<Tensor>{g}; });
  const Tensor p = parameter(xt::xarray<double>{1.0});
  CHECK(message([&] { sum(short_rule(p, p)).backward(); }) ==
        "[short_rule] the rule must return a cotangent for each input: got 1 for 2");
  CHECK(!p.has_grad());
}

// Through the umbrella header, where the tape and the sum of a diagonal have one name.
TEST_CASE("trace(x) is the tape, trace(x, 0) the sum of the diagonal") {
  const Tensor x = eye(3);
  CHECK(trace(x).size() == 1);
  CHECK(trace(x, 0).item() == 3.0);
}

TEST_CASE("a call bears its caller's line") {
  const auto one = custom_op(
      "one", [](const auto& x) { return x * 1.0; },
      [](const Tensor& g, const Tensor&, const Tensor&) { return g; });
  const auto two = custom_op(
      "two", [](const auto& a, const auto& b) { return a + b; },
      [](const Tensor& g, const Tensor&, const Tensor&, const Tensor&) {
        return std::vector<Tensor>{g, g};
      });
  const Tensor x = parameter(full({2}, 1.0));
  const int line = __LINE__ + 1;
  const Tensor y = one(x), z = two(x, x);
  for (const Tensor& result : {y, z}) {
    CHECK(std::string(result.node().where.file).ends_with("tests/ops/custom.cpp"));
    CHECK(result.node().where.line == line);
  }
}

TEST_CASE("nodes keep the definition alive") {
  const Tensor p = parameter(xt::xarray<double>{3.0});
  Tensor y;
  {
    const std::string note = "a rule with a state of its own, long enough to be on the heap";
    const auto op = custom_op(
        "temporary", [](const auto& x) { return x * x; },
        [note](const Tensor& g, const Tensor& x, const Tensor&) {
          return (note.empty() ? 0.0 : 2.0) * g * x;
        });
    y = sum(op(p));
  }
  y.backward();
  CHECK(p.grad().item() == 6.0);
}
