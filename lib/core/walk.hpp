// Walk: visits nodes in descending order of their ids, each once, with something gathered at each on the way.
// The backward pass and whatever else follows the tape backward use it; there is no recursion.
#pragma once

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "lib/core/per_thread.hpp"
#include "lib/core/tape.hpp"

namespace wengert {

/// The walks of the process: how many are alive, and, from bit 32 on, how many have begun.
inline std::atomic<std::uint64_t> walks{0};

/// The nodes still to be visited. Holds a reference to each. One thread's own; many walks may cross one node.
template <class Payload>
class Walk {
 public:
  Walk() : memory_(take_memory()), before_(walks.fetch_add(began | 1, std::memory_order_acq_rel)) {}
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;
  ~Walk() {
    memory_.entries.clear();
    memory_.heap.clear();
    memory_.free.clear();
    give_memory(std::move(memory_));
    walks.fetch_sub(1, std::memory_order_release);
  }

  bool empty() const noexcept { return memory_.heap.empty(); }

  /// What is gathered for `node`, which will be visited. Valid until the next call.
  Payload& at(Node& node) {
    // The node remembers where it last stood in some walk. That may be another one's doing, so it is checked;
    // where others were about meanwhile, what they overwrote is looked for.
    const std::uint32_t hint = node.walk_hint.load(std::memory_order_acquire);
    if (hint < memory_.entries.size() && memory_.entries[hint].defined() &&
        &memory_.entries[hint].node() == &node)
      return memory_.entries[hint].payload;
    if (hint != Node::nowhere && crossed())
      for (const Pending& pending : memory_.heap)
        if (&memory_.entries[pending.place].node() == &node) return memory_.entries[pending.place].payload;
    std::uint32_t place;
    if (memory_.free.empty()) {
      place = static_cast<std::uint32_t>(memory_.entries.size());
      memory_.entries.emplace_back();
    } else {
      place = memory_.free.back();
      memory_.free.pop_back();
    }
    Entry& entry = memory_.entries[place];
    entry.held = Tensor(&node);
    node.walk_hint.store(place, std::memory_order_release);
    memory_.heap.push_back({node.id, place});
    std::push_heap(memory_.heap.begin(), memory_.heap.end());
    return entry.payload;
  }

  /// The pending node with the highest id, and what was gathered for it.
  std::pair<Tensor, Payload> pop() {
    std::pop_heap(memory_.heap.begin(), memory_.heap.end());
    const std::uint32_t place = memory_.heap.back().place;
    memory_.heap.pop_back();
    memory_.free.push_back(place);
    Entry& entry = memory_.entries[place];
    return {std::exchange(entry.held, Tensor()), std::exchange(entry.payload, Payload())};
  }

 private:
  struct Entry {
    Tensor held;
    Payload payload;
    bool defined() const noexcept { return held.defined(); }
    Node& node() const { return held.handle(); }
  };
  struct Pending {
    std::uint64_t id;
    std::uint32_t place;
    // Nodes of several threads may have one id, and none of them depends on another.
    bool operator<(const Pending& other) const noexcept { return id < other.id; }
  };
  struct Memory {
    std::vector<Entry> entries;
    std::vector<Pending> heap;
    std::vector<std::uint32_t> free;
  };

  static constexpr std::uint64_t began = std::uint64_t{1} << 32;

  /// Whether another walk was alive when this one began, or has begun since.
  bool crossed() const noexcept {
    return before_ % began != 0 || walks.load(std::memory_order_acquire) / began != before_ / began + 1;
  }

  // A walk's vectors serve the next one of this thread, so that a steady training step allocates nothing.
  // Walks nest (a rule may start one): the inner one makes its own.
  static Memory take_memory() { return std::exchange(per_thread<Memory>(), Memory()); }
  static void give_memory(Memory&& memory) noexcept { per_thread<Memory>() = std::move(memory); }

  Memory memory_;
  std::uint64_t before_;  // what `walks` was
};

}  // namespace wengert
