// With stride 1 the unfolded image is the padded image, shifted: where rows of places are as far apart as
// rows of pixels are, row (channel, tap) of it begins so many elements on and goes on for all places. So the
// products read the padded image, a band of rows at a time; what they make between the rows of places is left
// out when the result is copied.
#include "lib/ops/direct.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/core/dispatch.hpp"
#include "lib/core/parallel.hpp"
#include "lib/ops/gemm.hpp"
#include "wengert/core/storage.hpp"

namespace wengert {
namespace {

using Size = std::size_t;
using Extents = std::array<std::int64_t, 3>;

// Elements of a padded band and of its results: what the second-level cache holds. And of the largest band.
constexpr std::int64_t near_band = 98304, near_result = 65536, most_band = std::int64_t{1} << 20;
constexpr std::int64_t lanes = 16;  // of a register, about

std::int64_t rounded_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }
StorageRef room(std::int64_t elements, Size item = sizeof(float)) {
  return StorageRef::allocate(static_cast<Size>(elements) * item);
}
float* floats(std::byte* data) { return reinterpret_cast<float*>(data); }
const float* floats(const std::byte* data) { return reinterpret_cast<const float*>(data); }
/// to (rows, columns) = from, rows so many elements apart.
void copy(float* to, std::int64_t pitch, const float* from, std::int64_t step, std::int64_t rows,
          std::int64_t columns) {
  kernel::table().gather[1](reinterpret_cast<std::byte*>(to), reinterpret_cast<const std::byte*>(from),
                            static_cast<Size>(rows), static_cast<Size>(columns), pitch, step, 1);
}

/// A convolution with stride 1 of three spatial dimensions.
struct Volume {
  std::int64_t batch, in, out, groups;  // channels: of a group
  Extents pixels{1, 1, 1}, taps{1, 1, 1}, places{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};

  explicit Volume(const ConvolutionProblem& p)
      : batch(p.batch), in(p.in / p.groups), out(p.out / p.groups), groups(p.groups) {
    const std::size_t rank = p.windows.rank();
    for (std::size_t d = 0; d < rank; ++d) {
      const std::size_t to = d + 3 - rank;
      pixels[to] = p.windows.input[d];
      taps[to] = p.windows.kernel[d];
      places[to] = p.windows.output[d];
      padding[to] = p.windows.padding[d];
      dilation[to] = p.windows.dilation[d];
    }
  }
  /// From the result to the image: with turned taps, and padded by what the taps reach beyond.
  Volume adjoint() const {
    Volume a = *this;
    std::swap(a.in, a.out);
    std::swap(a.pixels, a.places);
    for (std::size_t d = 0; d < 3; ++d) a.padding[d] = dilation[d] * (taps[d] - 1) - padding[d];
    return a;
  }
  static std::int64_t product(const Extents& e) { return e[0] * e[1] * e[2]; }
  std::int64_t terms() const { return in * product(taps); }
  /// Pixels that `some` places see in a dimension.
  std::int64_t seen(std::size_t d, std::int64_t some) const { return some + dilation[d] * (taps[d] - 1); }
};

/// How bands lie in memory. A band is what some rows of places see of one image's group of channels, with its
/// padding; of the first dimension, the planes that the taps see.
struct Layout {
  Volume v;
  std::int64_t rows;   // of places, at most
  std::int64_t pitch;  // from row to row, of pixels and of places
  std::int64_t plane, size;
  StorageRef starts;  // where each row of the unfolded image begins

