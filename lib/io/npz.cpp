#include "wengert/io/npz.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"
#include "lib/io/npy.hpp"
#include "wengert/core/node.hpp"

// The zip format as PKWARE's APPNOTE 6.3 describes it, as far as npz files go: one disk, no encryption,
// entries stored or deflated, sizes of 64 bits where an archive has them.

namespace wengert::io {
namespace {

constexpr std::uint32_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50,
                        end64_mark = 0x06064b50, locator_mark = 0x07064b50;
constexpr std::size_t local_bytes = 30, central_bytes = 46, end_bytes = 22, end64_bytes = 56,
                      locator_bytes = 20;
constexpr std::uint32_t all_ones = 0xFFFFFFFF;
constexpr std::size_t entry_limit = 1 << 20;
// A block of deflate makes at most 258 bytes of 2 bits: nothing grows by more.
constexpr std::uint64_t largest_ratio = 1032;

struct Entry {
  std::string name;
  std::uint64_t method = 0, crc = 0, packed = 0, unpacked = 0, begin = 0, end = 0;
};

/// Little-endian numbers at the front of a piece of the file.
std::uint64_t number(std::string_view bytes, std::size_t from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[from + i])} << (8 * i);
  return value;
}

class Archive {
 public:
  Archive(const char* operation, const std::string& path)
      : operation_(operation), path_(path), file_(operation, path) {
    find_directory();
    std::string directory = piece(directory_, directory_bytes_);
    std::string_view rest = directory;
    for (std::uint64_t i = 0; i < count_; ++i) read_entry(rest);
    std::ranges::sort(entries_, {}, &Entry::name);
    const auto twice = std::ranges::adjacent_find(entries_, {}, &Entry::name);
    if (twice != entries_.end()) broken("every name must stand once: got ", quote(twice->name, 80), " again");
    // Entries that share bytes would let a small file unpack to anything.
    std::ranges::sort(entries_, {}, &Entry::begin);
    for (std::size_t i = 1; i < entries_.size(); ++i)
      if (entries_[i].begin < entries_[i - 1].end)
        broken("entries must not overlap: got ", quote(entries_[i - 1].name, 80), " and ",
               quote(entries_[i].name, 80));
  }

  const std::vector<Entry>& entries() const { return entries_; }

