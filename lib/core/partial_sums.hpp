// Sums that are fed part by part as a program runs, grouped as the reductions that run by themselves group
// theirs: halves with halves, so that errors hardly grow and the bits do not depend on how a sum was reached.
#pragma once

#include <cstring>

#include "lib/core/fusion.hpp"
#include "lib/core/halves.hpp"
#include "wengert/core/storage.hpp"

namespace wengert {

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
  const Instruction& value() const { return value_; }
  /// Rows that lie as those of a chain do; where they go is set here, and how far they have gone.
  [[gnu::noinline]] void add(kernel::Rows& rows) {
    for (std::int64_t left = rows.count; left > 0;) {
      const bool first = taken_ == 0;
      const std::int64_t some = first ? 1 : std::min(left, halves_.leaf() - taken_);
      rows.count = static_cast<std::size_t>(some);
      first ? start(rows) : add_to_sum(rows);
      for (std::size_t j = 0; j < value_.row_inputs; ++j) rows.in[j] += rows.count * rows.in_pitch[j];
      left -= some;
      taken_ += some;
      if (taken_ == halves_.leaf()) finish_leaf();
    }
  }

 private:
  std::byte* sum() const { return partials_.data() + level_ * pitch_; }
  void start(kernel::Rows& rows) const {
    rows.out = sum();
    value_.row ? value_.row(rows) : void(std::memcpy(sum(), rows.in[0], bytes_));
  }
  void add_to_sum(kernel::Rows& rows) const {
    rows.out = sum();
    rows.pitch = 0;
    if (!value_.adding) {
      const std::byte* row = rows.in[0];
      for (std::size_t r = 0; r < rows.count; ++r, row += rows.in_pitch[0]) combine(rows.out, row);
      return;
    }
    rows.in[value_.row_inputs] = rows.out;
    rows.in_pitch[value_.row_inputs] = 0;
    value_.adding(rows);
  }
  void combine(std::byte* sum, const std::byte* row) const {
    const std::byte* in[2] = {sum, row};
    value_.block(sum, in, width_, 0);
  }
  void finish_leaf() {
    taken_ = 0;
    for (int merges = halves_.finish_leaf(); merges > 0; --merges, --level_) combine(sum() - pitch_, sum());
    if (halves_.done())
      std::memcpy(out_, sum(), bytes_);
    else
      ++level_;
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
  const Instruction& value() const { return value_; }
  [[gnu::noinline]] void add(const std::byte* const* tile, std::int64_t count, int merges, bool last) {
    value_.fold_into(partials_[level_], tile, static_cast<std::size_t>(count), 1);
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

inline bool is_sum(const Value& value) {
  return !value.input && (value.kind == Lowering::Kind::sum_rows || value.kind == Lowering::Kind::total);
}
inline std::size_t sum_size(const Value& value, const Domain& domain) {
  return static_cast<std::size_t>(value.extent == Extent::column ? domain.width : 1);
}
/// The room of the sum of one part.
inline std::size_t sum_bytes(const Value& value, const Domain& domain) {
  return (sum_size(value, domain) * value.item + 63) / 64 * 64;
}
/// Adds the sums of 2^n parts two by two, to the first one's.
template <class F>
void add_parts(const Value& value, const Domain& domain, std::int64_t parts, F sum_of) {
  for (std::int64_t step = 1; step < parts; step *= 2)
    for (std::int64_t part = 0; part < parts; part += 2 * step) {
      const std::byte* in[2] = {sum_of(part), sum_of(part + step)};
      value.block(sum_of(part), in, sum_size(value, domain), 0);
    }
}

}  // namespace wengert
