#include "wengert/io/png.hpp"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::io {
namespace {

/// Pixels of 8 bits, channels last.
struct Picture {
  std::int64_t height = 0, width = 0, channels = 1;
  std::vector<unsigned char> bytes;
};

unsigned char level(double value) {
  return value > 0.0 ? static_cast<unsigned char>(std::lround(std::min(value, 1.0) * 255.0)) : 0;
}

std::vector<unsigned char> levels(const Tensor& image) {
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(image, image.dtype(), data);
  const auto count = static_cast<std::size_t>(image.size());
  std::vector<unsigned char> bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    switch (image.dtype()) {
      case float32:
        bytes[i] = level(static_cast<double>(static_cast<const float*>(data)[i]));
        break;
      case float64:
        bytes[i] = level(static_cast<const double*>(data)[i]);
        break;
      case int64:
        bytes[i] = static_cast<unsigned char>(
            std::clamp<std::int64_t>(static_cast<const std::int64_t*>(data)[i], 0, 255));
        break;
      case boolean:
        bytes[i] = static_cast<const bool*>(data)[i] ? 255 : 0;
    }
  }
  return bytes;
}

Picture picture_of(const char* operation, const Tensor& image) {
  const NoGrad values_only;
  const Shape& shape = image.shape();
  const bool last = shape.size() == 3 && (shape[2] == 3 || shape[2] == 1);
  const bool first = shape.size() == 3 && !last && (shape[0] == 3 || shape[0] == 1);
  if (!(shape.size() == 2 || last || first) || image.size() == 0 ||
      *std::ranges::max_element(shape) > 1 << 20)
    fail<ShapeError>(operation, "a picture must be (h, w), (h, w, 3) or (3, h, w), with pixels: got ", shape);
  const Tensor ordered = first ? permute(image, {1, 2, 0}) : image;
  Picture picture{ordered.shape()[0], ordered.shape()[1], 1, {}};
  if (shape.size() == 3) picture.channels = ordered.shape()[2];
  picture.bytes = levels(ordered);
  return picture;
}

std::string encode(const char* operation, const Tensor& image) {
  const Picture picture = picture_of(operation, image);
  png_image about{};
  about.version = PNG_IMAGE_VERSION;
  about.width = static_cast<png_uint_32>(picture.width);
  about.height = static_cast<png_uint_32>(picture.height);
  about.format = picture.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(about);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&about, bytes.data(), &size, 0, picture.bytes.data(), 0, nullptr))
    fail<Error>(operation, "the picture must be one that libpng can write: ", about.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string encode_png(const Tensor& image) { return encode("encode_png", image); }

void save_png(const std::string& path, const Tensor& image) {
  constexpr const char* operation = "save_png";
  const std::string bytes = encode(operation, image);
  AtomicFile file(operation, path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

Tensor image_grid(const Tensor& images, const ImageGridOptions& options, Location where) {
  constexpr const char* operation = "image_grid";
  const NoGrad values_only;
  const Shape& shape = images.shape();
  const bool last = shape.size() == 4 && shape[3] == 3;
  const bool first = shape.size() == 4 && !last && (shape[1] == 1 || shape[1] == 3);
  if (!(shape.size() == 3 || last || first) || images.size() == 0)
    fail<ShapeError>(operation, "images must be (n, h, w), (n, 1, h, w), (n, h, w, 3) or (n, 3, h, w): got ",
                     shape);
  if (options.columns < 0 || options.padding < 0 || options.padding > 1 << 16)
    fail<ValueError>(operation, "columns and padding must not be negative: got ", options.columns, " and ",
                     options.padding);
  const Tensor ordered = first ? permute(images, {0, 2, 3, 1}, where) : images;
  const std::int64_t n = shape[0], height = ordered.shape()[1], width = ordered.shape()[2],
                     channels = shape.size() == 4 ? ordered.shape()[3] : 1, padding = options.padding;
  const std::int64_t columns = options.columns == 0
                                   ? static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))))
                                   : std::min(options.columns, n);
  const std::int64_t rows = (n + columns - 1) / columns, step = height + padding, stride = width + padding;
  Shape result{rows * step + padding, columns * stride + padding};
  if (channels == 3) result.push_back(3);
  const std::size_t item = item_size(images.dtype()), pixel = static_cast<std::size_t>(channels) * item;
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(ordered, images.dtype(), data);
  const auto* from = static_cast<const std::byte*>(data);
  const void* filler = nullptr;
  const Tensor background = scalar(options.background, images.dtype(), where);
  const StorageRef kept = detail::contiguous_storage(background, images.dtype(), filler);
  StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(element_count(result)) * item);
  for (std::int64_t i = 0; i < element_count(result); ++i)
    std::memcpy(storage.data() + static_cast<std::size_t>(i) * item, filler, item);
  const std::size_t line = static_cast<std::size_t>(result[1]) * pixel,
                    run = static_cast<std::size_t>(width) * pixel;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t y = 0; y < height; ++y, from += run)
      std::memcpy(storage.data() + static_cast<std::size_t>(padding + i / columns * step + y) * line +
                      static_cast<std::size_t>(padding + i % columns * stride) * pixel,
                  from, run);
  return detail::make_leaf(std::move(storage), result, images.dtype(), false, where);
}

}  // namespace wengert::io
