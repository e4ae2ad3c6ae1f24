#include "wengert/data/tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>
#include <xtensor/xarray.hpp>

#include "wengert/data/csv.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;

namespace {

std::vector<int> class_counts(const data::Table& table) {
  std::vector<int> counts(table.classes.size());
  for (const std::int64_t label : table.labels.array<std::int64_t>())
    ++counts.at(static_cast<std::size_t>(label));
  return counts;
}

void check_form(const data::Table& table, std::int64_t rows, std::int64_t columns, DType labels) {
  CHECK(table.size() == rows);
  CHECK(table.inputs.shape() == Shape{rows, columns});
  CHECK(table.inputs.dtype() == float32);
  CHECK(table.labels.shape() == Shape{rows});
  CHECK(table.labels.dtype() == labels);
  CHECK(static_cast<std::int64_t>(table.features.size()) == columns);
  std::vector<std::string> names = table.features;
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
}

const std::string folder = std::string(WENGERT_SOURCE_ROOT) + "/tutorials/data/uci/";

}  // namespace

TEST_CASE("tables: iris") {
  const data::Table table = data::iris();
  check_form(table, 150, 4, int64);
  CHECK(table.classes == std::vector<std::string>{"setosa", "versicolor", "virginica"});
  CHECK(class_counts(table) == std::vector<int>{50, 50, 50});
  const auto inputs = table.inputs.array<float>();
  CHECK(inputs(0, 0) == 5.1f);
  CHECK(inputs(149, 3) == 1.8f);
  // The means that everybody knows: 5.843, 3.057, 3.758, 1.199 cm.
  CHECK(allclose(mean(table.inputs, {0}), Tensor(xt::xarray<float>{5.843333f, 3.057333f, 3.758f, 1.199333f}),
                 1e-5, 0));
}

TEST_CASE("tables: wine") {
  const data::Table table = data::wine();
  check_form(table, 178, 13, int64);
  CHECK(table.classes == std::vector<std::string>{"class_0", "class_1", "class_2"});
  CHECK(class_counts(table) == std::vector<int>{59, 71, 48});
  const auto inputs = table.inputs.array<float>();
  CHECK(inputs(0, 0) == 14.23f);
  CHECK(inputs(0, 12) == 1065.0f);
  CHECK(inputs(177, 12) == 560.0f);
}

TEST_CASE("tables: breast cancer") {
  const data::Table table = data::breast_cancer();
  check_form(table, 569, 30, int64);
  CHECK(table.classes == std::vector<std::string>{"malignant", "benign"});
  CHECK(class_counts(table) == std::vector<int>{212, 357});
  CHECK(table.features[0] == "mean radius");
  CHECK(table.features[13] == "error of area");
  CHECK(table.features[27] == "worst concave points");
  const auto inputs = table.inputs.array<float>();
  CHECK(inputs(0, 0) == 17.99f);
  CHECK(inputs(0, 13) == 153.4f);
  CHECK(inputs(0, 29) == 0.1189f);
}

TEST_CASE("tables: diabetes") {
  const data::Table table = data::diabetes();
  check_form(table, 442, 10, float32);
  CHECK(table.classes.empty());
  const auto inputs = table.inputs.array<float>(), labels = table.labels.array<float>();
  CHECK(inputs(0, 0) == 59.0f);
  CHECK(inputs(0, 8) == 4.8598f);
  CHECK(labels(0) == 151.0f);
  CHECK(*std::ranges::min_element(labels) == 25.0f);
  CHECK(*std::ranges::max_element(labels) == 346.0f);
  CHECK(mean(table.labels).item() == doctest::Approx(152.13348));
}

TEST_CASE("tables: what is embedded is what the files hold") {
  const auto values = [](const std::string& file) {
    return data::read_csv(folder + file, {.skip_rows = 1, .dtype = float32});
  };
  for (const auto& [table, file] : {std::pair{data::iris(), "iris.csv"},
                                    {data::wine(), "wine_data.csv"},
                                    {data::breast_cancer(), "breast_cancer.csv"}}) {
    const Tensor whole = values(file);
    const std::int64_t columns = table.inputs.shape()[1];
    CHECK(whole.shape() == Shape{table.size(), columns + 1});
    CHECK(allclose(table.inputs, slice(whole, 1, 0, columns), 0.0, 0.0));
    CHECK(
        allclose(table.labels.astype(float32), squeeze(slice(whole, 1, {.start = columns}), {1}), 0.0, 0.0));
  }
}

TEST_CASE("tables: a table is a dataset") {
  const auto [train, test] = data::stratified_split(data::breast_cancer(), 0.2, 1);
  CHECK(train.size() == 455);
  CHECK(test.size() == 114);
}
