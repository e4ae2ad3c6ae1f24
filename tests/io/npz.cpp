#include "wengert/io/npz.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

namespace {

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto array = tensor.array<T>();
  return std::vector<T>(array.begin(), array.end());
}

/// A file of version 1 with this description and data.
std::string npy(std::string text, const std::string& data) {
  text += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(text.size()) + '\0' + text + data;
}

std::string described(const std::string& descr, const std::string& shape, const std::string& data,
                      const std::string& order = "False") {
  return npy("{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }", data);
}

}  // namespace

TEST_CASE("save_npy writes what numpy.save does") {
  const Folder folder;
  io::save_npy(folder / "a.npy", reshape(arange(6), {2, 3}));
  const std::string bytes = read_bytes(folder / "a.npy");
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.resize(117, ' ');
  CHECK(bytes.size() == 128 + 24);
  CHECK(bytes.substr(0, 128) == std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n");
  io::save_npy(folder / "b.npy", arange(2, {.dtype = int64}));
  CHECK(read_bytes(folder / "b.npy").find("'<i8', 'fortran_order': False, 'shape': (2,), }") !=
        std::string::npos);
  io::save_npy(folder / "c.npy", full({}, 1.5, {.dtype = float64}));
  CHECK(read_bytes(folder / "c.npy").find("'<f8', 'fortran_order': False, 'shape': (), }") !=
        std::string::npos);
}

TEST_CASE("npy: every dtype there and back") {
  const Folder folder;
  const std::string path = folder / "a.npy";
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Tensor& tensor :
       {transpose(reshape(arange(6.0, {.dtype = float64}), {2, 3})), full({3}, infinity), zeros({0, 4}),
        full({}, -7, {.dtype = int64}), arange(3) > 1.0, full({1, 1, 1, 1, 1, 1, 1, 2}, 0.1)}) {
    io::save_npy(path, tensor);
    const Tensor loaded = io::load_npy(path);
    CHECK(loaded.dtype() == tensor.dtype());
    CHECK(loaded.shape() == tensor.shape());
    CHECK(loaded.is_leaf());
    CHECK(allclose(loaded.astype(float64), tensor.astype(float64), 0.0, 0.0));
  }
}

