#include "lib/ops/reduce.hpp"

#include <algorithm>
#include <limits>

#include "lib/core/fail.hpp"
#include "lib/core/halves.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/strided.hpp"
#include "lib/core/tape.hpp"
#include "lib/ops/reading_order.hpp"

// How the elements are grouped depends on shape and strides alone.

namespace wengert {
namespace {

constexpr std::int64_t block = 1024;    // elements gathered at a time
constexpr std::int64_t columns = 1024;  // of a row at a time: rows that wait for others stay in the cache
constexpr std::int64_t group = 16;      // rows combined one after the other; fold_rows knows it too
constexpr std::int64_t narrow = 256;    // of rows that are too short for a call each
constexpr std::int64_t fold_leaf = 2048, fold_unit = 64;  // where a fold no longer halves, and by what
constexpr double nanoseconds_each = 0.1;                  // about, of an element in a cache

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
      : out_(out),
        in_(in),
        reduction_(static_cast<int>(reduction)),
        row_(static_cast<int>(row_of(reduction))),
        dtype_(dtype) {}

  /// Contiguous `rows` of `length` elements to one row, where that is a single call of a kernel: as run()
  /// does it, without finding out.
  bool run_small(std::int64_t rows, std::int64_t length) {
    if (length == 1) {
      fold_some(fold(), out_, in_, rows, 1);
      return true;
    }
    if (rows == 1 || rows > group || length > narrow) return false;
    fold_rows()(bytes(out_), bytes(in_), static_cast<std::size_t>(rows), static_cast<std::size_t>(length),
                length);
    return true;
  }
  void run(const Dimensions& dimensions) {
    if (dimensions.back().out == 0)
      fold_inner(dimensions);
    else
      combine_rows(dimensions);
  }

 private:
  static constexpr bool is_float_ = std::is_floating_point_v<T>;

  static std::byte* bytes(T* p) { return reinterpret_cast<std::byte*>(p); }
  static const std::byte* bytes(const T* p) { return reinterpret_cast<const std::byte*>(p); }
  kernel::Fold fold() const { return kernel::table().fold[reduction_][dtype_]; }
  /// Of `count` elements that are so far apart; null where there is no such kernel.
  kernel::Fold fold(std::int64_t step, std::int64_t count) const {
    if (step == 1) return fold();
    return step == 2 && count >= 16 && is_float_ ? kernel::table().fold_every_other[reduction_][dtype_]
                                                 : nullptr;
  }
  kernel::FoldRows fold_rows() const { return kernel::table().fold_rows[reduction_][dtype_]; }
  void fold_one(T* to, const T* from, std::int64_t count) {
    fold()(bytes(to), bytes(from), static_cast<std::size_t>(count), 1);
  }
  void combine(T* to, const T* a, const T* b, std::int64_t count) {
    const std::byte* in[2] = {bytes(a), bytes(b)};
    kernel::table().forward[row_][dtype_](bytes(to), in, static_cast<std::size_t>(count), 0);
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
    // If dimensions further out are reduced as well, the runs' values wait in an array of their own.
    Dimensions rest = outer;
    std::int64_t values = 1;
    for (std::size_t i = rest.size(); i-- > 0; values *= rest.places[i].extent) rest.places[i].in = values;
    const bool more = std::any_of(rest.begin(), rest.end(), [](const Dimension& d) { return d.out == 0; });
    StorageRef waiting;
    T* to = out_;
    if (more) {
      waiting = StorageRef::allocate(static_cast<std::size_t>(values) * sizeof(T));
      to = reinterpret_cast<T*>(waiting.data());
      for (std::size_t i = 0; i < outer.size(); ++i) outer.places[i].out = rest[i].in;
    }
    const std::int64_t runs = outer.volume();
    const StridedArray run = folded({bytes(in_), sizeof(T), extents, strides});
    const std::int64_t step = run.shape.size() == 1 ? run.strides[0] : 0;
    const kernel::Fold direct = fold(step, count);
    const bool side_by_side =
        direct && count < fold_leaf && !outer.empty() && outer.back().in == step * count;
    parallel_ranges(runs, 1, static_cast<double>(runs > 1 ? count : 0) * nanoseconds_each,
                    [&](std::int64_t begin, std::int64_t end) {
                      if (side_by_side) return fold_each(direct, to, outer, count, begin, end);
                      Offset at(outer, begin);
                      for (std::int64_t i = begin; i < end; ++i, at.advance(outer)) {
                        if (direct)
                          fold_some(direct, to + at.out, in_ + at.in, count, step);
                        else
                          fold_run(to + at.out, in_ + at.in, extents, strides, count);
                      }
                    });
    if (!more) return;
    in_ = to;
    combine_rows(rest);
  }

