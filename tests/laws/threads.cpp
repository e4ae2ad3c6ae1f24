// The bits of values and gradients do not depend on the number of threads: large calls, which are split, with
// one thread and with several, computed at once and later.
#include <doctest/doctest.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "laws/every_sample.hpp"
#include "lib/core/parallel.hpp"
#include "support/threads.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using namespace laws;
using support::Threads;

namespace {

int compared = 0;

/// Whether some thread helped is checked too, where `split`: else nothing would be compared.
void check_threads(const std::string& what, const Function& call, const std::vector<Tensor>& inputs,
                   bool split = true) {
  CAPTURE(what);
  const auto run = [&](int threads, bool later) {
    const Threads set(threads);
    std::optional<Eager> at_once;
    std::optional<Deferred> deferred;
    later ? void(deferred.emplace()) : void(at_once.emplace());
    Evaluation result = evaluate(call, inputs);
    result.value.node();  // by so many threads, also what has no gradient
    return std::pair(result, jobs_done());
  };
  for (const bool later : {false, true}) {
    CAPTURE(later);
    const Evaluation one = run(1, later).first;
    const auto value = values(one.value);
    for (const int threads : {2, 3, 5}) {
      CAPTURE(threads);
      const std::uint32_t before = jobs_done();
      const auto [several, jobs] = run(threads, later);
      CHECK(support::same_bits(value, values(several.value)));
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        CHECK(one.gradients[i].defined() == several.gradients[i].defined());
        if (!one.gradients[i].defined()) continue;
        ++compared;
        CHECK(support::same_bits(one.gradients[i], several.gradients[i]));
      }
      if (split) CHECK(jobs > before);
    }
  }
}

/// Numbers of an interval, as a leaf.
Tensor draw(const Shape& shape, double low = -2.0, double high = 2.0, DType dtype = float32) {
  static unsigned seed = 0;
  return parameter(weights(shape, dtype, ++seed) * (0.5 * (high - low)) + 0.5 * (low + high));
}

std::string text(const char* what, const Tensor& x) { return what + (" of " + to_string(x.shape())); }

}  // namespace

