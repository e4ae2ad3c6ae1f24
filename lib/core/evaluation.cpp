#include "wengert/core/evaluation.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "lib/core/log.hpp"
#include "lib/core/tape.hpp"

namespace wengert {
namespace {

// Below this many elements a pass over memory hardly costs more than to plan one, and what the backward pass
// computes again it could as well read from a cache. Measured on one thread: the tanh form of GELU gains from
// 4,096 elements on, while relu(x + 1) still loses at 65,536; of the tutorials two gain 0.07 over 8,192, the
// others, and training steps of perceptrons, a convolutional network, an LSTM and a transformer, stay within
// noise from 8,192 to 16,384.
constexpr std::int64_t usual = 12288;

}  // namespace

const std::int64_t usual_defer_from = [] {
  const char* eager = std::getenv("WENGERT_EAGER");
  if (eager && *eager && std::strcmp(eager, "0") != 0) return nothing_waits;
  const char* from = std::getenv("WENGERT_DEFER_FROM");
  if (!from || !*from) return usual;
  std::int64_t elements = usual;
  const char* end = from + std::strlen(from);
  if (const auto [at, error] = std::from_chars(from, end, elements);
      error != std::errc() || at != end || elements < 0) {
    library_log().warn("WENGERT_DEFER_FROM must be a number of elements: got \"{}\", which is not heeded",
                       from);
    return usual;
  }
  return elements;
}();

Eager::Eager() noexcept : before_(std::exchange(this_thread.defer_from, nothing_waits)) {}
Eager::~Eager() { this_thread.defer_from = before_; }
Deferred::Deferred(std::int64_t from) noexcept
    : before_(std::exchange(this_thread.defer_from, std::max<std::int64_t>(from, 0))) {}
Deferred::~Deferred() { this_thread.defer_from = before_; }

}  // namespace wengert
