#include "lib/data/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"

namespace wengert::data {
namespace {

using io::quote;

class Parser {
 public:
  Parser(const char* operation, const std::string& path, std::string_view text, const CsvOptions& options)
      : operation_(operation), path_(path), rest_(text), options_(options) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    // Blank lines at the end are no rows.
    const std::size_t last = rest_.find_last_not_of(" \t\r\n");
    rest_ = last == std::string_view::npos ? std::string_view() : rest_.substr(0, rest_.find('\n', last));
  }

  std::vector<std::string> names() {
    std::vector<std::string> result;
    if (!next_line()) broken("the file must have a line of names: it has no such line");
    column_ = 0;
    for (std::string_view field; next_field(field);) result.push_back(unquoted(field));
    return result;
  }

  void skip_lines(std::int64_t count) {
    while (count-- > 0 && next_line()) {
    }
  }

  /// All rows that are left, one after the other; `columns` is their length.
  template <class T>
  std::vector<T> rows(std::size_t& columns) {
    std::vector<T> values;
    columns = 0;
    while (next_line()) {
      column_ = 0;
      for (std::string_view field; next_field(field);) values.push_back(number<T>(field));
      if (columns == 0) {
        columns = column_;
        // No more than the text can hold, whatever the first row suggests.
        const auto lines = static_cast<std::size_t>(std::ranges::count(rest_, '\n')) + 2;
        values.reserve(std::min(columns * lines, rest_.size() / 2 + columns + 1));
      } else if (column_ != columns) {
        const std::size_t got = column_;
        column_ = std::min(got, columns) + 1;
        broken("every row must be as long as the first: got ", got, got == 1 ? " field" : " fields",
               " instead of ", columns);
      }
    }
    if (columns == 0)
      fail<IoError>(operation_, "the file must have a row of numbers: got none, in ", quote(path_));
    return values;
  }

 private:
  bool is_blank(char c) const { return (c == ' ' || c == '\t') && (c != options_.delimiter || c == ' '); }

  std::string_view trimmed(std::string_view text) const {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
  }

  bool next_line() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++line_number_;
    more_ = true;
    if (options_.delimiter == ' ') line_ = trimmed(line_);
    return true;
  }

  /// The next field of the line, without blanks around it.
  bool next_field(std::string_view& field) {
    if (!more_) return false;
    ++column_;
    std::size_t from = 0;
    while (from < line_.size() && is_blank(line_[from])) ++from;
    if (from < line_.size() && line_[from] == '"') from = closing_quote(from) + 1;
    const std::size_t end =
        options_.delimiter == ' ' ? line_.find_first_of(" \t", from) : line_.find(options_.delimiter, from);
    field = trimmed(line_.substr(0, end));
    more_ = end != std::string_view::npos;
    if (!more_) return true;
    line_.remove_prefix(end + 1);
    if (options_.delimiter == ' ') line_ = trimmed(line_);
    return true;
  }

  std::size_t closing_quote(std::size_t open) {
    for (std::size_t i = open + 1; i < line_.size(); ++i) {
      if (line_[i] != '"') continue;
      if (i + 1 == line_.size() || line_[i + 1] != '"') return i;
      ++i;  // a doubled quote stands for one
    }
    broken("a quoted field must end on its line: got ", quote(line_.substr(open), 40));
  }

  static std::string unquoted(std::string_view field) {
    if (field.size() < 2 || field.front() != '"' || field.back() != '"') return std::string(field);
    std::string result;
    for (std::size_t i = 1; i + 1 < field.size(); ++i) {
      result += field[i];
      if (field[i] == '"') ++i;
    }
    return result;
  }

