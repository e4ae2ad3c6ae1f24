#include "wengert/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <xtensor/xtensor.hpp>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

namespace {

template <class... T>
std::string bytes_of(T... values) {
  std::string result;
  (result.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return result;
}

std::string file_of(const std::string& header, const std::string& data = "") {
  return bytes_of(std::uint64_t{header.size()}) + header + data;
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto array = tensor.array<T>();
  return std::vector<T>(array.begin(), array.end());
}

template <class T>
std::vector<T> load_one(const Folder& folder, const std::string& dtype, int count, const std::string& data) {
  const std::string header = R"({"a":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(count) +
                             R"(],"data_offsets":[0,)" + std::to_string(data.size()) + "]}}";
  return values<T>(io::load_safetensors(folder.write("one", file_of(header, data))).at("a"));
}

}  // namespace

TEST_CASE("safetensors: every dtype, 0-d, empty and strided tensors come back") {
  const Folder folder;
  const std::string path = folder / "all.safetensors";
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor matrix(xt::xtensor<double, 2>{{1.5, -2.0, 1e300}, {-0.0, 5e-324, 6.0}});
  const std::map<std::string, Tensor> state{
      {"float", Tensor(xt::xarray<float>{1.0f, -0.0f, INFINITY, nan, 1e-45f})},
      {"double", matrix},
      {"strided", transpose(matrix)},
      {"every second", slice(matrix, 1, 0, 3, 2)},
      {"repeated", broadcast_to(slice(matrix, 0, 1, 2), {4, 3})},
      {"int", Tensor(xt::xarray<std::int64_t>{INT64_MIN, -1, INT64_MAX})},
      {"mask", Tensor(xt::xarray<bool>{true, false, true})},
      {"scalar", full({}, 2.5)},
      {"parameter", zeros({2, 1, 2}, {.requires_grad = true})},
      {"empty", zeros({0, 3}, {.dtype = int64})},
      {"", ones({1})},
      {"\xC3\xA9 \"\n\\/", ones({2})},
  };
  io::save_safetensors(path, state);
  const auto loaded = io::load_safetensors(path);
  REQUIRE(loaded.size() == state.size());
  for (const auto& [name, tensor] : state) {
    CAPTURE(name);
    const Tensor& got = loaded.at(name);
    CHECK(got.shape() == tensor.shape());
    REQUIRE(got.dtype() == tensor.dtype());
    CHECK(got.is_leaf());
    CHECK(!got.requires_grad());
    if (tensor.dtype() == float64) CHECK(values<double>(got) == values<double>(tensor));
    if (tensor.dtype() == int64) CHECK(values<std::int64_t>(got) == values<std::int64_t>(tensor));
    if (tensor.dtype() == boolean) CHECK(values<bool>(got) == values<bool>(tensor));
    if (tensor.dtype() == float32) {
      const auto a = values<float>(got), b = values<float>(tensor);
      CHECK((a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0));
    }
  }
  CHECK(folder.count() == 1);
}

TEST_CASE("safetensors: what stands in the file") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  io::save_safetensors(path,
                       {{"b", Tensor(xt::xarray<bool>{true, false, true})},
                        {"c", Tensor(xt::xarray<std::int64_t>{7})},
                        {"a", Tensor(xt::xtensor<float, 2>{{1.0f, 2.0f}})}},
                       {{"format", "pt"}});
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"data_offsets":[8,16],"dtype":"F32","shape":[1,2]},)"
      R"("b":{"data_offsets":[16,19],"dtype":"BOOL","shape":[3]},)"
      R"("c":{"data_offsets":[0,8],"dtype":"I64","shape":[1]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  CHECK(read_bytes(path) == file_of(padded, bytes_of(std::int64_t{7}, 1.0f, 2.0f, true, false, true)));
  CHECK(io::safetensors_metadata(path) == std::map<std::string, std::string>{{"format", "pt"}});
  io::save_safetensors(path, {});
  CHECK(read_bytes(path) == file_of("{}      "));
  CHECK(io::load_safetensors(path).empty());
  CHECK(io::safetensors_metadata(path).empty());
}

