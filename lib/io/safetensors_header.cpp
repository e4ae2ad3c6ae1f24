#include "lib/io/safetensors_header.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"

namespace wengert::io {
namespace {

static_assert(std::endian::native == std::endian::little, "the format's elements are little-endian");

constexpr const char* metadata_key = "__metadata__";
constexpr std::uint64_t header_limit = 100'000'000;           // of the format's own implementation
constexpr std::uint64_t byte_limit = std::uint64_t{1} << 46;  // what a tensor can hold

template <class From, class To>
void convert_number(const std::byte* from, std::byte* to) {
  From value;
  std::memcpy(&value, from, sizeof value);
  const To result = static_cast<To>(value);
  std::memcpy(to, &result, sizeof result);
}

void convert_bfloat16(const std::byte* from, std::byte* to) {
  std::uint16_t half;
  std::memcpy(&half, from, sizeof half);
  const std::uint32_t bits = std::uint32_t{half} << 16;
  std::memcpy(to, &bits, sizeof bits);
}

void convert_float16(const std::byte* from, std::byte* to) {
  std::uint16_t half;
  std::memcpy(&half, from, sizeof half);
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16, exponent = half >> 10 & 0x1Fu,
                      mantissa = half & 0x3FFu;
  std::uint32_t bits;
  if (exponent == 0x1F) {
    bits = sign | 0x7F800000u | mantissa << 13;
  } else if (exponent != 0) {
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  } else {
    bits = sign | std::bit_cast<std::uint32_t>(static_cast<float>(mantissa) * 0x1p-24f);
  }
  std::memcpy(to, &bits, sizeof bits);
}

void convert_boolean(const std::byte* from, std::byte* to) { *to = std::byte{*from != std::byte{0}}; }

constexpr FileType file_types[] = {
    {"F32", 4, float32, nullptr},
    {"F64", 8, float64, nullptr},
    {"I64", 8, int64, nullptr},
    {"BOOL", 1, boolean, convert_boolean},
    {"F16", 2, float32, convert_float16},
    {"BF16", 2, float32, convert_bfloat16},
    {"I8", 1, int64, convert_number<std::int8_t, std::int64_t>},
    {"I16", 2, int64, convert_number<std::int16_t, std::int64_t>},
    {"I32", 4, int64, convert_number<std::int32_t, std::int64_t>},
    {"U8", 1, int64, convert_number<std::uint8_t, std::int64_t>},
    {"U16", 2, int64, convert_number<std::uint16_t, std::int64_t>},
    {"U32", 4, int64, convert_number<std::uint32_t, std::int64_t>},
    {"U64", 8, int64, convert_number<std::uint64_t, std::int64_t>, true},
};

/// The type a tensor is saved as: the first of its dtype.
const FileType& type_of(DType dtype) { return *std::ranges::find(file_types, dtype, &FileType::dtype); }

/// Takes the header's JSON value by value, so that nothing is kept that the format does not have: no nesting,
/// no other keys, no key twice.
class HeaderParser : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderParser(const char* operation, const std::string& path) : operation_(operation), path_(path) {}

  FileHeader header;

