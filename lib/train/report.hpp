// The report of a run as one HTML page: what is in it, and how it is put together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/train/table.hpp"
#include "wengert/grad/trace.hpp"
#include "wengert/train/metrics.hpp"

namespace wengert::training {

/// One prediction: an image as the bytes of a PNG file, and the classes' names.
struct Prediction {
  std::string png, expected, predicted;
  double probability;  // NaN where it is not known
};

struct Report {
  std::string title;
  std::vector<std::pair<std::string, std::string>> config;
  const Table& metrics;
  const Table& gradients;
  std::vector<TraceNode> tape;
  std::vector<ConfusionMatrix> confusion;  // none or one
  std::vector<std::string> classes;
  std::vector<Prediction> predictions;
  double seconds = 0;  // that the run has taken
};

/// The page, without a reference to anything outside of it.
std::string html(const Report& report);

}  // namespace wengert::training
