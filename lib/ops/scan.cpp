// cumsum and linear_scan, the running operations along an axis. The derivative of each runs the other way, so
// both know both directions.
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

struct ScanAttributes : Attributes {
  ScanAttributes(std::size_t axis, bool backward) : axis(axis), backward(backward) {}
  std::size_t axis;
  bool backward;  // from the last element to the first
  ScanAttributes reversed() const { return {axis, !backward}; }
};

const ScanAttributes& told(const Node& node) { return *static_cast<const ScanAttributes*>(node.attributes); }

/// y[place] = first(place) at the beginning of the axis, then next(place, the element of y before it).
template <class T, class First, class Next>
void scan(const Node& node, T* y, First first, Next next) {
  const ScanAttributes& at = told(node);
  std::int64_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < at.axis; ++i) outer *= node.shape[i];
  for (std::size_t i = at.axis + 1; i < node.shape.size(); ++i) inner *= node.shape[i];
  const std::int64_t extent = node.shape[at.axis];
  const auto row = [&](std::int64_t k) { return at.backward ? extent - 1 - k : k; };
  if (inner == 1) {
    // Each element waits for the one before it: several rows at a time do not wait for each other.
    const auto rows = [&]<std::int64_t count>(std::int64_t start,
                                              std::integral_constant<std::int64_t, count>) {
      T last[count] = {};
      for (std::int64_t k = 0; k < extent; ++k)
        for (std::int64_t r = 0; r < count; ++r) {
          const std::int64_t place = (start + r) * extent + row(k);
          y[place] = last[r] = k == 0 ? first(place) : next(place, last[r]);
        }
    };
    std::int64_t o = 0;
    for (; o + 8 <= outer; o += 8) rows(o, std::integral_constant<std::int64_t, 8>());
    for (; o < outer; ++o) rows(o, std::integral_constant<std::int64_t, 1>());
    return;
  }
  const std::int64_t back = at.backward ? inner : -inner;
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t k = 0; k < extent; ++k) {
      const std::int64_t start = (o * extent + row(k)) * inner;
      for (std::int64_t place = start; place < start + inner; ++place)
        y[place] = k == 0 ? first(place) : next(place, y[place + back]);
    }
}

void forward_cumsum(Node& node) {
  std::byte* to = allocate_value(node);
  const Tensor dense_x = dense(node.input(0));
  with_element(node.dtype, [&](auto unit) {
    using T = Arithmetic<decltype(unit)>;
    const T* x = dense_x.node().values<T>();
    scan(
        node, reinterpret_cast<T*>(to), [=](std::int64_t i) { return x[i]; },
        [=](std::int64_t i, T before) { return static_cast<T>(before + x[i]); });
  });
}

void forward_scan(Node& node) {
  std::byte* to = allocate_value(node);
  const Tensor dense_a = dense(node.input(0)), dense_b = dense(node.input(1));
  with_element(node.dtype, [&](auto unit) {
    using T = Arithmetic<decltype(unit)>;
    const T *a = dense_a.node().values<T>(), *b = dense_b.node().values<T>();
    scan(
        node, reinterpret_cast<T*>(to), [=](std::int64_t i) { return b[i]; },
        [=](std::int64_t i, T before) { return static_cast<T>(a[i] * before + b[i]); });
  });
}

Tensor cumsum_as(const Tensor& x, const ScanAttributes& at, Location where = {});
Tensor scan_as(const Tensor& a, const Tensor& b, const ScanAttributes& at, Location where = {});

/// x moved on by one element along the axis, with a zero where nothing comes from. `onward`: to larger
/// places.
Tensor shifted(const Tensor& x, std::size_t axis, bool onward) {
  const std::int64_t extent = x.shape()[axis], along = static_cast<std::int64_t>(axis);
  if (extent == 0) return x;
  Shape shape = x.shape();
  shape[axis] = 1;
  const Tensor zero = broadcast_to(scalar(0.0, x.dtype()), shape);
  return onward ? concat({zero, slice(x, along, 0, extent - 1)}, along)
                : concat({slice(x, along, 1, extent), zero}, along);
}