TEST_CASE("elementwise operations have the same bits on any number of threads") {
  const Shape shape{400, 307};
#define UNARY(name, types, cost, forward, vjp, low, high, ...) \
  check_threads(#name, [](const auto& in) { return name(in[0]); }, {draw(shape, low, high)});
#define BINARY(name, types, cost, forward, vjp_a, vjp_b, a_low, a_high, b_low, b_high, ...) \
  check_threads(#name, [](const auto& in) { return name(in[0], in[1]); },                   \
                {draw(shape, a_low, a_high), draw(shape, b_low, b_high)});
#define COMPARE(name, ...)                                                \
  check_threads(#name, [](const auto& in) { return name(in[0], in[1]); }, \
                {draw(shape, -1, 1), draw(shape, -1, 1)});
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  for (const auto& call :
       std::vector<Function>{[](const auto& in) { return in[0] * in[1] + in[0]; },
                             [](const auto& in) { return transpose(in[0]) * transpose(in[0] * in[1]); },
                             [](const auto& in) { return where(in[0] > 0.0, in[1], in[0] * 2.0); },
                             [](const auto& in) { return in[0].astype(float64) * in[1].astype(float64); }})
    for (const Shape& other : {Shape{307}, Shape{400, 1}, Shape{400, 307}})
      check_threads("arithmetic with " + to_string(other), call,
                    {draw(shape), broadcast_to(draw(other), shape)});
  std::printf("threads: %d gradients of elementwise operations, equal in every bit\n", compared);
}

TEST_CASE("reductions have the same bits on any number of threads") {
  for (const DType dtype : {float32, float64})
    for (const Shape& shape :
         {Shape{500000}, Shape{7, 70001}, Shape{70001, 7}, Shape{1300, 400}, Shape{40, 50, 300}}) {
      if (dtype == float64 && shape.size() != 2) continue;  // the same code
      const Tensor x = draw(shape, -2.0, 2.0, dtype), turned = shape.size() > 1 ? transpose(x) : x;
      std::vector<Axes> axes{{}, {0}, {-1}};
      if (shape.size() == 3) axes.insert(axes.end(), {{1}, {0, 2}, {1, 2}, {0, 1}});
      for (const Axes& over : axes) {
        const std::string name = text("over ", x) + " " + to_string(over);
        for (const Tensor& from : {x, turned, slice(x, -1, 0, shape.back(), 2)}) {
          // Half as many are too few for some.
          const bool all = from.size() == x.size();
          check_threads(
              "sum " + name, [&](const auto& in) { return sum(in[0], over); }, {from}, all);
          check_threads(
              "max " + name, [&](const auto& in) { return max(in[0], over); }, {from}, all);
        }
        check_threads("variance " + name, [&](const auto& in) { return var(in[0] * 1.5, over); }, {x});
        check_threads("logsumexp " + name, [&](const auto& in) { return logsumexp(in[0], over); }, {x});
        check_threads("product " + name, [&](const auto& in) { return prod(in[0] * 0.01 + 1.0, over); }, {x});
      }
    }
}

TEST_CASE("rows have the same bits on any number of threads") {
  for (const Shape& shape :
       {Shape{64, 5000}, Shape{3001, 100}, Shape{3, 40000}, Shape{17, 33, 301}, Shape{31, 9001}}) {
    const Tensor x = draw(shape), w = draw({shape.back()}, 0.5, 1.5), b = draw({shape.back()});
    check_threads(text("softmax", x), [](const auto& in) { return nn::softmax(in[0] * 2.0); }, {x});
    check_threads(text("log_softmax", x), [](const auto& in) { return nn::log_softmax(in[0]); }, {x});
    check_threads(text("layer_norm", x),
                  [&](const auto& in) { return nn::layer_norm(in[0], {shape.back()}, in[1], in[2]); },
                  {x, w, b});
    check_threads(text("rms_norm", x),
                  [&](const auto& in) { return nn::rms_norm(in[0], {shape.back()}, in[1]); }, {x, w});
    check_threads(text("bias and activation", x),
                  [](const auto& in) { return tanh(in[0] * in[1] + in[2]) * 0.5; }, {x, w, b});
    check_threads(text("squares", x), [](const auto& in) { return mean(square(in[0] - in[1])); }, {x, b});
  }
}

TEST_CASE("moved and drawn elements have the same bits on any number of threads") {
  const Tensor x = draw({600, 700}), cube = draw({60, 70, 80}),
               labels = arange(0, 60000, 1.0, {.dtype = int64});
  check_threads("transposed", [](const auto& in) { return reshape(transpose(in[0]), {420000}) * 1.0; }, {x});
  check_threads("permuted",
                [](const auto& in) {
                  return reshape(permute(in[0], {2, 0, 1}), {336000}) * 1.0;
                },
                {cube});
  check_threads("permuted within",
                [](const auto& in) {
                  return reshape(permute(in[0], {1, 0, 2}), {336000}) * 1.0;
                },
                {cube});
  check_threads("every other", [](const auto& in) { return slice(in[0], 1, 0, 700, 2) * 2.0; }, {x});
  check_threads("joined", [](const auto& in) { return concat({in[0], in[0]}, 1) * 2.0; }, {x});
  const auto drawn = [](int threads) {
    const Threads set(threads);
    manual_seed(5);
    return concat({randn({300001}), rand({100001})});
  };
  const Tensor one = drawn(1);
  for (const int threads : {2, 3, 5}) CHECK(support::same_bits(one, drawn(threads)));
}

TEST_CASE("products have the same bits on any number of threads") {
  const auto product = [](const auto& in) { return matmul(in[0], in[1]); };
  for (const DType dtype : {float32, float64}) {
    const auto draws = [&](const Shape& a, const Shape& b) {
      return std::vector<Tensor>{draw(a, -1, 1, dtype), draw(b, -1, 1, dtype)};
    };
    for (const auto& [a, b] : {std::pair<Shape, Shape>{{301, 157}, {157, 203}},
                               {{24, 700}, {700, 600}},
                               {{1000, 33}, {33, 1000}},
                               {{37, 64, 48}, {37, 48, 56}},
                               {{5, 9, 70, 50}, {9, 50, 60}},
                               {{40, 50, 60}, {60, 70}}})
      check_threads("product of " + to_string(a) + " and " + to_string(b), product, draws(a, b));
    // By a vector: not every set of kernels divides these.
    for (const auto& [a, b] : {std::pair<Shape, Shape>{{2500, 1100}, {1100, 1}}, {{1, 1100}, {1100, 2500}}})
      check_threads("product of " + to_string(a) + " and " + to_string(b), product, draws(a, b), false);
    check_threads(
        "one unit", [](const auto& in) { return matmul(in[0], transpose(in[1])); },
        draws({2500, 1100}, {1, 1100}), false);
    // Both products' cotangents of b are added in place.
    check_threads(
        "transposed, twice",
        [](const auto& in) {
          const Tensor turned = transpose(in[1]);
          return matmul(in[0], turned) + matmul(in[0] * 2.0, turned);
        },
        draws({220, 190}, {210, 190}));
  }
}

TEST_CASE("convolutions and factorizations have the same bits on any number of threads") {
  const auto along = [](const auto& in) { return conv1d(in[0], in[1], {}, {.stride = 2, .padding = 1}); };
  const auto plane = [](const auto& in) { return conv2d(in[0], in[1], {}, {.padding = 1}); };
  for (const DType dtype : {float32, float64}) {
    check_threads("conv1d", along, {draw({33, 8, 600}, -2, 2, dtype), draw({16, 8, 5}, -1, 1, dtype)});
    check_threads("conv2d", plane, {draw({37, 6, 20, 20}, -2, 2, dtype), draw({12, 6, 3, 3}, -1, 1, dtype)});
    check_threads("conv2d, pointwise", [](const auto& in) { return conv2d(in[0], in[1]); },
                  {draw({19, 32, 24, 24}, -2, 2, dtype), draw({32, 32, 1, 1}, -1, 1, dtype)});
    check_threads("conv_transpose2d", [](const auto& in) { return conv_transpose2d(in[0], in[1]); },
                  {draw({37, 12, 20, 20}, -2, 2, dtype), draw({12, 6, 3, 3}, -1, 1, dtype)});
    const Tensor small = draw({40, 20, 20}, -0.5, 0.5, dtype), unit = eye(20, {.dtype = dtype});
    const auto positive = [&](const Tensor& a) { return matmul(a, transpose(a)) + unit; };
    check_threads("cholesky", [&](const auto& in) { return cholesky(positive(in[0])); }, {small});
    check_threads("inv", [&](const auto& in) { return inv(positive(in[0])); }, {small});
    check_threads("solve", [&](const auto& in) { return solve(positive(in[0]), in[0]); }, {small});
    check_threads("qr", [&](const auto& in) { return qr(positive(in[0])).q; }, {small});
    check_threads("eigenvalues", [&](const auto& in) { return eigh(positive(in[0])).eigenvalues; }, {small});
    check_threads("singular values", [&](const auto& in) { return svd(positive(in[0])).s; }, {small});
  }
  // Which error is thrown does not depend on it either.
  const Tensor one_bad = stack(std::vector<Tensor>(60, eye(20))) *
                         reshape(1.0 * (arange(60) < 33.0).astype(float32), {60, 1, 1});
  for (const int threads : {1, 2, 5}) {
    const Threads set(threads);
    CHECK_THROWS_WITH_AS(inv(one_bad), "[inv] the matrix must be invertible: batch 33 is singular",
                         ValueError);
  }
}
