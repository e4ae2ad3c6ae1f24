// That a steady step calls no malloc: all it makes lies in memory that is kept. operator new is counted;
// under a sanitizer nothing is kept.
#include "lib/core/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <new>
#include <string>

#include <wengert/wengert.hpp>

#include "lib/core/dispatch.hpp"
#include "support/tensors.hpp"

using namespace wengert;

#ifndef WENGERT_NO_POOL
namespace {
std::atomic<int> news{0};
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  news.fetch_add(1, std::memory_order_relaxed);
  if (void* block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace {
/// The fewest calls of operator new in one of five rounds. The fewest, since each thread of the pool makes
/// what it keeps when it first finds a part left to do, and on a busy machine one may come late to that.
int news_of_round(const std::function<void()>& round) {
  int fewest = std::numeric_limits<int>::max();
  for (int i = 0; i < 5; ++i) {
    const int before = news;
    round();
    fewest = std::min(fewest, news - before);
  }
  return fewest;
}
}  // namespace

TEST_CASE("a steady step calls no malloc, whether it waits or not, whatever lists it makes") {
  for (const std::int64_t width : {8, 200}) {
    CAPTURE(width);
    Tensor weight = parameter(0.02 * randn({width, 4 * width})), bias = parameter(zeros({4 * width}));
    const Tensor x = randn({width, width}), probe = randn({width, width});
    optim::SGD optimizer({weight, bias}, {.lr = 1e-3});
    const auto step = [&] {
      Tensor h = x;
      std::vector<Tensor> outputs;
      for (int i = 0; i < 6; ++i) {
        const std::vector<Tensor> gates = chunk(matmul(h, weight) + bias, 4, 1);
        h = sigmoid(gates[0]) * tanh(gates[1]) + relu(gates[2]) * gates[3];
        outputs.push_back(h);
      }
      const Tensor loss = mean(square(stack(outputs))) + mean(h * probe);
      // Differentiated twice, too.
      const std::vector<Tensor> gradients = grad(loss, {weight, bias}, {.create_graph = true});
      optimizer.zero_grad();
      mean(square(gradients[0])).backward();
      optimizer.step();
    };
    for (int i = 0; i < 6; ++i) step();
    CHECK(news_of_round([&] {
            for (int i = 0; i < 3; ++i) step();
          }) == 0);
    CHECK(std::isfinite(weight.array<float>()(0, 0)));
  }
}

TEST_CASE("nor do layers of several parts, sums over letters, orders, and many dimensions") {
  nn::LSTM lstm(4, 8);
  const Tensor x = randn({5, 2, 4}), a = parameter(randn({2, 3, 4})), b = parameter(randn({2, 4, 3}));
  const Tensor deep = parameter(randn({2, 1, 2, 1, 2, 1, 2}));
  const auto step = [&] {
    const Tensor read = mean(square(lstm(x).output));
    const Tensor letters = mean(einsum("bij,bjk->ik", {a, b})) + mean(einsum("bij,bij", {a, a}));
    const Tensor largest = sum(topk(a, 2).values) + sum(sort(b) * b);
    (read + letters + largest + sum(tanh(deep) * deep)).backward();
    for (const Tensor& leaf : lstm.parameters()) leaf.zero_grad();
    for (const Tensor& leaf : {a, b, deep}) leaf.zero_grad();
  };
  for (int i = 0; i < 4; ++i) step();
  CHECK(news_of_round(step) == 0);
}

TEST_CASE("nor do convolutions that oneDNN does not compute") {
  const Tensor weight1 = parameter(randn({16, 1, 3, 3})), weight2 = parameter(randn({24, 16, 5, 5}));
  const Tensor x = randn({16, 1, 28, 28});
  const auto step = [&] {
    const Tensor first = max_pool2d(relu(conv2d(x, weight1, {}, {.padding = 1})), 2);
    mean(square(conv2d(first, weight2))).backward();
    for (const Tensor& leaf : {weight1, weight2}) leaf.zero_grad();
  };
  for (int i = 0; i < 4; ++i) step();
  if (!kernel::table().shifted_product) {
    MESSAGE("skipped: without fused multiply-adds they are oneDNN's, which calls malloc");
    return;
  }
  CHECK(news_of_round(step) == 0);
}

TEST_CASE("the counter counts") {
  CHECK(news_of_round([] { const std::string text(100, 'x'); }) > 0);
}
#else
TEST_CASE("what a steady step allocates" * doctest::skip()) {}
#endif

TEST_CASE("lists of tensors are vectors like any other") {
  std::vector<Tensor> list;
  for (int i = 0; i < 100; ++i) list.push_back(scalar(i, float64));
  std::vector<Tensor> copy = list, other;
  list.insert(list.begin() + 50, 3, list[7]);
  other.swap(copy);
  list.erase(list.begin(), list.begin() + 50);
  list.shrink_to_fit();
  CHECK(list.size() == 53);
  CHECK(list[0].item() == 7);
  CHECK(list[3].item() == 50);
  CHECK(other.size() == 100);
  CHECK(other.back().item() == 99);
  CHECK_THROWS_AS(list.reserve(list.max_size()), std::bad_alloc);
}
