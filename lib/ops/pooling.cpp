#include "wengert/ops/pooling.hpp"

#include <algorithm>
#include <span>

#include "lib/core/parallel.hpp"
#include "lib/ops/banded.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/gather.hpp"
#include "lib/ops/largest.hpp"
#include "lib/ops/windows.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

Windows pool_windows(const char* name, const Tensor& x, std::size_t rank, const Axes& kernel,
                     const Axes& stride, const Axes& padding, const Axes& dilation, bool ceil_mode) {
  require_value(name, x);
  require_float(name, x.dtype());
  const Windows w = make_windows(name, spatial_extents(name, x.shape(), rank), kernel,
                                 stride.empty() ? kernel : stride, padding, dilation, ceil_mode);
  for (std::size_t d = 0; d < rank; ++d)
    if (2 * w.padding[d] > w.kernel[d])
      fail<ValueError>(name, "padding must be at most half the kernel: got ", w.padding, " for ", w.kernel);
  return w;
}

Shape pooled_shape(const Tensor& x, const Windows& w) {
  Shape shape{x.shape()[0], x.shape()[1]};
  for (const std::int64_t extent : w.output) shape.push_back(extent);
  return shape;
}

constexpr double nanoseconds_each = 0.3;  // about what an element of a window takes

Tensor max_pool(const char* name, std::size_t rank, const Tensor& x, const Axes& kernel,
                const MaxPoolOptions& options, Location where) {
  const Windows w = pool_windows(name, x, rank, kernel, options.stride, options.padding, options.dilation,
                                 options.ceil_mode);
  for (std::size_t d = 0; d < rank; ++d)
    for (std::int64_t o = 0; o < w.output[d]; ++o) {
      // Its first element that is not before the input.
      const std::int64_t start = o * w.stride[d] - w.padding[d],
                         t = start < 0 ? (w.dilation[d] - 1 - start) / w.dilation[d] : 0;
      if (t >= w.kernel[d] || start + t * w.dilation[d] >= w.input[d])
        fail<ShapeError>(name, "every window must see an element: got kernel ", w.kernel, ", padding ",
                         w.padding, " and dilation ", w.dilation, " for ", x.shape());
    }
  const Scope scope(name);
  const Shape flat{x.shape()[0], x.shape()[1], w.pixels()}, to{flat[0], flat[1], w.places()};
  const auto pool = [&](auto unit) {
    using T = decltype(unit);
    const Tensor values = dense(x.node());
    Tensor places, largest;
    places = index_tensor(to, where, [&](std::int64_t* at) {
      largest = filled<T>(to, x.dtype(), where, [&](T* elements) {
        const double each = nanoseconds_each * static_cast<double>(w.places() * w.taps());
        parallel_ranges(flat[0] * flat[1], 1, each, [&](std::int64_t begin, std::int64_t end) {
          const std::int64_t before = begin * w.places();
          find_largest(at + before, elements + before, values.node().values<T>() + begin * w.pixels(), w,
                       end - begin);
        });
      });
    });
    return gather_found(reshape(x, flat, where), 2, places, largest, where);
  };
  return reshape(x.dtype() == float32 ? pool(float{}) : pool(double{}), pooled_shape(x, w), where);
}

/// Windows along one axis, and what the sum over each is divided by to make it a mean.
struct Means {
  Band band;
  memory::List<double> divisors;

  explicit Means(std::int64_t extent) : band(extent) {}
  void add(std::int64_t start, std::int64_t end, double divisor) {
    start = std::clamp<std::int64_t>(start, 0, band.columns);
    band.add_row(start, std::clamp(end, start, band.columns) - start);
    divisors.push_back(divisor);
  }
};

/// Sums over the windows along one axis.
Tensor totals(const Tensor& x, std::size_t axis, const Band& band, Location where) {
  const std::int64_t each = band.even();
  if (each == 1) return x;
  if (each == 0) return banded_product(x, axis, band, where);
  // Side by side the windows are an axis.
  const auto along = static_cast<std::int64_t>(axis);
  if (band.rows() == 1) return sum(x, {along}, true, where);
  Shape split = x.shape();
  split[axis] = each;
  split.insert(axis, band.rows());
  return sum(reshape(x, split, where), {along + 1}, false, where);
}

