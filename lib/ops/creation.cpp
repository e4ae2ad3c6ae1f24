#include "wengert/ops/creation.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "lib/ops/blocks.hpp"

namespace wengert {
namespace {

template <class F>
Tensor generate(const char* operation, const Shape& shape, TensorOptions options, Location where, F value) {
  // The shape is checked before its bytes are asked for.
  Tensor result = Tensor::adopt(new_node(shape, options.dtype, where, operation));
  std::byte* data = allocate_value(result.handle());
  const std::int64_t count = result.handle().size();
  const auto fill = [&](auto* to) {
    using T = std::remove_pointer_t<decltype(to)>;
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<T, bool>)
        to[i] = value(i) != 0.0;
      else if constexpr (std::is_same_v<T, std::int64_t>)
        to[i] = whole(value(i));
      else
        to[i] = static_cast<T>(value(i));
    }
  };
  switch (options.dtype) {
    case float32:
      fill(reinterpret_cast<float*>(data));
      break;
    case float64:
      fill(reinterpret_cast<double*>(data));
      break;
    case int64:
      fill(reinterpret_cast<std::int64_t*>(data));
      break;
    case boolean:
      fill(reinterpret_cast<bool*>(data));
      break;
  }
  return make_leaf(result, options.requires_grad, where);
}

Tensor filled_with(const char* operation, const Shape& shape, double value, TensorOptions options,
                   Location where) {
  return generate(operation, shape, options, where, [=](std::int64_t) { return value; });
}

Tensor filled_like(const char* operation, const Tensor& x, double value, LikeOptions options,
                   Location where) {
  require_value(operation, x);
  return filled_with(operation, x.shape(), value, {options.dtype.value_or(x.dtype()), options.requires_grad},
                     where);
}

}  // namespace

Tensor full(const Shape& shape, double value, TensorOptions options, Location where) {
  return filled_with("full", shape, value, options, where);
}
Tensor zeros(const Shape& shape, TensorOptions options, Location where) {
  return filled_with("zeros", shape, 0.0, options, where);
}
Tensor ones(const Shape& shape, TensorOptions options, Location where) {
  return filled_with("ones", shape, 1.0, options, where);
}
Tensor full_like(const Tensor& x, double value, LikeOptions options, Location where) {
  return filled_like("full_like", x, value, options, where);
}
Tensor zeros_like(const Tensor& x, LikeOptions options, Location where) {
  return filled_like("zeros_like", x, 0.0, options, where);
}
Tensor ones_like(const Tensor& x, LikeOptions options, Location where) {
  return filled_like("ones_like", x, 1.0, options, where);
}

Tensor eye(std::int64_t n, TensorOptions options, Location where) {
  return generate("eye", {n, n}, options, where, [=](std::int64_t i) { return i / n == i % n ? 1.0 : 0.0; });
}

Tensor arange(double start, double stop, double step, TensorOptions options, Location where) {
  double count = std::ceil((stop - start) / step);
  // The quotient is rounded, so what it counts last may already be the end.
  const double last = start + (count - 1.0) * step;
  if (step > 0.0 ? last >= stop : last <= stop) count -= 1.0;
  if (!std::isfinite(count) || count > 0x1p46)
    fail<ValueError>("arange", "the range must be finite and its step not 0: got ", start, ", ", stop, ", ",
                     step);
  return generate("arange", {static_cast<std::int64_t>(count > 0.0 ? count : 0.0)}, options, where,
                  [=](std::int64_t i) { return start + static_cast<double>(i) * step; });
}
Tensor arange(double stop, TensorOptions options, Location where) {
  return arange(0.0, stop, 1.0, options, where);
}

Tensor linspace(double start, double stop, std::int64_t count, TensorOptions options, Location where) {
  const double last = static_cast<double>(count) - 1.0, span = stop - start;
  return generate("linspace", {count}, options, where, [=](std::int64_t i) {
    if (i == 0) return start;
    if (i + 1 == count) return stop;
    const double t = static_cast<double>(i) / last;
    return std::isfinite(span) ? start + span * t : start * (1.0 - t) + stop * t;
  });
}

}  // namespace wengert
