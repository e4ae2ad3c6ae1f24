// Table: metrics by step, in memory and in a CSV file that grows row by row.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace wengert::training {

class Table {
 public:
  /// `operation` (a string literal) is for messages.
  Table(const char* operation, std::string path) : operation_(operation), path_(std::move(path)) {}

  const std::vector<std::string>& columns() const noexcept { return columns_; }
  const std::vector<double>& steps() const noexcept { return steps_; }
  /// The values of a column, NaN where there is none.
  std::vector<double> values(std::size_t column) const;

  /// Takes in the file's rows. The file may be missing.
  void read();
  /// Adds a row, to the file as well.
  void add(double step, const std::vector<std::pair<std::string, double>>& values);
  /// Drops the rows after `step`, from the file as well.
  void rewind(double step);

 private:
  std::string row_text(std::size_t row) const;
  void append(const std::string& text) const;
  void write_all() const;
  void remove_file() const;

  const char* operation_;
  std::string path_;
  std::vector<std::string> columns_;
  std::vector<double> steps_;
  std::vector<std::vector<double>> rows_;  // shorter than columns_ where a column is newer
};

}  // namespace wengert::training
