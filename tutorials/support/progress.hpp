// Progress of a training run: one line that is written over on a terminal, now and then a line of its own
// elsewhere.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

class Progress {
 public:
  /// Off a terminal, every `interval`-th step and the last are printed.
  Progress(int steps, int interval) : steps_(steps), interval_(interval), started_(Clock::now()) {}

  /// Step `done` of `steps` is done, and this is what to say about it.
  void show(int done, const std::string& text) {
    const double left = seconds() / done * (steps_ - done);
    char time[32];
    std::snprintf(time, sizeof time, done < steps_ ? "%.1f s left" : "done", left);
    if (live_)
      std::printf("\r\x1b[K  %s  %s%s", text.c_str(), time, done < steps_ ? "" : "\n");
    else if (done % interval_ == 0 || done == steps_ || done == 1)
      std::printf("  %s  %s\n", text.c_str(), time);
    std::fflush(stdout);
  }

  double seconds() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  int steps_, interval_;
  Clock::time_point started_;
  bool live_ = isatty(STDOUT_FILENO) != 0;
};
