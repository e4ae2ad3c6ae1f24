#include "wengert/ops/reduction.hpp"

#include <cmath>

#include "lib/core/lowering.hpp"
#include "lib/core/plan.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/reduce.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

struct ReductionAttributes : Attributes {
  explicit ReductionAttributes(std::uint64_t mask) : mask(mask) {}
  std::uint64_t mask;
};

std::uint64_t mask_of(const Node& node) {
  return static_cast<const ReductionAttributes*>(node.attributes)->mask;
}

/// Whether only leading dimensions went, so that the result broadcasts as it is.
bool of_leading(const Node& node) { return (mask_of(node) & (mask_of(node) + 1)) == 0; }

/// A reduction's result or cotangent, with the reduced dimensions back as extents of 1 where it needs them.
Tensor with_dims(const Call& c, const Tensor& reduced) {
  if (of_leading(c.node)) return reduced;
  return reshape(reduced, reduced_shape(c.input_shape(0), mask_of(c.node), true));
}

template <kernel::Reduction reduction>
void forward(Node& node) {
  reduce(reduction, node, node.input(0), mask_of(node));
}

/// Trailing axes are rows to fold, leading ones rows to add; of both, everything is added.
template <kernel::Reduction reduction>
bool lower(const Node& node, Lowering& lowering) {
  const Node& x = node.input(0);
  const std::uint64_t mask = mask_of(node),
                      all = ~std::uint64_t{0} >> (64 - std::max<std::size_t>(x.shape.size(), 1));
  const bool leading = (mask & (mask + 1)) == 0, trailing = ((~mask & all) & ((~mask & all) + 1)) == 0;
  if (mask == 0 || x.shape.empty() || (!leading && !trailing)) return false;
  if (leading && !trailing && reduction != kernel::Reduction::sum) return false;
  if (leading && !trailing && node.size() < short_row) return false;
  lowering.kind = leading && trailing ? Lowering::Kind::total
                  : leading           ? Lowering::Kind::sum_rows
                                      : Lowering::Kind::fold;
  lowering.block = kernel::table().forward[static_cast<int>(row_of(reduction))][index(node.dtype)];
  lowering.fold = kernel::table().fold[static_cast<int>(reduction)][index(node.dtype)];
  return true;
}

/// What is not beaten by the result shares the gradient: ties, and where the result is NaN, which beats
/// nothing, everything.
template <Tensor (*beaten_by)(const Operand&, const Operand&)>
Tensor extremum_rule(const Call& c) {
  const Tensor beaten = beaten_by(c.x(0), with_dims(c, c.y()));
  Axes axes;
  for (std::size_t i = 0; i < c.input_shape(0).size(); ++i)
    if (mask_of(c.node) >> i & 1) axes.push_back(static_cast<std::int64_t>(i));
  if (axes.empty()) return c.g;
  const Tensor count = sum(where(beaten, 0.0, full({}, 1.0, {.dtype = c.g.dtype()})), axes, true);
  return where(beaten, 0.0, with_dims(c, c.g) / count);
}

/// Halves times halves, to one; then back, each half's cotangent times the other half. So each factor gets
/// the product of the others, zeros or not, to any order.
Tensor product_rule(const Call& c) {
  const Shape& shape = c.input_shape(0);
  Axes order, reduced;
  for (std::size_t i = 0; i < shape.size(); ++i)
    (mask_of(c.node) >> i & 1 ? reduced : order).push_back(static_cast<std::int64_t>(i));
  for (const std::int64_t axis : reduced) order.push_back(axis);
  const std::int64_t rows = c.node.size(), factors = reduced_count(shape, mask_of(c.node));
  const Tensor turned = permute(c.x(0), order);
  std::vector<Tensor> levels{reshape(turned, {rows, factors})};
  const auto halves = [&](const Tensor& y) {
    const std::int64_t half = y.shape()[1] / 2;
    return reshape(slice(y, 1, 0, 2 * half), {rows, 2, half});
  };
  // What halves leave over stays as it is.
  const auto with_last = [](const Tensor& of_halves, const Tensor& y, std::int64_t count) {
    if (count % 2 == 0) return of_halves;
    return concat({of_halves, slice(y, 1, -1, SliceRange::to_end)}, 1);
  };
  for (std::int64_t count = factors; count > 1; count = (count + 1) / 2) {
    const Tensor y = levels.back(), two = halves(y);
    const Tensor products = slice(two, 1, 0, 1) * slice(two, 1, 1, 2);
    levels.push_back(with_last(reshape(products, {rows, count / 2}), y, count));
  }
  Tensor g = reshape(c.g, {rows, 1});
  for (levels.pop_back(); !levels.empty(); levels.pop_back()) {
    const std::int64_t count = levels.back().shape()[1], half = count / 2;
    const Tensor others = flip(halves(levels.back()), {1});
    const Tensor of_halves = unsqueeze(slice(g, 1, 0, half), 1) * others;
    g = with_last(reshape(of_halves, {rows, 2 * half}), g, count);
  }
  return permute(reshape(g, turned.shape()), inverse_axes(order));
}

