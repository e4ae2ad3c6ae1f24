#include "lib/ops/reduce.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "lib/core/fail.hpp"
#include "lib/core/strided.hpp"
#include "lib/core/tape.hpp"

// Dimensions are taken in the order of their strides, so memory is read forward whichever axes are reduced
// and however the array was permuted. How the elements are grouped depends on shape and strides alone.

namespace wengert {
namespace {

constexpr std::int64_t block = 1024;  // elements of a running row
constexpr std::int64_t group = 32;    // rows added up before they go to the total, so that errors grow slowly

struct Dimension {
  std::int64_t extent, in, out;  // strides; out is 0 where the dimension is reduced
};

/// A list in place: a reduction allocates nothing but its result.
struct Dimensions {
  std::array<Dimension, max_dimensions> places;
  std::size_t count = 0;

  Dimension* begin() { return places.data(); }
  Dimension* end() { return places.data() + count; }
  const Dimension& operator[](std::size_t i) const { return places[i]; }
  std::size_t size() const { return count; }
  bool empty() const { return count == 0; }
  Dimension& back() { return places[count - 1]; }
  void push_back(const Dimension& d) { places[count++] = d; }
  void pop_back() { --count; }
};

Dimensions ordered_dimensions(const Node& x, std::uint64_t mask) {
  Dimensions dimensions;
  std::int64_t step = 1;
  for (std::size_t i = x.shape.size(); i-- > 0;) {
    const bool reduced = mask >> i & 1;
    if (x.shape[i] != 1) dimensions.push_back({x.shape[i], x.strides[i], reduced ? 0 : step});
    if (!reduced) step *= x.shape[i];
  }
  std::reverse(dimensions.begin(), dimensions.end());
  // By insertion, which keeps the order of equals and, unlike std::stable_sort, allocates nothing.
  for (std::size_t i = 1; i < dimensions.count; ++i)
    for (std::size_t j = i; j > 0 && std::abs(dimensions[j - 1].in) < std::abs(dimensions[j].in); --j)
      std::swap(dimensions.places[j - 1], dimensions.places[j]);
  Dimensions folded;
  for (const Dimension& d : dimensions) {
    if (!folded.empty() && folded.back().in == d.in * d.extent && folded.back().out == d.out * d.extent)
      folded.back() = {folded.back().extent * d.extent, d.in, d.out};
    else
      folded.push_back(d);
  }
  if (folded.empty()) folded.push_back({1, 1, 0});
  return folded;
}

/// Calls visit(in, out) with the offsets of every index of `outer`, in order.
template <class F>
void for_each_offset(const Dimensions& outer, F visit) {
  std::array<std::int64_t, max_dimensions> position{};
  std::int64_t in = 0, out = 0;
  while (true) {
    visit(in, out);
    std::size_t i = outer.size();
    for (; i-- > 0;) {
      in += outer[i].in;
      out += outer[i].out;
      if (++position[i] < outer[i].extent) break;
      in -= outer[i].in * outer[i].extent;
      out -= outer[i].out * outer[i].extent;
      position[i] = 0;
    }
    if (i == static_cast<std::size_t>(-1)) return;
  }
}

constexpr kernel::Row row_of(kernel::Reduction reduction) {
  constexpr std::array rows{kernel::Row::add, kernel::Row::mul, kernel::Row::maximum, kernel::Row::minimum};
  return rows[static_cast<std::size_t>(reduction)];
}

template <class T>
T identity(kernel::Reduction reduction) {
  using Limits = std::numeric_limits<T>;
  switch (reduction) {
    case kernel::Reduction::sum:
      return T(0);
    case kernel::Reduction::prod:
      return T(1);
    case kernel::Reduction::max:
      return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    default:
      return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
}

template <class T>
class Reducer {
 public:
  Reducer(kernel::Reduction reduction, T* out, const T* in, int dtype)
      : reduction_(reduction),
        out_(out),
        in_(in),
        combine_(kernel::table().forward[static_cast<int>(row_of(reduction))][dtype]),
        fold_(kernel::table().fold[static_cast<int>(reduction)][dtype]) {}

  void run(Dimensions dimensions) {
    if (dimensions.back().out == 0)
      fold_inner(std::move(dimensions));
    else
      combine_rows(std::move(dimensions));
  }

 private:
  static std::byte* bytes(T* p) { return reinterpret_cast<std::byte*>(p); }
  static const std::byte* bytes(const T* p) { return reinterpret_cast<const std::byte*>(p); }
  void combine(T* into, const T* with, std::int64_t count) {
    const std::byte* in[2] = {bytes(into), bytes(with)};
    combine_(bytes(into), in, static_cast<std::size_t>(count));
  }

  /// The innermost dimensions are reduced: fold each run to one value.
  void fold_inner(Dimensions outer) {
    Shape extents;
    Strides strides;
    std::int64_t count = 1;
    while (!outer.empty() && outer.back().out == 0) {
      extents.insert(0, outer.back().extent);
      strides.insert(0, outer.back().in);
      count *= outer.back().extent;
      outer.pop_back();
    }
    alignas(64) T buffer[block];
    const std::int64_t blocks = (count + block - 1) / block;
    const StorageRef partials = StorageRef::allocate(static_cast<std::size_t>(blocks) * sizeof(T));
    T* partial = reinterpret_cast<T*>(partials.data());
    for_each_offset(outer, [&](std::int64_t in, std::int64_t out) {
      StridedReader reader(bytes(in_ + in), sizeof(T), extents, strides);
      T value;
      if (reader.in_place()) {
        fold_(bytes(&value), bytes(in_ + in), static_cast<std::size_t>(count));
      } else {
        for (std::int64_t start = 0; start < count; start += block) {
          const std::int64_t length = std::min(block, count - start);
          fold_(bytes(partial + start / block), reader.read(start, length, bytes(buffer)),
                static_cast<std::size_t>(length));
        }
        fold_(bytes(&value), partials.data(), static_cast<std::size_t>(blocks));
      }
      combine(out_ + out, &value, 1);
    });
  }

  /// The innermost dimension is kept: combine whole rows of it, a block of columns at a time.
  void combine_rows(Dimensions outer) {
    const Dimension inner = outer.back();
    outer.pop_back();
    alignas(64) T running[block], gathered[block], total[block];
    for (std::int64_t column = 0; column < inner.extent; column += block) {
      const std::int64_t length = std::min(block, inner.extent - column);
      std::int64_t rows = 0, place = -1;
      const auto flush = [&] {
        if (rows == 0) return;
        T* to = out_ + place + column * inner.out;
        if (inner.out == 1) {
          combine(to, running, length);
        } else {
          for (std::int64_t i = 0; i < length; ++i) total[i] = to[i * inner.out];
          combine(total, running, length);
          for (std::int64_t i = 0; i < length; ++i) to[i * inner.out] = total[i];
        }
        rows = 0;
      };
      for_each_offset(outer, [&](std::int64_t in, std::int64_t out) {
        if (out != place || rows == group) flush();
        place = out;
        const T* row = in_ + in + column * inner.in;
        if (inner.in != 1) {
          for (std::int64_t i = 0; i < length; ++i) gathered[i] = row[i * inner.in];
          row = gathered;
        }
        if (rows++ == 0)
          std::copy_n(row, length, running);
        else
          combine(running, row, length);
      });
      flush();
    }
  }

  kernel::Reduction reduction_;
  T* out_;
  const T* in_;
  kernel::Block combine_;
  kernel::Fold fold_;
};

}  // namespace

std::uint64_t axis_mask(const char* operation, const Axes& axes, std::size_t ndim) {
  if (axes.empty()) return ndim == 0 ? 0 : ~std::uint64_t{0} >> (64 - ndim);
  std::uint64_t mask = 0;
  for (const std::int64_t axis : axes) {
    const std::uint64_t bit = std::uint64_t{1} << normalize_axis(operation, axis, ndim);
    if (mask & bit) fail<ValueError>(operation, "an axis may be named once: got ", axes);
    mask |= bit;
  }
  return mask;
}

Shape reduced_shape(const Shape& shape, std::uint64_t mask, bool keepdims) {
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!(mask >> i & 1))
      result.push_back(shape[i]);
    else if (keepdims)
      result.push_back(1);
  }
  return result;
}

std::int64_t reduced_count(const Shape& shape, std::uint64_t mask) {
  std::int64_t count = 1;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (mask >> i & 1) count *= shape[i];
  return count;
}

void reduce(kernel::Reduction reduction, Node& out, const Node& x, std::uint64_t mask) {
  std::byte* to = allocate_value(out);
  const auto run = [&]<class T>(T* values) {
    std::fill_n(values, out.size(), identity<T>(reduction));
    if (x.size() == 0) return;
    Reducer<T>(reduction, values, x.values<T>(), static_cast<int>(x.dtype)).run(ordered_dimensions(x, mask));
  };
  switch (x.dtype) {
    case float32:
      return run(reinterpret_cast<float*>(to));
    case float64:
      return run(reinterpret_cast<double*>(to));
    default:
      return run(reinterpret_cast<std::int64_t*>(to));
  }
}

}  // namespace wengert
