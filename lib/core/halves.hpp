// How sums are grouped: halves with halves, so that errors hardly grow and parts can be summed by themselves.
#pragma once

#include <cstdint>

namespace wengert {

/// The leaves of a count that is halved until it is small, in order: how sums are grouped, here and where a
/// reduction runs by itself.
class Halves {
 public:
  Halves(std::int64_t count, std::int64_t limit, std::int64_t unit) : limit_(limit), unit_(unit) {
    descend(count);
  }
  std::int64_t leaf() const { return leaf_; }
  bool done() const { return done_; }
  /// Goes to the next leaf. Returns how many results are to be combined with the one before first.
  int finish_leaf() {
    int merges = 0;
    while (depth_ > 0) {
      Frame& top = frames_[depth_ - 1];
      if (!top.right) {
        top.right = true;
        descend(top.count - half(top.count));
        return merges;
      }
      ++merges;
      --depth_;
    }
    done_ = true;
    return merges;
  }

  static constexpr int max_depth = 64;
  static std::int64_t half(std::int64_t count, std::int64_t unit) { return count / 2 / unit * unit; }

 private:
  struct Frame {
    std::int64_t count;
    bool right;
  };
  std::int64_t half(std::int64_t count) const { return half(count, unit_); }
  void descend(std::int64_t count) {
    while (count > limit_) {
      frames_[depth_++] = {count, false};
      count = half(count);
    }
    leaf_ = count;
  }

  std::int64_t limit_, unit_, leaf_ = 0;
  Frame frames_[max_depth];
  int depth_ = 0;
  bool done_ = false;
};

/// A part of a count that was halved some times, each half of each half: what is summed before it meets the
/// rest, so that parts may be summed by themselves and then be added two by two.
struct Part {
  std::int64_t start, count;

  static Part of(std::int64_t count, std::int64_t unit, int levels, std::int64_t number) {
    Part part{0, count};
    while (levels-- > 0) {
      const std::int64_t first = Halves::half(part.count, unit);
      part = number >> levels & 1 ? Part{part.start + first, part.count - first} : Part{part.start, first};
    }
    return part;
  }
};

/// How often a count can be halved to make at most `parts` parts, so that each was halved, not left as it is
/// for having at most `leaf`.
inline int halvings(std::int64_t parts, std::int64_t count, std::int64_t leaf) {
  int levels = 0;
  for (; parts > 1 && count > leaf; parts /= 2, count /= 2) ++levels;
  return levels;
}

}  // namespace wengert
