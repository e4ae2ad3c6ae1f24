#include "wengert/io/png.hpp"

#include <doctest/doctest.h>
#include <png.h>

#include <cmath>
#include <xtensor/xtensor.hpp>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;

namespace {

struct Decoded {
  unsigned width, height;
  bool colour;
  std::vector<int> pixels;
};

/// What libpng's reader sees in it.
Decoded decode(const std::string& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()));
  const bool colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::vector<unsigned char> pixels(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  return {image.width, image.height, colour, {pixels.begin(), pixels.end()}};
}

using Pixels = std::vector<int>;

}  // namespace

TEST_CASE("encode_png: grey, of every dtype") {
  const auto grey =
      decode(io::encode_png(Tensor(xt::xtensor<float, 2>{{0, 0.5, 1}, {-3, 7, std::nanf("")}})));
  CHECK(grey.width == 3);
  CHECK(grey.height == 2);
  CHECK(!grey.colour);
  CHECK(grey.pixels == Pixels{0, 128, 255, 0, 255, 0});
  CHECK(decode(io::encode_png(Tensor(xt::xtensor<double, 2>{{0.25}}))).pixels == Pixels{64});
  CHECK(decode(io::encode_png(Tensor(xt::xtensor<int, 2>{{-1, 7, 300}}))).pixels == Pixels{0, 7, 255});
  CHECK(decode(io::encode_png(Tensor(xt::xtensor<bool, 2>{{true, false}}))).pixels == Pixels{255, 0});
  CHECK(decode(io::encode_png(ones({1, 4, 2}))).height == 4);
  CHECK(decode(io::encode_png(ones({4, 2, 1}))).width == 2);
}

TEST_CASE("encode_png: colour, channels first or last") {
  const Tensor pixels = reshape(arange(12, {.dtype = int64}), {2, 2, 3});
  const auto last = decode(io::encode_png(pixels));
  CHECK(last.colour);
  CHECK(last.pixels == Pixels{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const auto first = decode(io::encode_png(permute(pixels, {2, 0, 1})));
  CHECK(first.pixels == last.pixels);
}

TEST_CASE("image_grid") {
  const Tensor images = Tensor(xt::xtensor<int, 3>{{{1, 2}}, {{3, 4}}, {{5, 6}}});  // three of 1 x 2
  const Tensor grid = io::image_grid(images, {.columns = 2, .background = 9});
  const auto values = grid.array<std::int64_t>();
  CHECK(grid.shape() == Shape{5, 7});
  CHECK(Pixels(values.begin(), values.end()) == Pixels{9, 9, 9, 9, 9, 9, 9,  //
                                                       9, 1, 2, 9, 3, 4, 9,  //
                                                       9, 9, 9, 9, 9, 9, 9,  //
                                                       9, 5, 6, 9, 9, 9, 9,  //
                                                       9, 9, 9, 9, 9, 9, 9});
  CHECK(io::image_grid(images, {.padding = 0}).shape() == Shape{2, 4});
  CHECK(io::image_grid(zeros({5, 1, 3, 4})).shape() == Shape{2 * 4 + 1, 3 * 5 + 1});
  CHECK(io::image_grid(zeros({5, 3, 4, 3}), {.columns = 10}).shape() == Shape{5, 26, 3});
  CHECK(io::image_grid(zeros({5, 3, 8, 8}), {.columns = 5}).shape() == Shape{10, 46, 3});
}

TEST_CASE("save_png, and what is no picture") {
  const tests::Folder folder;
  io::save_png(folder / "a.png", zeros({2, 2}));
  CHECK(tests::read_bytes(folder / "a.png") == io::encode_png(zeros({2, 2})));
  CHECK_THROWS_AS(io::save_png("/dev/full", zeros({2, 2})), IoError);
  for (const Shape& shape : {Shape{}, Shape{2}, Shape{2, 2, 2}, Shape{0, 3}, Shape{1, 1, 1, 1}})
    CHECK_THROWS_WITH_AS(io::encode_png(zeros(shape)),
                         ("[encode_png] a picture must be (h, w), (h, w, 3) or (3, h, w), with pixels: got " +
                          to_string(shape))
                             .c_str(),
                         ShapeError);
  CHECK_THROWS_WITH_AS(
      io::image_grid(zeros({0, 2, 2})),
      "[image_grid] images must be (n, h, w), (n, 1, h, w), (n, h, w, 3) or (n, 3, h, w): got (0, 2, 2)",
      ShapeError);
  CHECK_THROWS_WITH_AS(io::image_grid(zeros({1, 2, 2}), {.columns = -1}),
                       "[image_grid] columns and padding must not be negative: got -1 and 1", ValueError);
}