  /// A result's rows, with what lies between them, are to be near as well, or do not matter.
  Layout(const Volume& volume, bool results) : v(volume), pitch(v.seen(2, v.places[2])) {
    // The padding to the right of a row is that to the left of the next one.
    const std::int64_t left = v.padding[2], right = pitch - left - v.pixels[2];
    if (left >= 0 && right >= 0) pitch = std::max(v.pixels[2] + std::max(left, right), v.places[2]);
    rows = near_band / (v.in * v.taps[0] * pitch) - v.seen(1, 0);
    if (results) rows = std::min(rows, near_result / (v.out * pitch));
    rows = std::clamp<std::int64_t>(rows, 1, v.places[1]);
    // Planes an odd number of lines apart fall into all sets of the cache.
    constexpr std::int64_t line = 16;
    plane = (rounded_up(v.seen(1, rows) * pitch + v.seen(2, 0), line) / line | 1) * line;
    size = v.in * v.taps[0] * plane + 4 * lanes;  // registers of the last places reach beyond
    starts = room(v.terms(), sizeof(std::ptrdiff_t));
    auto* at = reinterpret_cast<std::ptrdiff_t*>(starts.data());
    for (std::int64_t c = 0; c < v.in; ++c)
      for (std::int64_t z = 0; z < v.taps[0]; ++z)
        for (std::int64_t y = 0; y < v.taps[1]; ++y)
          for (std::int64_t x = 0; x < v.taps[2]; ++x)
            *at++ = (c * v.taps[0] + z) * plane + y * v.dilation[1] * pitch + x * v.dilation[2];
  }

  const std::ptrdiff_t* start() const { return reinterpret_cast<const std::ptrdiff_t*>(starts.data()); }
  std::int64_t in_plane() const { return (v.places[1] + rows - 1) / rows; }
  std::int64_t bands() const { return v.batch * v.groups * v.places[0] * in_plane(); }
  /// Nanoseconds that one takes, about.
  double work() const {
    return static_cast<double>(v.terms() * v.out * rows * v.places[2]) / multiplications_a_nanosecond;
  }
};

/// The i-th band, in its memory.
class Band {
 public:
  explicit Band(const Layout& layout) : at_(layout), pixels_(room(layout.size)) {}

  std::int64_t image_group, plane, row, rows;

  void fill(std::int64_t i, const float* images) {
    const Volume& v = at_.v;
    row = i % at_.in_plane() * at_.rows;
    rows = std::min(at_.rows, v.places[1] - row);
    plane = i / at_.in_plane() % v.places[0];
    image_group = i / at_.in_plane() / v.places[0];
    std::memset(pixels_.data(), 0, static_cast<Size>(at_.size) * sizeof(float));
    const std::int64_t top = row - v.padding[1], left = -v.padding[2];
    const std::int64_t y = std::max<std::int64_t>(0, -top), x = std::max<std::int64_t>(0, -left);
    const std::int64_t height = std::min(v.seen(1, rows), v.pixels[1] - top) - y,
                       width = std::min(v.seen(2, v.places[2]), v.pixels[2] - left) - x;
    if (height <= 0 || width <= 0) return;
    const float* image = images + image_group * v.in * Volume::product(v.pixels);
    for (std::int64_t c = 0; c < v.in; ++c)
      for (std::int64_t t = 0; t < v.taps[0]; ++t) {
        const std::int64_t z = plane + t * v.dilation[0] - v.padding[0];
        if (z < 0 || z >= v.pixels[0]) continue;
        copy(floats(pixels_.data()) + (c * v.taps[0] + t) * at_.plane + y * at_.pitch + x, at_.pitch,
             image + ((c * v.pixels[0] + z) * v.pixels[1] + top + y) * v.pixels[2] + left + x, v.pixels[2],
             height, width);
      }
  }
  const float* data() const { return floats(pixels_.data()); }
  /// Where the band's places are in an array of them: of the first channel out.
  std::int64_t place() const {
    const Volume& v = at_.v;
    return image_group * v.out * Volume::product(v.places) + (plane * v.places[1] + row) * v.places[2];
  }

