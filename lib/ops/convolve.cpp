// Convolution kernels by unfolding each image and a matrix product; nothing of the unfolded images is kept.
#include "lib/ops/convolve.hpp"

#include <cstdlib>
#include <string_view>

#include "lib/core/fail.hpp"
#include "lib/ops/gemm.hpp"
#include "lib/ops/onednn.hpp"
#include "wengert/core/storage.hpp"

namespace wengert {
namespace {

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

template <class T>
void forward(const ConvolutionProblem& p, std::byte* to, const std::byte* image, const std::byte* weight) {
  const Tile tile(p);
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
  T* w = reinterpret_cast<T*>(to);
  const T *x = reinterpret_cast<const T*>(image), *y = reinterpret_cast<const T*>(output);
  const std::int64_t size = tile.out * tile.rows;
  std::memset(to, 0, static_cast<std::size_t>(p.groups * size) * sizeof(T));
  const bool plain = p.windows.pointwise();
  const StorageRef unfolded = plain ? StorageRef() : room(tile.rows * tile.places, p.dtype);
  const StorageRef product = room(size, p.dtype);
  const T* term = reinterpret_cast<const T*>(product.data());
  for_each_tile(p, [&](std::int64_t n, std::int64_t g) {
    const T* seen = x + (n * p.groups + g) * tile.in * tile.pixels;
    if (!plain) {
      T* columns = reinterpret_cast<T*>(unfolded.data());
      unfold_channels(columns, seen, p.windows, tile.in);
      seen = columns;
    }
    gemm(
        p.dtype, product.data(),
        {reinterpret_cast<const std::byte*>(y + (n * p.groups + g) * tile.out * tile.places), tile.places, 1},
        {reinterpret_cast<const std::byte*>(seen), 1, tile.places}, tile.out, tile.rows, tile.places);
    T* sum = w + g * size;
    for (std::int64_t i = 0; i < size; ++i) sum[i] += term[i];
  });
}

template <class T>
constexpr ConvolutionKernels unfolding{forward<T>, to_input<T>, to_weight<T>};

bool plain_asked() {
  const char* told = std::getenv("WENGERT_CONV");
  const std::string_view asked = told ? told : "";
  if (!asked.empty() && asked != "plain")
    fail<ValueError>("convolution", "WENGERT_CONV must be plain or not set: got \"", asked, "\"");
  return !asked.empty();
}

}  // namespace

const ConvolutionKernels& plain_convolution(DType dtype) noexcept {
  return dtype == float32 ? unfolding<float> : unfolding<double>;
}

const ConvolutionKernels& convolution_kernels(const ConvolutionProblem& problem) {
  static const ConvolutionKernels* const single = plain_asked() ? nullptr : onednn_convolution();
  return problem.dtype == float32 && single ? *single : plain_convolution(problem.dtype);
}

}  // namespace wengert