  std::string unpack(const Entry& entry) const {
    std::string packed = piece(entry.end - entry.packed, entry.packed);
    std::string bytes = entry.method == 0 ? std::move(packed) : inflated(entry, packed);
    if (checksum(bytes) != entry.crc)
      broken("the checksum must fit: got a damaged entry ", quote(entry.name, 80));
    return bytes;
  }

  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail<IoError>(operation_, parts..., ", in ", quote(path_));
  }

  static std::uint32_t checksum(std::string_view bytes) {
    uLong crc = crc32(0, nullptr, 0);
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 1 << 30)))
      crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                  static_cast<uInt>(std::min<std::size_t>(bytes.size(), 1 << 30)));
    return static_cast<std::uint32_t>(crc);
  }

 private:
  std::string piece(std::uint64_t from, std::uint64_t count) const {
    if (from > file_.size() || count > file_.size() - from)
      broken("the file must be a whole zip archive: got an early end, at byte ", file_.size());
    std::string bytes(count, '\0');
    file_.read(from, bytes.data(), bytes.size());
    return bytes;
  }

  /// The end record is the last thing in the file but for a comment of up to 65,535 bytes.
  void find_directory() {
    const std::uint64_t tail = std::min<std::uint64_t>(file_.size(), end_bytes + 0xFFFF);
    const std::string bytes = piece(file_.size() - tail, tail);
    std::size_t at = std::string::npos;
    for (std::size_t i = bytes.size() < end_bytes ? 0 : bytes.size() - end_bytes + 1; i-- > 0;) {
      if (number(bytes, i, 4) != end_mark || i + end_bytes + number(bytes, i + 20, 2) != bytes.size())
        continue;
      at = i;
      break;
    }
    if (at == std::string::npos) broken("the file must be a whole zip archive: found no end record");
    std::uint64_t disk = number(bytes, at + 4, 2), limit = file_.size() - tail + at;
    count_ = number(bytes, at + 10, 2);
    directory_bytes_ = number(bytes, at + 12, 4);
    directory_ = number(bytes, at + 16, 4);
    const bool wide = count_ == 0xFFFF || directory_bytes_ == all_ones || directory_ == all_ones;
    if (wide && limit >= locator_bytes) {
      const std::string locator = piece(limit - locator_bytes, locator_bytes);
      if (number(locator, 0, 4) == locator_mark) {
        limit = number(locator, 8, 8);
        const std::string end64 = piece(limit, end64_bytes);
        if (number(end64, 0, 4) != end64_mark)
          broken("the file must be a whole zip archive: found no 64-bit end record");
        disk = number(end64, 16, 4);
        count_ = number(end64, 32, 8);
        directory_bytes_ = number(end64, 40, 8);
        directory_ = number(end64, 48, 8);
      }
    }
    if (disk != 0) broken("the archive must be in one file: got a part of several");
    if (directory_ > limit || directory_bytes_ != limit - directory_ ||
        count_ > std::min<std::uint64_t>(entry_limit, directory_bytes_ / central_bytes))
      broken("the directory must fit the file: got ", count_, " entries in ", directory_bytes_,
             " bytes at byte ", directory_);
  }

  void read_entry(std::string_view& rest) {
    if (rest.size() < central_bytes || number(rest, 0, 4) != central_mark)
      broken("the directory must hold ", count_, " entries: got ", entries_.size());
    Entry entry;
    const std::uint64_t flags = number(rest, 8, 2);
    entry.method = number(rest, 10, 2);
    entry.crc = number(rest, 16, 4);
    entry.packed = number(rest, 20, 4);
    entry.unpacked = number(rest, 24, 4);
    entry.begin = number(rest, 42, 4);
    const std::size_t name = number(rest, 28, 2), extra = number(rest, 30, 2), comment = number(rest, 32, 2);
    if (name + extra + comment > rest.size() - central_bytes)
      broken("the directory must hold ", count_, " entries: got ", entries_.size());
    entry.name = rest.substr(central_bytes, name);
    read_wide(entry, rest.substr(central_bytes + name, extra));
    rest.remove_prefix(central_bytes + name + extra + comment);
    const auto place = [&] { return ": got " + quote(entry.name, 80); };
    if (flags & 1) broken("entries must not be encrypted", place());
    if (entry.method != 0 && entry.method != 8)
      broken("entries must be stored or deflated: got method ", entry.method, " for ", quote(entry.name, 80));
    if (entry.method == 0 ? entry.packed != entry.unpacked : entry.unpacked / largest_ratio > entry.packed)
      broken("an entry must be able to unpack to its size: got ", entry.packed, " bytes for ", entry.unpacked,
             " in ", quote(entry.name, 80));
    if (entry.begin > directory_ || directory_ - entry.begin < local_bytes)
      broken("entries must lie before the directory", place());
    const std::string local = piece(entry.begin, local_bytes);
    if (number(local, 0, 4) != local_mark) broken("an entry must begin with its header", place());
    const std::uint64_t data = entry.begin + local_bytes + number(local, 26, 2) + number(local, 28, 2);
    if (data > directory_ || entry.packed > directory_ - data)
      broken("entries must lie before the directory", place());
    entry.end = data + entry.packed;
    entries_.push_back(std::move(entry));
  }

  /// Sizes and place of 64 bits, each there only if its field of 32 bits is all ones.
  void read_wide(Entry& entry, std::string_view extra) const {
    while (extra.size() >= 4) {
      const std::size_t length = number(extra, 2, 2);
      if (length > extra.size() - 4) return;
      if (number(extra, 0, 2) == 1) {
        std::string_view fields = extra.substr(4, length);
        for (std::uint64_t* field : {&entry.unpacked, &entry.packed, &entry.begin}) {
          if (*field != all_ones) continue;
          if (fields.size() < 8)
            broken("an entry must have its sizes: got ", quote(entry.name, 80), " without");
          *field = number(fields, 0, 8);
          fields.remove_prefix(8);
        }
        return;
      }
      extra.remove_prefix(4 + length);
    }
  }

  std::string inflated(const Entry& entry, std::string_view packed) const {
    z_stream stream{};
    if (inflateInit2(&stream, -15) != Z_OK)
      fail<Error>(operation_, "not enough memory to unpack ", quote(path_));
    const std::unique_ptr<z_stream, int (*)(z_streamp)> guard(&stream, inflateEnd);
    // One byte more than claimed, so that an entry that goes on is seen to.
    std::string bytes(entry.unpacked + 1, '\0');
    std::size_t filled = 0, consumed = 0;
    constexpr std::size_t step = std::size_t{1} << 30;
    int status = Z_OK;
    while (status == Z_OK) {
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + consumed));
      stream.avail_in = static_cast<uInt>(std::min(packed.size() - consumed, step));
      stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + filled);
      stream.avail_out = static_cast<uInt>(std::min(bytes.size() - filled, step));
      const uInt room = stream.avail_out, given = stream.avail_in;
      status = inflate(&stream, Z_NO_FLUSH);
      filled += room - stream.avail_out;
      consumed += given - stream.avail_in;
    }
    if (status != Z_STREAM_END || filled != entry.unpacked || consumed != packed.size())
      broken("an entry must unpack to its size: got damaged data in ", quote(entry.name, 80));
    bytes.resize(entry.unpacked);
    return bytes;
  }

  const char* operation_;
  const std::string& path_;
  FileReader file_;
  std::uint64_t count_ = 0, directory_ = 0, directory_bytes_ = 0;
  std::vector<Entry> entries_;
};

