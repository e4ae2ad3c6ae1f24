// Files that break the format: each is an Error that names the file and the place, and nothing worse.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/ops/creation.hpp"

using namespace wengert;
using tests::Folder;

namespace {

std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

std::string length_of(std::uint64_t length) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof length);
}

/// Checks that loading `bytes` says `law`, the file and `place`.
void check_refused(const std::string& bytes, const std::string& law, const std::string& place = "") {
  const Folder folder;
  const std::string path = folder.write("bad", bytes);
  const std::string text = "[load_safetensors] " + law + ", in \"" + path + "\"" + place;
  CHECK_THROWS_WITH_AS(io::load_safetensors(path), text.c_str(), IoError);
  CHECK_THROWS_AS(io::safetensors_metadata(path), IoError);
}

/// The same for a header and 8 bytes of data.
void check_header(const std::string& header, const std::string& law, const std::string& place = "") {
  check_refused(file_of(header, std::string(8, '\0')), law, place);
}

/// The same for what a header says of a tensor "a".
void check_tensor(const std::string& entry, const std::string& law) {
  check_header("{\"a\":" + entry + "}", law, ", tensor \"a\"");
}

}  // namespace

TEST_CASE("load_safetensors: no file") {
  CHECK_THROWS_WITH_AS(
      io::load_safetensors("no_such_file.safetensors"),
      "[load_safetensors] the file must be readable: got \"no_such_file.safetensors\" (No such file or "
      "directory)",
      IoError);
  CHECK_THROWS_WITH_AS(io::load_safetensors("/tmp"),
                       "[load_safetensors] the path must lead to a file: got \"/tmp\" (a directory)",
                       IoError);
  CHECK_THROWS_WITH_AS(
      io::safetensors_metadata("/dev/zero"),
      "[safetensors_metadata] the path must lead to a file: got \"/dev/zero\" (a device or pipe)", IoError);
}

TEST_CASE("load_safetensors: the header's length") {
  check_refused("", "the file must begin with 8 bytes of header length: got 0 bytes");
  check_refused("1234567", "the file must begin with 8 bytes of header length: got 7 bytes");
  const std::string law = "the header must fit in the file and in 100000000 bytes: got a length of ";
  check_refused(length_of(std::uint64_t{1} << 60) + "{}", law + "1152921504606846976 in a file of 10 bytes");
  check_refused(length_of(UINT64_MAX) + "{}", law + "18446744073709551615 in a file of 10 bytes");
  check_refused(length_of(3) + "{}", law + "3 in a file of 10 bytes");
  check_refused(length_of(0), "the header must be a JSON object: it does not begin with {");
}

TEST_CASE("load_safetensors: a header that is no JSON") {
  check_header("[]", "the header must be a JSON object: it does not begin with {");
  check_header("\xEF\xBB\xBF{}", "the header must be a JSON object: it does not begin with {");
  check_header("{", "the header must be JSON in UTF-8: broken at byte 9");
  check_header("{}}", "the header must be JSON in UTF-8: broken at byte 10");
  check_header(std::string("{}\0", 3), "the header must be JSON in UTF-8: broken at byte 10");
  check_header("{\"a\" 1}", "the header must be JSON in UTF-8: broken at byte 13");
  check_header("{\"\xFF\":1}", "the header must be JSON in UTF-8: broken at byte 10");
  check_header("{\"\\ud800\":1}", "the header must be JSON in UTF-8: broken at byte 16");
  check_header("{NaN:1}", "the header must be JSON in UTF-8: broken at byte 9");
}

TEST_CASE("load_safetensors: a header of the wrong form") {
  check_tensor("[]", "what stands under a name must be an object: got an array");
  check_tensor("null", "what stands under a name must be an object: got null");
  check_tensor(std::string(100'000, '['), "what stands under a name must be an object: got an array");
  check_tensor("{}", "every tensor must have dtype, shape and data_offsets: no dtype");
  check_tensor(R"({"dtype":"F32"})", "every tensor must have dtype, shape and data_offsets: no shape");
  check_tensor(R"({"dtype":"F32","shape":[]})",
               "every tensor must have dtype, shape and data_offsets: no data_offsets");
  check_tensor(R"({"dtype":"F32","x":1})",
               "a tensor must have dtype, shape and data_offsets only: got \"x\"");
  check_tensor(R"({"dtype":"F32","dtype":"F32"})", "every name must stand once: got \"dtype\" again");
  check_tensor(R"({"dtype":1})", "dtype must be a string: got a number");
  check_tensor(
      R"({"dtype":"F8"})",
      "the dtype must be F32, F64, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL: got \"F8\"");
  check_tensor(R"({"shape":"2"})", "shape must be an array: got a string");
  check_tensor(R"({"shape":{}})", "shape must be an array: got an object");
  check_tensor(R"({"data_offsets":true})", "data_offsets must be an array: got a boolean");
  check_tensor(R"({"shape":[[1]]})", "extents and offsets must be integers below 2^64: got an array");
  check_tensor(R"({"shape":[1.0]})", "extents and offsets must be integers below 2^64: got 1.0");
  check_tensor(R"({"shape":[36893488147419103232]})",
               "extents and offsets must be integers below 2^64: got 36893488147419103232");
  check_header(R"({"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"a":{}})",
               "every name must stand once: got \"a\" again");
  check_header(R"({"__metadata__":{"k":1}})", "metadata must be strings: got a number", ", __metadata__");
  check_header(R"({"__metadata__":{"k":"1","k":"2"}})", "every name must stand once: got \"k\" again",
               ", __metadata__");
  check_header(R"({"__metadata__":"k"})", "what stands under a name must be an object: got a string",
               ", __metadata__");
  const std::string name(1000, 'n');
  check_header("{\"" + name + "\":1}", "what stands under a name must be an object: got a number",
               ", tensor \"" + name.substr(0, 80) + "...\"");
}

TEST_CASE("load_safetensors: shapes that no tensor can have") {
  check_tensor(R"({"shape":[2,-1]})", "extents must not be negative: got -1");
  check_tensor(R"({"shape":[18446744073709551615]})",
               "the shape is too large: got an extent of 18446744073709551615");
  check_tensor(R"({"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]})",
               "the shape is too large: got (4294967296, 4294967296)");
  check_tensor(
      R"({"dtype":"F32","shape":[70368744177664,70368744177664,70368744177664,0],"data_offsets":[0,0]})",
      "the shape is too large: got (70368744177664, 70368744177664, 70368744177664, 0)");
  std::string ones = "1";
  for (int i = 0; i < 32; ++i) ones += ",1";
  check_tensor("{\"shape\":[" + ones + "]}", "a tensor has at most 32 dimensions: got more");
}

