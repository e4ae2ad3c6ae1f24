// MNIST and Fashion-MNIST: 70,000 grey images of 28 x 28, in four IDX files of one folder.
#pragma once

#include <string>
#include <vector>

#include "wengert/data/dataset.hpp"

namespace wengert::data {

/// The handwritten digits of Y. LeCun, C. Cortes and C. Burges, from the files train-images-idx3-ubyte,
/// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte of a folder, plain or as .gz.
/// Inputs float32 (n, 1, 28, 28), 0 for paper to 1 for ink; labels int64 (n,), 0 to 9; `train` has 60,000 of
/// them and `test` 10,000. The folder is `directory`, or else `mnist` in $WENGERT_DATA. Throws IoError where
/// files are missing, broken or do not fit together.
Split mnist(const std::string& directory = "", Location where = {});

/// The pieces of clothing of H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a novel image dataset for
/// benchmarking machine learning algorithms", 2017, in files of the same names and shapes. The folder is
/// `directory`, or else `fashion-mnist` in $WENGERT_DATA, or else that of Debian's package
/// dataset-fashion-mnist. Throws as mnist does.
Split fashion_mnist(const std::string& directory = "", Location where = {});

/// What the labels of fashion_mnist() stand for: "T-shirt/top", "Trouser" ...
const std::vector<std::string>& fashion_mnist_classes();

}  // namespace wengert::data