TEST_CASE("safetensors: other element types become float32 and int64") {
  const Folder folder;
  CHECK(load_one<float>(folder, "F16", 8,
                        bytes_of(std::uint16_t{0x3C00}, std::uint16_t{0xC000}, std::uint16_t{0x7BFF},
                                 std::uint16_t{0x0001}, std::uint16_t{0x83FF}, std::uint16_t{0x7C00},
                                 std::uint16_t{0x0400}, std::uint16_t{0x3555})) ==
        std::vector<float>{1.0f, -2.0f, 65504.0f, 0x1p-24f, -1023 * 0x1p-24f, INFINITY, 0x1p-14f,
                           0.333251953125f});
  const auto special =
      load_one<float>(folder, "F16", 2, bytes_of(std::uint16_t{0x7E01}, std::uint16_t{0x8000}));
  CHECK(std::isnan(special[0]));
  CHECK(std::bit_cast<std::uint32_t>(special[1]) == 0x80000000u);
  CHECK(load_one<float>(folder, "BF16", 2, bytes_of(std::uint16_t{0x3F80}, std::uint16_t{0xC2F7})) ==
        std::vector<float>{1.0f, -123.5f});
  using Ints = std::vector<std::int64_t>;
  CHECK(load_one<std::int64_t>(folder, "I8", 2, "\x7f\x80") == Ints{127, -128});
  CHECK(load_one<std::int64_t>(folder, "U8", 2, "\x7f\x80") == Ints{127, 128});
  CHECK(load_one<std::int64_t>(folder, "I16", 1, bytes_of(std::int16_t{-300})) == Ints{-300});
  CHECK(load_one<std::int64_t>(folder, "U16", 1, bytes_of(std::uint16_t{65535})) == Ints{65535});
  CHECK(load_one<std::int64_t>(folder, "I32", 1, bytes_of(std::int32_t{INT32_MIN})) == Ints{INT32_MIN});
  CHECK(load_one<std::int64_t>(folder, "U32", 1, bytes_of(UINT32_MAX)) == Ints{UINT32_MAX});
  CHECK(load_one<std::int64_t>(folder, "U64", 1, bytes_of(std::uint64_t{INT64_MAX})) == Ints{INT64_MAX});
  CHECK(load_one<bool>(folder, "BOOL", 3, std::string("\0\1\xff", 3)) ==
        std::vector<bool>{false, true, true});
  const std::string many(200'001 * 2, '\x01');  // several blocks
  CHECK(load_one<std::int64_t>(folder, "I16", 200'001, many) == Ints(200'001, 0x0101));
}

TEST_CASE("safetensors: what cannot be saved") {
  const Folder folder;
  const std::string path = folder.write("a", "old");
  CHECK_THROWS_WITH_AS(io::save_safetensors(path, {{"w", Tensor()}}),
                       "[save_safetensors] every name must have a value: got an empty tensor for \"w\"",
                       ValueError);
  CHECK_THROWS_WITH_AS(io::save_safetensors(path, {{"__metadata__", ones({1})}}),
                       "[save_safetensors] a tensor must not be named __metadata__", ValueError);
  CHECK_THROWS_WITH_AS(io::save_safetensors(path, {{"\xC3", ones({1})}}),
                       "[save_safetensors] names and metadata must be UTF-8", ValueError);
  CHECK_THROWS_WITH_AS(io::save_safetensors(path, {}, {{"a", "\xFF"}}),
                       "[save_safetensors] names and metadata must be UTF-8", ValueError);
  CHECK_THROWS_WITH_AS(
      io::save_safetensors("no/such/folder/a", {{"w", ones({1})}}),
      "[save_safetensors] the file must be writable: got \"no/such/folder/a\" (No such file or directory)",
      IoError);
  CHECK(read_bytes(path) == "old");
  CHECK(folder.count() == 1);
}
