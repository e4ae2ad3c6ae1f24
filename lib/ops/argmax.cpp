// argmax and argmin.
#include "lib/ops/blocks.hpp"
#include "lib/ops/reduce.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

template <class T, bool largest>
void search(std::int64_t* to, const T* from, std::int64_t rows, std::int64_t count) {
  for (std::int64_t r = 0; r < rows; ++r, from += count) {
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < count && from[best] == from[best]; ++i) {
      const bool better = largest ? from[i] > from[best] : from[i] < from[best];
      if (better || from[i] != from[i]) best = i;
    }
    to[r] = best;
  }
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
  auto* to = reinterpret_cast<std::int64_t*>(allocate_value(result.handle()));
  const std::int64_t row_count = result.size();
  if (from.dtype == float32)
    search<float, largest>(to, from.values<float>(), row_count, count);
  else if (from.dtype == float64)
    search<double, largest>(to, from.values<double>(), row_count, count);
  else
    search<std::int64_t, largest>(to, from.values<std::int64_t>(), row_count, count);
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
