#include "wengert/core/evaluation.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cmath>
#include <functional>
#include <string>
#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::same_bits;

namespace {

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor d = x - mean(x, {-1}, true);
  return d * rsqrt(mean(square(d), {-1}, true) + 1e-5) * weight + bias;
}

Tensor batch_norm(const Tensor& x, const Tensor& weight) {
  const Tensor d = x - mean(x, {0, 2, 3}, true);
  return d * rsqrt(mean(square(d), {0, 2, 3}, true) + 1e-5) * weight;
}

/// The value and every gradient, as numbers.
std::vector<std::vector<double>> results(const Function& f, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) leaves.push_back(is_float(input.dtype()) ? parameter(input) : input);
  const Tensor y = f(leaves);
  const Tensor places = arange(0, static_cast<double>(y.size()), 1.0, {.dtype = y.dtype()});
  y.backward({.seed = reshape(cos(places), y.shape())});
  std::vector<std::vector<double>> lists{support::values(y)};
  for (const Tensor& leaf : leaves)
    if (leaf.has_grad()) lists.push_back(support::values(leaf.grad()));
  return lists;
}

void check_same(const char* what, const Function& f, const std::vector<Tensor>& inputs) {
  CAPTURE(what);
  const auto now = [&] {
    const Eager guard;
    return results(f, inputs);
  }();
  const auto later = [&] {
    const Deferred guard;
    return results(f, inputs);
  }();
  REQUIRE(now.size() == later.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    REQUIRE(now[i].size() == later[i].size());
    for (std::size_t k = 0; k < now[i].size(); ++k) wrong += !same_bits(now[i][k], later[i][k]);
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("under Eager nothing waits, also of what is computed from something that does") {
  const Deferred late;
  const Tensor y = full({100}, 2.0) * 3.0, view = reshape(y, {10, 10});
  REQUIRE(y.recorded().deferred);
  const Eager guard;
  for (const Tensor& result : {y + 1.0, sum(y), sum(view, {0}), transpose(view)})
    CHECK(!result.recorded().deferred);
}

TEST_CASE("what waits has the same bits as what is computed at once") {
  manual_seed(3);
  for (const DType dtype : {float32, float64}) {
    const TensorOptions of{.dtype = dtype};
    for (const Shape& shape : {Shape{7, 5}, Shape{701, 3}, Shape{5, 200}, Shape{64, 512}, Shape{37, 1000},
                               Shape{3, 5000}, Shape{2, 3, 40, 33}}) {
      CAPTURE(to_string(shape));
      const std::int64_t last = shape.back();
      const Tensor x = randn(shape, of), w = randn({last}, of), b = randn({last}, of);
      check_same("gelu",
                 [](const auto& in) {
                   return 0.5 * in[0] * (1.0 + tanh(0.8 * (in[0] + 0.04 * in[0] * in[0] * in[0])));
                 },
                 {x});
      check_same("layer_norm", [](const auto& in) { return layer_norm(in[0], in[1], in[2]); }, {x, w, b});
      check_same("softmax", [](const auto& in) { return nn::softmax(in[0], -1) * in[1]; }, {x, w});
      check_same("log_softmax", [](const auto& in) { return nn::log_softmax(in[0], -1); }, {x});
      check_same("logsumexp", [](const auto& in) { return logsumexp(in[0], {-1}); }, {x});
      check_same("variance", [](const auto& in) { return sqrt(var(in[0], {-1}) + 1.0); }, {x});
      check_same("mean square", [](const auto& in) { return mean(square(in[0] - in[1])); }, {x, w});
      check_same("maximum of rows", [](const auto& in) { return max(in[0] * 2.0, {-1}, true) - in[0]; }, {x});
      check_same("turned", [](const auto& in) { return transpose(in[0]) * 2.0 + transpose(relu(in[0])); },
                 {x});
      check_same("every other", [last](const auto& in) { return exp(slice(in[0], -1, 0, last, 2)) * 0.5; },
                 {x});
      check_same("reshaped", [](const auto& in) { return reshape(sigmoid(in[0]) * in[1], {-1}) * 3.0; },
                 {x, w});
      check_same("rows and columns",
                 [](const auto& in) { return (sum(in[0] * in[0], {-1}, true) + 1.0) * in[1]; }, {x, w});
      check_same("masks", [](const auto& in) { return where(in[0] > in[1], in[0] * in[1], 0.0); }, {x, w});
      // Of equal ones, 0 and -0, the same one is the largest.
      for (const bool zeros : {false, true}) {
        const double by = zeros ? 0.0 : 3.0;
        check_same("largest", [by](const auto& in) { return max(in[0] * by) * in[1]; }, {x, w});
        check_same("smallest", [by](const auto& in) { return min(in[0] * by) * in[1]; }, {x, w});
        check_same("largest of columns", [by](const auto& in) { return max(in[0] * by, {0}); }, {x});
      }
      check_same("product", [](const auto& in) { return prod(1.0 + 0.01 * in[0]) * in[1]; }, {x, w});
      check_same("products of rows", [](const auto& in) { return prod(1.0 + 0.01 * in[0], {-1}); }, {x});
      check_same("products of columns", [](const auto& in) { return prod(1.0 + 0.01 * in[0], {0}); }, {x});
      check_same("clip", [](const auto& in) { return clip(in[0], -0.5, in[1]) * hardswish(in[0]); }, {x, w});
      check_same(
          "bound of rows",
          [](const auto& in) { return maximum(in[0], 0.0) * clip(in[0], sum(in[0], {-1}, true), 1.0); }, {x});
      check_same("sum of columns", [](const auto& in) { return exp(sum(in[0] * 0.01, {0})); }, {x});
      if (shape.size() == 4) {
        const Tensor channels = randn({shape[1], 1, 1}, of), plane = randn({shape[2], shape[3]}, of);
        check_same("channels", [](const auto& in) { return relu(in[0] * in[1] + in[1]) * in[2]; },
                   {x, channels, plane});
        check_same("planes",
                   [](const auto& in) {
                     return sum(in[0] * in[2] - in[1], {2, 3});
                   },
                   {x, channels, plane});
        check_same("batch_norm", [](const auto& in) { return batch_norm(in[0], in[1]); }, {x, channels});
        check_same("first and last axes",
                   [](const auto& in) {
                     return sum(exp(in[0]) * in[1], {0, 3});
                   },
                   {x, channels});
      }
      check_same("sums of products", [](const auto& in) { return sum(in[0] * in[1] * in[0], {-1}); }, {x, w});
    }
  }
}

TEST_CASE("sums over a batch and its pixels are folded where they are computed") {
  const Deferred guard;
  const Tensor x = parameter(randn({4, 32, 16, 16})), w = parameter(randn({32, 1, 1})), g = randn(x.shape());
  const std::int64_t bytes = 4 * x.size(), live = memory_stats().live_bytes;
  reset_peak_memory();
  const Tensor y = batch_norm(x, w);
  y.node();
  CHECK((memory_stats().live_bytes - live) / bytes == 1);
  y.backward({.seed = g});
  x.grad().node();
  CHECK((memory_stats().live_bytes - live) / bytes == 2);
  // Of what is on the way the cotangent of the deviations alone is stored, for its mean is wanted first.
  CHECK((memory_stats().peak_bytes - live) / bytes == 3);
}

TEST_CASE("a loss is computed when its function ends, and none of its terms is stored") {
  const Deferred guard(1000);
  manual_seed(8);
  const Tensor x = parameter(randn({100, 1000})), y = uniform({100, 1000}, 0.1, 0.9);
  y.node();
  const std::int64_t bytes = 4 * x.size();
  const auto stored_by = [&](const auto& loss_of) {
    const std::int64_t live = memory_stats().live_bytes;
    reset_peak_memory();
    const Tensor loss = loss_of();
    CHECK(!loss.recorded().deferred);
    return (memory_stats().peak_bytes - live) / bytes;
  };
  // Of ten cheap operations; of one that is dear, its value for the backward pass.
  CHECK(stored_by([&] { return nn::huber_loss(x, y); }) == 0);
  CHECK(stored_by([&] { return nn::poisson_nll_loss(x, y); }) == 1);
  // Written out: a few operations on two arrays.
  CHECK(stored_by([&] { return mean(square(x - y)); }) == 0);
  const Tensor difference = x - y, loss = sum(abs(difference));
  CHECK(difference.recorded().deferred);
  double expected = 0.0;
  for (const double d : support::values(difference)) expected += std::fabs(d);
  CHECK(loss.item() == doctest::Approx(expected));

  // By the third program that wants it, it is.
  CHECK(sum(difference * 2.0).item() == doctest::Approx(2.0 * sum(difference).item()));
  CHECK(!difference.recorded().deferred);
  // Of a part of something large it is at once, which then may go.
  Tensor all = ones({50, 100000});
  const Tensor part = slice(all, 0, 3, 4) - 0.5;
  const std::int64_t held = memory_stats().live_bytes;
  CHECK(sum(part * part).item() == doctest::Approx(25000.0));
  all = Tensor();
  CHECK(memory_stats().live_bytes < held - 49 * 400000);
}

TEST_CASE("losses under a scope that stays open hold nothing") {
  const Deferred guard(1000);
  const Tensor x = randn({100, 100});
  const Scope scope("all along");
  Tensor sum_of_losses = zeros({});
  std::int64_t most = 0, nodes = 0;
  for (int i = 0; i < 30; ++i) {
    const Tensor w = parameter(randn({100, 100}));
    const Tensor loss =
        mean(square(exp(x) * w)) + nn::mse_loss(w, x) + nn::dice_loss(sigmoid(w), ones({100, 100}));
    CHECK(!loss.recorded().deferred);
    loss.backward();
    sum_of_losses = sum_of_losses + loss.detach();
    if (i == 2) most = memory_stats().live_bytes, nodes = memory_stats().live_nodes;
  }
  CHECK(memory_stats().live_bytes <= most);
  CHECK(memory_stats().live_nodes <= nodes);
  CHECK_THROWS_AS(nn::mse_loss(x, ones({3})), ShapeError);
  CHECK(sum_of_losses.item() > 0.0);
}

TEST_CASE("a value that waits is that of the time it was recorded") {
  const Deferred guard;
  const Tensor x = parameter(xt::xarray<double>{1, 2, 3});
  const Tensor y = x * 2.0;
  x.assign(x * 10.0);
  CHECK(support::values(y) == std::vector<double>{2, 4, 6});
  CHECK(support::values(x) == std::vector<double>{10, 20, 30});
}

TEST_CASE("what is held on the way has its value, too") {
  const Deferred guard;
  const Tensor x(xt::xarray<double>{1, 2, 3});
  const Tensor a = x + 1.0, b = a * a, c = reshape(b, {3, 1}), d = broadcast_to(c, {3, 2}), e = sum(d, {-1});
  CHECK(support::values(e) == std::vector<double>{8, 18, 32});
  CHECK(support::values(a) == std::vector<double>{2, 3, 4});
  CHECK(support::values(b) == std::vector<double>{4, 9, 16});
  CHECK(support::values(c) == std::vector<double>{4, 9, 16});
  CHECK(support::values(d) == std::vector<double>{4, 4, 9, 9, 16, 16});
}

TEST_CASE("what is asked for twice is computed once") {
  const Deferred guard;
  const Tensor x = parameter(xt::xarray<double>{{0.5, -1.0, 2.0}, {1.5, 0.25, -3.0}});
  const Tensor a = exp(x), b = exp(x), c = reshape(b, {6}), difference = sum(square(a - 2.0 * exp(x)) * b);
  difference.backward();
  for (const Tensor& twin : {b, c}) CHECK(twin.array<double>().data() == a.array<double>().data());
  const std::vector<double> value = support::values(a), slope = support::values(x.grad());
  for (std::size_t i = 0; i < value.size(); ++i) {
    CHECK(value[i] == doctest::Approx(std::exp(support::values(x)[i])));
    CHECK(slope[i] == doctest::Approx(3.0 * value[i] * value[i] * value[i]));
  }
  // Of a value that is wanted in one place only.
  const Tensor s = sum(x * x + 1.0, {-1}), t = sum(x * x + 1.0, {-1}), u = s + t;
  CHECK(support::values(u) == std::vector<double>{2 * 8.25, 2 * 14.3125});
  CHECK(support::values(t) == support::values(s));
}

TEST_CASE("other sizes, rates and numbers need no other plan") {
  manual_seed(5);
  const Deferred guard;
  const Tensor w = parameter(randn({16}));
  const auto step = [&](std::int64_t batch, double rate) {
    const Tensor x = randn({batch, 16});
    const Tensor loss = mean(square(layer_norm(x, w, w * 0.5) - rate));
    w.zero_grad();
    loss.backward();
    w.assign(w - rate * w.grad());
  };
  for (int i = 0; i < 3; ++i) step(8 + i, 0.01);
  const EvaluationStats before = evaluation_stats();
  for (int i = 0; i < 10000; ++i) step(4 + i % 29, 0.01 / (1.0 + i));
  const EvaluationStats after = evaluation_stats();
  CHECK(after.runs - before.runs >= 20000);
  CHECK(after.planned - before.planned < 10);
}

TEST_CASE("a loop that nobody looks at does not grow") {
  const Deferred guard;
  const NoGrad off;
  Tensor x(xt::xarray<double>{1, 2, 3});
  const std::int64_t nodes = memory_stats().live_nodes;
  std::int64_t most = 0;
  for (int i = 0; i < 10000; ++i) {
    x = x * 0.5 + 1.0;
    most = std::max(most, memory_stats().live_nodes - nodes);
  }
  CHECK(most < 400);
  CHECK(support::values(x) == std::vector<double>{2, 2, 2});
}

TEST_CASE("several threads may need one value that waits") {
  const Deferred guard;
  manual_seed(6);
  for (int round = 0; round < 20; ++round) {
    const Tensor x = randn({100, 100}), y = exp(sin(x) * 0.5) + x, shared = y * y;
    std::vector<std::vector<double>> seen(4);
    {
      std::vector<std::jthread> threads;
      for (auto& values : seen)
        threads.emplace_back([&shared, &values] { values = support::values(shared + 1.0); });
    }
    for (const auto& values : seen) CHECK(values == seen[0]);
  }
}

TEST_CASE("several threads may need one view of a view that waits") {
  const Deferred guard;
  for (int round = 0; round < 20; ++round) {
    const Tensor x = ones({512, 512}) * 2.0;
    const Tensor view = reshape(reshape(reshape(x, {512 * 512}), {1024, 256}), {256, 1024});
    std::vector<double> seen(3);
    {
      std::vector<std::jthread> threads;
      for (double& value : seen) threads.emplace_back([&view, &value] { value = support::values(view)[5]; });
    }
    CHECK(seen == std::vector<double>{2, 2, 2});
  }
}

TEST_CASE("a rule may ask for a view while sums above it wait") {
  const Deferred guard;
  const auto scaled = custom_op(
      "scaled", [](const auto& x) { return x * 1.0; },
      [](const Tensor& g, const Tensor&, const Tensor&) {
        const Tensor x = g * 2.0, view = reshape(reshape(x, {10, 400}), {100, 40});
        const Tensor sums = sum(x, {0}) + sum(view, {0});
        view.node();
        return view + sums;
      });
  const Tensor p = parameter(xt::xarray<double>(xt::ones<double>({100, 40})));
  scaled(p * 1.5).backward({.seed = full({100, 40}, 0.5, {.dtype = float64})});
  CHECK(support::values(p.grad())[7] == 1.5 * (1.0 + 200.0));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a value that waits and finds no memory names the line that recorded it") {
  const Deferred guard;
  const Tensor column = zeros({1 << 16, 1}), row = ones({1, 1 << 16});
  const int line = __LINE__ + 1;
  const Tensor sum = column + row;
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const rlimit now{std::uint64_t{8} << 30, before.rlim_max};
  setrlimit(RLIMIT_AS, &now);
  std::string text;
  try {
    sum.node();
  } catch (const Error& error) {
    text = error.what();
  }
  setrlimit(RLIMIT_AS, &before);
  CHECK(text ==
        "[add] there must be memory for the value that waits: asked for (65536, 65536) of float32, recorded "
        "at " +
            std::string(__FILE__) + ":" + std::to_string(line));
  // Nothing is half done: what is small of it can still be computed.
  CHECK(wengert::max(slice(column, 0, 0, 2) + slice(row, 1, 0, 2)).item() == 1.0);
}
#endif
