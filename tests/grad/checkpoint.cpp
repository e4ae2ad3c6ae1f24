// checkpoint gives the bits of what it stands for, holds less, and refuses a function that changes meanwhile.
#include "wengert/grad/checkpoint.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::message;
using support::same_bits;

namespace {

constexpr DType wide = float64;

Tensor numbers(const Shape& shape, std::uint64_t seed) {
  manual_seed(seed);
  return randn(shape, {.dtype = wide}) * 0.3;
}

struct Block : nn::Module {
  nn::Linear first, second;
  double rate;
  explicit Block(std::int64_t width, double rate = 0.0)
      : first(width, 2 * width), second(2 * width, width), rate(rate) {}
  Tensor operator()(const Tensor& x) const {
    return x + nn::dropout(second(tanh(first(x))), rate, is_training());
  }
  void visit(nn::Visitor& v) override { v("first", first), v("second", second); }
};

/// The gradients of a loss in some leaves, after one backward pass.
std::vector<Tensor> gradients(const Tensor& loss, const std::vector<Tensor>& leaves) {
  for (const Tensor& leaf : leaves) leaf.zero_grad();
  loss.backward();
  std::vector<Tensor> result;
  for (const Tensor& leaf : leaves) result.push_back(leaf.grad().detach());
  return result;
}

void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bits(a[i], b[i]));
}

}  // namespace

TEST_CASE("value and gradients of a block have the bits they have without, dropout included") {
  Block block(6, 0.4);
  block.to(wide);
  const Tensor x = parameter(numbers({5, 6}, 1));
  std::vector<Tensor> leaves = block.parameters();
  leaves.push_back(x);
  const auto loss = [&](bool kept) {
    manual_seed(3);
    const Tensor y = kept ? block(block(x)) : checkpoint(block, checkpoint(block, x));
    return sum(square(y));
  };
  const Tensor plain = loss(true), light = loss(false);
  CHECK(plain.item() == light.item());
  const std::vector<Tensor> expected = gradients(plain, leaves);
  const RandomKey before = random_state();
  check_same(gradients(light, leaves), expected);
  CHECK(random_state().counter == before.counter);
}

TEST_CASE("higher derivatives go through") {
  const Tensor w = parameter(numbers({3, 3}, 2)), x = numbers({4, 3}, 3), v = numbers({4, 3}, 4);
  const auto inner = [&](const Tensor& t) { return tanh(matmul(t, w)); };
  const auto plain = [&](const Tensor& t) { return sum(exp(inner(inner(t)))); };
  const auto light = [&](const Tensor& t) { return sum(exp(checkpoint(inner, checkpoint(inner, t)))); };
  CHECK(allclose(hvp(light, x, v), hvp(plain, x, v), 1e-12, 1e-14));
  CHECK(allclose(hessian(light, x), hessian(plain, x), 1e-12, 1e-14));
  CHECK(gradcheck([&](const std::vector<Tensor>& in) { return light(in[0]); }, {x}, {.order = 2}).ok());

  // The second derivative in a parameter that the function refers to.
  const auto penalty = [&](const auto& f) {
    const Tensor p = parameter(x);
    const Tensor g = grad(f(p), {p}, {.create_graph = true})[0];
    return grad(sum(square(g)), {w})[0];
  };
  CHECK(allclose(penalty(light), penalty(plain), 1e-12, 1e-14));
}

TEST_CASE("what the function refers to gets its gradient once") {
  const Tensor x = parameter(numbers({4}, 5)), w = parameter(numbers({4}, 6));
  const auto with = [&](bool light) {
    // A result and what it is computed from, the one given and the other not, and the other way round.
    const Tensor h = sin(x) * w;
    const auto f = [&](const Tensor& t) { return t * h * w + x; };
    const auto g = [&](const Tensor& t) { return exp(h) * t; };
    const Tensor y = light ? checkpoint(f, h) + checkpoint(g, x) : f(h) + g(x);
    return gradients(sum(y), {x, w});
  };
  const std::vector<Tensor> plain = with(false), light = with(true);
  for (std::size_t i = 0; i < 2; ++i) CHECK(allclose(light[i], plain[i], 1e-13, 1e-15));

  const auto product = [](const std::vector<Tensor>& in) { return in[0] * in[1]; };
  const Tensor twice = checkpoint(product, std::vector<Tensor>{x, x});
  CHECK(allclose(gradients(sum(twice), {x})[0], 2.0 * x, 1e-14, 0.0));
}

TEST_CASE("an input that does not matter has no gradient, as without") {
  const Tensor x = parameter(numbers({3}, 14)), unused = parameter(numbers({3}, 15));
  const auto first = [](const std::vector<Tensor>& in) { return tanh(in[0]); };
  const Tensor y = sum(checkpoint(first, std::vector<Tensor>{x, unused}));
  const std::vector<Tensor> g = grad(y, {x, unused}, {.retain_graph = true, .allow_unused = true});
  CHECK(same_bits(g[0], grad(sum(tanh(x)), {x})[0]));
  CHECK(!g[1].defined());
  y.backward();
  CHECK(x.has_grad());
  CHECK(!unused.has_grad());
}

TEST_CASE("recorded on one thread, differentiated on another; results of a third") {
  const Tensor w = parameter(numbers({3}, 16)), x = parameter(numbers({3}, 17));
  Tensor h;
  std::thread([&] {
    Tensor a = w;  // whose entries of the tape have higher numbers than this thread's
    for (int i = 0; i < 1000; ++i) a = a * 1.0;
    h = sin(a);
  }).join();
  const Tensor near = cos(w);
  const auto f = [&](const Tensor& t) { return t * h * near; };
  const std::vector<Tensor> plain = grad(sum(f(x)) + sum(h), {w, x}, {.retain_graph = true});
  const Tensor y = sum(checkpoint(f, x)) + sum(h);
  std::thread([&] { y.backward(); }).join();
  CHECK(allclose(w.grad(), plain[0], 1e-13, 1e-15));
  CHECK(allclose(x.grad(), plain[1], 1e-13, 1e-15));
}

