#include "wengert/ops/order.hpp"

#include <algorithm>

#include "lib/core/memory.hpp"
#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/sorting.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// a < b, and NaN is the largest number.
template <class T>
bool below(T a, T b) {
  return a < b || (a == a && b != b);
}

constexpr double nanoseconds_each = 8.0;  // about what an element takes to sort

/// int64 places along `axis` of the first `count` elements in their order, ties by place.
Tensor order(const Tensor& x, std::size_t axis, std::int64_t count, bool descending, Location where) {
  const std::int64_t extent = x.shape()[axis];
  const Axes axes = axes_with_last(x.ndim(), axis);
  const Tensor rows = compact(permute(x.detach(), axes));
  Shape shape = rows.shape();
  shape.back() = count;
  const Tensor places = index_tensor(shape, where, [&](std::int64_t* all) {
    if (extent == 0) return;
    with_element(x.dtype(), [&](auto unit) {
      using T = decltype(unit);
      const double each = nanoseconds_each * static_cast<double>(extent);
      parallel_ranges(rows.size() / extent, 1, each, [&](std::int64_t begin, std::int64_t end) {
        with_sorter<T>(extent, [&](auto sorter) {
          for (std::int64_t r = begin; r < end; ++r) {
            const auto* sorted =
                sorter.sorted(rows.node().values<T>() + r * extent, static_cast<std::size_t>(extent),
                              static_cast<std::size_t>(count), descending);
            for (std::int64_t i = 0; i < count; ++i)
              all[r * count + i] = static_cast<std::int64_t>(sorted[i].place);
          }
        });
      });
    });
  });
  return permute(places, inverse_axes(axes), where);
}

/// How many elements of the ascending sequence lie below `value`, or not above it.
template <class T>
std::int64_t position(const T* from, std::int64_t count, T value, bool right) {
  const T* place = right ? std::upper_bound(from, from + count, value, below<T>)
                         : std::lower_bound(from, from + count, value, below<T>);
  return place - from;
}

}  // namespace

Tensor argsort(const Tensor& x, std::int64_t axis, bool descending, Location where) {
  require_value("argsort", x);
  const std::size_t along = normalize_axis("argsort", axis, x.ndim());
  return order(x, along, x.shape()[along], descending, where);
}

Tensor sort(const Tensor& x, std::int64_t axis, bool descending, Location where) {
  require_value("sort", x);
  const std::size_t along = normalize_axis("sort", axis, x.ndim());
  const Scope scope("sort");
  return gather(x, axis, order(x, along, x.shape()[along], descending, where), where);
}

TopK topk(const Tensor& x, std::int64_t k, std::int64_t axis, bool largest, Location where) {
  require_value("topk", x);
  const std::size_t along = normalize_axis("topk", axis, x.ndim());
  if (k < 0 || k > x.shape()[along])
    fail<ValueError>("topk", "k must lie between 0 and the extent: got ", k, " for axis ", axis, " of ",
                     x.shape());
  const Scope scope("topk");
  const Tensor places = order(x, along, k, largest, where);
  return {gather(x, axis, places, where), places};
}

Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right, Location where) {
  require_value("searchsorted", sorted);
  require_value("searchsorted", values);
  constexpr const char* name = "searchsorted";
  const Shape &rows = sorted.shape(), &shape = values.shape();
  bool fits = !rows.empty() && (rows.size() == 1 || rows.size() == shape.size());
  for (std::size_t i = 0; fits && rows.size() > 1 && i + 1 < rows.size(); ++i) fits = rows[i] == shape[i];
  if (!fits)
    fail<ShapeError>(name, "the sequence must be (n,), or (..., n) for values (..., m): got ", rows, " and ",
                     shape);
  require_same_dtype(name, sorted.dtype(), values.dtype());
  return index_tensor(shape, where, [&](std::int64_t* to) {
    const Tensor from = dense(sorted.node()), wanted = dense(values.node());
    const std::int64_t count = rows.back(), size = wanted.size();
    const std::int64_t each = rows.size() == 1 ? size : shape.back();
    with_element(sorted.dtype(), [&](auto unit) {
      using T = decltype(unit);
      const T *sequence = from.node().values<T>(), *value = wanted.node().values<T>();
      for (std::int64_t i = 0; i < size; ++i)
        to[i] = position(sequence + (rows.size() == 1 ? 0 : i / each * count), count, value[i], right);
    });
  });
}

Unique unique(const Tensor& x, Location where) {
  require_value("unique", x);
  const Tensor flat = dense(x.detach().node());
  const std::int64_t size = flat.size();
  Unique result;
  with_element(x.dtype(), [&](auto unit) {
    using T = decltype(unit);
    const T* from = flat.node().values<T>();
    memory::List<T> values;
    memory::List<std::int64_t> counts;
    result.inverse = index_tensor(x.shape(), where, [&](std::int64_t* to) {
      const auto count = static_cast<std::size_t>(size);
      with_sorter<T>(size, [&](auto sorter) {
        const auto* sorted = sorter.sorted(from, count, count, false);
        for (std::size_t i = 0; i < count; ++i) {
          if (i == 0 || sorted[i].key != sorted[i - 1].key) {
            values.push_back(from[sorted[i].place]);
            counts.push_back(0);
          }
          ++counts.back();
          to[sorted[i].place] = static_cast<std::int64_t>(counts.size()) - 1;
        }
      });
    });
    const auto found = static_cast<std::int64_t>(values.size());
    result.counts =
        index_tensor(found, where, [&](std::int64_t* to) { std::copy(counts.begin(), counts.end(), to); });
    result.values =
        filled<T>(found, x.dtype(), where, [&](T* to) { std::copy(values.begin(), values.end(), to); });
  });
  return result;
}

}  // namespace wengert