  /// Folds runs that lie one after the other, as do their values.
  void fold_each(kernel::Fold fold, T* to, const Dimensions& outer, std::int64_t count, std::int64_t begin,
                 std::int64_t end) {
    const std::int64_t rows = outer.back().extent;
    for (std::int64_t i = begin, some = 0; i < end; i += some) {
      some = std::min(rows - i % rows, end - i);
      const Offset at(outer, i);
      fold(bytes(to + at.out), bytes(in_ + at.in), static_cast<std::size_t>(count),
           static_cast<std::size_t>(some));
    }
  }
  /// Folds elements that may lie anywhere.
  void fold_run(T* to, const T* from, const Shape& extents, const Strides& strides, std::int64_t count) {
    if (extents.size() == 1 && count <= block) {
      alignas(64) T gathered[block];
      kernel::table().gather[sizeof(T) / 4](bytes(gathered), bytes(from), 1, static_cast<std::size_t>(count),
                                            0, 0, strides[0]);
      return fold_one(to, gathered, count);
    }
    const std::int64_t blocks = (count + block - 1) / block;
    const StorageRef partials =
        blocks > 1 ? StorageRef::allocate(static_cast<std::size_t>(blocks) * sizeof(T)) : StorageRef();
    T* const partial = blocks > 1 ? reinterpret_cast<T*>(partials.data()) : to;
    parallel_ranges(count, block, nanoseconds_each, [&](std::int64_t begin, std::int64_t end) {
      StridedReader reader(bytes(from), sizeof(T), extents, strides);
      alignas(64) T buffer[block];
      for (std::int64_t start = begin; start < end; start += block) {
        const std::int64_t length = std::min(block, end - start);
        fold()(bytes(partial + start / block), reader.read(start, length, bytes(buffer)),
               static_cast<std::size_t>(length), 1);
      }
    });
    if (blocks > 1) fold_one(to, partial, blocks);
  }
  /// Folds elements `step` apart by their kernel: halves by themselves, as the kernel itself halves them.
  void fold_some(kernel::Fold fold, T* to, const T* from, std::int64_t count, std::int64_t step) {
    const int levels = halvings(worthwhile_parts(static_cast<double>(count) * nanoseconds_each), count,
                                fold_leaf + 2 * fold_unit);
    if (levels == 0) return fold(bytes(to), bytes(from), static_cast<std::size_t>(count), 1);
    alignas(64) T partial[most_parts];
    parallel_for(std::int64_t{1} << levels, [&](std::int64_t i) {
      const Part part = Part::of(count, fold_unit, levels, i);
      fold(bytes(partial + i), bytes(from + step * part.start), static_cast<std::size_t>(part.count), 1);
    });
    for (std::int64_t parts = std::int64_t{1} << levels; parts > 1; parts /= 2)
      for (std::int64_t i = 0; i < parts / 2; ++i) fold_one(partial + i, partial + 2 * i, 2);
    *to = partial[0];
  }

  /// A part of the rows that are combined into one, in order.
  struct Rows {
    const Dimensions& dimensions;
    Offset at;
    std::int64_t step = 1, length = 0;
    alignas(64) T gathered[2][columns];

    Rows(const Dimensions& dimensions, std::int64_t first, std::int64_t step)
        : dimensions(dimensions), at(dimensions, first), step(step) {}
    void advance() { at.advance(dimensions); }
    /// The same `count` times, of one dimension.
    void skip(std::int64_t count) {
      at.position[0] += count - 1;
      at.in += (count - 1) * dimensions[0].in;
      advance();
    }
  };

