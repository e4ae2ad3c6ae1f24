// interpolate: one dimension after the other.
#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/ops/banded.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/windows.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/pooling.hpp"

namespace wengert {
namespace {

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
  const Tensor index = index_tensor(Shape(places.size()), where,
                                    [&](std::int64_t* to) { std::copy(places.begin(), places.end(), to); });
  return index_select(x, static_cast<std::int64_t>(axis), index, where);
}

Tensor linear(const Tensor& x, std::size_t axis, std::int64_t count, double step, bool align,
              Location where) {
  const std::int64_t extent = x.shape()[axis];
  if (align) step = count > 1 ? static_cast<double>(extent - 1) / static_cast<double>(count - 1) : 0.0;
  Band band(extent);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto place = static_cast<double>(i);
    const double at = align ? place * step : std::max((place + 0.5) * step - 0.5, 0.0);
    const std::int64_t low = std::min(static_cast<std::int64_t>(at), extent - 1);
    const double of_next = at - static_cast<double>(low);
    if (low + 1 < extent && of_next > 0.0)
      band.add_row(low, {1.0 - of_next, of_next});
    else
      band.add_row(low, {1.0});
  }
  return banded_product(x, axis, std::move(band), where);
}

}  // namespace

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
  one_by_one(input, to.extents, [&](std::size_t d) {
    y = options.mode == Interpolation::nearest
            ? nearest(y, d + 2, to.extents[d], to.step[d], !options.size.empty(), where)
            : linear(y, d + 2, to.extents[d], to.step[d], options.align_corners, where);
  });
  return y;
}

}  // namespace wengert
