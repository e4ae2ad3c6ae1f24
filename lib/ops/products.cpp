#include "wengert/ops/products.hpp"

#include <algorithm>

#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/reduce.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

void require_vectors(const char* name, const char* hint, const Tensor& a, const Tensor& b) {
  if (a.ndim() != 1 || b.ndim() != 1)
    fail<ShapeError>(name, "takes two vectors: got ", a.shape(), " and ", b.shape(), ". Did you mean ", hint,
                     "?");
}

void require_one_dtype(const char* name, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    fail<DTypeError>(name, "dtypes must be equal: got ", a.dtype(), " and ", b.dtype(),
                     ". Did you mean to cast with astype(", is_float(a.dtype()) ? a.dtype() : b.dtype(),
                     ")?");
  require_float(name, a.dtype());
}

Tensor contract(const char* name, const Tensor& a, const Axes& axes_a, const Tensor& b, const Axes& axes_b,
                Location where) {
  require_one_dtype(name, a, b);
  if (axes_a.size() != axes_b.size())
    fail<ValueError>(name, "there must be as many axes of a as of b: got ", axes_a, " and ", axes_b);
  // No axes would mean all of them to axis_mask.
  const std::uint64_t summed_a = axes_a.empty() ? 0 : axis_mask(name, axes_a, a.ndim());
  const std::uint64_t summed_b = axes_b.empty() ? 0 : axis_mask(name, axes_b, b.ndim());
  Axes order_a, order_b;
  Shape shape;
  std::int64_t rows = 1, columns = 1, terms = 1;
  for (std::size_t i = 0; i < a.ndim(); ++i)
    if (!(summed_a >> i & 1)) {
      order_a.push_back(static_cast<std::int64_t>(i));
      shape.push_back(a.shape()[i]);
      rows *= a.shape()[i];
    }
  for (std::size_t i = 0; i < axes_a.size(); ++i) {
    const std::size_t of_a = normalize_axis(name, axes_a[i], a.ndim()),
                      of_b = normalize_axis(name, axes_b[i], b.ndim());
    if (a.shape()[of_a] != b.shape()[of_b])
      fail<ShapeError>(name, "extents summed over must be equal: got axis ", axes_a[i], " of ", a.shape(),
                       " and axis ", axes_b[i], " of ", b.shape());
    terms *= a.shape()[of_a];
    order_a.push_back(static_cast<std::int64_t>(of_a));
    order_b.push_back(static_cast<std::int64_t>(of_b));
  }
  for (std::size_t i = 0; i < b.ndim(); ++i)
    if (!(summed_b >> i & 1)) {
      order_b.push_back(static_cast<std::int64_t>(i));
      shape.push_back(b.shape()[i]);
      columns *= b.shape()[i];
    }
  const Scope scope(name);
  const Tensor left = reshape(permute(a, order_a, where), {rows, terms}, where);
  const Tensor right = reshape(permute(b, order_b, where), {terms, columns}, where);
  return reshape(matmul(left, right, where), shape, where);
}

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b, Location where) {
  require_value("dot", a);
  require_value("dot", b);
  require_vectors("dot", "matmul(a, b)", a, b);
  require_one_dtype("dot", a, b);
  if (a.size() != b.size())
    fail<ShapeError>("dot", "extents must be equal: got ", a.shape(), " and ", b.shape());
  const Scope scope("dot");
  return matmul(a, b, where);
}

Tensor outer(const Tensor& a, const Tensor& b, Location where) {
  require_value("outer", a);
  require_value("outer", b);
  require_vectors("outer", "outer(flatten(a), flatten(b))", a, b);
  const Scope scope("outer");
  return mul({unsqueeze(a, 1, where), where}, b);
}

Tensor inner(const Tensor& a, const Tensor& b, Location where) {
  require_value("inner", a);
  require_value("inner", b);
  if (a.ndim() == 0 || b.ndim() == 0)
    fail<ShapeError>("inner", "both must have a dimension to sum over: got ", a.shape(), " and ", b.shape(),
                     ". Did you mean a * b?");
  return contract("inner", a, -1, b, -1, where);
}

Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t count, Location where) {
  require_value("tensordot", a);
  require_value("tensordot", b);
  const auto ndim = static_cast<std::int64_t>(a.ndim());
  if (count < 0 || count > ndim || count > static_cast<std::int64_t>(b.ndim()))
    fail<ValueError>("tensordot", "the number of dimensions must be within both shapes: got ", count, " for ",
                     a.shape(), " and ", b.shape());
  Axes last, first;
  for (std::int64_t i = 0; i < count; ++i) {
    last.push_back(ndim - count + i);
    first.push_back(i);
  }
  return contract("tensordot", a, last, b, first, where);
}

Tensor tensordot_over(const Tensor& a, const Axes& axes_a, const Tensor& b, const Axes& axes_b,
                      Location where) {
  require_value("tensordot_over", a);
  require_value("tensordot_over", b);
  return contract("tensordot_over", a, axes_a, b, axes_b, where);
}

Tensor kron(const Tensor& a, const Tensor& b, Location where) {
  require_value("kron", a);
  require_value("kron", b);
  const std::size_t ndim = std::max(a.ndim(), b.ndim());
  // a as (m, 1, n, 1), b as (1, p, 1, q): their product is (m, p, n, q).
  Shape apart_a, apart_b;
  for (std::size_t i = 0; i < ndim; ++i) {
    const std::int64_t m = i + a.ndim() < ndim ? 1 : a.shape()[i + a.ndim() - ndim];
    const std::int64_t p = i + b.ndim() < ndim ? 1 : b.shape()[i + b.ndim() - ndim];
    apart_a.push_back(m);
    apart_a.push_back(1);
    apart_b.push_back(1);
    apart_b.push_back(p);
  }
  const Scope scope("kron");
  const Tensor all = mul({reshape(a, apart_a, where), where}, reshape(b, apart_b, where));
  Shape joined;
  for (std::size_t i = 0; i < 2 * ndim; i += 2) joined.push_back(all.shape()[i] * all.shape()[i + 1]);
  return reshape(all, joined, where);
}

Tensor trace(const Tensor& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2, Location where) {
  require_value("trace", x);
  const std::size_t first = normalize_axis("trace", axis1, x.ndim()),
                    second = normalize_axis("trace", axis2, x.ndim());
  if (first == second) fail<ValueError>("trace", "the two axes must differ: got ", axis1, " and ", axis2);
  const Scope scope("trace");
  return sum(diagonal(x, offset, axis1, axis2, where), -1, false, where);
}

}  // namespace wengert
