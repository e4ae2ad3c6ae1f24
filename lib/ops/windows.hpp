// Windows that move over the spatial dimensions of an array: their extents, and the runs of elements that
// they see. Convolutions, unfold and fold, and the poolings share this.
#pragma once

#include <cstring>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// Element t of the window at place o lies at o * stride + t * dilation - padding, dimension by dimension;
/// beyond the input's extent there is padding.
struct Windows {
  Shape input, kernel, output;  // extents, one entry for each spatial dimension
  Dims stride, padding, dilation;

  std::size_t rank() const noexcept { return kernel.size(); }
  std::int64_t pixels() const noexcept { return element_count(input); }
  std::int64_t taps() const noexcept { return element_count(kernel); }
  std::int64_t places() const noexcept { return element_count(output); }
  /// True if the windows are the elements themselves.
  bool pointwise() const noexcept;
};

/// An option told once, or once for each of `rank` dimensions. Throws ValueError unless each entry is `least`
/// or more.
Dims per_dimension(const char* operation, const char* option, const Dims& told, std::size_t rank,
                   std::int64_t least);

/// The extents of a shape from dimension 2 on. Throws ShapeError unless it is (N, C, ...) with `rank` more
/// dimensions; 0 stands for one or more.
Shape spatial_extents(const char* operation, const Shape& shape, std::size_t rank);

/// Throws ShapeError if there can be no array of these extents. What passes can be multiplied out.
void require_possible(const char* operation, const char* what, const Shape& extents);

/// Checks the options and works out how many windows there are; `ceil_mode` also counts one that begins
/// inside and ends outside. Throws ValueError for a bad option, ShapeError if no window fits.
Windows make_windows(const char* operation, const Shape& input, const Shape& kernel, const Dims& stride,
                     const Dims& padding, const Dims& dilation, bool ceil_mode = false);

/// One row of windows, seen through one element of the kernel: `lead` places in the padding, then `count`
/// places whose elements lie at from, from + step, ... of the input, then `trail` places in the padding.
struct WindowRun {
  std::int64_t tap;  // row-major element of the kernel
  std::int64_t to;   // row-major place of the row's first window
  std::int64_t lead, count, trail;
  std::int64_t from, step;
};

/// Visits every row of windows through every element of the kernel, in row-major order of (tap, place).
template <class Visit>
void for_each_run(const Windows& w, Visit visit) {
  if (w.places() == 0 || w.taps() == 0) return;
  const std::size_t last = w.rank() - 1;
  const std::int64_t taps = w.taps(), width = w.output[last], rows = w.places() / width;
  const auto advance = [](Dims& at, const Shape& shape, std::size_t dimensions) {
    for (std::size_t d = dimensions; d-- > 0;) {
      if (++at[d] < shape[d]) return;
      at[d] = 0;
    }
  };
  Dims tap = Dims::filled(w.rank(), 0), place = tap;
  for (std::int64_t t = 0; t < taps; ++t, advance(tap, w.kernel, w.rank())) {
    // The first and the last place in a row that see an element and not padding.
    const std::int64_t step = w.stride[last], shift = tap[last] * w.dilation[last] - w.padding[last];
    const std::int64_t room = w.input[last] - shift;
    std::int64_t low = shift < 0 ? (-shift + step - 1) / step : 0,
                 high = room > 0 ? (room - 1) / step + 1 : 0;
    if (high > width) high = width;
    if (low > high) low = high;
    for (std::int64_t r = 0; r < rows; ++r, advance(place, w.output, last)) {
      bool inside = low < high;
      std::int64_t base = 0;
      for (std::size_t d = 0; d < last; ++d) {
        const std::int64_t at = place[d] * w.stride[d] + tap[d] * w.dilation[d] - w.padding[d];
        inside &= at >= 0 && at < w.input[d];
        base = base * w.input[d] + at;
      }
      if (inside)
        visit(WindowRun{t, r * width, low, high - low, width - high,
                        base * w.input[last] + shift + low * step, step});
      else
        visit(WindowRun{t, r * width, width, 0, 0, 0, step});
    }
  }
}

/// to (channels, taps, places) = what each tap of each window sees in from (channels, pixels); 0 in the
/// padding.
template <class T>
void unfold_channels(T* to, const T* from, const Windows& w, std::int64_t channels) {
  const std::int64_t places = w.places(), taps = w.taps(), pixels = w.pixels();
  for (std::int64_t c = 0; c < channels; ++c, to += taps * places, from += pixels)
    for_each_run(w, [=](const WindowRun& run) {
      T* out = to + run.tap * places + run.to;
      if (run.lead) std::memset(out, 0, static_cast<std::size_t>(run.lead) * sizeof(T));
      out += run.lead;
      const T* in = from + run.from;
      if (run.step == 1)
        std::memcpy(out, in, static_cast<std::size_t>(run.count) * sizeof(T));
      else
        for (std::int64_t i = 0; i < run.count; ++i) out[i] = in[i * run.step];
      if (run.trail) std::memset(out + run.count, 0, static_cast<std::size_t>(run.trail) * sizeof(T));
    });
}

/// The adjoint of unfold_channels: to (channels, pixels) += what stands in from (channels, taps, places).
template <class T>
void fold_channels(T* to, const T* from, const Windows& w, std::int64_t channels) {
  const std::int64_t places = w.places(), taps = w.taps(), pixels = w.pixels();
  for (std::int64_t c = 0; c < channels; ++c, from += taps * places, to += pixels)
    for_each_run(w, [=](const WindowRun& run) {
      const T* in = from + run.tap * places + run.to + run.lead;
      T* out = to + run.from;
      if (run.step == 1)
        for (std::int64_t i = 0; i < run.count; ++i) out[i] += in[i];
      else
        for (std::int64_t i = 0; i < run.count; ++i) out[i * run.step] += in[i];
    });
}

}  // namespace wengert