TEST_CASE("load_safetensors: offsets that do not fit") {
  check_tensor(R"({"data_offsets":[0]})", "data_offsets must be two numbers: got 1");
  check_tensor(R"({"data_offsets":[0,1,2]})", "data_offsets must be two numbers: got more");
  check_tensor(R"({"data_offsets":[-1,2]})", "data_offsets must not be negative: got -1");
  check_tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})",
               "data_offsets must lie in the file's data: got [8, 0] of 8 bytes");
  check_tensor(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})",
               "data_offsets must lie in the file's data: got [0, 16] of 8 bytes");
  check_tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,18446744073709551615]})",
               "data_offsets must lie in the file's data: got [18446744073709551608, 18446744073709551615] "
               "of 8 bytes");
  check_tensor(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})",
               "data_offsets must fit the shape: got 8 bytes for F32 (3,), which takes 12");
  check_tensor(R"({"dtype":"F64","shape":[0],"data_offsets":[0,8]})",
               "data_offsets must fit the shape: got 8 bytes for F64 (0,), which takes 0");
  check_tensor(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})",
               "tensors must follow each other: got a hole before byte 4 of the data");
  check_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
               "tensors must follow each other: got an overlap before byte 8 of the data", ", tensor \"b\"");
  check_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
               "the file must end with its last tensor: got 4 bytes more");
  check_header("{}", "the file must end with its last tensor: got 8 bytes more");
}

TEST_CASE("load_safetensors: elements that do not fit int64") {
  const Folder folder;
  const std::string path = folder.write(
      "a", file_of(R"({"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}})", std::string(8, '\xff')));
  const std::string text =
      "[load_safetensors] U64 elements must be below 2^63 to become int64: got a larger one, in \"" + path +
      "\", tensor \"a\"";
  CHECK_THROWS_WITH_AS(io::load_safetensors(path), text.c_str(), IoError);
}

TEST_CASE("load_safetensors: damaged files are Errors or load, never worse") {
  const Folder folder;
  const std::string path = folder / "whole";
  io::save_safetensors(path,
                       {{"first.weight", ones({3, 2})},
                        {"first.bias", ones({3}, {.dtype = float64})},
                        {"count", zeros({}, {.dtype = int64})},
                        {"mask", Tensor(xt::xarray<bool>{true, false, true})}},
                       {{"format", "pt"}});
  const std::string whole = tests::read_bytes(path);
  std::mt19937 random(5);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int loaded = 0, refused = 0;
  const auto attempt = [&](const std::string& bytes) {
    const std::string damaged = folder.write("damaged", bytes);
    const std::int64_t before = memory_stats().live_nodes;
    try {
      io::load_safetensors(damaged);
      ++loaded;
    } catch (const IoError& error) {
      CHECK(std::string(error.what()).find(damaged) != std::string::npos);
      ++refused;
    }
    CHECK(memory_stats().live_nodes == before);
  };
  for (std::size_t length = 0; length < whole.size(); ++length) attempt(whole.substr(0, length));
  CHECK(loaded == 0);
  constexpr char favourites[] = "\"{}[]:,0123456789-.eE \\\xff\x80";
  for (int i = 0; i < 6000; ++i) {
    std::string bytes = whole;
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 1:
          bytes[at] = favourites[below(sizeof favourites)];
          break;
        case 2:
          bytes.erase(at, 1 + below(4));
          break;
        default:
          bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(8)));
          break;
      }
      if (bytes.empty()) break;
    }
    attempt(bytes);
  }
  CHECK(loaded > 100);
  CHECK(refused > 1000);
}
