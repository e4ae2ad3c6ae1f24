// The unfolded image is the padded image, shifted: where rows of places are as far apart as rows of pixels
// are, row (channel, tap) of it begins so many elements on and goes on for all places. So the products read
// the padded image, a band of rows at a time; what they make between the rows of places is left out when the
// result is copied. With strides the pixels that lie a stride apart are an image each.
#include "lib/ops/direct.hpp"

#include <bit>
#include <numeric>

#include "lib/core/parallel.hpp"
#include "lib/ops/band.hpp"
#include "lib/ops/gemm.hpp"

namespace wengert {
namespace direct {
namespace {

double nanoseconds(const Volume& v) {
  return static_cast<double>(v.batch * v.groups * product(v.places)) *
         static_cast<double>(v.terms() * v.out) / multiplications_a_nanosecond;
}

/// Where results go: from one element to the next channel, plane, row and column of places.
struct Target {
  float* data;
  std::int64_t channel, plane, row, column;
};

void copy_rows(float* to, const Target& target, const float* from, std::int64_t pitch, std::int64_t rows,
               std::int64_t columns) {
  if (target.column == 1)
    return kernel::table().gather[1](reinterpret_cast<std::byte*>(to),
                                     reinterpret_cast<const std::byte*>(from), static_cast<Size>(rows),
                                     static_cast<Size>(columns), target.row, pitch, 1);
  for (std::int64_t r = 0; r < rows; ++r, to += target.row, from += pitch)
    for (std::int64_t c = 0; c < columns; ++c) to[c * target.column] = from[c];
}

/// Some channels of a convolution's results, and the memory that they are computed in.
class Product {
 public:
  Product(const Layout& layout, const Target& y, const float* w)
      : at_(layout), y_(y), w_(w), pitch_(layout.pitch), terms_(layout.v.terms()) {
    const Volume& v = at_.v;
    whole_ = y.column == 1 && (at_.rows == 1 || (y.row == pitch_ && v.places[2] == pitch_));
    // Rows by themselves fill more registers in part, but lie at once where they belong.
    by_rows_ = y.column == 1 && !whole_ && v.out >= 8 &&
               (rounded_up(v.places[2], 2 * lanes) - pitch_) * terms_ <= 8 * v.places[2];
    between_ = rounded_up(at_.rows * pitch_, 2 * lanes);
    if (!whole_ && !by_rows_) result_ = room(v.out * between_);
  }

  void run(const Band& band, std::int64_t first, std::int64_t channels) {
    const Volume& v = at_.v;
    float* to = y_.data + (band.image_group * v.out + first) * y_.channel + band.plane * y_.plane +
                band.row * y_.row + band.column * y_.column;
    const float* weight = w_ + (band.image_group % v.groups * v.out + first) * terms_;
    const auto multiply = [&](float* c, std::int64_t c_row, std::int64_t row, std::int64_t n) {
      kernel::table().shifted_product(c, static_cast<Size>(c_row), weight, static_cast<Size>(terms_),
                                      band.data() + row * pitch_, at_.start(), static_cast<Size>(channels),
                                      static_cast<Size>(n), static_cast<Size>(terms_));
    };
    const std::int64_t all = (band.rows - 1) * pitch_ + band.columns;
    if (whole_) return multiply(to, y_.channel, 0, all);
    if (by_rows_) {
      for (std::int64_t r = 0; r < band.rows; ++r) multiply(to + r * y_.row, y_.channel, r, band.columns);
      return;
    }
    float* wide = floats(result_.data());
    multiply(wide, between_, 0, all);
    for (std::int64_t o = 0; o < channels; ++o)
      copy_rows(to + o * y_.channel, y_, wide + o * between_, pitch_, band.rows, band.columns);
  }