TEST_CASE("load_npy: other element types, byte orders, Fortran's order, other versions") {
  const Folder folder;
  const auto load = [&](const std::string& bytes) { return io::load_npy(folder.write("a.npy", bytes)); };
  using Ints = std::vector<std::int64_t>;
  CHECK(values<std::int64_t>(load(described("|i1", "(2,)", "\xFF\x01"))) == Ints{-1, 1});
  CHECK(values<std::int64_t>(load(described("|u1", "(2,)", "\xFF\x01"))) == Ints{255, 1});
  CHECK(values<std::int64_t>(load(described("<i2", "(1,)", "\xFE\xFF"))) == Ints{-2});
  CHECK(values<std::int64_t>(load(described(">i2", "(1,)", "\xFF\xFE"))) == Ints{-2});
  CHECK(values<std::int64_t>(load(described(">u4", "(1,)", "\x80\x01\x01\x01"))) == Ints{0x80010101});
  CHECK(values<std::int64_t>(load(described(">i8", "(1,)", std::string(7, '\0') + "\x05"))) == Ints{5});
  CHECK(values<float>(load(described("<f2", "(3,)", std::string("\x00\x3E\x01\x00\x00\xFC", 6)))) ==
        std::vector<float>{1.5f, 0x1p-24f, -std::numeric_limits<float>::infinity()});
  CHECK(std::isnan(load(described("<f2", "(1,)", "\xFF\x7F")).item()));
  CHECK(load(described(">f4", "()", std::string("\x3F\x80\0\0", 4))).item() == 1.0);
  CHECK(load(described(">f8", "()", std::string("\xC0\x04\0\0\0\0\0\0", 8))).item() == -2.5);
  CHECK(values<bool>(load(described("|b1", "(2,)", std::string("\x02\0", 2)))) ==
        std::vector<bool>{true, false});
  const Tensor columns = load(described("|u1", "(2, 3)", "\x01\x02\x03\x04\x05\x06", "True"));
  CHECK(columns.shape() == Shape{2, 3});
  CHECK(values<std::int64_t>(columns) == Ints{1, 3, 5, 2, 4, 6});
  // Element (i, j, k) of (2, 3, 2) lies at i + 2 j + 6 k.
  const Tensor cube = load(described(
      "|u1", "(2, 3, 2)", std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B", 12), "True"));
  CHECK(cube.shape() == Shape{2, 3, 2});
  CHECK(values<std::int64_t>(cube) == Ints{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11});
  std::string third = described("|u1", "(1,)", "\x09");
  third[6] = 3;
  third.insert(10, 2, '\0');
  CHECK(load(third).item() == 9.0);
  CHECK(load(npy("{\"shape\":(1,),\"fortran_order\":False,\"descr\":\"|u1\"}", "\x09")).item() == 9.0);
}

TEST_CASE("load_npy: broken files") {
  const Folder folder;
  const std::string path = folder / "a.npy";
  const auto refused = [&](const std::string& bytes, const std::string& law, const std::string& place = "") {
    folder.write("a.npy", bytes);
    CHECK_THROWS_WITH_AS(io::load_npy(path), ("[load_npy] " + law + ", in \"" + path + "\"" + place).c_str(),
                         IoError);
  };
  refused("", "the file must begin as npy files do: got other bytes");
  refused("\x93NUMPY\x01", "the file must hold its header: it ends at byte 7");
  refused(std::string("\x93NUMPY\x04\0\0\0\0\0", 12), "the version must be 1, 2 or 3: got 4");
  refused(std::string("\x93NUMPY\x02\0\xFF\xFF\xFF\xFF", 12),
          "the file must hold its header: got a length of 4294967295 in a file of 12 bytes");
  refused(described("<f4", "(2,)", "1234"), "the elements must fit the shape: got 4 bytes for (2,) of f4");
  refused(described("<f4", "(1,)", "12345"), "the elements must fit the shape: got 5 bytes for (1,) of f4");
  refused(described("<f8", "(9223372036854775807, 8)", "12345678"),
          "the elements must fit the shape: got 8 bytes for (9223372036854775807, 8) of f8");
  refused(described("<f8", "(4611686018427387904, 4)", ""),
          "the elements must fit the shape: got 0 bytes for (4611686018427387904, 4) of f8");
  refused(described("<c8", "(1,)", "12345678"),
          "elements must be f2, f4, f8, b1 or integers of 1 to 8 bytes: got \"<c8\"");
  refused(described("|O", "(1,)", "12345678"),
          "elements must be f2, f4, f8, b1 or integers of 1 to 8 bytes: got \"|O\"");
  refused(described("<u8", "(1,)", std::string(8, '\xFF')),
          "u8 elements must be below 2^63 to become int64: got a larger one", ", element 0");
  refused(described("<f4", "(-1,)", ""),
          "the header must describe an array: extents must be integers from 0 to 2^63", ", byte 61");
  refused(npy("{'descr': '<f4'}", ""),
          "the header must describe an array: it must hold descr, fortran_order and shape once", ", byte 27");
  refused(npy("{'descr': '<f4', 'descr': '<f4'}", ""),
          "the header must describe an array: it must hold descr, fortran_order and shape once", ", byte 27");
  refused(npy("{'descr': [('a', '<f4')]}", ""),
          "the header must describe an array: it must be a dictionary of Python: expected a string",
          ", byte 20");
  refused(npy("__import__('os')", ""),
          "the header must describe an array: it must be a dictionary of Python: expected {", ", byte 10");
  const std::string whole = described("<i2", "(2, 2)", "12345678");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    folder.write("a.npy", whole.substr(0, length));
    CHECK_THROWS_AS(io::load_npy(path), IoError);
  }
  CHECK_THROWS_AS(io::load_npy(folder / "none"), IoError);
  CHECK_THROWS_AS(io::save_npy(folder / "no/such", zeros({1})), IoError);
}

TEST_CASE("npz: arrays by name, stored and packed") {
  const Folder folder;
  const std::string path = folder / "a.npz";
  const std::map<std::string, Tensor> arrays{{"weights", reshape(arange(6), {2, 3})},
                                             {"a/b", full({1000}, 3, {.dtype = int64})},
                                             {"größe", full({}, 0.5, {.dtype = float64})},
                                             {"none", zeros({0}, {.dtype = boolean})}};
  for (const bool compress : {false, true}) {
    io::save_npz(path, arrays, {.compress = compress});
    const auto loaded = io::load_npz(path);
    REQUIRE(loaded.size() == 4);
    for (const auto& [name, tensor] : arrays) {
      CHECK(loaded.at(name).dtype() == tensor.dtype());
      CHECK(allclose(loaded.at(name), tensor, 0.0, 0.0));
    }
    const std::string bytes = read_bytes(path);
    CHECK((bytes.size() < 2000) == compress);
    io::save_npz(path, arrays, {.compress = compress});
    CHECK(read_bytes(path) == bytes);
  }
  io::save_npz(path, {});
  CHECK(io::load_npz(path).empty());
  CHECK_THROWS_WITH_AS(io::save_npz(path, {{"a", Tensor()}}),
                       "[save_npz] every name must have a value: got an empty tensor for \"a\"", ValueError);
  CHECK_THROWS_WITH_AS(io::save_npz(path, {{"", zeros({1})}}),
                       "[save_npz] an array must have a name, in UTF-8: got \"\"", ValueError);
  CHECK_THROWS_WITH_AS(
      io::save_npz(path, {{"large", broadcast_to(zeros({1}), {1 << 30})}}),
      "[save_npz] all arrays together must be smaller than 4 GiB: got 4294968330 bytes. Did you mean "
      "save_safetensors?",
      ValueError);
  CHECK(io::load_npz(path).empty());
}
