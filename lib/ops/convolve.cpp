// Convolution kernels by unfolding each image and a matrix product; nothing of the unfolded images is kept.
#include "lib/ops/convolve.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "lib/core/dispatch.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/parallel.hpp"
#include "lib/ops/direct.hpp"
#include "lib/ops/gemm.hpp"
#include "lib/ops/onednn.hpp"
#include "wengert/core/storage.hpp"

namespace wengert {
namespace {

constexpr double part_work = 2e6;  // multiplications that make a part of a batch
constexpr std::int64_t most_parts_of_batch = 8;

/// What one image and one group of channels amount to.
struct Tile {
  std::int64_t in, out, rows, places, pixels;  // rows of the unfolded image: in * taps
  explicit Tile(const ConvolutionProblem& p)
      : in(p.in / p.groups),
        out(p.out / p.groups),
        rows(in * p.windows.taps()),
        places(p.windows.places()),
        pixels(p.windows.pixels()) {}
};

StorageRef room(std::int64_t elements, DType dtype) {
  return StorageRef::allocate(static_cast<std::size_t>(elements) * item_size(dtype));
}

/// Calls visit(image, group) for each.
template <class F>
void for_each_tile(const ConvolutionProblem& p, F visit) {
  for (std::int64_t n = 0; n < p.batch; ++n)
    for (std::int64_t g = 0; g < p.groups; ++g) visit(n, g);
}

/// Whether each image is one window, so that images and weights are the rows of two matrices.
bool images_are_windows(const ConvolutionProblem& p) {
  const Windows& w = p.windows;
  bool whole = p.groups == 1 && w.places() == 1 && w.kernel == w.input;
  for (std::size_t d = 0; d < w.rank(); ++d)
    whole &= w.padding[d] == 0 && (w.dilation[d] == 1 || w.kernel[d] == 1);
  return whole;
}

template <class T>
void forward(const ConvolutionProblem& p, std::byte* to, const std::byte* image, const std::byte* weight) {
  const Tile tile(p);
  if (images_are_windows(p))
    return gemm(p.dtype, to, {image, tile.rows, 1}, {weight, 1, tile.rows}, p.batch, p.out, tile.rows);
  T* y = reinterpret_cast<T*>(to);
  const T *x = reinterpret_cast<const T*>(image), *w = reinterpret_cast<const T*>(weight);
  const bool plain = p.windows.pointwise();
  const StorageRef unfolded = plain ? StorageRef() : room(tile.rows * tile.places, p.dtype);
  for_each_tile(p, [&](std::int64_t n, std::int64_t g) {
    const T* seen = x + (n * p.groups + g) * tile.in * tile.pixels;
    if (!plain) {
      T* columns = reinterpret_cast<T*>(unfolded.data());
      unfold_channels(columns, seen, p.windows, tile.in);
      seen = columns;
    }
    gemm(p.dtype, reinterpret_cast<std::byte*>(y + (n * p.groups + g) * tile.out * tile.places),
         {reinterpret_cast<const std::byte*>(w + g * tile.out * tile.rows), tile.rows, 1},
         {reinterpret_cast<const std::byte*>(seen), tile.places, 1}, tile.out, tile.places, tile.rows);
  });
}

template <class T>
void to_input(const ConvolutionProblem& p, std::byte* to, const std::byte* output, const std::byte* weight) {
  const Tile tile(p);
  if (images_are_windows(p))
    return gemm(p.dtype, to, {output, p.out, 1}, {weight, tile.rows, 1}, p.batch, tile.rows, p.out);
  T* x = reinterpret_cast<T*>(to);
  const T *y = reinterpret_cast<const T*>(output), *w = reinterpret_cast<const T*>(weight);
  const bool plain = p.windows.pointwise();
  const StorageRef unfolded = plain ? StorageRef() : room(tile.rows * tile.places, p.dtype);
  if (!plain) std::memset(to, 0, static_cast<std::size_t>(p.batch * p.in * tile.pixels) * sizeof(T));
  for_each_tile(p, [&](std::int64_t n, std::int64_t g) {
    T* seen = x + (n * p.groups + g) * tile.in * tile.pixels;
    gemm(
        p.dtype, plain ? reinterpret_cast<std::byte*>(seen) : unfolded.data(),
        {reinterpret_cast<const std::byte*>(w + g * tile.out * tile.rows), 1, tile.rows},
        {reinterpret_cast<const std::byte*>(y + (n * p.groups + g) * tile.out * tile.places), tile.places, 1},
        tile.rows, tile.places, tile.out);
    if (!plain) fold_channels(seen, reinterpret_cast<const T*>(unfolded.data()), p.windows, tile.in);
  });
}

template <class T>
void to_weight(const ConvolutionProblem& p, std::byte* to, const std::byte* image, const std::byte* output) {
  const Tile tile(p);
  if (images_are_windows(p))
    return gemm(p.dtype, to, {output, 1, p.out}, {image, tile.rows, 1}, p.out, tile.rows, p.batch);
  T* w = reinterpret_cast<T*>(to);
  const T *x = reinterpret_cast<const T*>(image), *y = reinterpret_cast<const T*>(output);
  const std::int64_t size = tile.out * tile.rows;
  std::memset(to, 0, static_cast<std::size_t>(p.groups * size) * sizeof(T));
  const bool plain = p.windows.pointwise();
  const StorageRef unfolded = plain ? StorageRef() : room(tile.rows * tile.places, p.dtype);
  for_each_tile(p, [&](std::int64_t n, std::int64_t g) {
    const T* seen = x + (n * p.groups + g) * tile.in * tile.pixels;
    if (!plain) {
      T* columns = reinterpret_cast<T*>(unfolded.data());
      unfold_channels(columns, seen, p.windows, tile.in);
      seen = columns;
    }
    gemm(
        p.dtype, reinterpret_cast<std::byte*>(w + g * size),
        {reinterpret_cast<const std::byte*>(y + (n * p.groups + g) * tile.out * tile.places), tile.places, 1},
        {reinterpret_cast<const std::byte*>(seen), 1, tile.places}, tile.out, tile.rows, tile.places, true);
  });
}

template <class T>
constexpr ConvolutionKernels unfolding{forward<T>, to_input<T>, to_weight<T>};

enum class Asked { any, plain, onednn };
Asked asked() {
  static const Asked by_environment = [] {
    const char* told = std::getenv("WENGERT_CONV");
    const std::string_view text = told ? told : "";
    if (text.empty()) return Asked::any;
    if (text == "plain") return Asked::plain;
    if (text != "onednn" || !onednn_convolution())
      fail<ValueError>("convolution",
                       "WENGERT_CONV must be plain, onednn where it was found, or not set: got \"", text,
                       "\"");
    return Asked::onednn;
  }();
  return by_environment;
}

/// Other than the direct ones: each of a part of a batch.
const ConvolutionKernels& kernels_for(const ConvolutionProblem& p) {
  const ConvolutionKernels* const library = asked() == Asked::plain ? nullptr : onednn_convolution();
  // One by one, unfolding copies nothing.
  const bool product = asked() != Asked::onednn && p.windows.pointwise() && kernel::table().wide_product;
  if (p.dtype == float32 && library && !product) return *library;
  return plain_convolution(p.dtype);
}

/// A batch cut into parts of some images each, by the shapes alone: a kernel may add in another order where
/// the batch is another one.
struct Parts {
  std::int64_t images, count;  // of a part, of parts
  std::int64_t x, y, w;        // bytes: of an image, of a result, of the weight

