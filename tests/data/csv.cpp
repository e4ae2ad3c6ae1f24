#include "wengert/data/csv.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <clocale>
#include <cmath>
#include <random>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"

using namespace wengert;
using tests::Folder;

namespace {

std::vector<double> values(const Tensor& tensor) {
  const auto array = tensor.array<double>();
  return std::vector<double>(array.begin(), array.end());
}

Tensor read(const std::string& text, const data::CsvOptions& options = {}) {
  const Folder folder;
  return data::read_csv(folder.write("table.csv", text), options);
}

/// Checks that reading `text` says `law`, the file and `place`.
void check_refused(const std::string& text, const std::string& law, const std::string& place,
                   const data::CsvOptions& options = {}) {
  const Folder folder;
  const std::string path = folder.write("table.csv", text);
  const std::string message = "[read_csv] " + law + ", in \"" + path + "\"" + place;
  CHECK_THROWS_WITH_AS(data::read_csv(path, options), message.c_str(), IoError);
}

using Numbers = std::vector<double>;

}  // namespace

TEST_CASE("read_csv: rows and columns") {
  const Tensor table = read("1,2,3\n4,5,6\n");
  CHECK(table.shape() == Shape{2, 3});
  CHECK(table.dtype() == float64);
  CHECK(table.is_leaf());
  CHECK(values(table) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(values(read("7")) == Numbers{7});
  CHECK(read("7").shape() == Shape{1, 1});
}

TEST_CASE("read_csv: the forms of numbers and lines") {
  CHECK(values(read("+1.5,-2e3\r\n .25 ,\t5. \r\n\r\n \n")) == Numbers{1.5, -2000, 0.25, 5});
  CHECK(values(read("\xEF\xBB\xBF\"1\",\" 2 \"")) == Numbers{1, 2});
  CHECK(values(read("inf,-INF,1e-320,0.1")) == Numbers{INFINITY, -INFINITY, 1e-320, 0.1});
  CHECK(values(read("1\n2\n3\n")) == Numbers{1, 2, 3});
  CHECK(values(read("1;2\n3;4", {.delimiter = ';'})) == Numbers{1, 2, 3, 4});
  CHECK(values(read("1\t 2\n3\t4\n\n", {.delimiter = '\t'})) == Numbers{1, 2, 3, 4});
  CHECK(values(read("  1   2\n3\t4  \n", {.delimiter = ' '})) == Numbers{1, 2, 3, 4});
  CHECK(values(read("any, thing\n1,2\n", {.skip_rows = 1})) == Numbers{1, 2});
  CHECK(values(read("about\nx,y\n1,2\n", {.skip_rows = 1, .header = true})) == Numbers{1, 2});
}

TEST_CASE("read_csv: float32 is rounded once") {
  const Tensor table = read("0.1,16777217,3.4e38", {.dtype = float32});
  CHECK(table.dtype() == float32);
  const auto array = table.array<float>();
  CHECK(array(0, 0) == 0.1f);
  CHECK(array(0, 1) == 16777216.0f);
  check_refused("1,3.5e38", "every number must fit in float32: got \"3.5e38\"", ", line 1, column 2",
                {.dtype = float32});
}

TEST_CASE("read_csv does not depend on the locale") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"})
    if (std::setlocale(LC_ALL, name)) break;
  CHECK(values(read("1.5,2")) == Numbers{1.5, 2});
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("read_csv: missing values") {
  const Tensor table = read("1,,nan\nNA,?, \n", {.missing_as_nan = true});
  CHECK(table.shape() == Shape{2, 3});
  const auto got = values(table);
  CHECK(got[0] == 1);
  for (std::size_t i = 1; i < 6; ++i) CHECK(std::isnan(got[i]));
  const std::string hint = ". Did you mean {.missing_as_nan = true}?";
  check_refused("1,2\n3,nan\n", "every field must be a number: got \"nan\"", ", line 2, column 2" + hint);
  check_refused("1,2\n,4\n", "every field must be a number: got nothing", ", line 2, column 1" + hint);
  check_refused("1\n\n2\n", "every field must be a number: got nothing", ", line 2, column 1" + hint);
  check_refused("1,\n", "every field must be a number: got nothing", ", line 1, column 2" + hint);
}

TEST_CASE("read_csv: what is no table of numbers") {
  check_refused("1,2\n3,four\n", "every field must be a number: got \"four\"", ", line 2, column 2");
  for (const char* field :
       {"1x", "0x10", "1 2", "--1", "+-1", "++1", "+", "-", ".", "e5", "1e", "1,5e+", "\"", "1\r2"}) {
    CAPTURE(field);
    CHECK_THROWS_AS(read(std::string(field) + "\n"), IoError);
  }
  check_refused("1e999", "every number must fit in float64: got \"1e999\"", ", line 1, column 1");
  check_refused("1," + std::string(100, 'x'),
                "every field must be a number: got \"" + std::string(40, 'x') + "...\"",
                ", line 1, column 2");
  check_refused("\"1,2\n", "a quoted field must end on its line: got \"\"1,2\"", ", line 1, column 1");
  check_refused("1,2\n3\n", "every row must be as long as the first: got 1 field instead of 2",
                ", line 2, column 2");
  check_refused("1,2\n3,4,5,6\n", "every row must be as long as the first: got 4 fields instead of 2",
                ", line 2, column 3");
  check_refused("", "the file must have a row of numbers: got none", "");
  check_refused(" \n\n", "the file must have a row of numbers: got none", "");
  check_refused("1\n", "the file must have a row of numbers: got none", "", {.skip_rows = 5});
  check_refused("x,y\n1,2,3\n", "there must be a name for every column: got 2 names for 3 columns",
                ". Did you mean {.skip_rows = 1}?", {.header = true});
  CHECK_THROWS_WITH_AS(
      data::read_csv("no_such.csv"),
      "[read_csv] the file must be readable: got \"no_such.csv\" (No such file or directory)", IoError);
}

TEST_CASE("read_csv: options that make no sense") {
  CHECK_THROWS_WITH_AS(read("1", {.delimiter = '.'}),
                       "[read_csv] the delimiter must be no part of a number, quote or line end: got \".\"",
                       ValueError);
  CHECK_THROWS_WITH_AS(read("1", {.dtype = int64}),
                       "[read_csv] the dtype must be float64 or float32: got int64", DTypeError);
  CHECK_THROWS_WITH_AS(read("1", {.skip_rows = -1}),
                       "[read_csv] skip_rows and max_bytes must not be negative: got -1 and 1073741824",
                       ValueError);
}

TEST_CASE("read_csv: gzipped files, within a bound") {
  const Folder folder;
  const std::string path = folder / "table.csv.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  for (int i = 0; i < 10'000; ++i) gzputs(file, "1,2\n");
  gzclose(file);
  const Tensor table = data::read_csv(path);
  CHECK(table.shape() == Shape{10'000, 2});
  const std::string text =
      "[read_csv] what the file unpacks to must not be longer than 39999 bytes: got \"" + path + "\"";
  CHECK_THROWS_WITH_AS(data::read_csv(path, {.max_bytes = 39'999}), text.c_str(), IoError);
}

TEST_CASE("read_csv_table gives the names") {
  const Folder folder;
  const auto table =
      data::read_csv_table(folder.write("t.csv", "\"year\",\"a \"\"b\"\", c\", size \n1700,5,6\n"));
  CHECK(table.names == std::vector<std::string>{"year", "a \"b\", c", "size"});
  CHECK(values(table.values) == Numbers{1700, 5, 6});
  const std::string path = folder.write("empty.csv", "");
  const std::string text = "[read_csv_table] the file must have a line of names: it has no such line, in \"" +
                           path + "\", line 0, column 0";
  CHECK_THROWS_WITH_AS(data::read_csv_table(path), text.c_str(), IoError);
}

TEST_CASE("read_csv: damaged text is an Error or loads, never worse") {
  const Folder folder;
  std::string whole = "a,\"b\",c\r\n";
  for (int i = 0; i < 20; ++i) whole += std::to_string(i) + ",-1.5e" + std::to_string(i) + ", +0.25\r\n";
  std::mt19937 random(6);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr char favourites[] = ",\"\n\r \t+-.eE0nNiaA?\xff\0\x1f\x8b";
  int loaded = 0, refused = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text = whole;
    if (below(4) == 0) text.resize(below(text.size()));
    for (std::size_t changes = below(4); changes > 0 && !text.empty(); --changes) {
      const std::size_t at = below(text.size());
      if (below(2) == 0)
        text[at] = favourites[below(sizeof favourites)];
      else
        text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
    }
    const data::CsvOptions options{.delimiter = below(5) == 0 ? ' ' : ',',
                                   .skip_rows = static_cast<std::int64_t>(below(3)),
                                   .dtype = below(2) == 0 ? float32 : float64,
                                   .missing_as_nan = below(2) == 0};
    const std::string path = folder.write("t.csv", text);
    try {
      const auto table =
          below(2) == 0 ? data::read_csv(path, options) : data::read_csv_table(path, options).values;
      CHECK(table.ndim() == 2);
      ++loaded;
    } catch (const IoError& error) {
      CHECK(std::string(error.what()).find(path) != std::string::npos);
      ++refused;
    }
  }
  CHECK(loaded > 500);
  CHECK(refused > 500);
}
