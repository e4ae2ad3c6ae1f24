// PNG pictures from tensors, and many small images as one.
#pragma once

#include <string>

#include "wengert/core/tensor.hpp"

namespace wengert::io {

/// Writes a picture of 8 bits: grey from (h, w), (h, w, 1) or (1, h, w), in colour from (h, w, 3) or (3, h,
/// w); one that may be either is read with channels last. Float values are from 0 (black) to 1 and cut off at
/// both ends, NaN is black; int64 from 0 to 255, boolean black and white. The file appears under its name
/// only when all of it is on the disk. Throws ShapeError for other shapes and for pictures without pixels,
/// IoError where the file cannot be written.
void save_png(const std::string& path, const Tensor& image);

/// The bytes of such a file. Throws ShapeError as save_png does.
std::string encode_png(const Tensor& image);

struct ImageGridOptions {
  std::int64_t columns = 0;  ///< 0: so many that the grid is about square
  std::int64_t padding = 1;  ///< pixels between images and around them
  double background = 0.0;   ///< their value
};

/// One picture of n images, row by row: (n, h, w) or (n, 1, h, w) -> (H, W), (n, h, w, 3) or (n, 3, h, w)
/// -> (H, W, 3), of the images' dtype. Throws ShapeError for other shapes and for no image, ValueError for
/// negative columns or padding.
Tensor image_grid(const Tensor& images, const ImageGridOptions& options = {}, Location where = {});

}  // namespace wengert::io
