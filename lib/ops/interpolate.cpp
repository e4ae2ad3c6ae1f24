// adaptive_avg_pool2d and interpolate: one dimension after the other, by elements selected along it.
#include <algorithm>
#include <cmath>

#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/windows.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/pooling.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

Tensor select(const Tensor& x, std::size_t axis, const memory::List<std::int64_t>& places, Location where) {
  const auto fill = [&](std::int64_t* to) { std::copy(places.begin(), places.end(), to); };
  return index_select(x, static_cast<std::int64_t>(axis), index_tensor(Shape(places.size()), where, fill),
                      where);
}

/// Means over windows that cover one axis.
Tensor adaptive_mean(const Tensor& x, std::size_t axis, std::int64_t count, Location where) {
  const std::int64_t extent = x.shape()[axis];
  Shape split = x.shape();
  if (extent % count == 0) {
    split[axis] = extent / count;
    split.insert(axis, count);
    return mean(reshape(x, split, where), static_cast<std::int64_t>(axis) + 1, false, where);
  }
  // Windows of unlike extents: all as long as the longest, the rest of them masked.
  const std::int64_t longest = (extent - 1) / count + 2;
  memory::List<std::int64_t> places;
  memory::List<double> inside, divisors;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t start = i * extent / count, end = ((i + 1) * extent + count - 1) / count;
    for (std::int64_t k = 0; k < longest; ++k) {
      places.push_back(std::min(start + k, extent - 1));
      inside.push_back(start + k < end ? 1.0 : 0.0);
    }
    divisors.push_back(static_cast<double>(end - start));
  }
  const std::size_t ndim = x.ndim();
  split[axis] = longest;
  split.insert(axis, count);
  Shape mask_shape = Dims::filled(ndim + 1, 1);
  mask_shape[axis] = count;
  mask_shape[axis + 1] = longest;
  const Tensor mask =
      reshape(along_axis(inside, 0, 1, float64, where), mask_shape, where).astype(boolean, where);
  const Tensor seen =
      wengert::where({mask, where}, reshape(select(x, axis, places, where), split, where), 0.0);
  return div({sum(seen, static_cast<std::int64_t>(axis) + 1, false, where), where},
             along_axis(divisors, axis, ndim, x.dtype(), where));
}

/// New extents, and how far apart the elements are in the old array that are read for neighbours in the new
/// one.
struct Resampling {
  Shape extents;
  memory::List<double> step;
};

Resampling resampling(const Shape& input, const InterpolateOptions& options) {
  const std::size_t rank = input.size();
  if (options.size.empty() == options.scale.empty())
    fail<ValueError>("interpolate", "there must be either a size or a scale: got ",
                     options.size.empty() ? "none" : "both");
  Resampling result{input, memory::List<double>(rank, 1.0)};
  if (!options.size.empty())
    result.extents = per_dimension("interpolate", "size", options.size, rank, 1);
  else if (options.scale.size() != 1 && options.scale.size() != rank)
    fail<ValueError>("interpolate", "scale must be one number, or one for each of ", rank,
                     " spatial dimensions: got ", options.scale.size(), " numbers");
  for (std::size_t d = 0; d < rank; ++d) {
    const auto extent = static_cast<double>(input[d]);
    if (!options.size.empty()) {
      result.step[d] = extent / static_cast<double>(result.extents[d]);
      continue;
    }
    const double scale = options.scale[options.scale.size() == 1 ? 0 : d];
    if (!(scale > 0.0) || !(extent * scale < 0x1p31))
      fail<ValueError>("interpolate", "scale must be positive and finite: got ", scale);
    result.extents[d] = static_cast<std::int64_t>(std::floor(extent * scale));
    result.step[d] = result.extents[d] == input[d] ? 1.0 : 1.0 / scale;
    if (result.extents[d] < 1)
      fail<ShapeError>("interpolate", "the result must have an element: got scale ", scale, " for extents ",
                       input);
  }
  return result;
}

Tensor nearest(const Tensor& x, std::size_t axis, std::int64_t count, double step, bool by_size,
               Location where) {
  const std::int64_t extent = x.shape()[axis];
  memory::List<std::int64_t> places;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t at =
        by_size ? i * extent / count : static_cast<std::int64_t>(static_cast<double>(i) * step);
    places.push_back(std::min(at, extent - 1));
  }
  return select(x, axis, places, where);
}

Tensor linear(const Tensor& x, std::size_t axis, std::int64_t count, double step, bool align,
              Location where) {
  const std::int64_t extent = x.shape()[axis];
  if (align) step = count > 1 ? static_cast<double>(extent - 1) / static_cast<double>(count - 1) : 0.0;
  memory::List<std::int64_t> low, high;
  memory::List<double> of_low, of_high;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto place = static_cast<double>(i);
    const double at = align ? place * step : std::max((place + 0.5) * step - 0.5, 0.0);
    low.push_back(std::min(static_cast<std::int64_t>(at), extent - 1));
    high.push_back(std::min(low.back() + 1, extent - 1));
    of_high.push_back(std::min(at - static_cast<double>(low.back()), 1.0));
    of_low.push_back(1.0 - of_high.back());
  }
  const auto part = [&](const memory::List<std::int64_t>& places, const memory::List<double>& weights) {
    return mul({select(x, axis, places, where), where},
               along_axis(weights, axis, x.ndim(), x.dtype(), where));
  };
  return add({part(low, of_low), where}, part(high, of_high));
}

}  // namespace

Tensor adaptive_avg_pool2d(const Tensor& x, const Axes& extents, Location where) {
  require_value("adaptive_avg_pool2d", x);
  constexpr const char* name = "adaptive_avg_pool2d";
  require_float(name, x.dtype());
  const Shape input = spatial_extents(name, x.shape(), 2);
  const Dims counts = per_dimension(name, "extents", extents, 2, 1);
  if (element_count(input) == 0)
    fail<ShapeError>(name, "the image must have an element: got shape ", x.shape());
  const Scope scope(name);
  return adaptive_mean(adaptive_mean(x, 3, counts[1], where), 2, counts[0], where);
}

Tensor interpolate(const Tensor& x, const InterpolateOptions& options, Location where) {
  require_value("interpolate", x);
  require_float("interpolate", x.dtype());
  const Shape input = spatial_extents("interpolate", x.shape(), 0);
  if (element_count(input) == 0)
    fail<ShapeError>("interpolate", "the input must have an element to repeat: got shape ", x.shape());
  if (options.align_corners && options.mode == Interpolation::nearest)
    fail<ValueError>("interpolate", "align_corners goes with bilinear only: got nearest");
  const Resampling to = resampling(input, options);
  const Scope scope("interpolate");
  Tensor y = x;
  for (std::size_t d = input.size(); d-- > 0;)
    y = options.mode == Interpolation::nearest
            ? nearest(y, d + 2, to.extents[d], to.step[d], !options.size.empty(), where)
            : linear(y, d + 2, to.extents[d], to.step[d], options.align_corners, where);
  return y;
}

}  // namespace wengert