  template <class T>
  T number(std::string_view field) {
    std::string_view text = field;
    if (text.size() > 1 && text.front() == '"' && text.back() == '"')
      text = trimmed(text.substr(1, text.size() - 2));
    if (text.empty() || text == "NA" || text == "?") return missing<T>(field);
    const bool plus = text.front() == '+' && text.size() > 1 && text[1] != '-' && text[1] != '+';
    const char *begin = text.data() + plus, *end = text.data() + text.size();
    T value{};
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (stop != end || error == std::errc::invalid_argument)
      broken("every field must be a number: got ", quote(field, 40));
    if (error == std::errc::result_out_of_range)
      broken("every number must fit in ", name(dtype_of<T>()), ": got ", quote(field, 40));
    return std::isnan(value) ? missing<T>(field) : value;
  }

  template <class T>
  T missing(std::string_view field) {
    if (!options_.missing_as_nan)
      fail<IoError>(operation_, "every field must be a number: got ",
                    field.empty() ? "nothing" : quote(field, 40), place(),
                    ". Did you mean {.missing_as_nan = true}?");
    return std::numeric_limits<T>::quiet_NaN();
  }

  std::string place() const {
    return ", in " + quote(path_) + ", line " + std::to_string(line_number_) + ", column " +
           std::to_string(column_);
  }
  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail<IoError>(operation_, parts..., place());
  }

  const char* operation_;
  const std::string& path_;
  std::string_view rest_, line_;
  const CsvOptions& options_;
  std::size_t line_number_ = 0, column_ = 0;
  bool more_ = false;
};

void check_options(const char* operation, const CsvOptions& options) {
  const char d = options.delimiter;
  if ((d >= '0' && d <= '9') || (d >= 'a' && d <= 'z') || (d >= 'A' && d <= 'Z') || d == '.' || d == '+' ||
      d == '-' || d == '"' || d == '\n' || d == '\r' || d == '\0')
    fail<ValueError>(operation, "the delimiter must be no part of a number, quote or line end: got ",
                     quote({&d, 1}));
  if (!is_float(options.dtype))
    fail<DTypeError>(operation, "the dtype must be float64 or float32: got ", options.dtype);
  if (options.skip_rows < 0 || options.max_bytes < 0)
    fail<ValueError>(operation, "skip_rows and max_bytes must not be negative: got ", options.skip_rows,
                     " and ", options.max_bytes);
}

template <class T>
Tensor parse_rows(Parser& parser, Location where) {
  std::size_t columns = 0;
  auto values = std::make_unique<std::vector<T>>(parser.rows<T>(columns));
  const Shape shape{values->size() / columns, columns};
  StorageRef storage = StorageRef::adopt(values->data(), values->size() * sizeof(T), values.get(),
                                         [](void* held) { delete static_cast<std::vector<T>*>(held); });
  values.release();
  return detail::make_leaf(std::move(storage), shape, dtype_of<T>(), false, where);
}

}  // namespace

CsvTable parse_csv(const char* operation, const std::string& path, std::string_view text,
                   const CsvOptions& options, Location where) {
  check_options(operation, options);
  Parser parser(operation, path, text, options);
  CsvTable table;
  parser.skip_lines(options.skip_rows);
  if (options.header) table.names = parser.names();
  table.values =
      options.dtype == float32 ? parse_rows<float>(parser, where) : parse_rows<double>(parser, where);
  if (options.header && static_cast<std::int64_t>(table.names.size()) != table.values.shape()[1])
    fail<IoError>(operation, "there must be a name for every column: got ", table.names.size(), " names for ",
                  table.values.shape()[1], " columns, in ", quote(path), ". Did you mean {.skip_rows = 1}?");
  return table;
}

Tensor read_csv(const std::string& path, const CsvOptions& options, Location where) {
  constexpr const char* operation = "read_csv";
  check_options(operation, options);
  const std::string text = io::read_unpacked(operation, path, static_cast<std::uint64_t>(options.max_bytes));
  return parse_csv(operation, path, text, options, where).values;
}

CsvTable read_csv_table(const std::string& path, CsvOptions options, Location where) {
  constexpr const char* operation = "read_csv_table";
  options.header = true;
  check_options(operation, options);
  const std::string text = io::read_unpacked(operation, path, static_cast<std::uint64_t>(options.max_bytes));
  return parse_csv(operation, path, text, options, where);
}

}  // namespace wengert::data
