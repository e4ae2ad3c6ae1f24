// argmax and argmin.
#include <algorithm>

#include "lib/core/dispatch.hpp"
#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/reduce.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

constexpr double nanoseconds_each = 0.2;  // about what an element takes

/// The place of the first element that is looked for, of which there is one.
template <class T, class F>
std::int64_t first_place(const T* row, std::int64_t count, F wanted) {
  constexpr std::int64_t block = 32;  // looked through without a jump for each element
  std::int64_t i = 0;
  for (; i + block <= count; i += block) {
    int found = 0;
    for (std::int64_t k = 0; k < block; ++k) found |= wanted(row[i + k]);
    if (found) break;
  }
  while (!wanted(row[i])) ++i;
  return i;
}

/// The place in each row of the first extreme element, or of the first NaN, which is what a fold makes of it.
template <class T>
void search(kernel::Reduction extreme, Node& out, const Node& x, std::int64_t count) {
  const kernel::Fold fold = kernel::table().fold[static_cast<int>(extreme)][index(x.dtype)];
  auto* to = reinterpret_cast<std::int64_t*>(allocate_value(out));
  const T* from = x.values<T>();
  const double each = nanoseconds_each * static_cast<double>(count);
  parallel_ranges(out.size(), 1, each, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t some = 16;
    T best[some];
    for (std::int64_t first = begin; first < end; first += some) {
      const std::int64_t rows = std::min(some, end - first);
      fold(reinterpret_cast<std::byte*>(best), reinterpret_cast<const std::byte*>(from + first * count),
           static_cast<std::size_t>(count), static_cast<std::size_t>(rows));
      for (std::int64_t r = 0; r < rows; ++r) {
        const T *row = from + (first + r) * count, value = best[r];
        to[first + r] = value == value ? first_place(row, count, [=](T e) { return e == value; })
                                       : first_place(row, count, [](T e) { return e != e; });
      }
    }
  });
}

template <bool largest>
Tensor arg_extremum(const char* operation, const Tensor& x, std::int64_t axis, bool keepdims,
                    Location where) {
  require_value(operation, x);
  const std::size_t along = normalize_axis(operation, axis, x.ndim());
  if (x.dtype() == boolean)
    fail<DTypeError>(operation, "takes numbers: got boolean. Did you mean x.astype(int64)?");
  const std::int64_t count = x.shape()[along];
  if (count == 0) fail<ShapeError>(operation, "there must be an element to choose: got shape ", x.shape());
  // The axis last, its elements one after the other.
  Axes order;
  for (std::size_t i = 0; i < x.ndim(); ++i)
    if (i != along) order.push_back(static_cast<std::int64_t>(i));
  order.push_back(static_cast<std::int64_t>(along));
  const Tensor rows = compact(permute(x.detach(), order));
  const Node& from = rows.node();
  Tensor result =
      Tensor::adopt(new_node(reduced_shape(x.shape(), std::uint64_t{1} << along, keepdims), int64, where));
  constexpr kernel::Reduction extreme = largest ? kernel::Reduction::max : kernel::Reduction::min;
  with_element(from.dtype, [&](auto unit) { search<decltype(unit)>(extreme, result.handle(), from, count); });
  return result;
}

}  // namespace

Tensor argmax(const Tensor& x, std::int64_t axis, bool keepdims, Location where) {
  return arg_extremum<true>("argmax", x, axis, keepdims, where);
}
Tensor argmin(const Tensor& x, std::int64_t axis, bool keepdims, Location where) {
  return arg_extremum<false>("argmin", x, axis, keepdims, where);
}

}  // namespace wengert
