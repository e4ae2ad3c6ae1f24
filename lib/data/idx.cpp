#include "wengert/data/idx.hpp"

#include <bit>
#include <cstring>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "lib/io/file.hpp"

namespace wengert::data {
namespace {

constexpr const char* operation = "read_idx";

struct Kind {
  unsigned code;
  std::size_t bytes;
  DType dtype;
};
constexpr Kind kinds[] = {{0x08, 1, int64}, {0x09, 1, int64},   {0x0B, 2, int64},
                          {0x0C, 4, int64}, {0x0D, 4, float32}, {0x0E, 8, float64}};

unsigned byte_of(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

std::uint64_t big_endian(std::string_view bytes, std::size_t from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte_of(bytes, from + i);
  return value;
}

double element(const Kind& kind, std::string_view bytes, std::size_t from) {
  const std::uint64_t bits = big_endian(bytes, from, kind.bytes);
  switch (kind.code) {
    case 0x08:
      return static_cast<double>(bits);
    case 0x09:
      return static_cast<std::int8_t>(bits);
    case 0x0B:
      return static_cast<std::int16_t>(bits);
    case 0x0C:
      return static_cast<std::int32_t>(bits);
    case 0x0D:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    default:
      return std::bit_cast<double>(bits);
  }
}

template <class T>
void convert(const Kind& kind, std::string_view bytes, std::size_t from, double scale, std::byte* to,
             std::size_t count) {
  T* values = reinterpret_cast<T*>(to);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = element(kind, bytes, from + i * kind.bytes) * scale;
    if constexpr (std::is_same_v<T, std::int64_t>)
      values[i] = whole(value);
    else if constexpr (std::is_same_v<T, bool>)
      values[i] = value != 0.0;
    else
      values[i] = static_cast<T>(value);
  }
}

}  // namespace

Tensor read_idx(const std::string& path, const IdxOptions& options, Location where) {
  if (options.max_bytes < 0)
    fail<ValueError>(operation, "max_bytes must not be negative: got ", options.max_bytes);
  if (options.scale != 1.0 && !(options.dtype && is_float(*options.dtype)))
    fail<DTypeError>(operation, "a scale wants a float dtype: got ",
                     options.dtype ? name(*options.dtype) : "none", ". Did you mean {.dtype = float32}?");
  const std::string bytes = io::read_unpacked(operation, path, static_cast<std::uint64_t>(options.max_bytes));
  const auto place = [&] { return ", in " + io::quote(path); };
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    fail<IoError>(
        operation, "the file must begin with two zero bytes, a type and a number of dimensions: got ",
        bytes.size() < 4 ? std::to_string(bytes.size()) + " bytes" : std::string("others"), place());
  const Kind* kind = nullptr;
  for (const Kind& known : kinds)
    if (known.code == byte_of(bytes, 2)) kind = &known;
  if (!kind)
    fail<IoError>(operation, "the element type must be 8, 9, 11, 12, 13 or 14: got ", byte_of(bytes, 2),
                  place(), ", byte 2");
  const std::size_t dimensions = byte_of(bytes, 3), begin = 4 + 4 * dimensions;
  if (dimensions > max_dimensions)
    fail<IoError>(operation, "there must be at most ", max_dimensions, " dimensions: got ", dimensions,
                  place(), ", byte 3");
  if (bytes.size() < begin)
    fail<IoError>(operation, "the file must hold its extents: it ends at byte ", bytes.size(), " of ", begin,
                  place());
  Shape shape;
  std::uint64_t count = 1;
  const std::uint64_t held = (bytes.size() - begin) / kind->bytes;
  bool too_many = false, none = false;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const std::uint64_t extent = big_endian(bytes, 4 + 4 * i, 4);
    shape.push_back(static_cast<std::int64_t>(extent));
    none |= extent == 0;
    // Below 2^32 * 2^32: no overflow before the check.
    too_many |= extent > 0 && (count *= extent) > held;
    if (too_many) count = held + 1;
  }
  if (none) count = 0;
  if (count > held || (bytes.size() - begin) != count * kind->bytes)
    fail<IoError>(operation, "the elements must fit the extents: got ", bytes.size() - begin, " bytes for ",
                  shape, " elements of ", kind->bytes, place());
  const DType dtype = options.dtype.value_or(kind->dtype);
  StorageRef storage = StorageRef::allocate(count * item_size(dtype));
  const auto all = [&]<class T>(T) { convert<T>(*kind, bytes, begin, options.scale, storage.data(), count); };
  dtype == float32   ? all(float())
  : dtype == float64 ? all(double())
  : dtype == int64   ? all(std::int64_t())
                     : all(bool());
  return detail::make_leaf(std::move(storage), shape, dtype, false, where);
}

}  // namespace wengert::data
