// Archives that break the format or try to: each is an Error that names the file, and nothing worse.
#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/io/npz.hpp"
#include "wengert/ops/creation.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

namespace {

std::string little(std::uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += i < 8 ? static_cast<char>(value >> (8 * i) & 255) : '\0';
  return bytes;
}

const std::string array = std::string("\x93NUMPY\x01\x00\x37\x00", 10) +
                          "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}" + "\x07";

struct Item {
  std::string name = "a.npy";
  std::string data = array;
  std::uint64_t method = 0, flags = 0, unpacked = array.size();
  std::uint64_t crc = crc32(0, reinterpret_cast<const Bytef*>(array.data()), static_cast<uInt>(array.size()));
  bool wide = false;              // sizes of 64 bits
  std::uint64_t at = UINT64_MAX;  // where the directory says it begins
};

/// An archive of these entries.
std::string zip(const std::vector<Item>& items, bool wide_end = false) {
  std::string file, directory;
  for (const Item& item : items) {
    const std::uint64_t begin = file.size(), ones = 0xFFFFFFFF;
    const std::string extra =
        item.wide ? little(1, 2) + little(16, 2) + little(item.unpacked, 8) + little(item.data.size(), 8)
                  : "";
    const std::string common = little(20, 2) + little(item.flags, 2) + little(item.method, 2) + little(0, 4) +
                               little(item.crc, 4) + little(item.wide ? ones : item.data.size(), 4) +
                               little(item.wide ? ones : item.unpacked, 4) + little(item.name.size(), 2) +
                               little(extra.size(), 2);
    file += little(0x04034b50, 4) + common + item.name + extra + item.data;
    directory += little(0x02014b50, 4) + little(20, 2) + common + little(0, 10) +
                 little(item.at == UINT64_MAX ? begin : item.at, 4) + item.name + extra;
  }
  const std::uint64_t at = file.size(), count = items.size();
  file += directory;
  if (wide_end) {
    const std::uint64_t end = file.size();
    file += little(0x06064b50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) +
            little(count, 8) + little(count, 8) + little(directory.size(), 8) + little(at, 8);
    file += little(0x07064b50, 4) + little(0, 4) + little(end, 8) + little(1, 4);
    return file + little(0x06054b50, 4) + little(0, 4) + std::string(12, '\xFF') + little(0, 2);
  }
  return file + little(0x06054b50, 4) + little(0, 4) + little(count, 2) + little(count, 2) +
         little(directory.size(), 4) + little(at, 4) + little(0, 2);
}

std::string deflated(const std::string& bytes) {
  std::string packed(compressBound(bytes.size()), '\0');
  uLongf size = packed.size();
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
            bytes.size(), 9);
  return packed.substr(2, size - 6);  // without zlib's own frame
}

void refused(const std::string& bytes, const std::string& law, const std::string& place = "") {
  const Folder folder;
  const std::string path = folder.write("a.npz", bytes);
  CHECK_THROWS_WITH_AS(io::load_npz(path), ("[load_npz] " + law + ", in \"" + path + "\"" + place).c_str(),
                       IoError);
}

}  // namespace

TEST_CASE("load_npz: archives as others write them") {
  const Folder folder;
  const auto load = [&](const std::string& bytes) { return io::load_npz(folder.write("a.npz", bytes)); };
  CHECK(load(zip({{}})).at("a").item() == 7.0);
  CHECK(load(zip({{.wide = true}, {.name = "b.npy"}})).at("b").item() == 7.0);
  CHECK(load(zip({{.wide = true}}, true)).at("a").item() == 7.0);
  CHECK(load(zip({})).empty());
  CHECK(load(zip({{.data = deflated(array), .method = 8}})).at("a").item() == 7.0);
  std::string commented = zip({{}});
  commented[commented.size() - 2] = 3;
  CHECK(load(commented + "abc").at("a").item() == 7.0);
}

TEST_CASE("load_npz: what it refuses") {
  refused("", "the file must be a whole zip archive: found no end record");
  refused("no archive at all, but long enough to hold one",
          "the file must be a whole zip archive: found no end record");
  refused("bytes before" + zip({}), "the directory must fit the file: got 0 entries in 0 bytes at byte 0");
  refused(zip({{}, {}}), "every name must stand once: got \"a.npy\" again");
  refused(zip({{}, {.name = "b.npy", .at = 0}}), "entries must not overlap: got \"a.npy\" and \"b.npy\"");
  refused(zip({{.crc = 1}}), "the checksum must fit: got a damaged entry \"a.npy\"");
  refused(zip({{.flags = 1}}), "entries must not be encrypted: got \"a.npy\"");
  refused(zip({{.method = 14}}), "entries must be stored or deflated: got method 14 for \"a.npy\"");
  refused(zip({{.name = "a.txt"}}), "every entry must be an npy file: got \"a.txt\"");
  refused(zip({{.unpacked = 5}}),
          "an entry must be able to unpack to its size: got 66 bytes for 5 in \"a.npy\"");
  refused(zip({{.method = 8, .unpacked = 1 << 20}}),
          "an entry must be able to unpack to its size: got 66 bytes for 1048576 in \"a.npy\"");
  refused(zip({{.method = 8}}), "an entry must unpack to its size: got damaged data in \"a.npy\"");
  refused(zip({{.data = deflated(array), .method = 8, .unpacked = array.size() - 1}}),
          "an entry must unpack to its size: got damaged data in \"a.npy\"");
  refused(zip({{.data = deflated(array) + "x", .method = 8}}),
          "an entry must unpack to its size: got damaged data in \"a.npy\"");
  refused(zip({{.at = 4000}}), "entries must lie before the directory: got \"a.npy\"");
  refused(zip({{.at = 1}}), "an entry must begin with its header: got \"a.npy\"");
  refused(zip({{.data = "12", .unpacked = 2, .crc = crc32(0, reinterpret_cast<const Bytef*>("12"), 2)}}),
          "the file must begin as npy files do: got other bytes", ", array \"a\"");
}

TEST_CASE("load_npz: bombs") {
  // Claims that the file's length does not bear out cost no memory.
  refused(zip({{.method = 8, .unpacked = 0x7FFFFFFFFFFF, .wide = true}}),
          "an entry must be able to unpack to its size: got 66 bytes for 140737488355327 in \"a.npy\"");
  const std::string zeros(50'000'000, '\0');
  const Folder folder;
  const std::string path = folder.write(
      "a.npz", zip({{.data = deflated(zeros), .method = 8, .unpacked = zeros.size(), .crc = 0}}));
  CHECK(read_bytes(path).size() < 60'000);
  CHECK_THROWS_WITH_AS(
      io::load_npz(path, {.max_bytes = 1'000'000}),
      ("[load_npz] all arrays together must not be longer than 1000000 bytes: got more, in \"" + path + "\"")
          .c_str(),
      IoError);
  CHECK_THROWS_AS(io::load_npz(path), IoError);
}

TEST_CASE("load_npz: cut at every byte, and every byte changed") {
  const Folder folder;
  io::save_npz(folder / "whole", {{"a", ones({3})}, {"b", full({2, 2}, 5, {.dtype = int64})}},
               {.compress = true});
  const std::string whole = read_bytes(folder / "whole");
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_THROWS_AS(io::load_npz(folder.write("cut", whole.substr(0, length))), IoError);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int bit : {1, 128}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      try {
        io::load_npz(folder.write("changed", changed));  // dates and the like do not matter
      } catch (const IoError& error) {
        CHECK(std::string(error.what()).find("changed") != std::string::npos);
      }
    }
  }
}
