// Sums that are fed part by part as a program runs, grouped as the reductions that run by themselves group
// theirs: halves with halves, so that errors hardly grow and the bits do not depend on how a sum was reached.
#pragma once

#include <cstring>

#include "lib/core/fusion.hpp"
#include "wengert/core/storage.hpp"

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

 private:
  struct Frame {
    std::int64_t count;
    bool right;
  };
  std::int64_t half(std::int64_t count) const { return count / 2 / unit_ * unit_; }
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

/// Adds rows one after the other, in the order of a sum over leading axes that runs by itself. A row is an
/// input, or computed as it is added.
class RowSum {
 public:
  RowSum(const Instruction& value, std::int64_t rows, std::int64_t width, std::byte* out)
      : value_(value), halves_(rows, 16, 1), width_(static_cast<std::size_t>(width)) {
    bytes_ = width_ * value.item;
    int levels = 1;
    for (std::int64_t count = rows; count > 16; count -= count / 2) ++levels;
    pitch_ = (bytes_ + 63) / 64 * 64;
    partials_ = StorageRef::allocate(pitch_ * static_cast<std::size_t>(levels) + 1);
    out_ = out;
  }
  void add(const std::byte* const* in, unsigned single) {
    std::byte* sum = partials_.data() + level_ * pitch_;
    if (taken_ == 0)
      value_.row ? value_.row(sum, in, width_, single) : void(std::memcpy(sum, in[0], bytes_));
    else if (value_.row)
      add_computed(sum, in, single);
    else
      combine(sum, in[0]);
    if (++taken_ < halves_.leaf()) return;
    taken_ = 0;
    for (int merges = halves_.finish_leaf(); merges > 0; --merges, --level_, sum -= pitch_)
      combine(sum - pitch_, sum);
    if (halves_.done())
      std::memcpy(out_, sum, bytes_);
    else
      ++level_;
  }

 private:
  void combine(std::byte* sum, const std::byte* row) {
    const std::byte* in[2] = {sum, row};
    value_.block(sum, in, width_, 0);
  }
  void add_computed(std::byte* sum, const std::byte* const* in, unsigned single) {
    const std::byte* with_sum[4] = {in[0], in[1], in[2], nullptr};
    with_sum[value_.row_inputs] = sum;
    value_.adding(sum, with_sum, width_, single);
  }

  const Instruction& value_;
  Halves halves_;
  std::size_t width_, bytes_, pitch_;
  StorageRef partials_;
  std::byte* out_;
  std::size_t level_ = 0;
  std::int64_t taken_ = 0;
};

/// Adds tiles that follow the leaves of `halves`, in the order of a sum of everything that runs by itself.
class Total {
 public:
  Total(const Instruction& value, std::byte* out) : value_(value), out_(out) {}
  void add(const std::byte* const* tile, std::int64_t count, int merges, bool last) {
    value_.fold_into(partials_[level_], tile, static_cast<std::size_t>(count));
    for (; merges > 0; --merges, --level_) {
      const std::byte* in[2] = {partials_[level_ - 1], partials_[level_]};
      value_.block(partials_[level_ - 1], in, 1, 0);
    }
    if (last)
      std::memcpy(out_, partials_[0], value_.item);
    else
      ++level_;
  }

 private:
  const Instruction& value_;
  std::byte* out_;
  int level_ = 0;
  alignas(64) std::byte partials_[Halves::max_depth][8];
};

}  // namespace wengert