/// The cotangents of b: t[i] = g[i] + a[i + 1] t[i + 1].
Tensor scan_back(const Call& c) {
  const ScanAttributes& at = told(c.node);
  return scan_as(shifted(c.x(0), at.axis, at.backward), c.g, at.reversed());
}

template <class F>
Sample sample(const char* what, const Shape& shape, bool two, F call) {
  SampleNumbers numbers(33);
  const Tensor a = numbers.uniform(shape, -1.5, 1.5);
  if (!two) return {what, {a}, [call](const std::vector<Tensor>& in) { return call(in[0], in[0]); }};
  return {what, {a, numbers.uniform(shape, -1.5, 1.5)}, [call](const std::vector<Tensor>& in) {
            return call(in[0], in[1]);
          }};
}

/// Rule: the sums of g from the other end.
constexpr Operation cumsum_operation{
    .name = "cumsum",
    .forward = forward_cumsum,
    .rules = {[](const Call& c) { return cumsum_as(c.g, told(c.node).reversed()); }},
    .samples =
        [] {
          const auto along = [](std::size_t axis, bool backward) {
            return [=](const Tensor& x, const Tensor&) { return cumsum_as(x, {axis, backward}); };
          };
          return std::vector<Sample>{
              sample("a line", {4}, false, along(0, false)),
              sample("columns", {3, 2}, false, along(0, false)),
              sample("the middle axis, from the end", {2, 3, 2}, false, along(1, true)),
              sample("one", {1}, false, along(0, false)), sample("nothing", {2, 0}, false, along(1, false))};
        },
    .looks_at = {}};
/// Rule: of y[t] = a[t] y[t-1] + b[t]: b receives h[t] = g[t] + a[t+1] h[t+1], a scan from the other end,
/// and a receives h[t] y[t-1].
constexpr Operation scan_operation{
    .name = "linear_scan",
    .forward = forward_scan,
    .rules = {[](const Call& c) {
                const ScanAttributes& at = told(c.node);
                return scan_back(c) * shifted(c.y(), at.axis, !at.backward);
              },
              scan_back},
    .samples = [] {
      const auto along = [](std::size_t axis, bool backward) {
        return [=](const Tensor& a, const Tensor& b) { return scan_as(a, b, {axis, backward}); };
      };
      return std::vector<Sample>{
          sample("a line", {4}, true, along(0, false)), sample("columns", {3, 2}, true, along(0, false)),
          sample("the middle axis, from the end", {2, 3, 2}, true, along(1, true)),
          sample("one", {1}, true, along(0, false)), sample("nothing", {0, 2}, true, along(0, false))};
    }};
const Registered registered_cumsum(cumsum_operation), registered_scan(scan_operation);

Tensor cumsum_as(const Tensor& x, const ScanAttributes& at, Location where) {
  Node& node = x.node();
  return record(cumsum_operation, {&node}, node.shape, node.dtype, where, new ScanAttributes(at));
}
Tensor scan_as(const Tensor& a, const Tensor& b, const ScanAttributes& at, Location where) {
  Node &left = a.node(), &right = b.node();
  return record(scan_operation, {&left, &right}, left.shape, left.dtype, where, new ScanAttributes(at));
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t axis, Location where) {
  require_value("cumsum", x);
  const std::size_t along = normalize_axis("cumsum", axis, x.ndim());
  return cumsum_as(x.dtype() == boolean ? x.astype(int64, where) : x, {along, false}, where);
}

Tensor linear_scan(const Tensor& a, const Tensor& b, std::int64_t axis, Location where) {
  require_value("linear_scan", a);
  require_value("linear_scan", b);
  const std::size_t along = normalize_axis("linear_scan", axis, a.ndim());
  if (a.shape() != b.shape())
    fail<ShapeError>("linear_scan", "a and b must have one shape: got ", a.shape(), " and ", b.shape());
  require_same_dtype("linear_scan", a.dtype(), b.dtype());
  require_float("linear_scan", a.dtype());
  return scan_as(a, b, {along, false}, where);
}

}  // namespace wengert
