#include "lib/io/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "lib/core/fail.hpp"

namespace wengert::io {
namespace {

constexpr std::size_t piece = std::size_t{1} << 20;

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail_read(const char* operation, const std::string& path, int error) {
  fail<IoError>(operation, "the file must be readable: got ", quote(path), " (", reason(error), ")");
}
[[noreturn]] void fail_write(const char* operation, const std::string& path, int error) {
  fail<IoError>(operation, "the file must be writable: got ", quote(path), " (", reason(error), ")");
}
[[noreturn]] void fail_kind(const char* operation, const std::string& path, bool directory) {
  fail<IoError>(operation, "the path must lead to a file: got ", quote(path),
                directory ? " (a directory)" : " (a device or pipe)");
}

/// Closes a descriptor at the end of a block.
struct Closer {
  int descriptor;
  ~Closer() { ::close(descriptor); }
};

int open_for_reading(const char* operation, const std::string& path, struct stat& about) {
  // A path with a NUL inside would open another file.
  if (path.find('\0') != std::string::npos) fail_read(operation, path, ENOENT);
  int descriptor = -1;
  do descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) fail_read(operation, path, errno);
  if (::fstat(descriptor, &about) != 0) {
    const int error = errno;
    ::close(descriptor);
    fail_read(operation, path, error);
  }
  return descriptor;
}

[[noreturn]] void fail_limit(const char* operation, const std::string& path, const char* what,
                             std::uint64_t limit) {
  fail<IoError>(operation, what, " must not be longer than ", limit, " bytes: got ", quote(path));
}

}  // namespace

std::string quote(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  if (cut) {
    text = text.substr(0, limit);
    // A cut never splits a character: what is left of one goes too.
    while (!text.empty() && (text.back() & 0xC0) == 0x80) text.remove_suffix(1);
    if (!text.empty() && (text.back() & 0xC0) == 0xC0) text.remove_suffix(1);
  }
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      char code[5];
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      result += code;
    } else {
      result += c;
    }
  }
  return result + (cut ? "...\"" : "\"");
}

FileReader::FileReader(const char* operation, const std::string& path) : operation_(operation), path_(path) {
  struct stat about {};
  descriptor_ = open_for_reading(operation, path, about);
  if (!S_ISREG(about.st_mode)) {
    ::close(descriptor_);
    fail_kind(operation, path, S_ISDIR(about.st_mode));
  }
  size_ = static_cast<std::uint64_t>(about.st_size);
}

FileReader::~FileReader() { ::close(descriptor_); }

