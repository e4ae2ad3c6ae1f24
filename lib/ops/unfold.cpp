// unfold and fold: windows as columns, and columns added up where they came from. Each is the other's
// derivative.
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/samples.hpp"
#include "lib/ops/windows.hpp"
#include "wengert/ops/convolution.hpp"

namespace wengert {
namespace {

struct WindowAttributes : Attributes {
  explicit WindowAttributes(const Windows& windows) : windows(windows) {}
  Windows windows;
};

const Windows& windows_of(const Node& node) {
  return static_cast<const WindowAttributes*>(node.attributes)->windows;
}

Tensor unfold_as(const Tensor& x, const Windows& windows, Location where = {});
Tensor fold_as(const Tensor& x, const Windows& windows, Location where = {});

void forward_unfold(Node& node) {
  std::byte* to = allocate_value(node);
  const Tensor x = dense(node.input(0));
  with_element(node.dtype, [&](auto unit) {
    using T = decltype(unit);
    const Shape& shape = x.shape();
    unfold_channels(reinterpret_cast<T*>(to), x.node().values<T>(), windows_of(node), shape[0] * shape[1]);
  });
}

void forward_fold(Node& node) {
  std::byte* to = allocate_value(node);
  std::memset(to, 0, static_cast<std::size_t>(node.size()) * item_size(node.dtype));
  const Tensor x = dense(node.input(0));
  with_element(node.dtype, [&](auto unit) {
    using T = decltype(unit);
    if constexpr (std::is_floating_point_v<T>)
      fold_channels(reinterpret_cast<T*>(to), x.node().values<T>(), windows_of(node),
                    node.shape[0] * node.shape[1]);
  });
}

template <class F>
Sample sample(const char* what, const Shape& shape, F call) {
  SampleNumbers numbers(31);
  return {what, {numbers.uniform(shape, -2.0, 2.0)}, [call](const std::vector<Tensor>& in) {
            return call(in[0]);
          }};
}

/// Rule: fold of g: each element of x receives the sum of what its windows did.
constexpr Operation unfold_operation{
    .name = "unfold",
    .forward = forward_unfold,
    .rules = {[](const Call& c) { return fold_as(c.g, windows_of(c.node)); }},
    .samples =
        [] {
          return std::vector<Sample>{
              sample("pairs of a line", {1, 2, 4}, [](const Tensor& x) { return unfold(x, 2); }),
              sample("padded, two by three", {2, 1, 3, 3},
                     [](const Tensor& x) {
                       return unfold(x, {2, 3}, {.stride = {2, 1}, .padding = {1, 2}});
                     }),
              sample("dilated", {1, 2, 4, 5},
                     [](const Tensor& x) {
                       return unfold(x, 2, {.dilation = {3, 2}});
                     }),
              sample("three dimensions", {1, 1, 2, 3, 2},
                     [](const Tensor& x) {
                       return unfold(x, {1, 2, 2});
                     }),
              sample("some windows only padding", {1, 1, 2},
                     [](const Tensor& x) { return unfold(x, 1, {.padding = 2}); }),
              sample("no image", {0, 2, 3}, [](const Tensor& x) { return unfold(x, 2); })};
        },
    .looks_at = {}};
/// Rule: unfold of g.
constexpr Operation fold_operation{
    .name = "fold",
    .forward = forward_fold,
    .rules = {[](const Call& c) { return unfold_as(c.g, windows_of(c.node)); }},
    .samples =
        [] {
          return std::vector<Sample>{
              sample("pairs of a line", {1, 4, 3}, [](const Tensor& x) { return fold(x, 4, 2); }),
              sample("padded, two by three", {2, 6, 6},
                     [](const Tensor& x) {
                       return fold(x, {3, 1}, {2, 3}, {.stride = {2, 1}, .padding = {1, 2}});
                     }),
              sample("dilated", {1, 4, 3},
                     [](const Tensor& x) {
                       return fold(x, {4, 5}, 2, {.dilation = {3, 2}});
                     }),
              sample("no image", {0, 4, 2}, [](const Tensor& x) { return fold(x, 3, 2); })};
        },
    .looks_at = {}};
const Registered registered_unfold(unfold_operation), registered_fold(fold_operation);

Tensor unfold_as(const Tensor& x, const Windows& w, Location where) {
  Node& node = x.node();
  const Shape shape{node.shape[0], node.shape[1] * w.taps(), w.places()};
  return record(unfold_operation, {&node}, shape, node.dtype, where, new WindowAttributes(w));
}

Tensor fold_as(const Tensor& x, const Windows& w, Location where) {
  Node& node = x.node();
  Shape shape{node.shape[0], node.shape[1] / w.taps()};
  for (const std::int64_t extent : w.input) shape.push_back(extent);
  return record(fold_operation, {&node}, shape, node.dtype, where, new WindowAttributes(w));
}

}  // namespace

Tensor unfold(const Tensor& x, const Axes& kernel, const WindowOptions& options, Location where) {
  require_value("unfold", x);
  require_float("unfold", x.dtype());
  const Shape extents = spatial_extents("unfold", x.shape(), 0);
  return unfold_as(
      x, make_windows("unfold", extents, kernel, options.stride, options.padding, options.dilation), where);
}

Tensor fold(const Tensor& x, const Axes& extents, const Axes& kernel, const WindowOptions& options,
            Location where) {
  require_value("fold", x);
  require_float("fold", x.dtype());
  if (extents.empty())
    fail<ShapeError>("fold", "the result must have a spatial dimension: got extents ", extents);
  for (const std::int64_t extent : extents)
    if (extent < 0) fail<ShapeError>("fold", "extents must be 0 or more: got ", extents);
  const Windows w = make_windows("fold", extents, kernel, options.stride, options.padding, options.dilation);
  const Shape& shape = x.shape();
  if (shape.size() != 3 || shape[1] % w.taps() != 0 || shape[2] != w.places())
    fail<ShapeError>("fold", "the columns must be (N, C * ", w.taps(), ", ", w.places(),
                     ") for these windows: got ", shape);
  return fold_as(x, w, where);
}

}  // namespace wengert
