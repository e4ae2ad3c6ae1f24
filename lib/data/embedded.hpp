// Files that the library carries in itself. Their bytes become sources when the library is built:
// tools/embed.
#pragma once

#include <string_view>

namespace wengert::data {

/// tutorials/data/uci/digits.csv.gz
std::string_view embedded_digits();
/// iris.csv, wine_data.csv and breast_cancer.csv beside it: a line of extents and class names, then a sample
/// a line with its class in the end.
std::string_view embedded_iris();
std::string_view embedded_wine();
std::string_view embedded_breast_cancer();
/// diabetes_data_raw.csv.gz and diabetes_target.csv.gz
std::string_view embedded_diabetes_inputs();
std::string_view embedded_diabetes_labels();

}  // namespace wengert::data