 private:
  const Layout& at_;
  StorageRef pixels_;
};

/// y = x convolved with w, on the pool's threads: no place depends on how they are divided.
void convolve(const Volume& v, float* y, const float* x, const float* w) {
  const Layout layout(v, true);
  const std::int64_t width = v.places[2], pitch = layout.pitch, places = Volume::product(v.places);
  const std::int64_t terms = v.terms();
  // Rows by themselves fill more registers in part, but lie at once where they belong.
  const bool by_rows =
      width == pitch || (v.out >= 8 && (rounded_up(width, 2 * lanes) - pitch) * terms <= 8 * width);
  const std::int64_t between = rounded_up(layout.rows * pitch, 2 * lanes);
  const auto multiply = [&](float* c, std::int64_t c_row, std::int64_t group, const float* band,
                            std::int64_t n) {
    kernel::table().shifted_product(c, static_cast<Size>(c_row), w + group * v.out * terms,
                                    static_cast<Size>(terms), band, layout.start(), static_cast<Size>(v.out),
                                    static_cast<Size>(n), static_cast<Size>(terms), false);
  };
  parallel_ranges(layout.bands(), 1, layout.work(), [&](std::int64_t begin, std::int64_t end) {
    Band band(layout);
    const StorageRef result = by_rows ? StorageRef() : room(v.out * between);
    for (std::int64_t i = begin; i < end; ++i) {
      band.fill(i, x);
      float* to = y + band.place();
      const std::int64_t group = band.image_group % v.groups;
      if (by_rows && width == pitch) {
        multiply(to, places, group, band.data(), band.rows * width);
      } else if (by_rows) {
        for (std::int64_t r = 0; r < band.rows; ++r)
          multiply(to + r * width, places, group, band.data() + r * pitch, width);
      } else {
        float* wide = floats(result.data());
        multiply(wide, between, group, band.data(), (band.rows - 1) * pitch + width);
        for (std::int64_t o = 0; o < v.out; ++o)
          copy(to + o * places, width, wide + o * between, pitch, band.rows, width);
      }
    }
  });
}

void forward(const ConvolutionProblem& p, std::byte* y, const std::byte* x, const std::byte* w) {
  convolve(Volume(p), floats(y), floats(x), floats(w));
}

/// Of each group, channels exchanged and taps turned.
StorageRef turned(const Volume& v, const float* w) {
  const std::int64_t taps = Volume::product(v.taps), some = 8;
  StorageRef result = room(v.groups * v.out * v.in * taps);
  float* to = floats(result.data());
  for (std::int64_t g = 0; g < v.groups; ++g, w += v.in * v.out * taps, to += v.in * v.out * taps)
    for (std::int64_t first = 0; first < v.in; first += some)
      for (std::int64_t o = 0; o < v.out; ++o)
        for (std::int64_t i = first; i < std::min(first + some, v.in); ++i)
          std::reverse_copy(w + (i * v.out + o) * taps, w + (i * v.out + o + 1) * taps,
                            to + (o * v.in + i) * taps);
  return result;
}

void to_input(const ConvolutionProblem& p, std::byte* x, const std::byte* y, const std::byte* w) {
  const Volume v = Volume(p).adjoint();
  const StorageRef weight = turned(v, floats(w));
  convolve(v, floats(x), floats(y), floats(weight.data()));
}

/// Into how many parts the bands are divided, whose sums are added in order: by the shapes alone, and so that
/// the sums take no more room than what is summed.
std::int64_t parts_of_sum(const Layout& layout) {
  constexpr double part_work = 60e3;  // nanoseconds
  const Volume& v = layout.v;
  const std::int64_t summed =
      v.batch * (v.in * Volume::product(v.pixels) + v.out * Volume::product(v.places));
  const auto worthwhile =
      static_cast<std::int64_t>(layout.work() * static_cast<double>(layout.bands()) / part_work);
  return std::clamp<std::int64_t>(std::min(worthwhile, summed / (v.terms() * v.out)), 1,
                                  std::min<std::int64_t>(layout.bands(), 8));
}

void to_weight(const ConvolutionProblem& p, std::byte* w, const std::byte* x, const std::byte* y) {
  const Volume v(p);
  const Layout layout(v, false);
  const std::int64_t terms = v.terms(), width = v.places[2], size = v.groups * terms * v.out;
  // Registers of a row's places, some partly filled, for each sum; or one of some sums at each place, with y
  // turned.
  const double dots = static_cast<double>(terms * v.out) *
                      (static_cast<double>(rounded_up(width, lanes)) / static_cast<double>(lanes * width) +
                       4.0 / static_cast<double>(layout.rows * width));
  const double taps = static_cast<double>(terms * rounded_up(v.out, lanes) / lanes) +
                      0.7 * static_cast<double>(rounded_up(v.out, 8));
  const auto multiply = dots < taps ? kernel::table().dots_product : kernel::table().taps_product;
  const std::int64_t parts = parts_of_sum(layout), bands = layout.bands();
  const StorageRef sums = room(parts * size);  // of each part and each group (terms, out)
  parallel_for(parts, [&](std::int64_t part) {
    float* sum = floats(sums.data()) + part * size;
    std::memset(sum, 0, static_cast<Size>(size) * sizeof(float));
    Band band(layout);
    for (std::int64_t i = part * bands / parts; i < (part + 1) * bands / parts; ++i) {
      band.fill(i, floats(x));
      multiply(sum + band.image_group % v.groups * terms * v.out, band.data(), layout.start(), layout.pitch,
               floats(y) + band.place(), static_cast<Size>(Volume::product(v.places)),
               static_cast<Size>(terms), static_cast<Size>(v.out), static_cast<Size>(band.rows),
               static_cast<Size>(width));
    }
  });
  constexpr auto item = static_cast<std::int64_t>(sizeof(float));
  const auto add = kernel::table().forward[static_cast<int>(kernel::Row::add)][0];
  for (std::int64_t part = 1; part < parts; ++part) {
    const std::byte* in[2] = {sums.data(), sums.data() + part * size * item};
    add(sums.data(), in, static_cast<Size>(size), 0);
  }
  for (std::int64_t g = 0; g < v.groups; ++g)
    kernel::table().transpose[1](w + g * v.out * terms * item, sums.data() + g * terms * v.out * item,
                                 static_cast<Size>(v.out), static_cast<Size>(terms), terms, v.out);
}

constexpr ConvolutionKernels kernels{forward, to_input, to_weight};

}  // namespace

