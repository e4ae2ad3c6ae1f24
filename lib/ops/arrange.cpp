#include "wengert/ops/arrange.hpp"

#include <algorithm>

#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/reduce.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

Tensor reversed(const Tensor& x, std::size_t axis, Location where) {
  return slice(x, static_cast<std::int64_t>(axis), {-1, SliceRange::to_end, -1}, where);
}

Tensor rolled(const Tensor& x, std::int64_t shift, std::size_t axis, Location where) {
  const std::int64_t extent = x.shape()[axis], along = static_cast<std::int64_t>(axis);
  if (extent == 0) return x;
  const std::int64_t cut = extent - (shift % extent + extent) % extent;
  if (cut == extent) return x;
  return concat({slice(x, along, cut, extent, 1, where), slice(x, along, 0, cut, 1, where)}, along, where);
}

/// What stands beside the elements of an axis on one side.
Tensor border(const Tensor& x, std::size_t axis, std::int64_t width, bool before, const PadOptions& options,
              Location where) {
  const auto along = static_cast<std::int64_t>(axis);
  const std::int64_t extent = x.shape()[axis];
  Shape shape = x.shape();
  shape[axis] = width;
  switch (options.mode) {
    case PadMode::constant:
      return full(shape, options.value, {.dtype = x.dtype()}, where);
    case PadMode::replicate:
      return broadcast_to(
          before ? slice(x, along, 0, 1, 1, where) : slice(x, along, extent - 1, extent, 1, where), shape,
          where);
    case PadMode::reflect:
      break;
  }
  return reversed(before ? slice(x, along, 1, 1 + width, 1, where)
                         : slice(x, along, extent - 1 - width, extent - 1, 1, where),
                  axis, where);
}

}  // namespace

Tensor flip(const Tensor& x, const Axes& axes, Location where) {
  require_value("flip", x);
  const std::uint64_t mask = axis_mask("flip", axes, x.ndim());
  const Scope scope("flip");
  Tensor y = x;
  for (std::size_t i = 0; i < x.ndim(); ++i)
    if (mask >> i & 1) y = reversed(y, i, where);
  return y;
}

Tensor roll(const Tensor& x, const Axes& shifts, const Axes& axes, Location where) {
  require_value("roll", x);
  for (const std::int64_t axis : axes) normalize_axis("roll", axis, x.ndim());
  if (shifts.size() != std::max<std::size_t>(axes.size(), 1))
    fail<ValueError>("roll", "there must be a shift for each axis: got ", shifts, " for axes ", axes);
  const Scope scope("roll");
  if (axes.empty()) return reshape(rolled(reshape(x, {-1}, where), shifts[0], 0, where), x.shape(), where);
  Tensor y = x;
  for (std::size_t i = 0; i < axes.size(); ++i)
    y = rolled(y, shifts[i], normalize_axis("roll", axes[i], x.ndim()), where);
  return y;
}

Tensor tile(const Tensor& x, const Axes& repetitions, Location where) {
  require_value("tile", x);
  for (const std::int64_t count : repetitions)
    if (count < 0) fail<ValueError>("tile", "repetitions must be 0 or more: got ", repetitions);
  const Scope scope("tile");
  Shape own = x.shape();
  Axes counts = repetitions;
  while (own.size() < counts.size()) own.insert(0, 1);
  while (counts.size() < own.size()) counts.insert(0, 1);
  // (count, extent) for each axis, then the two joined.
  Shape apart, wide;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (counts[i] != 1) {
      apart.push_back(1);
      wide.push_back(counts[i]);
    }
    apart.push_back(own[i]);
    wide.push_back(own[i]);
  }
  const Tensor all = broadcast_to(reshape(x, apart, where), wide, where);
  for (std::size_t i = 0; i < own.size(); ++i) own[i] *= counts[i];
  return reshape(all, own, where);
}

