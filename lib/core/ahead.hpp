// Ahead: cache lines that are fetched while something else is computed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wengert {

/// Fetches what a later tile of a program wants, some after each step of this one. A tile is too short for
/// the processor to see it coming, unless it comes at once: of programs of a step or two nothing is fetched.
/// It goes to the second-level cache: the first has little room beside the buffers, and few lines can be on
/// their way to it (LayerNorm took a third longer).
class Ahead {
 public:
  void start(std::size_t steps) {
    ranges_.clear();
    units_ = 0;
    steps_ = static_cast<std::int64_t>(std::max<std::size_t>(steps, 1));
  }
  /// What lies beyond `bytes` up to a whole unit is fetched too: that harms nothing.
  void add(const std::byte* at, std::int64_t bytes) {
    if (bytes < line || steps_ < fewest_steps) return;
    const std::int64_t units = (bytes + unit - 1) / unit;
    ranges_.push_back({at, units});
    units_ += units;
    share_ = (units_ + steps_ - 1) / steps_;
  }
  void fetch_share() {
    for (std::int64_t share = share_; share > 0 && !ranges_.empty(); --share) {
      Range& range = ranges_.back();
#pragma GCC unroll 8
      for (std::int64_t at = 0; at < unit; at += line) __builtin_prefetch(range.at + at, 0, 2);
      range.at += unit;
      if (--range.units == 0) ranges_.pop_back();
    }
  }

 private:
  static constexpr std::int64_t line = 64, unit = 8 * line, fewest_steps = 3;

  struct Range {
    const std::byte* at;
    std::int64_t units;
  };
  std::vector<Range> ranges_;
  std::int64_t units_ = 0, share_ = 0, steps_ = 1;
};

}  // namespace wengert
