#include "wengert/data/tables.hpp"

#include <sstream>

#include "lib/data/csv.hpp"
#include "lib/data/embedded.hpp"
#include "lib/io/file.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::data {
namespace {

constexpr std::uint64_t byte_limit = 1 << 20;

/// The names in the first line, `150,4,setosa,versicolor,virginica`, behind its two numbers.
std::vector<std::string> class_names(std::string_view text) {
  std::istringstream line{std::string(text.substr(0, text.find_first_of("\r\n")))};
  std::vector<std::string> names;
  for (std::string name; std::getline(line, name, ',');) names.push_back(name);
  names.erase(names.begin(), names.begin() + 2);
  return names;
}

/// A table whose last column is the class.
Table classes(const char* name, std::string_view text, std::vector<std::string> features) {
  const Tensor values = parse_csv(name, std::string(name) + ".csv", text, {.skip_rows = 1}, {}).values;
  const auto columns = static_cast<std::int64_t>(features.size());
  const Tensor labels = squeeze(slice(values, 1, {.start = columns}), {1});
  return {dataset(slice(values, 1, {.stop = columns}).astype(float32), labels.astype(int64)),
          std::move(features), class_names(text)};
}

}  // namespace

Table iris() {
  return classes("iris", embedded_iris(), {"sepal length", "sepal width", "petal length", "petal width"});
}

Table wine() {
  return classes("wine", embedded_wine(),
                 {"alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "total phenols",
                  "flavanoids", "nonflavanoid phenols", "proanthocyanins", "color intensity", "hue",
                  "OD280/OD315 of diluted wines", "proline"});
}

Table breast_cancer() {
  std::vector<std::string> features;
  for (const char* kind : {"mean", "error of", "worst"})
    for (const char* property : {"radius", "texture", "perimeter", "area", "smoothness", "compactness",
                                 "concavity", "concave points", "symmetry", "fractal dimension"})
      features.push_back(std::string(kind) + " " + property);
  return classes("breast_cancer", embedded_breast_cancer(), std::move(features));
}

Table diabetes() {
  const auto parse = [](const char* name, std::string_view bytes) {
    const std::string text = io::gunzip("diabetes", name, bytes, byte_limit);
    return parse_csv("diabetes", name, text, {.delimiter = ' ', .dtype = float32}, {}).values;
  };
  const Tensor inputs = parse("diabetes_data_raw.csv.gz", embedded_diabetes_inputs());
  const Tensor labels = parse("diabetes_target.csv.gz", embedded_diabetes_labels());
  return {dataset(inputs, squeeze(labels, {1})),
          {"age", "sex", "body mass index", "blood pressure", "total cholesterol", "LDL", "HDL",
           "cholesterol/HDL", "log triglycerides", "glucose"},
          {}};
}

}  // namespace wengert::data
