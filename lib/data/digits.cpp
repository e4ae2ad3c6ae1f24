#include "wengert/data/digits.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "lib/data/csv.hpp"
#include "lib/data/embedded.hpp"
#include "lib/io/file.hpp"

namespace wengert::data {
namespace {

constexpr const char* operation = "digits";
constexpr std::int64_t pixels = 64;
constexpr std::uint64_t byte_limit = 1 << 24;

Dataset parse_digits(const std::string& path, std::string_view text, Location where) {
  const Tensor table = parse_csv(operation, path, text, {}, where).values;
  const std::int64_t rows = table.shape()[0], columns = table.shape()[1];
  if (columns != pixels + 1)
    fail<IoError>(operation, "a line must hold 64 pixels and the label: got ", columns, " fields, in ",
                  io::quote(path));
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(table, float64, data);
  const auto* from = static_cast<const double*>(data);
  StorageRef input_storage = StorageRef::allocate(static_cast<std::size_t>(rows * pixels) * sizeof(float));
  StorageRef label_storage = StorageRef::allocate(static_cast<std::size_t>(rows) * sizeof(std::int64_t));
  auto* inputs = reinterpret_cast<float*>(input_storage.data());
  auto* labels = reinterpret_cast<std::int64_t*>(label_storage.data());
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column <= pixels; ++column, ++from) {
      const bool is_label = column == pixels;
      if (!(*from >= 0 && *from <= (is_label ? 9 : 16) && *from == std::floor(*from)))
        fail<IoError>(operation, is_label ? "a label must be from 0 to 9" : "a pixel must be from 0 to 16",
                      ": got ", *from, ", in ", io::quote(path), ", line ", row + 1, ", column ", column + 1);
      if (is_label)
        *labels++ = static_cast<std::int64_t>(*from);
      else
        *inputs++ = static_cast<float>(*from / 16.0);
    }
  }
  return {detail::make_leaf(std::move(input_storage), {rows, pixels}, float32, false, where),
          detail::make_leaf(std::move(label_storage), {rows}, int64, false, where)};
}

}  // namespace

Dataset digits() {
  const std::string name = "digits.csv.gz";
  return parse_digits(name, io::gunzip(operation, name, embedded_digits(), byte_limit), {});
}

Dataset digits(const std::string& path, Location where) {
  return parse_digits(path, io::read_unpacked(operation, path, byte_limit), where);
}

}  // namespace wengert::data
