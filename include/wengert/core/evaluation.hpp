// When values are computed. A large elementwise result, and what is reduced from it, waits until someone
// needs it; then everything that waits below it is computed in one pass over memory. What a few cheap
// operations make of one array, or of two where all is folded to one element, goes on waiting for a time,
// though it is held: it is computed again sooner than loaded. What everything is folded to does not wait, but
// in the library's losses, where it waits for their end. Neither values nor errors depend on it.
#pragma once

#include <cstdint>

namespace wengert {

/// While it lives, results on this thread are computed at once, and first what waits of that they are
/// computed from. So are all those of a program that runs with WENGERT_EAGER=1. WENGERT_DEFER_FROM=n lets
/// results of n elements and more wait (0: all of them).
class Eager {
 public:
  Eager() noexcept;
  ~Eager();
  Eager(const Eager&) = delete;
  Eager& operator=(const Eager&) = delete;

 private:
  std::int64_t before_;
};

/// While it lives, results on this thread of `from` elements and more wait, as under WENGERT_DEFER_FROM.
class Deferred {
 public:
  explicit Deferred(std::int64_t from = 0) noexcept;
  ~Deferred();
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;

 private:
  std::int64_t before_;
};

/// What the evaluator of this thread has done.
struct EvaluationStats {
  std::int64_t runs;     ///< passes over memory that computed what had waited
  std::int64_t planned;  ///< kinds of such passes: the others went by an earlier plan
};
EvaluationStats evaluation_stats();

}  // namespace wengert
