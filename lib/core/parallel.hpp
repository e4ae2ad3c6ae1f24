// Work in independent parts on the threads of the library's one pool.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace wengert {

/// Calls part(context, i) for each i in [0, count), some at the same time, and the same ones on the same
/// thread each time if none is late. Returns when all are done. If some throw, what the first of them throws,
/// by its number, is thrown here, as if they followed one another; later ones that had not begun are left
/// out. A part must not wait for another one, and what it computes must not depend on which thread it is on.
/// Parts follow one another on the calling thread where it runs a part already, or the pool is taken.
void run_parts(std::int64_t count, void (*part)(void* context, std::int64_t i), void* context);

template <class F>
void parallel_for(std::int64_t count, F&& part) {
  using Part = std::remove_reference_t<F>;
  run_parts(
      count, [](void* context, std::int64_t i) { (*static_cast<Part*>(context))(i); },
      const_cast<void*>(static_cast<const void*>(&part)));
}

/// How many jobs the pool has done: what runs on one thread is not one.
std::uint32_t jobs_done();

// In nanoseconds. Measured on two cores with parts of nothing but arithmetic: work of 4 us is done in 0.6 of
// the time while a helper still looks around, but if it sleeps to wake it costs the caller 4 us, and work of
// 22 us is as fast as on one thread, of 45 us in 0.8 of the time. So work is cut from two of these on.
inline constexpr double smallest_part = 12500.0;
inline constexpr std::int64_t most_parts = 256;
std::int64_t parts_of_large(double nanoseconds);

/// Into how many parts it pays to cut work that takes one thread about so many nanoseconds: 1 where it is
/// small, or nobody would help; most_parts at most. For work whose bits do not depend on how it is cut.
inline std::int64_t worthwhile_parts(double nanoseconds) {
  return nanoseconds < 2.0 * smallest_part ? 1 : parts_of_large(nanoseconds);
}

/// Calls range(begin, end) for ranges that make up [0, count), each but the last a multiple of `unit`.
template <class F>
void parallel_ranges(std::int64_t count, std::int64_t unit, double nanoseconds_each, F&& range) {
  const std::int64_t parts = worthwhile_parts(static_cast<double>(count) * nanoseconds_each);
  if (parts == 1) return range(std::int64_t{0}, count);
  const std::int64_t units = (count + unit - 1) / unit, some = (units + parts - 1) / parts * unit;
  parallel_for((count + some - 1) / some,
               [&](std::int64_t i) { range(i * some, std::min(count, (i + 1) * some)); });
}

}  // namespace wengert
