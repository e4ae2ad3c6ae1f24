#include "wengert/data/digits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;

TEST_CASE("digits: 1,797 of them, with the classes' known counts") {
  const data::Dataset set = data::digits();
  CHECK(set.size() == 1797);
  CHECK(set.inputs.shape() == Shape{1797, 64});
  CHECK(set.inputs.dtype() == float32);
  CHECK(set.labels.shape() == Shape{1797});
  CHECK(set.labels.dtype() == int64);
  std::array<int, 10> counts{};
  for (const std::int64_t label : set.labels.array<std::int64_t>())
    ++counts.at(static_cast<std::size_t>(label));
  CHECK(counts == std::array<int, 10>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180});
  const auto inputs = set.inputs.array<float>();
  CHECK(*std::min_element(inputs.begin(), inputs.end()) == 0.0f);
  CHECK(*std::max_element(inputs.begin(), inputs.end()) == 1.0f);
  CHECK(inputs(0, 2) == 5.0f / 16.0f);
  CHECK(inputs(1796, 2) == 10.0f / 16.0f);
}

TEST_CASE("digits: a stratified fifth holds every class") {
  const auto [train, test] = data::stratified_split(data::digits(), 0.2, 1);
  CHECK(test.size() == 359);
  CHECK(train.size() == 1438);
  std::array<int, 10> counts{};
  for (const std::int64_t label : test.labels.array<std::int64_t>())
    ++counts.at(static_cast<std::size_t>(label));
  for (const int count : counts) CHECK((count >= 34 && count <= 37));
}

TEST_CASE("digits: from a file") {
  const auto embedded = data::digits();
  const auto read = data::digits(std::string(WENGERT_SOURCE_ROOT) + "/tutorials/data/uci/digits.csv.gz");
  CHECK(allclose(embedded.inputs, read.inputs, 0.0, 0.0));
  CHECK(allclose(embedded.labels, read.labels, 0.0, 0.0));

  const tests::Folder folder;
  const std::string path = folder / "d.csv";
  const auto refused = [&](const std::string& text, const std::string& law, const std::string& place) {
    folder.write("d.csv", text);
    const std::string message = "[digits] " + law + ", in \"" + path + "\"" + place;
    CHECK_THROWS_WITH_AS(data::digits(path), message.c_str(), IoError);
  };
  std::string pixels;
  for (int i = 0; i < 64; ++i) pixels += "16,";
  refused("1,2\n", "a line must hold 64 pixels and the label: got 2 fields", "");
  refused(pixels + "9\n" + pixels + "10\n", "a label must be from 0 to 9: got 10", ", line 2, column 65");
  refused("0.5," + pixels.substr(3) + "1\n", "a pixel must be from 0 to 16: got 0.5", ", line 1, column 1");
  refused("", "the file must have a row of numbers: got none", "");
  CHECK_THROWS_AS(data::digits("no_such.csv"), IoError);
  folder.write("d.csv", pixels + "9\n");
  CHECK(data::digits(path).labels.item() == 9.0);
}