TEST_CASE("functions of every kind") {
  const Tensor x = parameter(numbers({2, 3}, 7));
  const auto same = [](const Tensor& t) { return t; };
  const auto view = [](const Tensor& t) { return transpose(t); };
  CHECK(same_bits(gradients(sum(square(checkpoint(same, x))), {x})[0], 2.0 * x));
  CHECK(checkpoint(view, x).shape() == Shape{3, 2});
  CHECK(same_bits(gradients(sum(square(checkpoint(view, x))), {x})[0], 2.0 * x));
  // One that differentiates itself.
  const auto slope = [](const Tensor& t) {
    return value_and_grad([](const Tensor& s) { return sum(s * s * s); }, t).second;
  };
  CHECK(allclose(gradients(sum(checkpoint(slope, x)), {x})[0], 6.0 * x, 1e-13, 0.0));
  // One that nobody else holds.
  Tensor y;
  {
    auto weight = std::make_shared<Tensor>(numbers({3}, 8));
    y = checkpoint([weight](const Tensor& t) { return t * *weight; }, x);
  }
  CHECK(same_bits(gradients(sum(y), {x})[0], broadcast_to(numbers({3}, 8), {2, 3})));
  // What needs no gradient is not recorded.
  CHECK(!checkpoint(same, numbers({2}, 9)).requires_grad());
  {
    const NoGrad guard;
    CHECK(!checkpoint(view, x).requires_grad());
  }
  CHECK(checkpoint([](const Tensor& t) { return argmax(t, 1); }, x).dtype() == int64);
}

TEST_CASE("a derived class by its base") {
  struct Same {
    virtual ~Same() = default;
    virtual Tensor operator()(const Tensor& t) const { return t * 1.0; }
  };
  struct Twice : Same {
    Tensor operator()(const Tensor& t) const override { return t * 2.0; }
  };
  const Twice twice;
  const Same& base = twice;
  const Tensor x = parameter(numbers({3}, 18));
  const Tensor y = checkpoint(base, x);
  CHECK(same_bits(y, twice(x)));
  CHECK(same_bits(gradients(sum(y), {x})[0], full({3}, 2.0, {.dtype = wide})));
}

TEST_CASE("a pass may be repeated, and a leaf that was given keeps the value it was recorded with") {
  const Tensor x = parameter(numbers({3}, 10)), before = x.detach();
  const Tensor y = sum(checkpoint([](const Tensor& t) { return t * t * t; }, x));
  y.backward({.retain_graph = true});
  x.assign(zeros_like(x));
  y.backward();
  CHECK(allclose(x.grad(), 6.0 * before * before, 1e-14, 0.0));
}

TEST_CASE("the memory of one block, whatever their number") {
  constexpr std::int64_t rows = 64, width = 64, count = 8, array = rows * width * 8;
  std::vector<std::unique_ptr<Block>> blocks;
  for (std::int64_t i = 0; i < count; ++i) {
    blocks.push_back(std::make_unique<Block>(width));
    blocks.back()->to(wide);
  }
  const Tensor x = numbers({rows, width}, 11);
  const auto held = [&](bool light) {
    const std::int64_t live = memory_stats().live_bytes;
    Tensor y = x;
    for (const auto& block : blocks) y = light ? checkpoint(*block, y) : (*block)(y);
    const Tensor loss = sum(square(y));
    loss.item();
    const std::int64_t arrays = (memory_stats().live_bytes - live) / array;
    loss.backward();
    return arrays;
  };
  // What goes into each block, and the last one's result.
  CHECK(held(true) <= count + 1);
  CHECK(held(false) >= 3 * count);
}

TEST_CASE("a function that changes meanwhile") {
  const Tensor x = parameter(numbers({3}, 12)), w = parameter(numbers({3}, 13));
  const auto scaled = [&](const Tensor& t) { return t * w; };
  Tensor y = sum(checkpoint(scaled, x));
  w.assign(2.0 * w);
  const std::string text = message<GraphError>([&] { y.backward(); });
  CHECK(text.starts_with(
      "[checkpoint] the function must compute the same when it is called again: it gave another "
      "value, for what was recorded at "));
  CHECK(text.find("checkpoint.cpp:") != std::string::npos);
  CHECK(!x.has_grad());
  CHECK(!w.has_grad());

  y = sum(checkpoint(scaled, x));
  w.assign(w.detach());
  CHECK(message<GraphError>([&] {
          y.backward();
        }).find("it used other parameters, or one was assigned meanwhile") != std::string::npos);

  int calls = 0;
  y = sum(checkpoint([&](const Tensor& t) { return ++calls == 1 ? t * 2.0 : reshape(t * 2.0, {3, 1}); }, x));
  CHECK(message<GraphError>([&] { y.backward(); }).find("it gave another value") != std::string::npos);
  CHECK(calls == 2);
  CHECK(message<GraphError>([&] { checkpoint(scaled, Tensor()); }) ==
        "[checkpoint] an empty tensor has no value: give it one first");
  CHECK(message<GraphError>([&] {
          checkpoint([](const std::vector<Tensor>& in) { return in[0]; }, std::vector<Tensor>());
        }) == "[checkpoint] there must be an input: got none");
}
