#include "wengert/io/checkpoint.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"
#include "lib/io/numbers.hpp"
#include "lib/io/safetensors.hpp"
#include "wengert/core/random.hpp"

namespace wengert::io {
namespace {

constexpr const char *saving = "save_checkpoint", *loading = "load_checkpoint";
constexpr const char *mark = "wengert", *version = "checkpoint 1";
// A part without values must be told from one that is missing: its name is in the metadata.
constexpr const char* parts_key = "wengert.parts";

void check_name(const std::string& name) {
  if (name.empty() || name.find_first_of("/\n") != std::string::npos)
    fail<ValueError>("Checkpoint", "a part must have a name without a slash: got ", quote(name));
}

std::string joined(const std::map<std::string, State>& parts) {
  std::string text;
  for (const auto& [name, state] : parts) text += (text.empty() ? "" : "\n") + name;
  return text;
}

CheckpointFile read(const std::string& path, Location where) {
  std::map<std::string, std::string> metadata;
  const State all = load_safetensors(loading, path, metadata, where);
  const auto found = metadata.find(mark);
  if (found == metadata.end() || found->second != version)
    fail<IoError>(loading, "the file must be a checkpoint of this library: got ",
                  found == metadata.end() ? "no mark" : quote(found->second, 40), ", in ", quote(path));
  metadata.erase(found);
  CheckpointFile file;
  std::string names = std::exchange(metadata[parts_key], "");
  metadata.erase(parts_key);
  while (!names.empty()) {
    const std::size_t end = names.find('\n');
    file.parts[names.substr(0, end)];
    names = end == std::string::npos ? "" : names.substr(end + 1);
  }
  for (const auto& [name, tensor] : all) {
    const std::size_t slash = name.find('/');
    const auto part = slash == std::string::npos ? file.parts.end() : file.parts.find(name.substr(0, slash));
    if (part == file.parts.end())
      fail<IoError>(loading, "a name must begin with its part: got ", quote(name, 80), ", in ", quote(path));
    part->second.emplace(name.substr(slash + 1), tensor);
  }
  file.metadata = std::move(metadata);
  return file;
}

}  // namespace

State generator_state() {
  const RandomKey position = random_state();
  return {{"key", whole_number(static_cast<std::int64_t>(position.key))},
          {"counter", whole_number(static_cast<std::int64_t>(position.counter))}};
}

void load_generator(const State& state) {
  const auto key = state.find("key"), counter = state.find("counter");
  const auto fits = [&](auto entry) {
    return entry != state.end() && entry->second.defined() && entry->second.dtype() == int64 &&
           entry->second.size() == 1;
  };
  if (state.size() != 2 || !fits(key) || !fits(counter))
    fail<ValueError>("load_generator",
                     "the state must be 'key' and 'counter', one int64 each: got something else");
  set_random_state({static_cast<std::uint64_t>(whole_number(key->second)),
                    static_cast<std::uint64_t>(whole_number(counter->second))});
}

void save_checkpoint(const std::string& path, const std::map<std::string, State>& parts,
                     const std::map<std::string, std::string>& metadata) {
  State all;
  for (const auto& [name, state] : parts) {
    check_name(name);
    for (const auto& [own, tensor] : state) all.emplace(name + "/" + own, tensor);
  }
  auto text = metadata;
  for (const char* own : {mark, parts_key})
    if (text.contains(own))
      fail<ValueError>(saving, "metadata must not use the name ", own, ", the file's own");
  text[mark] = version;
  text[parts_key] = joined(parts);
  save_safetensors(saving, path, all, text);
}

CheckpointFile load_checkpoint(const std::string& path, Location where) { return read(path, where); }

Checkpoint& Checkpoint::add(const std::string& name, std::function<State()> state,
                            std::function<void(const State&)> load) {
  check_name(name);
  if (std::ranges::any_of(parts_, [&](const Part& part) { return part.name == name; }))
    fail<ValueError>("Checkpoint", "a part must have a name of its own: got ", quote(name), " again");
  parts_.push_back({name, std::move(state), std::move(load)});
  return *this;
}

Checkpoint& Checkpoint::add_generator() { return add("generator", generator_state, load_generator); }

void Checkpoint::save(const std::string& path, const std::map<std::string, std::string>& metadata) const {
  std::map<std::string, State> states;
  for (const Part& part : parts_) states[part.name] = part.state();
  save_checkpoint(path, states, metadata);
}

std::map<std::string, std::string> Checkpoint::load(const std::string& path) const {
  CheckpointFile file = read(path, {});
  std::string misfits;
  const auto note = [&](const std::string& text) { misfits += (misfits.empty() ? "" : "; ") + text; };
  for (const Part& part : parts_)
    if (!file.parts.contains(part.name)) note("missing '" + part.name + "'");
  for (const auto& [name, state] : file.parts)
    if (std::ranges::none_of(parts_, [&](const Part& part) { return part.name == name; }))
      note("unknown '" + name + "'");
  if (!misfits.empty())
    fail<IoError>(loading, "the file must have the checkpoint's parts: ", misfits, ", in ", quote(path));

  // What has been given its state already gets its old one back if a later part refuses.
  std::vector<State> before;
  for (const Part& part : parts_) before.push_back(part.state());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto restore = [&] {
      for (std::size_t done = 0; done < i; ++done) parts_[done].load(before[done]);
    };
    try {
      parts_[i].load(file.parts.at(parts_[i].name));
    } catch (const Error& error) {
      restore();
      fail<IoError>(loading, "the file must fit the program: ", error.what(), ", in ", quote(path), ", part ",
                    quote(parts_[i].name));
    } catch (...) {
      restore();
      throw;
    }
  }
  return std::move(file.metadata);
}

}  // namespace wengert::io
