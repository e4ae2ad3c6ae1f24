// What the benchmark programs share: how a workload is enrolled and reported, and the numbers it works on,
// which are the same in each program, so that each must come to the same result.
#pragma once

#include <benchmark/benchmark.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace bench {

/// What one pass over a workload must at least do, to tell a rate from a time.
struct Cost {
  double flops = 0.0;  ///< floating-point operations, where arithmetic is what takes the time
  double bytes = 0.0;  ///< bytes read and written, where memory is
};

/// A figure of /proc/self/status in bytes: VmRSS, VmHWM.
inline double resident(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0.0;
    if (word == name + ":" && status >> kilobytes) return kilobytes * 1024.0;
  }
  return 0.0;
}

inline double& resident_at_start() {
  static double bytes = 0.0;
  return bytes;
}

/// How often malloc was called, in a program that has mallocs.cpp.
inline std::atomic<long> mallocs{0};

/// Runs `step` until its time is known. Three times before, after which `check()` gives a number that every
/// program must agree on.
template <class Step, class Check>
void measure(benchmark::State& state, const Cost& cost, Step step, Check check) {
  for (int i = 0; i < 3; ++i) step();
  state.counters["check"] = static_cast<double>(check());
  const long before = mallocs.load();
  for (auto _ : state) step();
  state.counters["mallocs"] =
      benchmark::Counter(static_cast<double>(mallocs.load() - before), benchmark::Counter::kAvgIterations);
  state.counters["peak"] = resident("VmHWM") - resident_at_start();
  if (cost.flops > 0) state.counters["flops"] = cost.flops;
  if (cost.bytes > 0) state.counters["bytes"] = cost.bytes;
}

/// For the check; takes no memory of its own, which would count.
inline double mean_square(const float* x, std::int64_t count) {
  double total = 0.0;
  for (std::int64_t i = 0; i < count; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total / static_cast<double>(count);
}

/// Enrolls a workload when it is constructed.
struct Workload {
  Workload(const char* name, void (*run)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name, run)->UseRealTime()->MeasureProcessCPUTime();
  }
};

/// OMP_NUM_THREADS, or 1.
inline int thread_count() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  const int count = text ? std::atoi(text) : 1;
  return count > 0 ? count : 1;
}

inline int run(int argc, char** argv) {
  std::ofstream("/proc/self/clear_refs") << 5;  // from here on the peak is counted anew
  resident_at_start() = resident("VmRSS");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

/// Numbers that depend on nothing but how many were taken before.
class Numbers {
 public:
  /// Uniform in [-bound, bound).
  std::vector<float> uniform(std::int64_t count, double bound = 1.0) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = static_cast<float>(bound * (2.0 * unit() - 1.0));
    return values;
  }
  /// About normal, with mean 0 and variance 1: the sum of four uniform ones.
  std::vector<float> normal(std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values)
      value = static_cast<float>(std::sqrt(3.0) * (unit() + unit() + unit() + unit() - 2.0));
    return values;
  }
  std::vector<std::int64_t> labels(std::int64_t count, std::int64_t classes) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(count));
    for (std::int64_t& value : values)
      value = static_cast<std::int64_t>(unit() * static_cast<double>(classes));
    return values;
  }
  /// For the parameter of a module: uniform within 1 / sqrt(what a unit sees), a bias within 0.1, and a
  /// weight of one dimension, which is a normalization's, 1.
  template <class Extents>
  std::vector<float> initial(const std::string& name, const Extents& shape) {
    std::int64_t first = 1, others = 1, i = 0;
    for (const auto extent : shape) (i++ == 0 ? first : others) *= static_cast<std::int64_t>(extent);
    if (i == 1 && name.find("bias") == std::string::npos)
      return std::vector<float>(static_cast<std::size_t>(first), 1.0f);
    return uniform(first * others, i == 1 ? 0.1 : 1.0 / std::sqrt(static_cast<double>(others)));
  }

 private:
  double unit() { return static_cast<double>(engine_()) / 4294967296.0; }
  std::mt19937 engine_{20240229};
};

}  // namespace bench