using Reduce = Tensor (*)(const Tensor&, const Axes&, bool, Location);

template <Reduce call>
std::vector<Sample> samples(bool smooth, bool of_nothing) {
  SampleNumbers numbers(13);
  std::vector<Sample> list;
  const auto add = [&](const char* what, const Shape& shape, const Axes& axes, bool keepdims) {
    const Tensor x = smooth ? numbers.uniform(shape, -2.0, 2.0) : numbers.distinct(shape);
    list.push_back(
        {what, {x}, [=](const std::vector<Tensor>& in) { return call(in[0], axes, keepdims, {}); }});
  };
  add("all of (2, 3)", {2, 3}, {}, false);
  add("last axis", {2, 3}, {-1}, false);
  add("first axis, kept", {4, 3}, {0}, true);
  add("outer two of three", {2, 3, 2}, {0, 2}, false);
  add("first and last of long rows", {2, 2, 33}, {0, 2}, false);
  add("middle axis", {2, 3, 2}, {1}, false);
  add("0-d", {}, {}, false);
  add("extent of one", {3, 1}, {1}, false);
  if (of_nothing) add("over nothing", {0, 3}, {0}, false);
  add("to nothing", {0, 3}, {1}, false);
  return list;
}

/// Rule: g broadcast to the shape of x.
constexpr Operation sum_operation{.name = "sum",
                                  .forward = forward<kernel::Reduction::sum>,
                                  .rules = {[](const Call& c) {
                                    if (of_leading(c.node)) return broadcast_to(c.g, c.input_shape(0));
                                    return broadcast_to(with_dims(c, c.g), c.input_shape(0));
                                  }},
                                  .samples = [] { return samples<sum>(true, true); },
                                  .lower = lower<kernel::Reduction::sum>,
                                  .looks_at = {}};
/// Rule: g, shared evenly by the elements that equal the result; by all where that is NaN.
constexpr Operation max_operation{.name = "max",
                                  .forward = forward<kernel::Reduction::max>,
                                  .rules = {extremum_rule<less>},
                                  .samples = [] { return samples<max>(false, false); },
                                  .lower = lower<kernel::Reduction::max>};
/// Rule: g, shared evenly by the elements that equal the result; by all where that is NaN.
constexpr Operation min_operation{.name = "min",
                                  .forward = forward<kernel::Reduction::min>,
                                  .rules = {extremum_rule<greater>},
                                  .samples = [] { return samples<min>(false, false); },
                                  .lower = lower<kernel::Reduction::min>};
std::vector<Sample> samples_of_prod() {
  SampleNumbers numbers(14);
  std::vector<Sample> list = samples<prod>(true, true);
  list.push_back({"zeros among the factors",
                  {round(numbers.uniform({3, 5}, -1.4, 1.4))},
                  [](const std::vector<Tensor>& in) { return prod(in[0], {-1}); }});
  return list;
}

/// Rule: g times the product of all the others.
constexpr Operation prod_operation{.name = "prod",
                                   .forward = forward<kernel::Reduction::prod>,
                                   .rules = {product_rule},
                                   .samples = samples_of_prod,
                                   .lower = lower<kernel::Reduction::prod>};
const Registered registered_sum(sum_operation), registered_max(max_operation), registered_min(min_operation),
    registered_prod(prod_operation);

Tensor reduced(const Operation& operation, const Tensor& x, std::uint64_t mask, bool keepdims,
               Location where) {
  Node& node = recorded(x);
  return record(operation, {&node}, reduced_shape(node.shape, mask, keepdims), node.dtype, where,
                new ReductionAttributes(mask));
}

/// Of axes that are not just the first ones, as those of a batch and its pixels, the trailing ones that are
/// rows long enough to be folded where they are computed, and short enough to stay in the cache; the sum over
/// the others is then one of few. None where there is no such division.
std::uint64_t rows_of(const Shape& shape, std::uint64_t mask) {
  if ((mask & (mask + 1)) == 0) return 0;
  std::uint64_t rows = 0;
  std::int64_t length = 1;
  for (std::size_t i = shape.size(); i-- > 0 && mask >> i & 1; length *= shape[i]) {
    if (length * shape[i] > widest_row) break;
    rows |= std::uint64_t{1} << i;
  }
  return rows != mask && length >= short_row ? rows : 0;
}