/// The mean over windows of all spatial dimensions: sums along one after the other, divided once.
Tensor averaged(const Tensor& x, std::span<const Means> means, Location where) {
  Tensor total = x;
  Shape before, after;
  for (const Means& along : means) {
    before.push_back(along.band.columns);
    after.push_back(along.band.rows());
  }
  one_by_one(before, after, [&](std::size_t d) { total = totals(total, d + 2, means[d].band, where); });
  double divisor = 1.0;
  for (std::size_t d = 0; d < means.size(); ++d) {
    const memory::List<double>& divisors = means[d].divisors;
    if (std::ranges::all_of(divisors, [&](double n) { return n == divisors[0]; }))
      divisor *= divisors[0];
    else
      total = div({total, where}, along_axis(divisors, d + 2, means.size() + 2, x.dtype(), where));
  }
  // Where each window is an element, a view of x: x itself may be a leaf.
  return divisor == 1.0 ? reshape(total, total.shape(), where) : div({total, where}, divisor);
}

Tensor avg_pool(const char* name, std::size_t rank, const Tensor& x, const Axes& kernel,
                const AvgPoolOptions& options, Location where) {
  const Windows w =
      pool_windows(name, x, rank, kernel, options.stride, options.padding, 1, options.ceil_mode);
  const Scope scope(name);
  memory::List<Means> means;
  for (std::size_t d = 0; d < rank; ++d) {
    Means& along = means.emplace_back(w.input[d]);
    // What may be counted: padding too, but not what lies beyond it.
    const std::int64_t margin = options.count_include_pad ? w.padding[d] : 0;
    for (std::int64_t o = 0; o < w.output[d]; ++o) {
      const std::int64_t start = o * w.stride[d] - w.padding[d], end = start + w.kernel[d];
      along.add(start, end,
                static_cast<double>(std::min(end, w.input[d] + margin) - std::max(start, -margin)));
    }
  }
  return averaged(x, means, where);
}

Tensor adaptive_avg_pool(const char* name, std::size_t rank, const Tensor& x, const Axes& extents,
                         Location where) {
  require_value(name, x);
  require_float(name, x.dtype());
  const Shape input = spatial_extents(name, x.shape(), rank);
  const Dims counts = per_dimension(name, "extents", extents, rank, 1);
  if (element_count(input) == 0)
    fail<ShapeError>(name, "the image must have an element: got shape ", x.shape());
  const Scope scope(name);
  memory::List<Means> means;
  for (std::size_t d = 0; d < rank; ++d) {
    Means& along = means.emplace_back(input[d]);
    for (std::int64_t i = 0; i < counts[d]; ++i) {
      const std::int64_t start = i * input[d] / counts[d],
                         end = ((i + 1) * input[d] + counts[d] - 1) / counts[d];
      along.add(start, end, static_cast<double>(end - start));
    }
  }
  return averaged(x, means, where);
}

}  // namespace

Tensor max_pool1d(const Tensor& x, const Axes& kernel, const MaxPoolOptions& options, Location where) {
  return max_pool("max_pool1d", 1, x, kernel, options, where);
}
Tensor max_pool2d(const Tensor& x, const Axes& kernel, const MaxPoolOptions& options, Location where) {
  return max_pool("max_pool2d", 2, x, kernel, options, where);
}
Tensor max_pool3d(const Tensor& x, const Axes& kernel, const MaxPoolOptions& options, Location where) {
  return max_pool("max_pool3d", 3, x, kernel, options, where);
}
Tensor avg_pool1d(const Tensor& x, const Axes& kernel, const AvgPoolOptions& options, Location where) {
  return avg_pool("avg_pool1d", 1, x, kernel, options, where);
}
Tensor avg_pool2d(const Tensor& x, const Axes& kernel, const AvgPoolOptions& options, Location where) {
  return avg_pool("avg_pool2d", 2, x, kernel, options, where);
}
Tensor avg_pool3d(const Tensor& x, const Axes& kernel, const AvgPoolOptions& options, Location where) {
  return avg_pool("avg_pool3d", 3, x, kernel, options, where);
}
Tensor adaptive_avg_pool1d(const Tensor& x, const Axes& extents, Location where) {
  return adaptive_avg_pool("adaptive_avg_pool1d", 1, x, extents, where);
}
Tensor adaptive_avg_pool2d(const Tensor& x, const Axes& extents, Location where) {
  return adaptive_avg_pool("adaptive_avg_pool2d", 2, x, extents, where);
}
Tensor adaptive_avg_pool3d(const Tensor& x, const Axes& extents, Location where) {
  return adaptive_avg_pool("adaptive_avg_pool3d", 3, x, extents, where);
}

}  // namespace wengert
