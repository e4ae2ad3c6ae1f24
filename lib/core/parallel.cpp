// The pool holds one job at a time. Who has work for it takes it, opens a gate and wakes helpers; helpers
// that pass the gate take parts by counting up, as the caller does, each at first those of a share of its
// own, the same one every time: what it wrote in one job it finds in its cache in the next. When no part is
// left the caller closes the gate and waits for those inside: a helper that wakes too late finds it closed
// and is waited for by nobody.
#include "lib/core/parallel.hpp"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <limits>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define WENGERT_CAN_FORK
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include "lib/core/fail.hpp"
#include "wengert/core/threads.hpp"

namespace wengert {
namespace {

constexpr int helped_by = 255;  // at most
constexpr int parts_each = 4;   // of a thread's, so that none waits long for another
constexpr int spins = 500;      // looks at what is to change before a thread sleeps: some 20 us

thread_local bool inside = false;  // of a part

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#endif
}

/// Waits until `word` no longer is `value`.
void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  for (int i = 0; i < spins; ++i) {
    if (word.load(std::memory_order_acquire) != value) return;
    pause();
  }
  word.wait(value, std::memory_order_acquire);
}

class Pool {
 public:
  /// False if the pool is taken.
  bool run(std::int64_t count, void (*part)(void*, std::int64_t), void* context, int threads) {
    const std::unique_lock taken(taken_, std::try_to_lock);
    if (!taken) return false;
    const auto helpers =
        static_cast<std::uint32_t>(std::min<std::int64_t>({threads - 1, count - 1, helped_by}));
    hire(helpers);
    part_ = part;
    context_ = context;
    shares_ = static_cast<std::int64_t>(helpers) + 1;
    for (std::int64_t i = 0; i < shares_; ++i) {
      share_[i].end = (i + 1) * count / shares_;
      share_[i].next.store(i * count / shares_, std::memory_order_relaxed);
    }
    allowed_.store(helpers, std::memory_order_relaxed);
    gate_.store(0, std::memory_order_release);
    jobs_.fetch_add(1);
    if (helpers >= hired_)
      jobs_.notify_all();
    else
      for (std::uint32_t i = 0; i < helpers; ++i) jobs_.notify_one();
    inside = true;
    take_parts(0);
    inside = false;
    for (std::uint32_t now = gate_.fetch_or(closed) | closed; now != closed; now = gate_.load())
      wait_while(gate_, now);
    if (!error_) return true;
    failed_.store(nothing, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(error_, nullptr));
  }

  std::uint32_t jobs() const { return jobs_.load(); }

 private:
  static constexpr std::uint32_t closed = 0x80000000u;

  /// Helpers are never let go, and asleep they do not keep the program from ending.
  void hire(std::uint32_t helpers) {
    try {
      for (; hired_ < helpers; ++hired_)
        std::thread([this, number = hired_ + 1, seen = jobs_.load()] { help(number, seen); }).detach();
    } catch (const std::system_error&) {
      // The system has no more threads: those that are there do the work.
    }
  }

  void help(std::int64_t number, std::uint32_t seen) {
    inside = true;
    while (true) {
      wait_while(jobs_, seen);
      seen = jobs_.load();
      if (!enter()) continue;
      take_parts(number);
      if (gate_.fetch_sub(1) == (closed | 1)) gate_.notify_one();
    }
  }

  bool enter() {
    std::uint32_t now = gate_.load();
    while (now < allowed_.load(std::memory_order_relaxed))
      if (gate_.compare_exchange_weak(now, now + 1)) return true;
    return false;
  }

