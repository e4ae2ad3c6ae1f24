#include "lib/io/file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <csignal>
#include <filesystem>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// While it lives, no file of this process grows beyond `bytes`: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

}  // namespace

TEST_CASE("quote") {
  CHECK(io::quote("a b") == "\"a b\"");
  CHECK(io::quote(std::string("a\n\0", 3)) == "\"a\\x0a\\x00\"");
  CHECK(io::quote("abcdef", 3) == "\"abc...\"");
  CHECK(io::quote("ab\xC3\xA9", 3) == "\"ab...\"");  // a character is not cut in two
}

TEST_CASE("read_file takes all bytes and stops at the limit") {
  const Folder folder;
  const std::string bytes(100'000, 'x'), path = folder.write("a", bytes);
  CHECK(io::read_file("read", path, 100'000) == bytes);
  CHECK_THROWS_WITH_AS(io::read_file("read", path, 99'999),
                       ("[read] the file must not be longer than 99999 bytes: got \"" + path + "\"").c_str(),
                       IoError);
  CHECK(io::read_file("read", folder.write("empty", ""), 0).empty());
  CHECK(io::read_file("read", "/proc/self/status", 1 << 20).size() > 100);  // it says its size is 0
  CHECK_THROWS_WITH_AS(io::read_file("read", "/dev/zero", 5000),
                       "[read] the file must not be longer than 5000 bytes: got \"/dev/zero\"", IoError);
  CHECK_THROWS_WITH_AS(io::read_file("read", "no/such", 5),
                       "[read] the file must be readable: got \"no/such\" (No such file or directory)",
                       IoError);
  CHECK_THROWS_WITH_AS(io::read_file("read", "/tmp", 5),
                       "[read] the path must lead to a file: got \"/tmp\" (a directory)", IoError);
}

TEST_CASE("FileReader reads pieces of regular files") {
  const Folder folder;
  const io::FileReader file("read", folder.write("a", "0123456789"));
  CHECK(file.size() == 10);
  char piece[3];
  file.read(4, piece, 3);
  CHECK(std::string(piece, 3) == "456");
  const std::string path = folder / "a";
  CHECK_THROWS_WITH_AS(
      file.read(8, piece, 3),
      ("[read] the file must not change while it is read: \"" + path + "\" ended at byte 10").c_str(),
      IoError);
  CHECK_THROWS_WITH_AS(io::FileReader("read", "/dev/zero"),
                       "[read] the path must lead to a file: got \"/dev/zero\" (a device or pipe)", IoError);
  CHECK_THROWS_AS(io::FileReader("read", path + std::string("\0.txt", 5)), IoError);
}

TEST_CASE("gunzip") {
  std::string text;
  for (std::int64_t i = 0; i < 300'000; ++i) text += std::to_string(i * 7919 % 100'003) + ",";
  const std::string packed = gzip(text);
  CHECK(io::gunzip("read", "f", packed, 1 << 24) == text);
  CHECK(io::gunzip("read", "f", packed, text.size()) == text);
  CHECK(io::gunzip("read", "f", gzip("one,") + gzip("") + gzip("two"), 100) == "one,two");
  CHECK(io::gunzip("read", "f", gzip(""), 0).empty());
  CHECK_THROWS_WITH_AS(io::gunzip("read", "f", packed, text.size() - 1),
                       ("[read] what the file unpacks to must not be longer than " +
                        std::to_string(text.size() - 1) + " bytes: got \"f\"")
                           .c_str(),
                       IoError);
  const std::string small = gzip("12345");
  CHECK_THROWS_WITH_AS(
      io::gunzip("read", "f", small + "x", 100),
      "[read] a gzip file must end where its data ends: got bytes after it, in \"f\", byte 25", IoError);
  for (std::size_t length = 0; length < small.size(); ++length)
    CHECK_THROWS_WITH_AS(
        io::gunzip("read", "f", small.substr(0, length), 100),
        ("[read] a gzip file must be whole: got an early end, in \"f\", byte " + std::to_string(length))
            .c_str(),
        IoError);
  std::string damaged = small;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  CHECK_THROWS_WITH_AS(io::gunzip("read", "f", damaged, 100),
                       "[read] a gzip file must be whole: got damaged data, in \"f\", byte 21", IoError);
}

TEST_CASE("gunzip holds a bomb off") {
  const std::string bomb = gzip(std::string(50'000'000, '0'));
  CHECK(bomb.size() < 60'000);
  CHECK_THROWS_WITH_AS(io::gunzip("read", "bomb", bomb, 1'000'000),
                       "[read] what the file unpacks to must not be longer than 1000000 bytes: got \"bomb\"",
                       IoError);
}

TEST_CASE("read_unpacked knows gzip by its bytes") {
  const Folder folder;
  CHECK(io::read_unpacked("read", folder.write("a.gz", "1,2"), 100) == "1,2");
  CHECK(io::read_unpacked("read", folder.write("b.csv", gzip("1,2")), 100) == "1,2");
}

TEST_CASE("AtomicFile replaces a file only when it is whole") {
  const Folder folder;
  const std::string path = folder.write("a", "old");
  {
    io::AtomicFile file("write", path);
    file.write("new", 3);
    CHECK(read_bytes(path) == "old");
  }
  CHECK(read_bytes(path) == "old");
  CHECK(folder.count() == 1);
  io::AtomicFile file("write", path);
  file.write("new", 3);
  file.commit();
  CHECK(read_bytes(path) == "new");
  CHECK(folder.count() == 1);
}

TEST_CASE("AtomicFile keeps permissions and links") {
  namespace fs = std::filesystem;
  const Folder folder;
  const std::string path = folder.write("a", "old"), link = folder / "link";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", link);
  io::AtomicFile file("write", link);
  file.write("new", 3);
  file.commit();
  CHECK(fs::is_symlink(link));
  CHECK(read_bytes(path) == "new");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("AtomicFile: what cannot be written") {
  const Folder folder;
  const std::string missing = folder / "no/such";
  CHECK_THROWS_WITH_AS(
      io::AtomicFile("write", missing),
      ("[write] the file must be writable: got \"" + missing + "\" (No such file or directory)").c_str(),
      IoError);
  CHECK_THROWS_WITH_AS(io::AtomicFile("write", "/dev/null"),
                       "[write] the path must lead to a file: got \"/dev/null\" (a device or pipe)", IoError);
  CHECK_THROWS_WITH_AS(io::AtomicFile("write", "/tmp"),
                       "[write] the path must lead to a file: got \"/tmp\" (a directory)", IoError);
  CHECK_THROWS_AS(io::AtomicFile("write", ""), IoError);

  const std::string path = folder.write("a", "old"), text(100'000, 'x');
  const auto fill = [&] {
    const FullDisk disk(4096);
    io::AtomicFile file("write", path);
    file.write(text.data(), text.size());
    file.commit();
  };
  CHECK_THROWS_WITH_AS(
      fill(), ("[write] the file must be writable: got \"" + path + "\" (File too large)").c_str(), IoError);
  CHECK(read_bytes(path) == "old");
  CHECK(folder.count() == 1);
}