 private:
  const Layout& at_;
  const Target& y_;
  const float* w_;
  std::int64_t pitch_, terms_, between_ = 0;
  bool whole_ = false, by_rows_ = false;
  StorageRef result_;
};

/// y = x convolved with w, on the pool's threads: no element depends on how they are divided.
void convolve(const Volume& v, const Target& y, const float* x, const float* w) {
  const Layout layout(v, true);
  // Where there are few bands, channels are divided too.
  constexpr std::int64_t fewest = 48, unit = 12;  // rows of a tile
  const double work = nanoseconds(v);
  const std::int64_t bands = layout.bands(), wanted = ratio_up(worthwhile_parts(work), bands),
                     some = std::max(rounded_up(ratio_up(v.out, wanted), unit), std::min(fewest, v.out)),
                     pieces = ratio_up(v.out, some);
  parallel_ranges(bands * pieces, 1, work / static_cast<double>(bands * pieces),
                  [&](std::int64_t begin, std::int64_t end) {
                    Band band(layout);
                    Product product(layout, y, w);
                    for (std::int64_t i = begin; i < end; ++i) {
                      band.fill(i / pieces, x);
                      const std::int64_t first = i % pieces * some;
                      product.run(band, first, std::min(some, v.out - first));
                    }
                  });
}

void forward(const ConvolutionProblem& p, std::byte* y, const std::byte* x, const std::byte* w) {
  const Volume v(p);
  const std::int64_t row = v.places[2], plane = v.places[1] * row;
  convolve(v, {floats(y), v.places[0] * plane, plane, row, 1}, floats(x), floats(w));
}

/// In one dimension, the pixels first, first + stride, ...: the taps by which places add to them, each `step`
/// before the one before it, beginning with `tap`.
struct Phase {
  std::int64_t first, pixels, tap = -1, step, taps = 0, dilation, padding = 0;

