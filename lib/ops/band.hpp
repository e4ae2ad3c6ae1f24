// Bands of padded images, as the products of direct convolutions read them. Included by direct.cpp alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/core/dispatch.hpp"
#include "lib/ops/convolve.hpp"
#include "wengert/core/storage.hpp"

namespace wengert::direct {

using Size = std::size_t;
using Extents = std::array<std::int64_t, 3>;

// Elements of a padded band and of its results: what the second-level cache holds. And of the largest band.
constexpr std::int64_t near_band = 98304, near_result = 65536, most_band = std::int64_t{1} << 20;
constexpr std::int64_t fewest_columns = 256;  // of a band, where a row has more
constexpr std::int64_t lanes = 16;            // of a register, about
constexpr std::int64_t line = 16;             // of the cache

constexpr std::int64_t ratio_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit; }
constexpr std::int64_t rounded_up(std::int64_t n, std::int64_t unit) { return ratio_up(n, unit) * unit; }
inline std::int64_t product(const Extents& e) { return e[0] * e[1] * e[2]; }
inline StorageRef room(std::int64_t elements, Size item = sizeof(float)) {
  return StorageRef::allocate(static_cast<Size>(elements) * item);
}
inline float* floats(std::byte* data) { return reinterpret_cast<float*>(data); }
inline const float* floats(const std::byte* data) { return reinterpret_cast<const float*>(data); }

/// A convolution of three spatial dimensions. Padding that is negative leaves pixels out.
struct Volume {
  std::int64_t batch, in, out, groups;  // channels: of a group
  std::int64_t stored;                  // channels of a group of the images, of which the first `in` are seen
  Extents pixels{1, 1, 1}, taps{1, 1, 1}, places{1, 1, 1};
  Extents stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};

  explicit Volume(const ConvolutionProblem& p)
      : batch(p.batch), in(p.in / p.groups), out(p.out / p.groups), groups(p.groups), stored(in) {
    const std::size_t rank = p.windows.rank();
    for (std::size_t d = 0; d < rank; ++d) {
      const std::size_t to = d + 3 - rank;
      pixels[to] = p.windows.input[d];
      taps[to] = p.windows.kernel[d];
      places[to] = p.windows.output[d];
      stride[to] = p.windows.stride[d];
      padding[to] = p.windows.padding[d];
      dilation[to] = p.windows.dilation[d];
    }
  }
  std::int64_t terms() const { return in * product(taps); }
  /// From the first pixel that a place sees to the last.
  std::int64_t reach(std::size_t d) const { return dilation[d] * (taps[d] - 1); }
  /// Of the pixels that `some` places see, those that lie a stride apart.
  std::int64_t seen(std::size_t d, std::int64_t some) const { return some + reach(d) / stride[d]; }
  /// From row to row, of pixels and of places: the padding to the right of a row is that to the left of the
  /// next one.
  std::int64_t pitch() const {
    const std::int64_t all = seen(2, places[2]), left = padding[2], right = all - left - pixels[2];
    if (stride[2] > 1 || left < 0 || right < 0) return all;
    return std::max(pixels[2] + std::max(left, right), places[2]);
  }
};

/// How bands lie in memory. A band is what some rows of places, or a part of one row, see of one image's
/// group of channels, with its padding: planes for each channel and each tap of the first dimension. Columns
/// that lie a stride apart make a plane of their own, so that neighbouring places see neighbours. Rows do
/// too, or each tap has its rows for itself, where those of neighbours lie far apart.
struct Layout {
  Volume v;
  std::int64_t rows, columns;  // of places, at most
  std::int64_t pitch;          // from row to row
  bool apart;                  // a tap's rows lie for themselves
  std::int64_t plane, size;
  StorageRef starts;  // where each row of the unfolded image begins

  /// Rows of the result, with what lies between them, are to be near as well, or do not matter.
  Layout(const Volume& volume, bool results) : v(volume), columns(v.places[2]), pitch(v.pitch()) {
    const std::int64_t planes = v.in * v.taps[0] * v.stride[2];
    std::int64_t most = near_band / (planes * v.taps[1]) - v.reach(2) / v.stride[2];
    if (results) most = std::min(most, near_result / v.out);
    most = std::max(most, fewest_columns) / (2 * lanes) * (2 * lanes);
    std::int64_t most_rows = v.places[1];
    if (columns > most) {
      columns = most;
      pitch = v.seen(2, columns);
      most_rows = 1;
    } else if (results) {
      most_rows = std::min(most_rows, near_result / (v.out * pitch));
    }
    const auto rows_of = [&](std::int64_t near) {
      return std::clamp<std::int64_t>(near, 1, std::max<std::int64_t>(most_rows, 1));
    };
    const std::int64_t near_rows = near_band / (planes * pitch);
    const std::int64_t together = rows_of(near_rows / v.stride[1] - v.reach(1) / v.stride[1]),
                       each = rows_of(near_rows / v.taps[1]);
    // Whatever copies fewer rows of pixels for a row of places.
    apart = v.taps[1] * together < v.stride[1] * v.seen(1, together);
    rows = apart ? each : together;
    // Planes an odd number of lines apart fall into all sets of the cache.
    plane = (ratio_up((apart ? rows : v.seen(1, rows)) * pitch + v.seen(2, 1), line) | 1) * line;
    size = planes * downs() * plane + 4 * lanes;  // registers of the last places reach beyond
    starts = room(v.terms(), sizeof(std::ptrdiff_t));
    auto* at = reinterpret_cast<std::ptrdiff_t*>(starts.data());
    for (std::int64_t c = 0; c < v.in; ++c)
      for (std::int64_t z = 0; z < v.taps[0]; ++z)
        for (std::int64_t y = 0; y < v.taps[1]; ++y)
          for (std::int64_t x = 0; x < v.taps[2]; ++x) {
            const std::int64_t down = y * v.dilation[1], right = x * v.dilation[2];
            *at++ = plane_of(c, z, apart ? y : down % v.stride[1], right % v.stride[2]) +
                    (apart ? 0 : down / v.stride[1] * pitch) + right / v.stride[2];
          }
  }