  bool start_object(std::size_t) override {
    if (at_ == At::start) return go(At::top);
    if (at_ == At::name) return go(is_metadata_ ? At::metadata : At::fields);
    unexpected("an object");
  }
  bool end_object() override {
    if (at_ == At::fields) {
      const FileEntry& entry = header.entries.back();
      const char* missing = !entry.type          ? "dtype"
                            : !entry.has_shape   ? "shape"
                            : !entry.has_offsets ? "data_offsets"
                                                 : nullptr;
      if (missing) broken("every tensor must have dtype, shape and data_offsets: no ", missing);
    }
    return go(at_ == At::top ? At::end : At::top);
  }
  bool key(string_t& key) override {
    if (at_ == At::top) {
      if (!names_.insert(key).second) broken("every name must stand once: got ", quote(key, 80), " again");
      is_metadata_ = key == metadata_key;
      if (!is_metadata_) header.entries.emplace_back().name = key;
      return go(At::name);
    }
    if (at_ == At::metadata) {
      text_key_ = key;
      if (header.metadata.contains(key)) broken("every name must stand once: got ", quote(key, 80), " again");
      return go(At::text);
    }
    FileEntry& entry = header.entries.back();
    const bool again = key == "dtype"   ? entry.type != nullptr
                       : key == "shape" ? entry.has_shape
                                        : entry.has_offsets;
    if (key == "dtype")
      at_ = At::dtype;
    else if (key == "shape")
      at_ = At::shape;
    else if (key == "data_offsets")
      at_ = At::offsets;
    else
      broken("a tensor must have dtype, shape and data_offsets only: got ", quote(key, 80));
    if (again) broken("every name must stand once: got ", quote(key, 80), " again");
    return true;
  }
  bool start_array(std::size_t) override {
    if (at_ == At::shape) {
      header.entries.back().has_shape = true;
      return go(At::extents);
    }
    if (at_ == At::offsets) {
      header.entries.back().has_offsets = true;
      return go(At::positions);
    }
    unexpected("an array");
  }
  bool end_array() override {
    if (at_ == At::positions && header.entries.back().offsets.size() != 2)
      broken("data_offsets must be two numbers: got ", header.entries.back().offsets.size());
    return go(At::fields);
  }
  bool string(string_t& value) override {
    if (at_ == At::text) {
      header.metadata.emplace(text_key_, value);
      return go(At::metadata);
    }
    if (at_ != At::dtype) unexpected("a string");
    const auto* type = std::ranges::find_if(file_types, [&](const FileType& t) { return value == t.name; });
    if (type == std::end(file_types))
      broken("the dtype must be F32, F64, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL: got ",
             quote(value, 80));
    header.entries.back().type = type;
    return go(At::fields);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (at_ == At::extents) {
      Shape& shape = header.entries.back().shape;
      if (shape.size() == max_dimensions)
        broken("a tensor has at most ", max_dimensions, " dimensions: got more");
      if (value > byte_limit) broken("the shape is too large: got an extent of ", value);
      shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (at_ != At::positions) unexpected("a number");
    if (header.entries.back().offsets.size() == 2) broken("data_offsets must be two numbers: got more");
    header.entries.back().offsets.push_back(value);
    return true;
  }
  bool number_integer(number_integer_t value) override {
    if (at_ == At::extents) broken("extents must not be negative: got ", value);
    if (at_ == At::positions) broken("data_offsets must not be negative: got ", value);
    unexpected("a number");
  }
  bool number_float(number_float_t, const string_t& text) override {
    if (at_ == At::extents || at_ == At::positions)
      broken("extents and offsets must be integers below 2^64: got ", text.substr(0, 80));
    unexpected("a number");
  }
  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool binary(binary_t&) override { unexpected("bytes"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail_json(position - (position > 0));
  }
  /// `position` counts from the header's begin.
  [[noreturn]] void fail_json(std::size_t position) const {
    fail<IoError>(operation_, "the header must be JSON in UTF-8: broken at byte ",
                  sizeof(std::uint64_t) + position, ", in ", quote(path_));
  }

 private:
  enum class At { start, top, name, fields, dtype, shape, extents, offsets, positions, metadata, text, end };

  bool go(At at) {
    at_ = at;
    return true;
  }
  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) {
    if (at_ == At::start || at_ == At::top) fail<IoError>(operation_, parts..., ", in ", quote(path_));
    if (is_metadata_) fail<IoError>(operation_, parts..., ", in ", quote(path_), ", ", metadata_key);
    fail<IoError>(operation_, parts..., ", in ", quote(path_), ", tensor ",
                  quote(header.entries.back().name, 80));
  }
  [[noreturn]] void unexpected(const char* what) {
    switch (at_) {
      case At::start:
        broken("the header must be a JSON object: got ", what);
      case At::name:
        broken("what stands under a name must be an object: got ", what);
      case At::dtype:
        broken("dtype must be a string: got ", what);
      case At::shape:
        broken("shape must be an array: got ", what);
      case At::offsets:
        broken("data_offsets must be an array: got ", what);
      case At::text:
        broken("metadata must be strings: got ", what);
      default:
        broken("extents and offsets must be integers below 2^64: got ", what);
    }
  }

  const char* operation_;
  const std::string& path_;
  At at_ = At::start;
  bool is_metadata_ = false;
  std::string text_key_;
  std::set<std::string> names_;
};

/// The size of a tensor in the file. Throws where the shape is too large for any tensor.
std::uint64_t claimed_bytes(const char* operation, const FileEntry& entry, const std::string& path) {
  std::uint64_t bytes = entry.type->bytes, in_memory = item_size(entry.type->dtype);
  bool empty = false;
  for (const std::int64_t extent : entry.shape) {
    if (extent == 0) {
      empty = true;
      continue;
    }
    // Below 2^46 * 2^46: no overflow before the check.
    if (__builtin_mul_overflow(in_memory, static_cast<std::uint64_t>(extent), &in_memory) ||
        in_memory > byte_limit)
      fail<IoError>(operation, "the shape is too large: got ", entry.shape, ", in ", quote(path), ", tensor ",
                    quote(entry.name, 80));
    bytes *= static_cast<std::uint64_t>(extent);
  }
  return empty ? 0 : bytes;
}

/// Checks that the tensors cover the data without holes, overlaps or remains.
void check_offsets(const char* operation, const std::vector<FileEntry>& entries, std::uint64_t data_bytes,
                   const std::string& path) {
  std::vector<const FileEntry*> sorted;
  for (const FileEntry& entry : entries) {
    const std::uint64_t begin = entry.offsets[0], end = entry.offsets[1];
    const auto place = [&] { return ", in " + quote(path) + ", tensor " + quote(entry.name, 80); };
    if (begin > end || end > data_bytes)
      fail<IoError>(operation, "data_offsets must lie in the file's data: got [", begin, ", ", end, "] of ",
                    data_bytes, " bytes", place());
    const std::uint64_t bytes = claimed_bytes(operation, entry, path);
    if (end - begin != bytes)
      fail<IoError>(operation, "data_offsets must fit the shape: got ", end - begin, " bytes for ",
                    entry.type->name, " ", entry.shape, ", which takes ", bytes, place());
    sorted.push_back(&entry);
  }
  std::ranges::sort(sorted, {}, [](const FileEntry* e) { return std::pair(e->offsets[0], e->offsets[1]); });
  std::uint64_t covered = 0;
  for (const FileEntry* entry : sorted) {
    const std::uint64_t begin = entry->offsets[0];
    if (begin != covered)
      fail<IoError>(operation, "tensors must follow each other: got ",
                    begin < covered ? "an overlap" : "a hole", " before byte ", std::max(begin, covered),
                    " of the data, in ", quote(path), ", tensor ", quote(entry->name, 80));
    covered = entry->offsets[1];
  }
  if (covered != data_bytes)
    fail<IoError>(operation, "the file must end with its last tensor: got ", data_bytes - covered,
                  " bytes more, in ", quote(path));
}

}  // namespace

FileHeader read_header(const char* operation, const FileReader& file, const std::string& path) {
  std::uint64_t length = 0;
  if (file.size() < sizeof length)
    fail<IoError>(operation, "the file must begin with 8 bytes of header length: got ", file.size(),
                  " bytes, in ", quote(path));
  file.read(0, &length, sizeof length);
  if (length > file.size() - sizeof length || length > header_limit)
    fail<IoError>(operation, "the header must fit in the file and in ", header_limit,
                  " bytes: got a length of ", length, " in a file of ", file.size(), " bytes, in ",
                  quote(path));
  std::string text(length, '\0');
  file.read(sizeof length, text.data(), text.size());
  if (!text.starts_with('{'))
    fail<IoError>(operation, "the header must be a JSON object: it does not begin with {, in ", quote(path));
  HeaderParser parser(operation, path);
  // The parser takes a zero byte for the end of its input.
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) parser.fail_json(zero);
  nlohmann::json::sax_parse(text, &parser);
  FileHeader header = std::move(parser.header);
  header.data = sizeof length + length;
  check_offsets(operation, header.entries, file.size() - header.data, path);
  return header;
}