Tensor extremum(const Operation& operation, const Tensor& x, const Axes& axes, bool keepdims,
                Location where) {
  require_value(operation.name, x);
  const std::uint64_t mask = axis_mask(operation.name, axes, x.ndim());
  if (x.dtype() == boolean)
    fail<DTypeError>(operation.name, "takes numbers: got boolean. Did you mean any(x) or all(x)?");
  if (reduced_count(x.shape(), mask) == 0)
    fail<ShapeError>(operation.name, "there must be an element to choose: got shape ", x.shape());
  return reduced(operation, x, mask, keepdims, where);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  require_value("sum", x);
  if (x.dtype() == boolean) return sum(x.astype(int64, where), axes, keepdims, where);
  const std::uint64_t mask = axis_mask("sum", axes, x.ndim());
  if (const std::uint64_t rows = rows_of(x.shape(), mask)) {
    const Tensor folded = reduced(sum_operation, x, rows, true, where);
    const Tensor total = reduced(sum_operation, folded, mask & ~rows, true, where);
    return keepdims ? total : reshape(total, reduced_shape(x.shape(), mask, false), where);
  }
  return reduced(sum_operation, x, mask, keepdims, where);
}
Tensor max(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  return extremum(max_operation, x, axes, keepdims, where);
}
Tensor min(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  return extremum(min_operation, x, axes, keepdims, where);
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  require_value("prod", x);
  if (x.dtype() == boolean) return prod(x.astype(int64, where), axes, keepdims, where);
  const std::uint64_t mask = axis_mask("prod", axes, x.ndim());
  if (reduced_count(x.shape(), mask) == 0) return add({sum(x, axes, keepdims, where), where}, 1);
  return reduced(prod_operation, x, mask, keepdims, where);
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  const Scope scope("mean");
  require_float("mean", x.dtype());
  const std::int64_t count = reduced_count(x.shape(), axis_mask("mean", axes, x.ndim()));
  return div({sum(x, axes, keepdims, where), where}, static_cast<double>(count));
}

Tensor var(const Tensor& x, const Axes& axes, bool keepdims, double ddof, Location where) {
  const Scope scope("var");
  require_float("var", x.dtype());
  const std::int64_t count = reduced_count(x.shape(), axis_mask("var", axes, x.ndim()));
  const Tensor deviation = sub({x, where}, mean(x, axes, true, where));
  return div({sum(square(deviation, where), axes, keepdims, where), where},
             std::max(static_cast<double>(count) - ddof, 0.0));
}

Tensor std(const Tensor& x, const Axes& axes, bool keepdims, double ddof, Location where) {
  const Scope scope("std");
  const Tensor variance = var(x, axes, keepdims, ddof, where);
  const Tensor flat = equal({variance, where}, 0.0);
  // Of the square root at 0 only the value is wanted: its derivative there is infinite.
  return wengert::where({flat, where}, 0.0, sqrt(wengert::where({flat, where}, 1.0, variance), where));
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  const Scope scope("logsumexp");
  require_float("logsumexp", x.dtype());
  if (reduced_count(x.shape(), axis_mask("logsumexp", axes, x.ndim())) == 0)
    return add({sum(x, axes, keepdims, where), where}, -INFINITY);
  // The result does not depend on the shift, so it is taken as a constant; an infinite one would make NaN.
  const Tensor largest = max(x.detach(), axes, true, where);
  const Tensor shift = wengert::where({isfinite(largest), where}, largest, 0.0);
  const Tensor total = sum(exp(sub({x, where}, shift), where), axes, true, where);
  const Tensor none = equal({total, where}, 0.0);
  const Tensor result =
      add({wengert::where({none, where}, -INFINITY, log(wengert::where({none, where}, 1.0, total), where)),
           where},
          shift);
  return keepdims ? result
                  : reshape(result, reduced_shape(x.shape(), axis_mask("logsumexp", axes, x.ndim()), false),
                            where);
}

Tensor count_nonzero(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  require_value("count_nonzero", x);
  axis_mask("count_nonzero", axes, x.ndim());
  return sum(x.astype(boolean, where), axes, keepdims, where);
}
Tensor all(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  require_value("all", x);
  if (x.dtype() != boolean)
    fail<DTypeError>("all", "takes boolean tensors: got ", x.dtype(), ". Did you mean x != 0?");
  axis_mask("all", axes, x.ndim());
  return equal({count_nonzero(logical_not(x, where), axes, keepdims, where), where}, 0);
}
Tensor any(const Tensor& x, const Axes& axes, bool keepdims, Location where) {
  require_value("any", x);
  if (x.dtype() != boolean)
    fail<DTypeError>("any", "takes boolean tensors: got ", x.dtype(), ". Did you mean x != 0?");
  axis_mask("any", axes, x.ndim());
  return greater({count_nonzero(x, axes, keepdims, where), where}, 0);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const std::size_t ahead = x.ndim() - shape.size();
  Axes axes;
  for (std::size_t i = 0; i < x.ndim(); ++i)
    if (i < ahead || shape[i - ahead] != x.shape()[i]) axes.push_back(static_cast<std::int64_t>(i));
  Tensor reduced = sum(x, axes, axes.size() > ahead);
  if (reduced.shape() != shape) reduced = reshape(reduced, shape);
  return reduced;
}

}  // namespace wengert