  /// Those of the share of that number, then what is left of the others.
  void take_parts(std::int64_t number) {
    for (std::int64_t i = 0; i < shares_; ++i) {
      Share& share = share_[(number + i) % shares_];
      while (true) {
        const std::int64_t part = share.next.fetch_add(1, std::memory_order_relaxed);
        if (part >= share.end) break;
        if (part < failed_.load(std::memory_order_relaxed)) run_part(part);
      }
    }
  }
  void run_part(std::int64_t i) {
    try {
      part_(context_, i);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (i > failed_.load(std::memory_order_relaxed)) return;
      error_ = std::current_exception();
      failed_.store(i, std::memory_order_relaxed);
    }
  }

  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };

  std::mutex taken_;
  void (*part_)(void*, std::int64_t) = nullptr;
  void* context_ = nullptr;
  std::int64_t shares_ = 0;
  std::uint32_t hired_ = 0;
  std::atomic<std::uint32_t> jobs_{0};       // given so far
  std::atomic<std::uint32_t> allowed_{0};    // helpers that may be inside
  std::atomic<std::uint32_t> gate_{closed};  // helpers inside, or'ed with `closed`
  Share share_[helped_by + 1];
  alignas(64) std::mutex error_mutex_;
  std::exception_ptr error_;
  static constexpr std::int64_t nothing = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> failed_{nothing};  // the first part, by its number, that threw
};

// Never destroyed: helpers and other objects with static storage may look at it while the program ends.
Pool& pool() {
  alignas(Pool) static std::byte room[sizeof(Pool)];
  static Pool& instance = [&]() -> Pool& {
#ifdef WENGERT_CAN_FORK
    // A child has none of its parent's helpers, and hires its own.
    pthread_atfork(nullptr, nullptr, [] { new (room) Pool; });
#endif
    return *new (room) Pool;
  }();
  return instance;
}

int processors() {
  int count = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
  // What a container may use: "QUOTA PERIOD", or "max PERIOD".
  double quota = 0.0, period = 0.0;
  if (std::ifstream("/sys/fs/cgroup/cpu.max") >> quota >> period && quota > 0.0 && period > 0.0)
    count = std::min(count, static_cast<int>(std::max(quota / period, 1.0)));
#endif
  return std::max(count, 1);
}

int number_at_start() {
  const auto number_of = [](const char* text, const char*& rest) {
    int number = 0;
    rest = std::from_chars(text, text + std::strlen(text), number).ptr;
    return number;
  };
  const char* rest = nullptr;
  if (const char* told = std::getenv("WENGERT_NUM_THREADS"); told && *told) {
    const int number = number_of(told, rest);
    if (number < 1 || *rest)
      fail<ValueError>("threads", "WENGERT_NUM_THREADS must be a number from 1 on: got \"", told, "\"");
    return number;
  }
  // OpenMP's own variable may hold a list for nested regions; the first number is what is meant here.
  if (const char* told = std::getenv("OMP_NUM_THREADS"))
    if (const int number = number_of(told, rest); number >= 1) return number;
  return processors();
}

std::atomic<int> number{0};  // 0: not yet known

}  // namespace

void set_num_threads(int count) {
  if (count < 1) fail<ValueError>("set_num_threads", "the number must be 1 or more: got ", count);
  number.store(count, std::memory_order_relaxed);
}

int num_threads() {
  int now = number.load(std::memory_order_relaxed);
  if (now == 0) [[unlikely]] {
    static const int at_start = number_at_start();
    // Unless another thread has set it meanwhile.
    if (number.compare_exchange_strong(now, at_start)) now = at_start;
  }
  return now;
}

void run_parts(std::int64_t count, void (*part)(void*, std::int64_t), void* context) {
  if (count > 1 && !inside)
    if (const int threads = num_threads(); threads > 1 && pool().run(count, part, context, threads)) return;
  for (std::int64_t i = 0; i < count; ++i) part(context, i);
}

std::uint32_t jobs_done() { return pool().jobs(); }

std::int64_t parts_of_large(double nanoseconds) {
  const int threads = inside ? 1 : num_threads();
  if (threads == 1) return 1;
  return std::min(most_parts, static_cast<std::int64_t>(
                                  std::min(nanoseconds / smallest_part, double{parts_each} * threads)));
}

}  // namespace wengert
