// Long chains, many steps, flat memory: nothing recurses and nothing piles up.
#include <pthread.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::number;

// Sanitizers keep so much beside each block that the longest chains do not fit; how deep the stack goes shows
// as well in shorter ones.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

namespace {

/// Runs f on a thread whose stack has so many bytes.
void on_stack_of(std::size_t bytes, std::function<void()> f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
  pthread_t thread;
  const auto run = [](void* f) -> void* {
    (*static_cast<std::function<void()>*>(f))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

/// A chain of so many operations: differentiated, or only freed.
double chain(std::int64_t length, bool differentiate) {
  const Tensor x = number(1.0);
  Tensor y = x;
  for (std::int64_t i = 0; i < length; ++i) y = -y;
  if (!differentiate) return y.item();
  y.backward();
  return x.grad().item();
}

std::int64_t resident_bytes() {
  std::int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

TEST_CASE("a chain of 10,000,000 operations on a stack of 8 MB") {
  const std::int64_t length = sanitized ? 200'000 : 10'000'000;
  double result = 0.0;
  on_stack_of(8 << 20, [&] { result = chain(length, true); });
  CHECK(result == 1.0);
  release_cached_memory();
}

TEST_CASE("a chain of 1,000,000 operations on a stack of 256 KB") {
  const std::int64_t length = sanitized ? 100'000 : 1'000'000;
  double result = 0.0, freed = 0.0;
  on_stack_of(256 << 10, [&] {
    result = chain(length, true);
    freed = chain(length, false);
  });
  CHECK(result == 1.0);
  CHECK(freed == 1.0);
}

TEST_CASE("a long chain of gradients of gradients is freed without recursion") {
  const std::int64_t length = sanitized ? 20'000 : 100'000;
  bool finite = false;
  on_stack_of(256 << 10, [&] {
    const Tensor x = number(0.5);
    Tensor y = x;
    for (std::int64_t i = 0; i < length; ++i) y = y * 1.0 + x * 1e-9;
    const Tensor g = grad(y, {x}, {.create_graph = true})[0];
    finite = std::isfinite(g.item());
  });
  CHECK(finite);
}

TEST_CASE("100,000 training steps leave memory as it was") {
  const int steps = sanitized ? 5'000 : 100'000;
  const Tensor w = parameter(full({4, 3}, 0.1)), b = parameter(zeros({3})), x = full({5, 4}, 0.5),
               y = ones({5, 3});
  const auto step = [&](double rate) {
    mean(square(tanh(matmul(x, w) + b) - y)).backward();
    const NoGrad values_only;
    for (const Tensor& p : {w, b}) {
      p.assign(p - rate * p.grad());
      p.zero_grad();
    }
  };
  for (int i = 0; i < 1000; ++i) step(0.01);
  reset_peak_memory();
  const MemoryStats before = memory_stats();
  const std::int64_t resident = resident_bytes();
  for (int i = 0; i < steps; ++i) step(0.01 + 1e-7 * i);
  const MemoryStats after = memory_stats();
  CHECK(after.live_nodes == before.live_nodes);
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.peak_bytes <= before.live_bytes + (128 << 10));
  if (!sanitized) CHECK(resident_bytes() - resident < (1 << 20));
  CHECK(std::isfinite(support::values(w)[0]));
}
