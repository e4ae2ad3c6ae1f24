// Walk: visits nodes in descending order of their ids, each once, with something gathered at each on the way.
// The backward pass and whatever else follows the tape backward use it; there is no recursion.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/core/tape.hpp"

namespace wengert {

/// The nodes still to be visited. Holds a reference to each. One thread's own; many walks may cross one node.
template <class Payload>
class Walk {
 public:
  Walk() : memory_(take_memory()) {}
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;
  ~Walk() {
    memory_.entries.clear();
    memory_.heap.clear();
    memory_.free.clear();
    give_memory(std::move(memory_));
  }

  bool empty() const noexcept { return memory_.heap.empty(); }

  /// What is gathered for `node`, which will be visited. Valid until the next call.
  Payload& at(Node& node) {
    // The node remembers where it last stood in some walk. That may be another walk's doing, so it is
    // checked; if it was overwritten, the node gets a second entry here, and pop() joins the two.
    const std::uint32_t hint = node.hint.load(std::memory_order_relaxed);
    if (hint < memory_.entries.size() && memory_.entries[hint].defined() &&
        &memory_.entries[hint].node() == &node)
      return memory_.entries[hint].payload;
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
    node.hint.store(place, std::memory_order_relaxed);
    memory_.heap.push_back({node.id, &node, place});
    std::push_heap(memory_.heap.begin(), memory_.heap.end());
    return entry.payload;
  }

  /// The pending node with the highest id, and what was gathered for it.
  std::pair<Tensor, Payload> pop() {
    std::pair<Tensor, Payload> result = take();
    while (!memory_.heap.empty() && memory_.heap.front().node == &result.first.handle())
      join(result.second, take().second);
    return result;
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
    Node* node;
    std::uint32_t place;
    bool operator<(const Pending& other) const noexcept {
      return id != other.id ? id < other.id : node < other.node;
    }
  };
  struct Memory {
    std::vector<Entry> entries;
    std::vector<Pending> heap;
    std::vector<std::uint32_t> free;
  };

  std::pair<Tensor, Payload> take() {
    std::pop_heap(memory_.heap.begin(), memory_.heap.end());
    const std::uint32_t place = memory_.heap.back().place;
    memory_.heap.pop_back();
    memory_.free.push_back(place);
    Entry& entry = memory_.entries[place];
    return {std::exchange(entry.held, Tensor()), std::exchange(entry.payload, Payload())};
  }
  static void join(Payload& into, Payload&& other) {
    if constexpr (requires { into.add(std::move(other.value)); }) into.add(std::move(other.value));
  }

  // A walk's vectors serve the next one of this thread, so that a steady training step allocates nothing.
  // Walks nest (a rule may start one): the inner one makes its own.
  static Memory take_memory() { return std::exchange(spare(), Memory()); }
  static void give_memory(Memory&& memory) noexcept { spare() = std::move(memory); }
  static Memory& spare() {
    static thread_local Memory memory;
    return memory;
  }

  Memory memory_;
};

}  // namespace wengert
