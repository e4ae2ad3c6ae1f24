#include "lib/core/idle.hpp"

#include <array>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/core/per_thread.hpp"
#include "lib/core/tape.hpp"

namespace wengert {
namespace {

/// Whether a backward pass that comes by the node looks at the value: of input i, or, for Operation::output,
/// of its own.
bool looks_at(const Node& node, std::uint8_t value) {
  if (!node.requires_grad || node.released || !node.operation) return false;
  const Operation& operation = *node.operation;
  if (operation.rule_of_input || operation.rule_of_all) return true;
  for (std::uint32_t j = 0; j < node.input_count; ++j)
    if (operation.rules[j] && node.input(j).requires_grad && (operation.looks_at[j] & value)) return true;
  return false;
}
bool looks_at_input(const Node& node, std::uint32_t i) {
  return looks_at(node, i < 7 ? static_cast<std::uint8_t>(1u << i) : Operation::everything);
}

/// Whether nobody but `uses` inputs of other nodes refers to the node.
bool held_by(const Node& node, std::uint64_t uses) {
  const std::uint64_t references = node.references.load(std::memory_order_acquire);
  return references < NodeCounts::user && (references & edge_mask) == uses;
}
bool has_bytes(const Node& node) { return !node.leaf && !waits(node) && node.storage; }

/// The bytes of what lies below a value and is idle.
class IdleBelow {
 public:
  void look(Node& node, int depth = 0) {
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      Node& input = node.input(i);
      if (input.leaf) continue;
      const bool idle = held_by(input, 1) && !looks_at_input(node, i) && !looks_at(input, Operation::output);
      // What waits and is idle waits for ever: what it was to be computed from may be idle, too.
      if (waits(input) && !idle) continue;
      if (looked_at_ == most_nodes || count_ == rooms_.size()) return;
      ++looked_at_;
      const bool same =
          !input.data || (input.storage && node.storage && input.storage.data() == node.storage.data());
      if (has_bytes(input) && idle) {
        input.data = nullptr;
        rooms_[count_++] = std::exchange(input.storage, StorageRef());
      }
      if (same || (depth < deepest && input.size() >= fewest_deep)) look(input, depth + !same);
    }
  }

 private:
  // Looked through are views, and values from so many elements on, as deep as it takes to find a convolution
  // under its activation and pooling.
  static constexpr std::int64_t fewest_deep = 16384;
  static constexpr int deepest = 2, most_nodes = 16;

  std::array<StorageRef, 8> rooms_;
  std::size_t count_ = 0;
  int looked_at_ = 0;
};

}  // namespace

void find_idle(Plan& plan) {
  struct Input {
    Node* node;
    std::uint32_t uses = 0, needs = 0;
  };
  auto& inputs = per_thread<std::vector<Input>, struct Inputs>();
  inputs.clear();
  // Descending: all that uses a node comes before it.
  for (auto entry = plan.entries.rbegin(); entry != plan.entries.rend(); ++entry) {
    Node& node = *entry->node;
    // One that no longer matters waits for ever, and is never computed.
    const bool dead =
        !entry->root && entry->needs == 0 && held_by(node, entry->uses) && !looks_at(node, Operation::output);
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      Node& input = node.input(i);
      const bool needed = dead || entry->stored ? looks_at_input(node, i) : true;
      if (waits(input)) {
        plan.find(input)->needs += needed;
      } else if (has_bytes(input)) {
        auto known = std::ranges::find(inputs, &input, &Input::node);
        if (known == inputs.end()) known = inputs.insert(known, {&input});
        ++known->uses;
        known->needs += needed;
      }
    }
  }
  for (const auto& [node, uses, needs] : inputs)
    if (needs == 0 && held_by(*node, uses) && !looks_at(*node, Operation::output))
      plan.idle.emplace_back(node);
  // A view's bytes are those of what it was made of, which goes with the last of its views.
  auto& bases = per_thread<std::vector<Input>, struct Bases>();
  bases.clear();
  for (std::size_t next = 0; next < plan.idle.size(); ++next) {
    const Node& node = recorded(plan.idle[next]);
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      Node& input = node.input(i);
      if (!has_bytes(input) || looks_at_input(node, i) || looks_at(input, Operation::output)) continue;
      auto known = std::ranges::find(bases, &input, &Input::node);
      if (known == bases.end()) known = bases.insert(known, {&input});
      if (held_by(input, ++known->uses)) plan.idle.emplace_back(&input);
    }
  }
}

void fail_idle(const char* operation, const Node& node) {
  fail<GraphError>(operation, "a value that no derivative looks at was freed: of the ",
                   node.operation ? node.operation->name : "constant", " recorded at ", node.where.file, ":",
                   node.where.line, ". Did you mean to hold its tensor?");
}

void drop_idle_below(Node& node) {
  IdleBelow below;  // frees outside of the lock
  const std::lock_guard lock(planning());
  if (!waits(node)) below.look(node);
}

}  // namespace wengert
