// Threads: independent graphs anywhere, shared leaves read by all and added to under a lock, tensors in
// static storage.
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::values;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int rounds = 50;
#else
constexpr int rounds = 1000;
#endif

template <class F>
void on_threads(int count, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&f, i] { f(i); });
  for (std::thread& thread : threads) thread.join();
}

// Destroyed when the program ends, after main: must neither crash nor be reported as a leak.
const Tensor at_exit = parameter(full({1000}, 2.0));
const Tensor small_at_exit = scalar(1.0, float64);
thread_local Tensor at_thread_exit;

bool convolves() {
  const Tensor x = parameter(full({2, 8, 12, 12}, 1.0)), w = full({16, 8, 3, 3}, 0.5);
  sum(conv2d(x, w)).backward();
  return x.grad().array<float>()(0, 0, 5, 5) == 16 * 9 * 0.5f;
}

/// Computes when it is destroyed: after what the library keeps for a thread is gone. What is wrong then no
/// test case can report.
struct ComputesAtTheEnd {
  ~ComputesAtTheEnd() {
    const Tensor x = parameter(full({200, 100}, 0.5, {.dtype = float64}));
    const Tensor y = sum(square(tanh(x)) * softplus(x) + sum(matmul(x, transpose(x))));
    const double slope = grad(y, {x}, {.retain_graph = true})[0].array<double>()(3, 4);
    y.backward();
    if (slope != x.grad().array<double>()(3, 4) || !(slope > 0.0) || !convolves()) std::abort();
  }
};
const ComputesAtTheEnd of_the_program;

}  // namespace

TEST_CASE("independent graphs on four threads") {
  std::atomic<int> wrong{0};
  on_threads(4, [&](int t) {
    const Tensor w = parameter(full({8, 8}, 0.01 * (t + 1)));
    for (int i = 0; i < rounds; ++i) {
      const Tensor y = sum(square(matmul(w, w)));
      y.backward();
      wrong += !(w.grad().array<float>()(0, 0) > 0.0f);
      const NoGrad off;
      w.assign(w - 1e-6 * w.grad());
      w.zero_grad();
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("shared leaves, one gradient") {
  const Tensor w = parameter(full({10}, 3.0, {.dtype = float64})), x = full({10}, 2.0, {.dtype = float64});
  on_threads(4, [&](int) {
    for (int i = 0; i < rounds; ++i) sum(w * x).backward();
  });
  CHECK(values(w.grad())[9] == 8.0 * rounds);
  on_threads(4, [&](int t) {
    for (int i = 0; i < rounds; ++i) {
      const auto g = grad(sum(w * w * x), {w});
      if (t == 0 && i % 10 == 0) (void)memory_stats();
    }
  });
  CHECK(values(w.grad())[0] == 8.0 * rounds);
}

TEST_CASE("handles are copied, dropped and read by many threads") {
  const Tensor shared = parameter(full({64}, 1.0)) * 2.0;
  on_threads(4, [&](int) {
    for (int i = 0; i < rounds; ++i) {
      const Tensor copy = shared, view = reshape(copy, {8, 8});
      if (view.array<float>()(7, 7) != 2.0f || sum(view).item() != 128.0) std::abort();
    }
  });
  CHECK(shared.size() == 64);
}

TEST_CASE("a graph made by many threads is differentiated by one") {
  const Tensor x = support::leaf({1.0, 2.0});
  std::vector<Tensor> parts(4);
  on_threads(4, [&](int t) {
    Tensor y = x;
    for (int i = 0; i < 100 + t; ++i) y = y * 1.0 + x;
    parts[static_cast<std::size_t>(t)] = y;
  });
  sum(parts[0] + parts[1] + parts[2] + parts[3]).backward();
  CHECK(values(x.grad()) == std::vector<double>{410, 410});
}

TEST_CASE("many threads differentiate one graph, each to the same bits") {
  manual_seed(8);
  for (int round = 0; round < rounds / 25; ++round) {
    const Tensor x = parameter(randn({100})), h = x * 1.7 + 0.3;
    Tensor y = sum(h);
    for (int i = 0; i < 12; ++i) y = y + (i % 3 ? sum(sin(h * (0.3 * i + 0.1))) : sum(h * h * 0.7));
    const auto gradient = [&] { return grad(y, {x}, {.retain_graph = true})[0]; };
    const Tensor expected = gradient();
    std::atomic<int> wrong{0};
    on_threads(4, [&](int) {
      for (int i = 0; i < 20; ++i) wrong += !support::same_bits(gradient(), expected);
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("a tensor of a thread's own, gone with the thread") {
  const std::int64_t nodes = memory_stats().live_nodes;
  on_threads(3, [](int) { at_thread_exit = parameter(full({500}, 1.0)) * 3.0; });
  CHECK(memory_stats().live_nodes == nodes);
  CHECK(at_exit.size() == 1000);
  CHECK(small_at_exit.item() == 1.0);
}

TEST_CASE("a thread's own objects compute until they are destroyed") {
  on_threads(2, [](int) {
    static thread_local ComputesAtTheEnd of_the_thread;
    static_cast<void>(of_the_thread);
    CHECK(sum(full({100, 100}, 2.0) * 1.0).item() == 20000.0);
    CHECK(convolves());
  });
  CHECK(convolves());  // the program's, after oneDNN was used
}
