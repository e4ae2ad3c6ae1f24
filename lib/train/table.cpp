#include "lib/train/table.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"
#include "lib/io/numbers.hpp"
#include "wengert/data/csv.hpp"

namespace wengert::training {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The shortest text that reads back as the same number.
std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string field(const std::string& text) {
  if (text.find_first_of("\",\n\r ") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

}  // namespace

std::vector<double> Table::values(std::size_t column) const {
  std::vector<double> result;
  for (const auto& row : rows_) result.push_back(column < row.size() ? row[column] : nan);
  return result;
}

void Table::read() {
  if (!std::filesystem::exists(path_)) return;
  const data::CsvTable table = data::read_csv_table(path_, {.missing_as_nan = true});
  if (table.names.front() != "step")
    fail<IoError>(operation_, "the first column must be `step`: got ", io::quote(table.names.front(), 80),
                  ", in ", io::quote(path_));
  columns_.assign(table.names.begin() + 1, table.names.end());
  const std::vector<double> values = io::values_of<double>(table.values);
  const std::size_t width = table.names.size();
  for (std::size_t at = 0; at < values.size(); at += width) {
    const double* row = values.data() + at;
    steps_.push_back(row[0]);
    rows_.emplace_back(row + 1, row + width);
  }
}

std::string Table::row_text(std::size_t row) const {
  std::string text = number(steps_[row]);
  for (std::size_t i = 0; i < columns_.size(); ++i)
    text += "," + (i < rows_[row].size() ? number(rows_[row][i]) : std::string("nan"));
  return text + "\n";
}

void Table::add(double step, const std::vector<std::pair<std::string, double>>& values) {
  std::vector<std::string> columns = columns_;
  std::vector<double> row(columns.size(), nan);
  for (const auto& [name, value] : values) {
    if (name.empty() || name == "step" || name.find_first_of("\n\r") != std::string::npos)
      fail<ValueError>(operation_, "a metric must have a name of one line that is not `step`: got ",
                       io::quote(name));
    if (std::ranges::count(values, name, &std::pair<std::string, double>::first) > 1)
      fail<ValueError>(operation_, "a metric must have a name of its own: got ", io::quote(name), " again");
    const auto found = std::ranges::find(columns, name);
    if (found == columns.end()) {
      columns.push_back(name);
      row.push_back(value);
    } else {
      row[static_cast<std::size_t>(found - columns.begin())] = value;
    }
  }
  const bool grown = columns.size() != columns_.size() || steps_.empty();
  columns_.swap(columns);
  steps_.push_back(step);
  rows_.push_back(std::move(row));
  try {
    if (grown)
      write_all();
    else
      append(row_text(rows_.size() - 1));
  } catch (...) {
    columns_.swap(columns);
    steps_.pop_back();
    rows_.pop_back();
    throw;
  }
}

void Table::rewind(double step) {
  std::vector<double> steps;
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i] <= step) {
      steps.push_back(steps_[i]);
      rows.push_back(rows_[i]);
    }
  if (steps.size() == steps_.size()) return;
  steps_.swap(steps);
  rows_.swap(rows);
  try {
    rows_.empty() ? remove_file() : write_all();
  } catch (...) {
    steps_.swap(steps);
    rows_.swap(rows);
    throw;
  }
}

void Table::remove_file() const {
  std::error_code error;
  std::filesystem::remove(path_, error);
  if (error)
    fail<IoError>(operation_, "the file must be one that can be removed: got ", io::quote(path_), " (",
                  error.message(), ")");
}

void Table::append(const std::string& text) const {
  const auto failed = [&] {
    fail<IoError>(operation_, "the file must be writable: got ", io::quote(path_), " (",
                  std::generic_category().message(errno), ")");
  };
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) failed();
  struct stat about {};
  const bool known = ::fstat(file, &about) == 0;
  // One call, so that a process that is killed leaves a row or none; what a full disk cuts off is taken back.
  const ssize_t written = ::write(file, text.data(), text.size());
  const int error = written < 0 ? errno : ENOSPC;
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (!whole && known && written > 0) (void)!::ftruncate(file, about.st_size);
  ::close(file);
  errno = error;
  if (!whole) failed();
}

void Table::write_all() const {
  std::string text = "step";
  for (const std::string& name : columns_) text += "," + field(name);
  text += "\n";
  for (std::size_t i = 0; i < rows_.size(); ++i) text += row_text(i);
  io::AtomicFile file(operation_, path_);
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace wengert::training
