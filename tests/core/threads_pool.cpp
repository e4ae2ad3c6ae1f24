// The pool of threads: each part once, errors, calls within calls and from several threads, numbers set
// meanwhile, children of this process.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "lib/core/parallel.hpp"
#include "support/tensors.hpp"
#include "support/threads.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::Threads;

namespace {

/// Whether a job of `count` parts runs each of them once.
bool each_once(std::int64_t count) {
  std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
  parallel_for(count, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
  return std::ranges::all_of(runs, [](const std::atomic<int>& n) { return n == 1; });
}

}  // namespace

TEST_CASE("the number of threads is set and asked for") {
  const Threads restored(3);
  CHECK(num_threads() == 3);
  set_num_threads(1);
  CHECK(num_threads() == 1);
  for (const int wrong : {0, -2})
    CHECK_THROWS_WITH_AS(
        set_num_threads(wrong),
        ("[set_num_threads] the number must be 1 or more: got " + std::to_string(wrong)).c_str(), ValueError);
  CHECK(num_threads() == 1);
}

TEST_CASE("every part runs once, on any number of threads") {
  for (const int threads : {1, 2, 3, 7}) {
    const Threads set(threads);
    for (const std::int64_t count : {0, 1, 2, 3, 8, 1000}) {
      CAPTURE(threads);
      CAPTURE(count);
      CHECK(each_once(count));
    }
  }
  const Threads set(3);
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) wrong += !each_once(1 + i % 9);
  CHECK(wrong == 0);
}

TEST_CASE("several threads take part, the calling one among them") {
  const Threads set(3);
  // Parts that wait for one another need a thread each.
  std::array<std::thread::id, 3> ids;
  std::atomic<int> there{0};
  parallel_for(3, [&](std::int64_t i) {
    ids[static_cast<std::size_t>(i)] = std::this_thread::get_id();
    for (++there; there < 3;) std::this_thread::yield();
  });
  CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == 3);
  CHECK(std::ranges::count(ids, std::this_thread::get_id()) == 1);
}

TEST_CASE("ranges make up the whole, in units") {
  for (const int threads : {1, 2, 5}) {
    const Threads set(threads);
    for (const std::int64_t count : {0, 1, 63, 64, 65, 1000, 100000})
      for (const std::int64_t unit : {1, 64}) {
        std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
        std::atomic<int> uneven{0}, calls{0};
        parallel_ranges(count, unit, 1000.0, [&](std::int64_t begin, std::int64_t end) {
          ++calls;
          uneven += begin % unit != 0 || (end % unit != 0 && end != count);
          for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
        });
        CHECK(uneven == 0);
        CHECK(std::ranges::all_of(seen, [](const std::atomic<int>& n) { return n == 1; }));
        CHECK((calls > 1) == (threads > 1 && count * 1000.0 >= 2.0 * smallest_part && count > unit));
      }
  }
}

TEST_CASE("the error of the first part that fails reaches the caller, and the pool goes on") {
  for (const int threads : {1, 2, 4}) {
    const Threads set(threads);
    for (int round = 0; round < 50; ++round) {
      CHECK_THROWS_WITH_AS(parallel_for(100,
                                        [](std::int64_t i) {
                                          if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
                                        }),
                           "7", std::runtime_error);
      CHECK(each_once(20));
    }
  }
}

TEST_CASE("a call within a part runs on the part's thread") {
  const Threads set(3);
  std::atomic<int> runs{0}, elsewhere{0}, cut{0};
  parallel_for(8, [&](std::int64_t) {
    const std::thread::id here = std::this_thread::get_id();
    cut += worthwhile_parts(1e9) != 1;
    parallel_for(5, [&](std::int64_t) {
      ++runs;
      elsewhere += std::this_thread::get_id() != here;
    });
  });
  CHECK(runs == 40);
  CHECK(elsewhere == 0);
  CHECK(cut == 0);
}

TEST_CASE("several threads have work at the same time, while the number changes") {
  const Threads set(2);
  std::atomic<int> wrong{0};
  std::atomic<bool> done{false};
  std::thread changing([&] {
    for (int i = 0; !done; ++i) {
      set_num_threads(1 + i % 4);
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 500; ++i) wrong += !each_once(1 + i % 12);
    });
  for (std::thread& caller : callers) caller.join();
  done = true;
  changing.join();
  CHECK(wrong == 0);
}

TEST_CASE("operations on several threads agree with those on one, while the number changes") {
  const Tensor x = linspace(-3.0, 3.0, 300 * 400).detach();
  const auto run = [&] {
    const Tensor w = parameter(reshape(x, {300, 400}));
    (sum(tanh(w) * w, {0}) * 2.0).backward({.seed = ones({400})});
    return support::values(w.grad());
  };
  const Threads set(1);
  const auto expected = run();
  std::atomic<int> wrong{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 5; ++i) wrong += run() != expected;
    });
  std::thread changing([&] {
    for (int i = 0; !done; ++i) {
      set_num_threads(1 + i % 4);
      std::this_thread::yield();
    }
  });
  for (std::thread& caller : callers) caller.join();
  done = true;
  changing.join();
  CHECK(wrong == 0);
}

TEST_CASE("a large operation is a job of the pool, a small one wakes nobody") {
  const Threads set(2);
  const Tensor large = rand({1000, 1000}), small = rand({10, 100});
  const std::uint32_t before = jobs_done();
  CHECK(support::values(tanh(small) * 2.0 + sum(small, {0})).size() == 1000);
  CHECK(jobs_done() == before);
  CHECK(support::values(tanh(large) * 2.0).size() == 1000000);
  const std::uint32_t after = jobs_done();
  CHECK(after > before);
  set_num_threads(1);
  CHECK(support::values(tanh(large) * 2.0).size() == 1000000);
  CHECK(jobs_done() == after);
}

// ThreadSanitizer does not follow threads that begin in a child.
#if defined(WNOHANG) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a child of the process has a pool of its own") {
  const Threads set(3);
  CHECK(each_once(50));
  for (int round = 0; round < 3; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      alarm(20);  // a child that waits for helpers it does not have would wait for ever
      _exit(each_once(100) && each_once(7) ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(each_once(50));
  }
}
#endif
