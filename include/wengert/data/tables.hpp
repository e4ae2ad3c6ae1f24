// Four small tables that the library carries in itself, for first models: iris, wine, breast cancer (classes)
// and diabetes (a number). They are those of scikit-learn; the notice is tutorials/data/uci/copyright.
#pragma once

#include <string>
#include <vector>

#include "wengert/data/dataset.hpp"

namespace wengert::data {

/// A dataset of measurements, a column each, and what the columns and the labels stand for. It serves
/// wherever a Dataset does: `stratified_split(data::wine(), 0.2, 1)`.
struct Table : Dataset {
  std::vector<std::string> features;  ///< the name of each column of the inputs
  std::vector<std::string> classes;   ///< the name of each label, 0, 1, ...; empty where labels are numbers
};

// Inputs are float32 (n, columns), as they were measured: nothing is scaled. Labels are int64 (n,), but
// float32 (n,) in diabetes().

/// Length and width of sepal and petal, in cm, of 150 irises of three species, 50 each (Fisher, "The use of
/// multiple measurements in taxonomic problems", 1936). One class is apart, the others overlap a little.
Table iris();

/// 13 chemical measurements of 178 wines of three growers: 59, 71 and 48 (Forina et al., 1988).
Table wine();

/// 30 measurements of cell nuclei of 569 tumours: 212 malignant (0), 357 benign (1) (Street, Wolberg and
/// Mangasarian, "Nuclear feature extraction for breast tumor diagnosis", 1993). Ten properties, the mean, the
/// standard error and the worst of each.
Table breast_cancer();

/// Age, sex (1 or 2), body mass index, blood pressure and six serum values of 442 diabetics; the label, from
/// 25 to 346, is how far the disease had gone a year later (Efron et al., "Least angle regression", 2004).
Table diabetes();

}  // namespace wengert::data