  Phase(const Volume& v, std::size_t d, std::int64_t first)
      : first(first), pixels(ratio_up(v.pixels[d] - first, v.stride[d])) {
    const std::int64_t common = std::gcd(v.stride[d], v.dilation[d]);
    step = v.stride[d] / common;
    dilation = v.dilation[d] / common;
    for (std::int64_t t = v.taps[d]; t-- > 0;) {
      const std::int64_t distance = first + v.padding[d] - t * v.dilation[d];
      if (distance % v.stride[d] != 0 || taps++ > 0) continue;
      tap = t;
      padding = -distance / v.stride[d];
    }
  }
};
using Phases = std::array<Phase, 3>;

/// The weight's elements of these taps, channels exchanged.
StorageRef turned(const Volume& v, const Phases& of, const float* w) {
  const std::int64_t taps = of[0].taps * of[1].taps * of[2].taps, some = 32;
  StorageRef result = room(v.groups * v.out * v.in * taps);
  float* to = floats(result.data());
  const bool all = taps == product(v.taps);
  const auto turn = [&](float* at, const float* from) {
    if (all) return void(std::reverse_copy(from, from + taps, at));
    for (std::int64_t z = 0; z < of[0].taps; ++z)
      for (std::int64_t y = 0; y < of[1].taps; ++y) {
        const std::int64_t row = (of[0].tap - z * of[0].step) * v.taps[1] + of[1].tap - y * of[1].step;
        for (std::int64_t x = 0; x < of[2].taps; ++x)
          *at++ = from[row * v.taps[2] + of[2].tap - x * of[2].step];
      }
  };
  for (std::int64_t g = 0; g < v.groups; ++g, w += v.out * v.terms(), to += v.out * v.in * taps)
    for (std::int64_t first = 0; first < v.out; first += some)
      for (std::int64_t i = 0; i < v.in; ++i)
        for (std::int64_t o = first; o < std::min(first + some, v.out); ++o)
          turn(to + (i * v.out + o) * taps, w + (o * v.in + i) * product(v.taps));
  return result;
}

/// Padding is multiplied as zeros, which is right of finite weights only: here no element is padded.
bool all_finite(const float* w, std::int64_t count) {
  constexpr std::uint32_t exponent = 0x7f800000;
  std::uint32_t endless = 0;
  for (std::int64_t i = 0; i < count; ++i)
    endless |= (std::bit_cast<std::uint32_t>(w[i]) & exponent) == exponent;
  return endless == 0;
}

void to_input(const ConvolutionProblem& p, std::byte* x, const std::byte* y, const std::byte* w) {
  const Volume v(p);
  if (!all_finite(floats(w), v.groups * v.out * v.terms()))
    return plain_convolution(float32).to_input(p, x, y, w);
  const std::int64_t row = v.pixels[2], plane = v.pixels[1] * row, channel = v.pixels[0] * plane;
  Extents phases;
  bool all = true;
  for (std::size_t d = 0; d < 3; ++d) {
    phases[d] = std::min(v.stride[d], v.pixels[d]);
    for (std::int64_t first = 0; first < phases[d]; ++first) all &= Phase(v, d, first).taps > 0;
  }
  if (!all) std::memset(x, 0, static_cast<Size>(v.batch * v.groups * v.in * channel) * sizeof(float));
  for (std::int64_t i = 0; i < product(phases); ++i) {
    const Phases of{Phase(v, 0, i / phases[2] / phases[1]), Phase(v, 1, i / phases[2] % phases[1]),
                    Phase(v, 2, i % phases[2])};
    Volume back = v;
    back.stored = back.in = v.out;
    back.out = v.in;
    back.pixels = v.places;
    back.stride = {1, 1, 1};
    for (std::size_t d = 0; d < 3; ++d) {
      back.places[d] = of[d].pixels;
      back.taps[d] = of[d].taps;
      back.dilation[d] = of[d].dilation;
      back.padding[d] = of[d].padding;
    }
    if (product(back.taps) == 0) continue;
    const StorageRef weight = turned(v, of, floats(w));
    convolve(back,
             {floats(x) + of[0].first * plane + of[1].first * row + of[2].first, channel, v.stride[0] * plane,
              v.stride[1] * row, v.stride[2]},
             floats(y), floats(weight.data()));
  }
}

/// Registers of a row's places, some partly filled, for each sum; or one of some sums at each place, with y
/// turned: whatever takes fewer steps a place.
kernel::TapsProduct sums_over_places(const Layout& layout) {
  const Volume& v = layout.v;
  const auto terms = static_cast<double>(v.terms()), out = static_cast<double>(v.out);
  const double dots =
      terms * out *
      (static_cast<double>(ratio_up(layout.columns, lanes)) / static_cast<double>(layout.columns) +
       4.0 / static_cast<double>(layout.rows * layout.columns));
  const double taps =
      terms * static_cast<double>(ratio_up(v.out, lanes)) + 0.7 * static_cast<double>(rounded_up(v.out, 8));
  return dots < taps ? kernel::table().dots_product : kernel::table().taps_product;
}

/// How the sums are divided: bands, whose sums are added in order, and channels in. By the shapes alone,
/// since bits depend on it.
struct Division {
  std::int64_t bands, channels, ranges;  // channels in a range

