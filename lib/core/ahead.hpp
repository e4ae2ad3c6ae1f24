// Ahead: cache lines that are fetched while something else is computed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace wengert {

/// Fetches what the next tile of a program wants, some after each step of this one. A tile is too short for
/// the processor to see it coming.
class Ahead {
 public:
  void start(std::size_t steps) {
    ranges_.clear();
    lines_ = 0;
    steps_ = static_cast<std::int64_t>(std::max<std::size_t>(steps, 1));
  }
  void add(const std::byte* at, std::int64_t bytes) {
    if (bytes < line) return;
    ranges_.emplace_back(at, bytes / line);
    lines_ += bytes / line;
    share_ = lines_ / steps_ + 1;
  }
  void fetch_share() {
    for (std::int64_t share = share_; share > 0 && !ranges_.empty();) {
      auto& [at, lines] = ranges_.back();
      const std::int64_t count = std::min(share, lines);
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < count; ++i) __builtin_prefetch(at + i * line);
      at += count * line;
      lines -= count;
      share -= count;
      if (lines == 0) ranges_.pop_back();
    }
  }

 private:
  static constexpr std::int64_t line = 64;

  std::vector<std::pair<const std::byte*, std::int64_t>> ranges_;
  std::int64_t lines_ = 0, share_ = 0, steps_ = 1;
};

}  // namespace wengert