/// The padded header, and the names in the order of their elements: large element types first, so that every
/// tensor lies at a multiple of its element's size.
std::string make_header(const char* operation, const std::map<std::string, Tensor>& state,
                        const std::map<std::string, std::string>& metadata,
                        std::vector<const Tensor*>& order) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::uint64_t offset = 0;
  for (const std::size_t item : {8, 4, 1}) {
    for (const auto& [name, tensor] : state) {
      if (name == metadata_key) fail<ValueError>(operation, "a tensor must not be named __metadata__");
      if (!tensor.defined())
        fail<ValueError>(operation, "every name must have a value: got an empty tensor for ", quote(name));
      if (item_size(tensor.dtype()) != item) continue;
      const std::uint64_t begin = offset;
      offset += static_cast<std::uint64_t>(tensor.size()) * item;
      const auto shape = std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end());
      header[name] = {
          {"dtype", type_of(tensor.dtype()).name}, {"shape", shape}, {"data_offsets", {begin, offset}}};
      order.push_back(&tensor);
    }
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::type_error&) {
    fail<ValueError>(operation, "names and metadata must be UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > header_limit)
    fail<ValueError>(operation, "names, shapes and metadata must fit in ", header_limit, " bytes: got ",
                     text.size());
  return text;
}

}  // namespace wengert::io