  Parts(const ConvolutionProblem& p, std::int64_t most) {
    const auto item = static_cast<std::int64_t>(item_size(p.dtype));
    const std::int64_t taps = p.in / p.groups * p.windows.taps();
    const double each = static_cast<double>(p.out * p.windows.places()) * static_cast<double>(taps);
    x = p.in * p.windows.pixels() * item;
    y = p.out * p.windows.places() * item;
    w = p.out * taps * item;
    images = std::max<std::int64_t>((p.batch + most - 1) / std::max<std::int64_t>(most, 1), 1);
    if (each * static_cast<double>(images) < part_work)
      images =
          static_cast<std::int64_t>(std::min(part_work / std::max(each, 1.0), static_cast<double>(p.batch))) +
          1;
    count = (p.batch + images - 1) / images;
  }
  /// Calls visit(the problem of a part, its number, its first image) for each.
  template <class F>
  void for_each(const ConvolutionProblem& p, F visit) const {
    parallel_for(count, [&](std::int64_t i) {
      ConvolutionProblem part = p;
      part.batch = std::min(images, p.batch - i * images);
      visit(part, i, i * images);
    });
  }
};

void forward_in_parts(const ConvolutionProblem& p, std::byte* y, const std::byte* x, const std::byte* w) {
  const Parts parts(p, most_parts_of_batch);
  parts.for_each(p, [&](const ConvolutionProblem& part, std::int64_t, std::int64_t first) {
    kernels_for(p).forward(part, y + first * parts.y, x + first * parts.x, w);
  });
}
void to_input_in_parts(const ConvolutionProblem& p, std::byte* x, const std::byte* y, const std::byte* w) {
  const Parts parts(p, most_parts_of_batch);
  parts.for_each(p, [&](const ConvolutionProblem& part, std::int64_t, std::int64_t first) {
    kernels_for(p).to_input(part, x + first * parts.x, y + first * parts.y, w);
  });
}
/// The parts' sums are added in order. They take no more room than what they are sums of.
void to_weight_in_parts(const ConvolutionProblem& p, std::byte* w, const std::byte* x, const std::byte* y) {
  const Parts whole(p, 1);
  const std::int64_t most = p.batch * (whole.x + whole.y) / std::max<std::int64_t>(whole.w, 1);
  const Parts parts(p, std::clamp<std::int64_t>(most, 1, most_parts_of_batch));
  if (parts.count <= 1) return kernels_for(p).to_weight(p, w, x, y);
  const StorageRef sums = StorageRef::allocate(static_cast<std::size_t>(parts.count * parts.w));
  parts.for_each(p, [&](const ConvolutionProblem& part, std::int64_t i, std::int64_t first) {
    kernels_for(p).to_weight(part, i > 0 ? sums.data() + i * parts.w : w, x + first * parts.x,
                             y + first * parts.y);
  });
  const auto item = static_cast<std::int64_t>(item_size(p.dtype));
  const kernel::Block add =
      kernel::table().forward[static_cast<int>(kernel::Row::add)][static_cast<int>(p.dtype)];
  for (std::int64_t i = 1; i < parts.count; ++i) {
    const std::byte* in[2] = {w, sums.data() + i * parts.w};
    add(w, in, static_cast<std::size_t>(parts.w / item), 0);
  }
}
constexpr ConvolutionKernels in_parts{forward_in_parts, to_input_in_parts, to_weight_in_parts};

}  // namespace

const ConvolutionKernels& plain_convolution(DType dtype) noexcept {
  return dtype == float32 ? unfolding<float> : unfolding<double>;
}

const ConvolutionKernels& convolution_kernels(const ConvolutionProblem& p) {
  if (asked() == Asked::onednn) return in_parts;
  if (images_are_windows(p)) return plain_convolution(p.dtype);
  // Of small planes of single channels a call for each takes longer than its sums.
  const bool single =
      p.groups == p.in && p.groups == p.out && p.windows.taps() <= 9 && p.windows.places() < 100;
  if (p.windows.pointwise() || (single && asked() == Asked::any && onednn_convolution())) return in_parts;
  const ConvolutionKernels* direct = direct_convolution(p);
  return direct ? *direct : in_parts;
}

}  // namespace wengert
