#include "wengert/data/idx.hpp"

#include <doctest/doctest.h>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"

using namespace wengert;
using tests::Folder;

namespace {

/// The bytes of a file of this element type, these extents and this data.
std::string idx(int type, const std::vector<unsigned>& extents, const std::string& data) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(extents.size())};
  for (const unsigned extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift);
  return bytes + data;
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto array = tensor.array<T>();
  return std::vector<T>(array.begin(), array.end());
}

}  // namespace

TEST_CASE("read_idx: every element type") {
  const Folder folder;
  const auto read = [&](const std::string& bytes, const data::IdxOptions& options = {}) {
    return data::read_idx(folder.write("f", bytes), options);
  };
  const Tensor image = read(idx(8, {2, 3}, "\x01\x02\x03\x04\x05\xFF"));
  CHECK(image.shape() == Shape{2, 3});
  CHECK(values<std::int64_t>(image) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 255});
  CHECK(values<std::int64_t>(read(idx(9, {1}, "\xFF"))) == std::vector<std::int64_t>{-1});
  CHECK(values<std::int64_t>(read(idx(11, {1}, "\xFF\xFE"))) == std::vector<std::int64_t>{-2});
  CHECK(values<std::int64_t>(read(idx(12, {1}, "\xFF\xFF\xFF\xFD"))) == std::vector<std::int64_t>{-3});
  CHECK(values<float>(read(idx(13, {1}, std::string("\x3F\xC0\0\0", 4)))) == std::vector<float>{1.5f});
  CHECK(values<double>(read(idx(14, {1}, std::string("\xC0\x04\0\0\0\0\0\0", 8)))) ==
        std::vector<double>{-2.5});
  CHECK(values<float>(read(idx(8, {2}, "\x33\xFF"), {.dtype = float32, .scale = 1.0 / 255.0})) ==
        std::vector<float>{0.2f, 1.0f});
  CHECK(read(idx(8, {}, "\x07")).item() == 7.0);
  CHECK(read(idx(8, {3, 0}, "")).shape() == Shape{3, 0});
}

TEST_CASE("read_idx: broken files") {
  const Folder folder;
  const std::string path = folder / "f";
  const auto refused = [&](const std::string& bytes, const std::string& law, const std::string& place = "") {
    folder.write("f", bytes);
    const std::string text = "[read_idx] " + law + ", in \"" + path + "\"" + place;
    CHECK_THROWS_WITH_AS(data::read_idx(path), text.c_str(), IoError);
  };
  refused("", "the file must begin with two zero bytes, a type and a number of dimensions: got 0 bytes");
  refused("abcd", "the file must begin with two zero bytes, a type and a number of dimensions: got others");
  refused(idx(7, {1}, "x"), "the element type must be 8, 9, 11, 12, 13 or 14: got 7", ", byte 2");
  refused(std::string("\0\0\x08\x21", 4), "there must be at most 32 dimensions: got 33", ", byte 3");
  refused(std::string("\0\0\x08\x02\0\0", 6), "the file must hold its extents: it ends at byte 6 of 12");
  refused(idx(8, {2, 2}, "abc"), "the elements must fit the extents: got 3 bytes for (2, 2) elements of 1");
  refused(idx(8, {2}, "abc"), "the elements must fit the extents: got 3 bytes for (2,) elements of 1");
  refused(idx(12, {1}, "abc"), "the elements must fit the extents: got 3 bytes for (1,) elements of 4");
  refused(idx(14, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "a"),
          "the elements must fit the extents: got 1 bytes for (4294967295, 4294967295, 4294967295) elements "
          "of 8");
  const std::string whole = idx(11, {2, 2}, "abcdefgh");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    folder.write("f", whole.substr(0, length));
    CHECK_THROWS_AS(data::read_idx(path), IoError);
  }
  folder.write("f", whole);
  CHECK_THROWS_AS(data::read_idx(path, {.max_bytes = 10}), IoError);
  CHECK_THROWS_WITH_AS(data::read_idx(path, {.scale = 0.5}),
                       "[read_idx] a scale wants a float dtype: got none. Did you mean {.dtype = float32}?",
                       DTypeError);
}