const ConvolutionKernels* direct_convolution(const ConvolutionProblem& p) noexcept {
  const Windows& windows = p.windows;
  if (p.dtype != float32 || !kernel::table().shifted_product || windows.rank() < 1 || windows.rank() > 3)
    return nullptr;
  if (std::any_of(windows.stride.begin(), windows.stride.end(), [](std::int64_t s) { return s != 1; }))
    return nullptr;
  if (p.batch == 0 || p.in == 0 || p.out == 0 || windows.pixels() == 0 || windows.places() == 0)
    return nullptr;
  // A row of places of either direction must see a band that is not large.
  for (const Volume& v : {Volume(p), Volume(p).adjoint()}) {
    double band = static_cast<double>(v.in * v.taps[0]);
    for (const std::size_t d : {1, 2})
      band *= static_cast<double>(d == 1 ? 1 : v.places[d]) +
              static_cast<double>(v.dilation[d]) * static_cast<double>(v.taps[d] - 1);
    if (band > static_cast<double>(most_band)) return nullptr;
  }
  return &kernels;
}

bool fills_few_registers(const ConvolutionProblem& p) noexcept {
  const Volume v(p);
  constexpr std::int64_t many = 256;
  // Eight in nine or ten are filled where a row has fourteen places and more.
  const std::int64_t room = (v.places[1] - 1) * (v.places[2] + v.padding[2]) + v.places[2];
  return v.terms() >= many && 100 * v.places[1] * v.places[2] < 85 * rounded_up(room, lanes);
}

}  // namespace wengert
