// Run: a folder with all that a training run leaves behind, and a report of it to look at.
// lib/train/run.cpp lib/train/report.cpp
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wengert/core/tensor.hpp"
#include "wengert/nn/module.hpp"
#include "wengert/train/metrics.hpp"

namespace wengert::training {

/// A value of a run's configuration: a text, a number or a flag.
using Setting = std::variant<std::string, double, std::int64_t, bool>;

/// A name and a value, of any type that a Setting holds.
struct ConfigEntry {
  ConfigEntry(std::string of, const char* text) : name(std::move(of)), value(std::string(text)) {}
  ConfigEntry(std::string of, std::string text) : name(std::move(of)), value(std::move(text)) {}
  ConfigEntry(std::string of, bool flag) : name(std::move(of)), value(flag) {}
  template <std::integral T>
  ConfigEntry(std::string of, T number) : name(std::move(of)), value(static_cast<std::int64_t>(number)) {}
  template <std::floating_point T>
  ConfigEntry(std::string of, T number) : name(std::move(of)), value(static_cast<double>(number)) {}

  std::string name;
  Setting value;
};
using Config = std::vector<ConfigEntry>;

struct RunOptions {
  std::string title = "";  ///< of the report; "": the folder's name
  bool replace = false;    ///< take the place of a run that is in the folder
  bool resume = false;     ///< go on with a run that is in the folder; without a configuration, with its own
};

/// A metric's name and value. Names before a slash that are the same share a picture: "loss/training" and
/// "loss/held out".
using Metric = std::pair<std::string, double>;

/// A training run:
///
///     training::Run run("runs/digits", {{"lr", 2e-3}, {"epochs", 40}});
///     for (...) {
///       run.log(epoch, {{"loss/training", a}, {"loss/held out", b}, {"accuracy", c}});
///       run.log_gradients(epoch, model.named_parameters());
///     }
///     run.save_weights(model.state());
///     run.confusion(matrix);
///     run.write_report();
///
/// The folder then holds `config.json`, `metrics.csv` and `gradients.csv` (a row a step, written at once),
/// `weights.safetensors` and `report.html`: one file without a reference to any other, that reads well on a
/// phone, in light and in dark.
class Run {
 public:
  /// Makes the folder, with those above it, and writes the configuration. Throws IoError where that fails,
  /// and where the folder holds a run already and options say neither to replace nor to resume it; ValueError
  /// for names that stand twice, for texts that are not UTF-8, and where options say both. What is resumed is
  /// read first: IoError where the folder's files are not those of a run.
  explicit Run(const std::string& folder, const Config& config = {}, const RunOptions& options = {});
  Run(Run&&) noexcept;
  Run& operator=(Run&&) noexcept;
  ~Run();

  /// Where a file of the run is: the folder and the name.
  std::string path(const std::string& name) const;

  /// A row of metrics.csv. Metrics may come and go from row to row; a name that is new makes a new column.
  /// Throws ValueError for an empty name or "step", IoError where it cannot be written.
  void log(double step, const std::vector<Metric>& metrics);
  /// A row of gradients.csv: the norm of each parameter's gradient, for those that have one. Throws as log
  /// does.
  void log_gradients(double step, const std::vector<nn::NamedTensor>& parameters);
  /// Drops the rows after `step`, when a run goes on from an earlier checkpoint. Throws IoError where a file
  /// cannot be written; one that was written before it has lost its rows.
  void rewind(double step);

  /// Writes the weights. Throws as io::save_safetensors does.
  void save_weights(const nn::State& state, const std::string& name = "weights.safetensors") const;

  // What the report shows beside the curves. Each replaces what was there of its kind.

  /// The tape that led to `loss`, before backward() frees it. Throws as trace() does.
  void tape(const Tensor& loss, const std::vector<nn::NamedTensor>& parameters = {});
  /// A confusion matrix, and what its classes are called.
  void confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& classes = {});
  /// Images as io::encode_png takes each, (n, h, w) or with channels, with the true and the predicted class
  /// of each and, unless it is empty, the predicted class's probability (n,). At most 36 are shown. Throws
  /// ShapeError or DTypeError where they do not fit together.
  void samples(const Tensor& images, const Tensor& labels, const Tensor& predictions,
               const Tensor& probabilities = {}, const std::vector<std::string>& classes = {});

  /// Writes report.html. Throws IoError where it cannot be written.
  void write_report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wengert::training