  /// Combines the next `count` rows into `to`, halves with halves, so that errors hardly grow.
  void combine_some(Rows& rows, const T* from, std::int64_t count, T* to) {
    const bool side_by_side = rows.step == 1 && rows.dimensions.size() == 1;
    if (count > group && !(side_by_side && rows.length < short_row)) {
      alignas(64) T second[columns];
      combine_some(rows, from, count / 2, to);
      combine_some(rows, from, count - count / 2, second);
      return combine(to, to, second, rows.length);
    }
    if (rows.length <= narrow && side_by_side) {
      fold_rows()(bytes(to), bytes(from + rows.at.in), static_cast<std::size_t>(count),
                  static_cast<std::size_t>(rows.length), rows.dimensions[0].in);
      return rows.skip(count);
    }
    // The first two rows together, so that none is copied only to be added to.
    const T* first = nullptr;
    for (std::int64_t i = 0; i < count; ++i, rows.advance()) {
      const T* row = from + rows.at.in;
      const T* const before = i == 1 ? first : to;
      if (rows.step == 2 && i > 0 && is_float_) {
        kernel::table().combine_every_other[reduction_][dtype_](bytes(to), bytes(before), bytes(row),
                                                                static_cast<std::size_t>(rows.length));
        continue;
      }
      if (rows.step != 1) {
        T* place = rows.gathered[i > 0];
        kernel::table().gather[sizeof(T) / 4](bytes(place), bytes(row), 1,
                                              static_cast<std::size_t>(rows.length), 0, 0, rows.step);
        row = place;
      }
      if (i == 0)
        first = row;
      else
        combine(to, before, row, rows.length);
    }
    if (count == 1) std::copy_n(first, rows.length, to);
  }

  /// The innermost dimension is kept: combine whole rows of it, a block of columns at a time.
  void combine_rows(const Dimensions& all) {
    const Dimension inner = all.back();
    Dimensions kept, combined;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) (all[i].out ? kept : combined).push_back(all[i]);
    const std::int64_t count = combined.volume(), blocks = (inner.extent + columns - 1) / columns,
                       places = kept.volume() * blocks;
    const double each = static_cast<double>(count * inner.extent / blocks) * nanoseconds_each;
    if (places == 1)
      if (const int levels = halvings(worthwhile_parts(each), count, group); levels > 0)
        return combine_halves(inner, combined, levels);
    parallel_ranges(places, 1, each, [&](std::int64_t begin, std::int64_t end) {
      Rows rows(combined, 0, inner.in);
      for (std::int64_t place = begin; place < end; ++place) {
        const Offset at(kept, place / blocks);
        const std::int64_t column = place % blocks * columns;
        rows.length = std::min(columns, inner.extent - column);
        combine_some(rows, in_ + at.in + column * inner.in, count, out_ + at.out + column);
      }
    });
  }
  /// The same where there is one block of columns: halves of the rows by themselves.
  void combine_halves(const Dimension& inner, const Dimensions& combined, int levels) {
    const std::int64_t count = combined.volume(), parts = std::int64_t{1} << levels;
    const StorageRef waiting = StorageRef::allocate(static_cast<std::size_t>(parts * columns) * sizeof(T));
    T* const total = reinterpret_cast<T*>(waiting.data());
    parallel_for(parts, [&](std::int64_t i) {
      const Part part = Part::of(count, 1, levels, i);
      Rows rows(combined, part.start, inner.in);
      rows.length = inner.extent;
      combine_some(rows, in_, part.count, total + i * columns);
    });
    for (std::int64_t step = 1; step < parts; step *= 2)
      for (std::int64_t i = 0; i < parts; i += 2 * step)
        combine(total + i * columns, total + i * columns, total + (i + step) * columns, inner.extent);
    std::copy_n(total, inner.extent, out_);
  }

  T* out_;
  const T* in_;
  int reduction_, row_, dtype_;
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
    if (x.size() == 0) {
      std::fill_n(values, out.size(), identity<T>(reduction));
      return;
    }
    const auto reducer = [&](T* place, std::int64_t first) {
      return Reducer<T>(reduction, place, x.values<T>() + first, static_cast<int>(x.dtype));
    };
    if ((mask & (mask + 1)) == 0 && is_contiguous(x) &&
        reducer(values, 0).run_small(x.size() / out.size(), out.size()))
      return;
    const Order order = order_of(x, mask);
    const auto into = [&](T* place) { reducer(place, order.first).run(order.dimensions); };
    StridedArray result = folded(order.result);
    if (result.shape.size() == 1 && result.strides[0] == 1) return into(values);
    const StorageRef room = StorageRef::allocate(static_cast<std::size_t>(order.values) * sizeof(T));
    T* first = reinterpret_cast<T*>(room.data());
    into(first);
    result.data = reinterpret_cast<const std::byte*>(first + order.result_first);
    result.item = sizeof(T);
    copy_strided(to, result);
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
