#include "wengert/ops/order.hpp"

#include <algorithm>
#include <numeric>

#include "lib/core/memory.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// a < b, and NaN is the largest number.
template <class T>
bool below(T a, T b) {
  return a < b || (a == a && b != b);
}

/// int64 places along `axis` of the first `count` elements in their order, ties by place.
Tensor order(const Tensor& x, std::size_t axis, std::int64_t count, bool descending, Location where) {
  const std::int64_t extent = x.shape()[axis];
  const Axes axes = axes_with_last(x.ndim(), axis);
  const Tensor rows = compact(permute(x.detach(), axes));
  Shape shape = rows.shape();
  shape.back() = count;
  const Tensor places = index_tensor(shape, where, [&](std::int64_t* to) {
    memory::List<std::int64_t> row(static_cast<std::size_t>(extent));
    with_element(x.dtype(), [&](auto unit) {
      using T = decltype(unit);
      const T* from = rows.node().values<T>();
      const std::int64_t row_count = extent == 0 ? 0 : rows.size() / extent;
      for (std::int64_t r = 0; r < row_count; ++r, from += extent, to += count) {
        std::iota(row.begin(), row.end(), std::int64_t{0});
        const auto before = [=](std::int64_t i, std::int64_t j) {
          if (descending ? below(from[j], from[i]) : below(from[i], from[j])) return true;
          if (descending ? below(from[i], from[j]) : below(from[j], from[i])) return false;
          return i < j;
        };
        if (count < extent)
          std::partial_sort(row.begin(), row.begin() + count, row.end(), before);
        else
          std::sort(row.begin(), row.end(), before);
        std::copy_n(row.begin(), count, to);
      }
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
    std::vector<T> values(from, from + size);
    std::sort(values.begin(), values.end(), below<T>);
    const auto same = [](T a, T b) { return !below(a, b) && !below(b, a); };
    values.erase(std::unique(values.begin(), values.end(), same), values.end());
    const auto count = static_cast<std::int64_t>(values.size());
    std::vector<std::int64_t> counts(values.size(), 0);
    result.inverse = index_tensor(x.shape(), where, [&](std::int64_t* to) {
      for (std::int64_t i = 0; i < size; ++i) {
        to[i] = position(values.data(), count, from[i], false);
        ++counts[static_cast<std::size_t>(to[i])];
      }
    });
    result.counts =
        index_tensor(count, where, [&](std::int64_t* to) { std::copy(counts.begin(), counts.end(), to); });
    result.values =
        filled<T>(count, x.dtype(), where, [&](T* to) { std::copy(values.begin(), values.end(), to); });
  });
  return result;
}

}  // namespace wengert
