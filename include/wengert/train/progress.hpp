// Progress of a training run: one line that is written over on a terminal, now and then a line of its own
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace wengert::training {

struct ProgressOptions {
  std::int64_t interval = 0;  ///< off a terminal every so many steps are printed; 0: about ten in all
  std::FILE* out = stdout;
};

/// How far a run of a known number of steps is, and how much time it will still take:
///
///     training::Progress progress(epochs);
///     for (int epoch = 1; epoch <= epochs; ++epoch) {
///       ...
///       progress.show(epoch, "epoch 3/40   loss 0.0661");
///     }
class Progress {
 public:
  /// Time counts from here. Throws ValueError unless steps > 0 and interval >= 0.
  explicit Progress(std::int64_t steps, const ProgressOptions& options = {});
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// A run that ended early, as early stopping ends it, leaves the terminal at the beginning of a line too.
  ~Progress();

  /// Step `done` of `steps` is done, and this is what to say about it. On a terminal the line is written
  /// over; elsewhere the first, the last and every interval-th are printed, each on a line of its own.
  void show(std::int64_t done, const std::string& text);

  /// Seconds since the beginning.
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::int64_t steps_, interval_;
  std::FILE* out_;
  Clock::time_point started_;
  bool live_, open_ = false;  // on a terminal; within a line there
};

/// A time as people say it: "0.6 s", "12 s", "3 min 20 s", "2 h 5 min".
std::string duration(double seconds);

}  // namespace wengert::training