void put(std::string& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
}

/// The fields that an entry's two headers have in common.
void put_common(std::string& bytes, const Entry& entry) {
  put(bytes, 20, 2);       // the version that can read it
  put(bytes, 1 << 11, 2);  // names are UTF-8
  put(bytes, entry.method, 2);
  put(bytes, 0, 2);  // time and date: always 1980-01-01, so that the same arrays give the same bytes
  put(bytes, 0x21, 2);
  put(bytes, entry.crc, 4);
  put(bytes, entry.packed, 4);
  put(bytes, entry.unpacked, 4);
  put(bytes, entry.name.size(), 2);
  put(bytes, 0, 2);
}

std::string deflated(const char* operation, std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    fail<Error>(operation, "not enough memory to pack an array");
  const std::unique_ptr<z_stream, int (*)(z_streamp)> guard(&stream, deflateEnd);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
    fail<Error>(operation, "not enough memory to pack an array");
  packed.resize(stream.total_out);
  return packed;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    int more = first < 0x80 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : -1;
    if (more < 0 || first > 0xF4) return false;
    for (; more > 0; --more)
      if (++i == text.size() || (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return false;
  }
  return true;
}

}  // namespace

void save_npz(const std::string& path, const std::map<std::string, Tensor>& arrays,
              const NpzOptions& options) {
  constexpr const char* operation = "save_npz";
  std::uint64_t total = 0;
  for (const auto& [name, tensor] : arrays) {
    if (name.empty() || name.size() > 60000 || !is_utf8(name))
      fail<ValueError>(operation, "an array must have a name, in UTF-8: got ", quote(name, 80));
    if (!tensor.defined())
      fail<ValueError>(operation, "every name must have a value: got an empty tensor for ", quote(name, 80));
    total += static_cast<std::uint64_t>(tensor.size()) * item_size(tensor.dtype()) + name.size() * 2 + 1024;
  }
  if (total >= all_ones || arrays.size() >= 0xFFFF)
    fail<ValueError>(operation, "all arrays together must be smaller than 4 GiB: got ", total,
                     " bytes. Did you mean save_safetensors?");
  AtomicFile file(operation, path);
  std::string directory;
  std::uint64_t at = 0;
  const auto write = [&](std::string_view bytes) {
    file.write(bytes.data(), bytes.size());
    at += bytes.size();
  };
  for (const auto& [name, tensor] : arrays) {
    const void* data = nullptr;
    const StorageRef held = detail::contiguous_storage(tensor, tensor.dtype(), data);
    std::string bytes = npy_header(tensor);
    bytes.append(static_cast<const char*>(data),
                 static_cast<std::size_t>(tensor.size()) * item_size(tensor.dtype()));
    Entry entry{
        .name = name + ".npy", .crc = Archive::checksum(bytes), .unpacked = bytes.size(), .begin = at};
    if (options.compress) {
      entry.method = 8;
      bytes = deflated(operation, bytes);
    }
    entry.packed = bytes.size();
    std::string header;
    put(header, local_mark, 4);
    put_common(header, entry);
    write(header + entry.name);
    write(bytes);
    put(directory, central_mark, 4);
    put(directory, 20, 2);
    put_common(directory, entry);
    directory.append(10, '\0');  // comment, disk, attributes
    put(directory, entry.begin, 4);
    directory += entry.name;
  }
  std::string end;
  put(end, end_mark, 4);
  put(end, 0, 4);
  put(end, arrays.size(), 2);
  put(end, arrays.size(), 2);
  put(end, directory.size(), 4);
  put(end, at, 4);
  put(end, 0, 2);
  write(directory);
  write(end);
  file.commit();
}

std::map<std::string, Tensor> load_npz(const std::string& path, const LoadNpzOptions& options,
                                       Location where) {
  constexpr const char* operation = "load_npz";
  if (options.max_bytes < 0)
    fail<ValueError>(operation, "max_bytes must not be negative: got ", options.max_bytes);
  const Archive archive(operation, path);
  std::uint64_t total = 0;
  for (const Entry& entry : archive.entries()) {
    const auto limit = static_cast<std::uint64_t>(options.max_bytes);
    if (entry.unpacked > limit || (total += entry.unpacked) > limit)
      archive.broken("all arrays together must not be longer than ", limit, " bytes: got more");
  }
  std::map<std::string, Tensor> arrays;
  for (const Entry& entry : archive.entries()) {
    if (!entry.name.ends_with(".npy"))
      archive.broken("every entry must be an npy file: got ", quote(entry.name, 80));
    const std::string place =
        ", in " + quote(path) + ", array " + quote(entry.name.substr(0, entry.name.size() - 4), 80);
    arrays.emplace(entry.name.substr(0, entry.name.size() - 4),
                   parse_npy(operation, archive.unpack(entry), place, where));
  }
  return arrays;
}

}  // namespace wengert::io
