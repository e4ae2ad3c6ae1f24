#include "lib/io/npy.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "lib/io/file.hpp"
#include "wengert/io/npz.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::io {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written as they lie in memory");

constexpr std::string_view magic = "\x93NUMPY";

double half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 0    ? std::ldexp(fraction, -24)
                      : exponent == 31 ? (fraction ? std::numeric_limits<double>::quiet_NaN()
                                                   : std::numeric_limits<double>::infinity())
                                       : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -size : size;
}

struct Kind {
  std::string_view code;
  std::size_t bytes;
  DType dtype;
};
constexpr Kind kinds[] = {{"f4", 4, float32}, {"f8", 8, float64}, {"i8", 8, int64}, {"b1", 1, boolean},
                          {"f2", 2, float32}, {"i1", 1, int64},   {"i2", 2, int64}, {"i4", 4, int64},
                          {"u1", 1, int64},   {"u2", 2, int64},   {"u4", 4, int64}, {"u8", 8, int64}};

/// The description: a Python dictionary of the three entries that the format asks for.
class Description {
 public:
  Description(const char* operation, std::string_view text, std::size_t begin, const std::string& place)
      : operation_(operation), text_(text), begin_(begin), place_(place) {
    expect('{');
    bool has_descr = false, has_order = false, has_shape = false;
    while (!take('}')) {
      const std::size_t at = at_;
      const std::string_view key = string();
      bool& has = key == "descr" ? has_descr : key == "fortran_order" ? has_order : has_shape;
      if (has || (key != "descr" && key != "fortran_order" && key != "shape")) {
        at_ = at;
        broken("it must hold descr, fortran_order and shape once");
      }
      has = true;
      expect(':');
      if (key == "descr")
        descr = string();
      else if (key == "fortran_order")
        fortran_order = truth();
      else
        tuple();
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at_ != text_.size()) broken("nothing may follow it");
    if (!has_descr || !has_order || !has_shape) broken("it must hold descr, fortran_order and shape once");
  }

  std::string_view descr;
  bool fortran_order = false;
  Shape shape;

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) broken(std::string("it must be a dictionary of Python: expected ") + c);
  }
  std::string_view string() {
    skip();
    const char mark = at_ < text_.size() ? text_[at_] : '\0';
    const std::size_t end = mark == '\'' || mark == '"' ? text_.find(mark, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) broken("it must be a dictionary of Python: expected a string");
    const std::string_view result = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return result;
  }
  bool truth() {
    skip();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    broken("fortran_order must be True or False");
  }
  void tuple() {
    expect('(');
    while (!take(')')) {
      skip();
      std::int64_t extent = -1;
      const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) broken("extents must be integers from 0 to 2^63");
      at_ = static_cast<std::size_t>(stop - text_.data());
      if (shape.size() == max_dimensions) broken("there must be at most 32 dimensions");
      shape.push_back(extent);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
  }
  [[noreturn]] void broken(const std::string& law) const {
    fail<IoError>(operation_, "the header must describe an array: ", law, place_, ", byte ", begin_ + at_);
  }

  const char* operation_;
  std::string_view text_;
  std::size_t begin_, at_ = 0;
  const std::string& place_;
};

double as_float(const std::byte* from) {
  std::uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return half(bits);
}
template <class T>
std::int64_t as_whole(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<std::int64_t>(value);  // u8 at 2^63 and above: negative, which the caller refuses
}
std::int64_t whole_of(const Kind& kind, const std::byte* from) {
  const bool is_signed = kind.code[0] == 'i';
  switch (kind.bytes) {
    case 1:
      return is_signed ? as_whole<std::int8_t>(from) : as_whole<std::uint8_t>(from);
    case 2:
      return is_signed ? as_whole<std::int16_t>(from) : as_whole<std::uint16_t>(from);
    case 4:
      return is_signed ? as_whole<std::int32_t>(from) : as_whole<std::uint32_t>(from);
    default:
      return as_whole<std::uint64_t>(from);
  }
}

/// The elements in the file's order, as a tensor of `shape`.
Tensor elements(const char* operation, const Kind& kind, bool swapped, const std::byte* from,
                const Shape& shape, const std::string& place, Location where) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  const std::size_t item = item_size(kind.dtype);
  StorageRef storage = StorageRef::allocate(count * item);
  const bool as_is =
      !swapped && (kind.code[0] == 'f' ? kind.bytes != 2 : kind.bytes == 8 && kind.code[0] == 'i');
  if (as_is) {
    if (count > 0) std::memcpy(storage.data(), from, count * item);
  } else {
    std::byte one[8];
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(one, from + i * kind.bytes, kind.bytes);
      if (swapped) std::reverse(one, one + kind.bytes);
      std::byte* to = storage.data() + i * item;
      if (kind.code == "f2") {
        const auto value = static_cast<float>(as_float(one));
        std::memcpy(to, &value, sizeof value);
      } else if (kind.code == "b1") {
        *to = std::byte{one[0] != std::byte{0}};
      } else if (kind.dtype == int64) {
        const std::int64_t value = whole_of(kind, one);
        if (kind.code == "u8" && value < 0)
          fail<IoError>(operation, "u8 elements must be below 2^63 to become int64: got a larger one", place,
                        ", element ", i);
        std::memcpy(to, &value, sizeof value);
      } else {
        std::memcpy(to, one, kind.bytes);
      }
    }
  }
  return detail::make_leaf(std::move(storage), shape, kind.dtype, false, where);
}

}  // namespace

