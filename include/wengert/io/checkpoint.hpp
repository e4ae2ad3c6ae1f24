// Checkpoint: all that a training run is, in one file, so that a run that is stopped goes on bit for bit: the
// model, the optimizer, a schedule, the random generator, the loader's position, and free text.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::io {

/// Values by name, as nn::Module, optim::Optimizer, data::Loader and others give and take them.
using State = std::map<std::string, Tensor>;

template <class T>
concept Stateful = requires(T& object, const T& same, const State& state) {
  { same.state() } -> std::convertible_to<State>;
  object.load(state);
};

/// The position of this thread's random stream: "key" and "counter", int64.
State generator_state();
/// Goes on from such a position. Throws ValueError for a state that is none.
void load_generator(const State& state);

/// The parts of a run, each under a name. It refers to them: they must live as long as it.
///
///     io::Checkpoint checkpoint;
///     checkpoint.add("model", model).add("optimizer", optimizer).add("loader", batches).add_generator();
///     if (resume) checkpoint.load("run.ckpt");
///     for (auto epoch = batches.epoch(); epoch < 10; ++epoch)
///       for (const auto& [x, y] : batches) {
///         ...
///         optimizer.step();
///         if (++steps % 100 == 0) checkpoint.save("run.ckpt", {{"steps", std::to_string(steps)}});
///       }
///
/// The file is a safetensors file whose names are `part/name`. It appears under its name only when all of it
/// is on the disk: after a full disk or a killed process the file of before is there, whole.
class Checkpoint {
 public:
  /// Throws ValueError for a name that is empty, has a slash in it or is there already.
  template <Stateful T>
  Checkpoint& add(const std::string& name, T& object) {
    return add(
        name, [&object] { return State(object.state()); },
        [&object](const State& state) { object.load(state); });
  }
  /// A part of another kind. `load` throws for a state that does not fit, and then has changed nothing.
  Checkpoint& add(const std::string& name, std::function<State()> state,
                  std::function<void(const State&)> load);
  /// This thread's random stream, as "generator".
  Checkpoint& add_generator();

  /// Writes all parts. Throws IoError where the file cannot be written, ValueError for metadata that is not
  /// UTF-8 or has the name `wengert`, which is the file's own mark.
  void save(const std::string& path, const std::map<std::string, std::string>& metadata = {}) const;
  /// Gives every part its state and returns the metadata. Throws IoError, naming the file, for one that is
  /// missing, broken or no checkpoint, that has other parts than these, or whose state does not fit a part;
  /// then nothing is changed.
  std::map<std::string, std::string> load(const std::string& path) const;

 private:
  struct Part {
    std::string name;
    std::function<State()> state;
    std::function<void(const State&)> load;
  };
  std::vector<Part> parts_;
};

/// Writes states that are at hand, as Checkpoint::save does. Throws ValueError also for the name of a part
/// that add() would not take.
void save_checkpoint(const std::string& path, const std::map<std::string, State>& parts,
                     const std::map<std::string, std::string>& metadata = {});

/// What a checkpoint's file holds.
struct CheckpointFile {
  std::map<std::string, State> parts;
  std::map<std::string, std::string> metadata;
};
/// Reads a file without giving its values to anything. Throws IoError as Checkpoint::load does.
CheckpointFile load_checkpoint(const std::string& path, Location where = {});

}  // namespace wengert::io