void FileReader::read(std::uint64_t offset, void* to, std::size_t count) const {
  auto* bytes = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got = ::pread(descriptor_, bytes, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_read(operation_, path_, errno);
    if (got == 0)
      fail<IoError>(operation_, "the file must not change while it is read: ", quote(path_),
                    " ended at byte ", offset);
    bytes += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

std::string read_file(const char* operation, const std::string& path, std::uint64_t limit) {
  struct stat about {};
  const Closer file{open_for_reading(operation, path, about)};
  if (S_ISDIR(about.st_mode)) fail_kind(operation, path, true);
  const auto expected = static_cast<std::uint64_t>(std::max<off_t>(about.st_size, 0));
  if (expected > limit) fail_limit(operation, path, "the file", limit);
  std::string bytes;
  std::size_t filled = 0;
  bytes.resize(expected + 1);  // one more, so that a file of the expected size is read at once
  while (true) {
    if (filled == bytes.size()) bytes.resize(filled + std::max(piece, filled / 2));
    const ssize_t got = ::read(file.descriptor, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_read(operation, path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > limit) fail_limit(operation, path, "the file", limit);
  }
  bytes.resize(filled);
  return bytes;
}

bool is_gzip(std::string_view bytes) { return bytes.substr(0, 2) == "\x1f\x8b"; }

std::string gunzip(const char* operation, const std::string& path, std::string_view bytes,
                   std::uint64_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK)
    fail<Error>(operation, "not enough memory to unpack ", quote(path));
  const std::unique_ptr<z_stream, int (*)(z_streamp)> guard(&stream, inflateEnd);
  std::string result;
  std::size_t filled = 0, consumed = 0;
  while (true) {
    if (filled == result.size()) {
      if (filled > limit) fail_limit(operation, path, "what the file unpacks to", limit);
      result.resize(filled + std::clamp<std::uint64_t>(std::max(piece, filled), 1, limit - filled + 1));
    }
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + consumed));
    stream.avail_in = static_cast<uInt>(std::min(bytes.size() - consumed, piece));
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + filled);
    stream.avail_out = static_cast<uInt>(std::min(result.size() - filled, piece));
    const uInt room = stream.avail_out, given = stream.avail_in;
    const int status = inflate(&stream, Z_NO_FLUSH);
    filled += room - stream.avail_out;
    consumed += given - stream.avail_in;
    if (status == Z_STREAM_END) {
      if (consumed == bytes.size()) break;
      // Another member may follow, as `cat a.gz b.gz` makes them.
      if (!is_gzip(bytes.substr(consumed)) || inflateReset(&stream) != Z_OK)
        fail<IoError>(operation, "a gzip file must end where its data ends: got bytes after it, in ",
                      quote(path), ", byte ", consumed);
    } else if (status == Z_DATA_ERROR || status == Z_NEED_DICT) {
      fail<IoError>(operation, "a gzip file must be whole: got damaged data, in ", quote(path), ", byte ",
                    consumed);
    } else if (status == Z_MEM_ERROR) {
      fail<Error>(operation, "not enough memory to unpack ", quote(path));
    } else if (consumed == bytes.size() && stream.avail_out > 0) {
      fail<IoError>(operation, "a gzip file must be whole: got an early end, in ", quote(path), ", byte ",
                    consumed);
    }
  }
  if (filled > limit) fail_limit(operation, path, "what the file unpacks to", limit);
  result.resize(filled);
  return result;
}

std::string read_unpacked(const char* operation, const std::string& path, std::uint64_t limit) {
  std::string bytes = read_file(operation, path, limit);
  return is_gzip(bytes) ? gunzip(operation, path, bytes, limit) : bytes;
}

AtomicFile::AtomicFile(const char* operation, const std::string& path)
    : operation_(operation), path_(path), target_(path) {
  if (path.empty() || path.find('\0') != std::string::npos) fail_write(operation, path, ENOENT);
  mode_t permissions = 0;
  bool exists = false;
  if (struct stat about{}; ::stat(path.c_str(), &about) == 0) {
    // Renaming over a device would replace it by a file.
    if (!S_ISREG(about.st_mode)) fail_kind(operation, path, S_ISDIR(about.st_mode));
    exists = true;
    permissions = about.st_mode & 07777;
    if (char* resolved = ::realpath(path.c_str(), nullptr)) {
      target_ = resolved;
      std::free(resolved);
    }
    if (::access(target_.c_str(), W_OK) != 0) fail_write(operation, path, errno);
  }
  static std::atomic<unsigned> serial{0};
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = target_ + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(serial.fetch_add(1));
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && !((errno == EEXIST && attempt < 1000) || errno == EINTR))
      fail_write(operation, path, errno);
  }
  if (exists)
    (void)!::fchmod(descriptor_, permissions);  // a file system without permissions is no reason to stop
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t count) {
  const auto* bytes = static_cast<const char*>(data);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_write(operation_, path_, errno);
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail_write(operation_, path_, errno);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) fail_write(operation_, path_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_write(operation_, path_, errno);
  temporary_.clear();
  // The new name itself reaches the disk with the folder; the file is whole either way.
  const std::size_t slash = target_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return;
  ::fsync(opened);
  ::close(opened);
}

}  // namespace wengert::io
