#include "wengert/train/run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"
#include "lib/io/numbers.hpp"
#include "lib/train/report.hpp"
#include "lib/train/table.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/grad/trace.hpp"
#include "wengert/io/png.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::training {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t most_samples = 36;
constexpr std::uint64_t most_config = 1 << 24;  // bytes
// What a run leaves in its folder; replacing one takes these away and nothing else.
constexpr const char* own_files[] = {"config.json", "metrics.csv", "gradients.csv", "weights.safetensors",
                                     "report.html"};

void write_file(const char* operation, const std::string& path, const std::string& text) {
  io::AtomicFile file(operation, path);
  file.write(text.data(), text.size());
  file.commit();
}

std::string config_text(const Config& config) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const ConfigEntry& entry : config) {
    if (json.contains(entry.name))
      fail<ValueError>("Run", "a setting must have a name of its own: got ", io::quote(entry.name, 80),
                       " again");
    std::visit([&](const auto& value) { json[entry.name] = value; }, entry.value);
  }
  try {
    return json.dump(2) + "\n";
  } catch (const nlohmann::json::type_error&) {
    fail<ValueError>("Run", "names and texts of the configuration must be UTF-8");
  }
}

/// What config_text() wrote. Throws IoError for anything else.
Config read_config(const std::string& path) {
  const auto setting = [&](const auto& item) -> Setting {
    const auto& value = item.value();
    if (value.is_boolean()) return value.template get<bool>();
    if (value.is_number_integer()) return value.template get<std::int64_t>();
    if (value.is_number()) return value.template get<double>();
    if (value.is_string()) return value.template get<std::string>();
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();  // so JSON has what is not finite
    fail<IoError>("Run", "settings must be texts, numbers or flags: got ", io::quote(item.key(), 80), " in ",
                  io::quote(path));
  };
  const auto json = nlohmann::ordered_json::parse(io::read_file("Run", path, most_config), nullptr, false);
  if (!json.is_object())
    fail<IoError>("Run", "the configuration must be a JSON object: got ", io::quote(path));
  Config config;
  for (const auto& item : json.items()) {
    config.emplace_back(item.key(), false);
    config.back().value = setting(item);
  }
  return config;
}

std::string text_of(const Setting& setting) {
  if (const auto* text = std::get_if<std::string>(&setting)) return *text;
  if (const auto* number = std::get_if<double>(&setting)) {
    std::ostringstream text;
    text << *number;
    return text.str();
  }
  if (const auto* whole = std::get_if<std::int64_t>(&setting)) return std::to_string(*whole);
  return std::get<bool>(setting) ? "yes" : "no";
}

double norm_of(const Tensor& gradient) {
  // As double, so that squares of small float32 numbers do not vanish.
  double sum = 0;
  for (const double value : io::values_of<double>(gradient.detach().astype(float64))) sum += value * value;
  return std::sqrt(sum);
}

}  // namespace

struct Run::State {
  std::string folder, title;
  Config config;
  Table metrics, gradients;
  std::vector<TraceNode> tape;
  std::vector<ConfusionMatrix> confusion;
  std::vector<std::string> classes;
  std::vector<Prediction> predictions;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

Run::Run(const std::string& folder, const Config& config, const RunOptions& options) {
  constexpr const char* operation = "Run";
  if (options.replace && options.resume)
    fail<ValueError>(operation, "a run is replaced or resumed: got both");
  const std::string text = config_text(config);
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder))
    fail<IoError>(operation, "the folder must be one that can be made: got ", io::quote(folder),
                  error ? " (" + error.message() + ")" : "");
  const auto file = [&](const char* name) { return (fs::path(folder) / name).string(); };
  const bool there = std::ranges::any_of(own_files, [&](const char* name) { return fs::exists(file(name)); });
  if (there && !options.replace && !options.resume)
    fail<IoError>(operation, "the folder must not hold a run: got ", io::quote(folder),
                  ". Did you mean {.replace = true} or {.resume = true}?");
  if (options.replace)
    for (const char* name : own_files) fs::remove(file(name), error);
  const std::string name = fs::path(folder).lexically_normal().filename().string();
  state_ = std::make_unique<State>(State{.folder = folder,
                                         .title = !options.title.empty() ? options.title
                                                  : name.empty()         ? folder
                                                                         : name,
                                         .config = config,
                                         .metrics = Table("log", file("metrics.csv")),
                                         .gradients = Table("log_gradients", file("gradients.csv")),
                                         .tape = {},
                                         .confusion = {},
                                         .classes = {},
                                         .predictions = {}});
  if (options.resume) {
    state_->metrics.read();
    state_->gradients.read();
    if (config.empty() && fs::exists(file("config.json"))) {
      state_->config = read_config(file("config.json"));
      return;
    }
  }
  write_file(operation, file("config.json"), text);
}