  explicit Division(const Volume& v) {
    constexpr double part_work = 60e3;  // nanoseconds
    constexpr std::int64_t most = 8, fewest_channels = 16;
    const auto wanted =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(nanoseconds(v) / part_work), 1, most);
    // The sums take no more room than what is summed.
    const std::int64_t summed = v.batch * (v.in * product(v.pixels) + v.out * product(v.places));
    bands =
        std::clamp<std::int64_t>(std::min(wanted, summed / (v.terms() * v.out)), 1, Layout(v, false).bands());
    channels = std::max(ratio_up(v.in, wanted / bands), std::min(fewest_channels, v.in));
    ranges = ratio_up(v.in, channels);
  }
};

void to_weight(const ConvolutionProblem& p, std::byte* w, const std::byte* x, const std::byte* y) {
  const Volume v(p);
  const Division division(v);
  const std::int64_t terms = v.terms(), group = terms * v.out, size = v.groups * group,
                     taps = product(v.taps), width = v.places[2], places = product(v.places);
  const StorageRef sums = room(division.bands * size);  // of each part and each group (terms, out)
  std::memset(sums.data(), 0, static_cast<Size>(division.bands * size) * sizeof(float));
  parallel_for(division.bands * division.ranges, [&](std::int64_t i) {
    const std::int64_t part = i / division.ranges, first = i % division.ranges * division.channels;
    Volume some = v;
    some.in = std::min(division.channels, v.in - first);
    const Layout layout(some, false);
    const std::int64_t bands = layout.bands();
    const kernel::TapsProduct multiply = sums_over_places(layout);
    float* to = floats(sums.data()) + part * size + first * taps * v.out;
    Band band(layout);
    for (std::int64_t b = part * bands / division.bands; b < (part + 1) * bands / division.bands; ++b) {
      band.fill(b, floats(x) + first * product(v.pixels));
      const std::int64_t place = (band.plane * v.places[1] + band.row) * width + band.column;
      multiply(to + band.image_group % v.groups * group, band.data(), layout.start(), layout.pitch,
               floats(y) + band.image_group * v.out * places + place, static_cast<Size>(places),
               static_cast<Size>(some.terms()), static_cast<Size>(v.out), static_cast<Size>(band.rows),
               static_cast<Size>(band.columns));
    }
  });
  constexpr auto item = static_cast<std::int64_t>(sizeof(float));
  const auto add = kernel::table().forward[static_cast<int>(kernel::Row::add)][0];
  for (std::int64_t part = 1; part < division.bands; ++part) {
    const std::byte* in[2] = {sums.data(), sums.data() + part * size * item};
    add(sums.data(), in, static_cast<Size>(size), 0);
  }
  for (std::int64_t g = 0; g < v.groups; ++g)
    kernel::table().transpose[1](w + g * group * item, sums.data() + g * group * item,
                                 static_cast<Size>(v.out), static_cast<Size>(terms), terms, v.out);
}

constexpr ConvolutionKernels kernels{forward, to_input, to_weight};

}  // namespace
}  // namespace direct

const ConvolutionKernels* direct_convolution(const ConvolutionProblem& p) noexcept {
  using namespace direct;
  const Windows& windows = p.windows;
  if (p.dtype != float32 || !kernel::table().shifted_product || windows.rank() < 1 || windows.rank() > 3)
    return nullptr;
  if (p.batch == 0 || p.in == 0 || p.out == 0 || windows.pixels() == 0 || windows.places() == 0)
    return nullptr;
  const Volume v(p);
  // Towards the image, each combination of strides is a convolution of its own.
  constexpr double most_phases = 16.0;
  double phases = 1.0;
  for (const std::int64_t stride : v.stride) phases *= static_cast<double>(stride);
  if (phases > most_phases) return nullptr;
  // What a part of a row sees must be little, and not much more than itself, in either direction.
  const auto large = [&](std::int64_t channels, std::int64_t places) {
    const auto some = static_cast<double>(std::min(places, fewest_columns)),
               reach = static_cast<double>(v.reach(2)) / static_cast<double>(v.stride[2]);
    return reach > 8.0 * some || static_cast<double>(channels * v.taps[0]) *
                                         static_cast<double>(v.taps[1] * v.stride[2]) *
                                         std::max(some + reach, static_cast<double>(line)) >
                                     static_cast<double>(most_band);
  };
  if (large(v.in, v.places[2]) || large(v.out, v.pixels[2])) return nullptr;
  // Registers go over the rows' ends: of small planes they would hold little else.
  const std::int64_t held = (v.places[1] - 1) * v.pitch() + v.places[2];
  return 20 * v.places[1] * v.places[2] > 13 * rounded_up(held, lanes) ? &kernels : nullptr;
}

}  // namespace wengert