std::string npy_header(const Tensor& tensor) {
  const DType dtype = tensor.dtype();
  std::string shape;
  for (const std::int64_t extent : tensor.shape()) shape += std::to_string(extent) + ", ";
  if (tensor.ndim() > 1) shape.resize(shape.size() - 2);
  if (tensor.ndim() == 1) shape.resize(shape.size() - 1);
  std::string text = std::string("{'descr': '") +
                     (dtype == float32   ? "<f4"
                      : dtype == float64 ? "<f8"
                      : dtype == int64   ? "<i8"
                                         : "|b1") +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Magic, version, length and text with its line end fill a multiple of 64.
  const std::size_t before = magic.size() + 4, total = (before + text.size() + 1 + 63) / 64 * 64;
  text.resize(total - before - 1, ' ');
  text += '\n';
  const auto length = static_cast<std::uint16_t>(text.size());
  return std::string(magic) + '\1' + '\0' + static_cast<char>(length & 255) + static_cast<char>(length >> 8) +
         text;
}

Tensor parse_npy(const char* operation, std::string_view bytes, const std::string& place, Location where) {
  if (!bytes.starts_with(magic))
    fail<IoError>(operation, "the file must begin as npy files do: got other bytes", place);
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() < 12)
    fail<IoError>(operation, "the file must hold its header: it ends at byte ", bytes.size(), place);
  const std::size_t major = byte(6);
  if (major < 1 || major > 3) fail<IoError>(operation, "the version must be 1, 2 or 3: got ", major, place);
  const std::size_t begin = major == 1 ? 10 : 12;
  const std::size_t length =
      major == 1 ? byte(8) | byte(9) << 8 : byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24;
  if (length > bytes.size() - begin)
    fail<IoError>(operation, "the file must hold its header: got a length of ", length, " in a file of ",
                  bytes.size(), " bytes", place);
  const Description description(operation, bytes.substr(begin, length), begin, place);
  const std::string_view descr = description.descr;
  const auto* kind = std::ranges::find_if(
      kinds, [&](const Kind& k) { return descr.size() == 3 && descr.substr(1) == k.code; });
  const char order = descr.empty() ? '\0' : descr[0];
  if (kind == std::end(kinds) || !(order == '<' || order == '>' || (order == '|' && kind->bytes == 1)))
    fail<IoError>(operation, "elements must be f2, f4, f8, b1 or integers of 1 to 8 bytes: got ",
                  quote(descr, 40), place);
  // Compared in a way that no extent overflows.
  const std::uint64_t held = bytes.size() - begin - length;
  std::uint64_t count = 1;
  bool too_many = false;
  for (const std::int64_t extent : description.shape) {
    if (extent == 0) count = 0, too_many = false;
    if (count == 0) continue;
    too_many |= __builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count);
  }
  if (too_many || count > held / kind->bytes || count * kind->bytes != held)
    fail<IoError>(operation, "the elements must fit the shape: got ", held, " bytes for ", description.shape,
                  " of ", kind->code, place);
  const auto* from = reinterpret_cast<const std::byte*>(bytes.data() + begin + length);
  if (!description.fortran_order || description.shape.size() < 2)
    return elements(operation, *kind, order == '>', from, description.shape, place, where);
  Shape reversed = description.shape;
  std::reverse(reversed.begin(), reversed.end());
  Axes axes;
  for (std::size_t i = reversed.size(); i-- > 0;) axes.push_back(static_cast<std::int64_t>(i));
  return permute(elements(operation, *kind, order == '>', from, reversed, place, where), axes, where)
      .detach(where);
}

void save_npy(const std::string& path, const Tensor& tensor) {
  constexpr const char* operation = "save_npy";
  const std::string header = npy_header(tensor);
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(tensor, tensor.dtype(), data);
  AtomicFile file(operation, path);
  file.write(header.data(), header.size());
  file.write(data, static_cast<std::size_t>(tensor.size()) * item_size(tensor.dtype()));
  file.commit();
}

Tensor load_npy(const std::string& path, Location where) {
  constexpr const char* operation = "load_npy";
  const FileReader file(operation, path);
  std::string bytes(file.size(), '\0');
  file.read(0, bytes.data(), bytes.size());
  return parse_npy(operation, bytes, ", in " + quote(path), where);
}

}  // namespace wengert::io