  /// Kinds of rows: a tap's, or those a stride apart.
  std::int64_t downs() const { return apart ? v.taps[1] : v.stride[1]; }
  std::int64_t plane_of(std::int64_t channel, std::int64_t tap, std::int64_t down, std::int64_t right) const {
    return (((channel * v.taps[0] + tap) * downs() + down) * v.stride[2] + right) * plane;
  }
  const std::ptrdiff_t* start() const { return reinterpret_cast<const std::ptrdiff_t*>(starts.data()); }
  std::int64_t down_plane() const { return ratio_up(v.places[1], rows); }
  std::int64_t along_row() const { return ratio_up(v.places[2], columns); }
  std::int64_t bands() const { return v.batch * v.groups * v.places[0] * down_plane() * along_row(); }
};

/// One band after the other, in the same memory.
class Band {
 public:
  explicit Band(const Layout& layout) : at_(layout), pixels_(room(layout.size)) {}

  std::int64_t image_group, plane, row, column, rows, columns;

  /// The i-th, unless it is that one.
  void fill(std::int64_t i, const float* images) {
    if (i == filled_) return;
    filled_ = i;
    const Volume& v = at_.v;
    column = i % at_.along_row() * at_.columns;
    i /= at_.along_row();
    row = i % at_.down_plane() * at_.rows;
    i /= at_.down_plane();
    plane = i % v.places[0];
    image_group = i / v.places[0];
    rows = std::min(at_.rows, v.places[1] - row);
    columns = std::min(at_.columns, v.places[2] - column);
    clear();
    const float* image = images + image_group * v.stored * product(v.pixels);
    for (std::int64_t right = 0; right < v.stride[2]; ++right)
      if (v.taps[2] > right || v.dilation[2] > 1)  // otherwise no tap sees them
        for (std::int64_t down = 0; down < at_.downs(); ++down) fill_planes(image, down, right);
  }
  const float* data() const { return floats(pixels_.data()); }

 private:
  /// Pixels a stride apart from `first` on, `count` of them: those that exist.
  struct Run {
    std::int64_t begin, end, from;
    Run(const Volume& v, std::size_t d, std::int64_t first, std::int64_t count)
        : begin(first < 0 ? ratio_up(-first, v.stride[d]) : 0),
          end(std::min(count, v.pixels[d] > first ? ratio_up(v.pixels[d] - first, v.stride[d]) : 0)),
          from(first + begin * v.stride[d]) {}
  };

  /// Zeros for the padding, where the band before did not have it at the same places.
  void clear() {
    const Volume& v = at_.v;
    std::array<std::int64_t, 8> beyond{rows, columns};
    const Extents places{plane, row, column}, some{1, rows, columns};
    for (std::size_t d = 0; d < 3; ++d) {
      const std::int64_t first = places[d] * v.stride[d] - v.padding[d];
      beyond[2 + 2 * d] = std::min<std::int64_t>(first, 0);
      beyond[3 + 2 * d] = std::min(v.pixels[d] - first, some[d] * v.stride[d] + v.reach(d));
    }
    if (beyond == beyond_) return;
    beyond_ = beyond;
    std::memset(pixels_.data(), 0, static_cast<Size>(at_.size) * sizeof(float));
  }

  void fill_planes(const float* image, std::int64_t down, std::int64_t right) {
    const Volume& v = at_.v;
    const std::int64_t first = row * v.stride[1] - v.padding[1] + (at_.apart ? down * v.dilation[1] : down);
    const Run y(v, 1, first, at_.apart ? rows : v.seen(1, rows)),
        x(v, 2, column * v.stride[2] - v.padding[2] + right, v.seen(2, columns));
    if (y.begin >= y.end || x.begin >= x.end) return;
    for (std::int64_t c = 0; c < v.in; ++c)
      for (std::int64_t t = 0; t < v.taps[0]; ++t) {
        const std::int64_t z = plane * v.stride[0] + t * v.dilation[0] - v.padding[0];
        if (z < 0 || z >= v.pixels[0]) continue;
        const float* from = image + ((c * v.pixels[0] + z) * v.pixels[1] + y.from) * v.pixels[2] + x.from;
        float* to = floats(pixels_.data()) + at_.plane_of(c, t, down, right) + y.begin * at_.pitch + x.begin;
        kernel::table().gather[1](reinterpret_cast<std::byte*>(to), reinterpret_cast<const std::byte*>(from),
                                  static_cast<Size>(y.end - y.begin), static_cast<Size>(x.end - x.begin),
                                  at_.pitch, v.stride[1] * v.pixels[2], v.stride[2]);
      }
  }

  const Layout& at_;
  StorageRef pixels_;
  std::int64_t filled_ = -1;
  std::array<std::int64_t, 8> beyond_{};
};

}  // namespace wengert::direct
