// Files as the readers and writers need them: whole or in pieces, gunzipped within a bound, written
// atomically. Every failure is an IoError in the name of the calling operation that names the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wengert::io {

/// `text` in double quotes for a message: control characters as \xNN, cut after `limit` bytes.
std::string quote(std::string_view text, std::size_t limit = std::string_view::npos);

/// A regular file opened for reading.
class FileReader {
 public:
  /// `operation` must outlive the reader (a string literal).
  FileReader(const char* operation, const std::string& path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  std::uint64_t size() const noexcept { return size_; }
  /// Reads exactly `count` bytes from position `offset` on.
  void read(std::uint64_t offset, void* to, std::size_t count) const;

 private:
  const char* operation_;
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// All bytes of a file or pipe; more than `limit` are an error.
std::string read_file(const char* operation, const std::string& path, std::uint64_t limit);

/// True if the bytes begin as a gzip file does.
bool is_gzip(std::string_view bytes);
/// What gzip bytes (one member or several) unpack to; more than `limit` bytes are an error. `path` is for
/// messages.
std::string gunzip(const char* operation, const std::string& path, std::string_view bytes,
                   std::uint64_t limit);
/// All bytes of a file, unpacked if it is a gzip file whatever its name.
std::string read_unpacked(const char* operation, const std::string& path, std::uint64_t limit);

/// A file that appears under its name only as a whole: written beside it, then renamed. An existing file
/// keeps its permissions; a symbolic link stays, and the file it leads to is replaced.
class AtomicFile {
 public:
  /// `operation` must outlive the writer (a string literal).
  AtomicFile(const char* operation, const std::string& path);
  /// Removes what was written unless commit() was reached.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t count);
  /// Waits until all is on the disk, then gives the file its name.
  void commit();

 private:
  const char* operation_;
  std::string path_;       // as the caller gave it, for messages
  std::string target_;     // where links lead
  std::string temporary_;  // empty once renamed
  int descriptor_ = -1;
};

}  // namespace wengert::io