Tensor repeat(const Tensor& x, const Axes& counts, std::int64_t axis, Location where) {
  require_value("repeat", x);
  const std::size_t along = normalize_axis("repeat", axis, x.ndim());
  const std::int64_t extent = x.shape()[along];
  if (counts.size() != 1 && counts.size() != static_cast<std::size_t>(extent))
    fail<ValueError>("repeat", "there must be one count, or one for each element: got ", counts,
                     " for extent ", extent);
  std::int64_t total = 0;
  for (const std::int64_t count : counts) {
    if (count < 0) fail<ValueError>("repeat", "counts must be 0 or more: got ", counts);
    if (__builtin_add_overflow(total, count, &total))
      fail<ShapeError>("repeat", "the result is too large: got counts ", counts);
  }
  const Scope scope("repeat");
  if (counts.size() == 1) {
    Shape wide = x.shape(), joined = x.shape();
    wide.insert(along + 1, counts[0]);
    const Tensor apart = unsqueeze(x, static_cast<std::int64_t>(along) + 1, where);
    const Tensor all = broadcast_to(apart, wide, where);
    joined[along] *= counts[0];
    return reshape(all, joined, where);
  }
  const Tensor places = index_tensor(total, where, [&](std::int64_t* to) {
    for (std::size_t i = 0; i < counts.size(); ++i)
      to = std::fill_n(to, counts[i], static_cast<std::int64_t>(i));
  });
  return index_select(x, static_cast<std::int64_t>(along), places, where);
}

Tensor pad(const Tensor& x, const std::vector<PadWidth>& widths, const PadOptions& options, Location where) {
  require_value("pad", x);
  if (widths.size() != x.ndim())
    fail<ShapeError>("pad", "there must be a width for each axis: got ", widths.size(), " for shape ",
                     x.shape());
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto [before, after] = widths[i];
    if (before < 0 || after < 0)
      fail<ValueError>("pad", "widths must be 0 or more: got (", before, ", ", after, ") for axis ", i);
    const std::int64_t extent = x.shape()[i], widest = std::max(before, after);
    if (options.mode == PadMode::reflect && widest > 0 && widest >= extent)
      fail<ShapeError>("pad", "what is reflected must lie within the axis: got width ", widest, " for axis ",
                       i, " of ", x.shape());
    if (options.mode == PadMode::replicate && widest > 0 && extent == 0)
      fail<ShapeError>("pad", "there must be an element to replicate: got axis ", i, " of ", x.shape());
  }
  const Scope scope("pad");
  Tensor y = x;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    std::vector<Tensor> parts;
    if (widths[i].before > 0) parts.push_back(border(y, i, widths[i].before, true, options, where));
    parts.push_back(y);
    if (widths[i].after > 0) parts.push_back(border(y, i, widths[i].after, false, options, where));
    if (parts.size() > 1) y = concat(parts, static_cast<std::int64_t>(i), where);
  }
  return y;
}

std::vector<Tensor> split(const Tensor& x, const Axes& sizes, std::int64_t axis, Location where) {
  require_value("split", x);
  const std::size_t along = normalize_axis("split", axis, x.ndim());
  const std::int64_t extent = x.shape()[along];
  // A single size may be larger than what there is; several add up to it.
  std::int64_t total = 0;
  bool fits = !sizes.empty();
  for (const std::int64_t size : sizes) {
    fits &= size >= 0 && (sizes.size() == 1 ? size > 0 || extent == 0 : size <= extent - total);
    total += fits ? std::min(size, extent) : 0;
  }
  if (!fits || (sizes.size() > 1 && total != extent))
    fail<ValueError>("split", "sizes must be one positive number, or add up to the extent: got ", sizes,
                     " for extent ", extent);
  const Scope scope("split");
  std::vector<Tensor> pieces;
  pieces.reserve(sizes.size() > 1 ? sizes.size()
                                  : static_cast<std::size_t>(std::max<std::int64_t>(extent, 1) - 1) /
                                            static_cast<std::size_t>(std::max<std::int64_t>(sizes[0], 1)) +
                                        1);
  std::int64_t start = 0;
  const auto cut = [&](std::int64_t size) {
    const std::int64_t stop = start + std::min(size, extent - start);
    pieces.push_back(slice(x, static_cast<std::int64_t>(along), start, stop, 1, where));
    start = stop;
  };
  if (sizes.size() > 1)
    for (const std::int64_t size : sizes) cut(size);
  else
    do cut(sizes[0]);
    while (start < extent);
  return pieces;
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t count, std::int64_t axis, Location where) {
  require_value("chunk", x);
  const std::size_t along = normalize_axis("chunk", axis, x.ndim());
  if (count < 1) fail<ValueError>("chunk", "there must be a piece: got ", count);
  const std::int64_t extent = x.shape()[along];
  return split(x, extent == 0 ? 0 : (extent - 1) / count + 1, axis, where);
}

}  // namespace wengert
