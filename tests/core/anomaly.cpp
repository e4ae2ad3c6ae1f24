// AnomalyMode names the operation in which a NaN or infinity begins, and leaves alone what it should.
#include "wengert/core/anomaly.hpp"

#include <cmath>
#include <limits>
#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::message;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// The text up to the file's name, which is where this program was compiled.
template <class F>
std::string text_of(F f) {
  std::string text = message<ValueError>(f);
  if (const std::size_t at = text.find(", recorded at "); at != std::string::npos) {
    CHECK(text.find("anomaly.cpp:", at) != std::string::npos);
    text.resize(at);
  }
  return text;
}

}  // namespace

TEST_CASE("a value") {
  const Tensor x(xt::xtensor<double, 2>{{1.0, 2.0}, {3.0, -4.0}});
  const AnomalyMode guard;
  CHECK(text_of([&] { log(x); }) ==
        "[log] a value must be finite under AnomalyMode: got nan at (1, 1) of shape (2, 2), from finite "
        "inputs of (2, 2)");
  CHECK(text_of([&] { x / zeros({2}, {.dtype = float64}); }) ==
        "[div] a value must be finite under AnomalyMode: got inf at (0, 0) of shape (2, 2), from finite "
        "inputs of "
        "(2, 2), (2,)");
  CHECK(text_of([&] { exp(scalar(1e4, float64)); }) ==
        "[exp] a value must be finite under AnomalyMode: got inf, from finite inputs of ()");
  const Tensor infinite = full({2}, inf);
  CHECK(text_of([&] { infinite - infinite; }) ==
        "[sub] a value must be finite under AnomalyMode: got nan at (0,) of shape (2,), from infinite inputs "
        "of (2,), (2,)");
  const Scope outer("model"), inner("layer");
  CHECK(text_of([&] { log(x); }).starts_with("[model/layer: log] "));
}

TEST_CASE("also of a large one, which would wait elsewhere") {
  const Tensor x = full({100000}, -1.0);
  log(x);  // nobody looks
  const AnomalyMode guard;
  CHECK(text_of([&] { log(x); }).starts_with("[log] a value must be finite"));
}

TEST_CASE("what is computed from something that waits, and held by what waits longer") {
  const Deferred late;
  const Tensor p = parameter(full({1000}, 2.0)), x = full({1000}, 3.0);
  Tensor product;
  {
    const Tensor y = x * 2.0;
    product = p * y;
    const AnomalyMode guard;
    const Tensor z = y + 1.0;
    CHECK_THROWS_AS(log(y - 7.0), ValueError);
    CHECK(z.array<float>()(999) == 7.0f);
  }
  sum(product).backward();
  CHECK(p.grad().array<float>()(999) == 6.0f);
}

TEST_CASE("a cotangent, and nothing has changed") {
  const Tensor x = parameter(xt::xtensor<double, 1>{4.0, 0.0}),
               y = parameter(xt::xtensor<double, 1>{1.0, 1.0});
  const AnomalyMode guard;
  const auto loss = [&] {
    const Scope scope("loss");
    return sum(sqrt(x) * y);
  };
  CHECK(text_of([&] { loss().backward(); }) ==
        "[loss: sqrt] the cotangent of input 0 must be finite under AnomalyMode: got inf at (1,) of shape "
        "(2,), from finite "
        "inputs of (2,)");
  CHECK(!x.has_grad());
  CHECK(!y.has_grad());
  CHECK(
      text_of([&] { grad(loss(), {x}, {.create_graph = true}); }).starts_with("[loss: sqrt] the cotangent"));
  // A product that adds to a cotangent in place is looked at as well.
  const Tensor w = parameter(full({2, 2}, 1e300, {.dtype = float64})),
               v = full({2, 2}, 1e300, {.dtype = float64});
  const Tensor small = full({2, 2}, 1e-300, {.dtype = float64});
  CHECK(text_of([&] {
          const Tensor first = matmul(w, small), second = matmul(w, small);
          sum(first + second * v * v).backward();
        }).find("must be finite") != std::string::npos);
}

TEST_CASE("a sum of cotangents that are finite each") {
  const Tensor x = parameter(full({3}, 1e-3, {.dtype = float64}));
  const AnomalyMode guard;
  CHECK(text_of([&] {
          sum(x * 1e308 + x * 1e308).backward();
        }).starts_with("[mul] the cotangent of input 0 must be finite"));
}

TEST_CASE("what was recorded before, of which some values are gone") {
  const Tensor a = parameter(full({400, 400}, 1e-200, {.dtype = float64})),
               c = full({400}, 1e-200, {.dtype = float64});
  const Tensor loss = sum((matmul(a, full({400, 400}, 1e-3, {.dtype = float64})) + c) * 1e200 * 1e200);
  CHECK(std::isfinite(loss.item()));
  const AnomalyMode guard;
  CHECK(text_of([&] { loss.backward(); }).starts_with("[mul] the cotangent of input 0 must be finite"));
}

TEST_CASE("what is infinite from the start, and what is finite") {
  const Tensor scores = parameter(xt::xtensor<double, 2>{{1.0, 2.0}, {3.0, 4.0}});
  const Tensor mask = scores > 2.5;
  const AnomalyMode guard;
  // The mask of an attention, whose softmax is finite again.
  sum(square(nn::softmax(masked_fill(scores, mask, -inf) + 0.0, 0))).backward();
  CHECK(scores.has_grad());
  const Tensor seed = full({2, 2}, std::nan(""), {.dtype = float64});
  (scores * 2.0).backward({.seed = seed});
  CHECK(argmax(full({3}, inf), 0).item() == 0.0);
  CHECK(logaddexp(full({2}, -inf), -inf).array<float>()(1) == -inf);
}

TEST_CASE("guards nest, per thread, and end") {
  const Tensor x = full({2}, -1.0);
  {
    const AnomalyMode outer;
    {
      const AnomalyMode inner;
      CHECK_THROWS_AS(log(x), ValueError);
    }
    CHECK_THROWS_AS(log(x), ValueError);
    std::thread([&] { CHECK_NOTHROW(log(x)); }).join();
  }
  CHECK_NOTHROW(log(x));
}

TEST_CASE("what a checkpoint computes again") {
  const Tensor x = parameter(xt::xtensor<double, 1>{4.0, 0.0});
  const Tensor y = sum(checkpoint([](const Tensor& t) { return sqrt(t); }, x));
  const AnomalyMode guard;
  CHECK(text_of([&] { y.backward(); }).starts_with("[sqrt] the cotangent of input 0"));
}