Run::Run(Run&&) noexcept = default;
Run& Run::operator=(Run&&) noexcept = default;
Run::~Run() = default;

std::string Run::path(const std::string& name) const { return (fs::path(state_->folder) / name).string(); }

void Run::log(double step, const std::vector<Metric>& metrics) { state_->metrics.add(step, metrics); }

void Run::log_gradients(double step, const std::vector<nn::NamedTensor>& parameters) {
  const NoGrad values_only;
  std::vector<Metric> norms;
  for (const auto& [name, tensor] : parameters)
    if (tensor.has_grad()) norms.emplace_back(name, norm_of(tensor.grad()));
  if (!norms.empty()) state_->gradients.add(step, norms);
}

void Run::rewind(double step) {
  state_->metrics.rewind(step);
  state_->gradients.rewind(step);
}

void Run::save_weights(const nn::State& state, const std::string& name) const {
  io::save_safetensors(path(name), state);
}

void Run::tape(const Tensor& loss, const std::vector<nn::NamedTensor>& parameters) {
  TraceOptions options;
  for (const auto& [name, tensor] : parameters) options.names.emplace_back(name, tensor);
  state_->tape = trace(loss, options);
}

void Run::confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& classes) {
  state_->confusion = {matrix};
  if (!classes.empty()) state_->classes = classes;
}

void Run::samples(const Tensor& images, const Tensor& labels, const Tensor& predictions,
                  const Tensor& probabilities, const std::vector<std::string>& classes) {
  constexpr const char* operation = "samples";
  const NoGrad values_only;
  const Shape expected{images.ndim() == 0 ? 0 : images.shape()[0]};
  if (images.ndim() < 3 || labels.shape() != expected || predictions.shape() != expected ||
      (probabilities.defined() && probabilities.shape() != expected))
    fail<ShapeError>(operation, "there must be a label, a prediction and a probability for each image: got ",
                     images.shape(), ", ", labels.shape(), ", ", predictions.shape(), " and ",
                     probabilities.defined() ? to_string(probabilities.shape()) : std::string("none"));
  if (labels.dtype() != int64 || predictions.dtype() != int64)
    fail<DTypeError>(operation, "labels and predictions must be int64: got ", labels.dtype(), " and ",
                     predictions.dtype());
  const auto is = io::values_of<std::int64_t>(labels), read = io::values_of<std::int64_t>(predictions);
  std::vector<double> sure(is.size(), std::numeric_limits<double>::quiet_NaN());
  if (probabilities.defined()) sure = io::values_of<double>(probabilities.detach().astype(float64));
  const auto name = [&](std::int64_t label) {
    const auto i = static_cast<std::size_t>(label);
    return label >= 0 && i < classes.size() ? classes[i] : std::to_string(label);
  };
  std::vector<Prediction> list;
  for (std::size_t i = 0; i < std::min(is.size(), most_samples); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    list.push_back(
        {io::encode_png(squeeze(slice(images, 0, at, at + 1), {0})), name(is[i]), name(read[i]), sure[i]});
  }
  state_->predictions = std::move(list);
}

void Run::write_report() const {
  Report report{
      .title = state_->title,
      .config = {},
      .metrics = state_->metrics,
      .gradients = state_->gradients,
      .tape = state_->tape,
      .confusion = state_->confusion,
      .classes = state_->classes,
      .predictions = state_->predictions,
      .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - state_->started).count()};
  for (const ConfigEntry& entry : state_->config)
    report.config.emplace_back(entry.name, text_of(entry.value));
  write_file("write_report", path("report.html"), html(report));
}

}  // namespace wengert::training
