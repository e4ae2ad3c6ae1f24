// Plan: what waits below some nodes, sorted out: which of it one program computes, over which domain, from
// what, and what of it is stored. Made under a lock; see evaluator.cpp.
#pragma once

#include <array>
#include <mutex>
#include <span>
#include <vector>

#include "lib/core/program.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

/// Guards what is planned and published: two threads may need the same node. Kernels run outside of it.
std::mutex& planning();

inline bool waits(const Node& node) { return node.deferred.load(std::memory_order_acquire); }
/// What a node that waits is, whatever another thread does with it.
inline Lowering::Kind kind_of(const Node& node) { return static_cast<Lowering::Kind>(node.wait_kind); }
/// True for a node whose elements a program computes one by one, whatever shape they are given then.
inline bool waits_as_map(const Node& node) { return waits(node) && kind_of(node) == Lowering::Kind::map; }

inline bool lower(const Node& node, Lowering& lowering) {
  return node.operation && node.operation->lower && node.operation->lower(node, lowering);
}
inline bool is_view(const Lowering& lowering) {
  return lowering.kind == Lowering::Kind::alias || lowering.kind == Lowering::Kind::expand;
}

constexpr std::int64_t widest_row = 32768;  // elements, of which a few rows stay in the cache

constexpr std::uint64_t edge_mask = NodeCounts::user - 1;  // of a node's references, those by other nodes

/// How many of the last dimensions make up `width` elements; none where that does not come out even.
std::size_t trailing_dims(const Shape& shape, std::int64_t width);

/// A node that a program computes.
struct Entry {
  Node* node;
  Lowering lowering;
  std::uint32_t uses = 0;  // by other nodes of the program
  bool root = false;
  bool viewed = false;  // by a view of the program
  bool stored = false;
  std::uint32_t needs = 0;  // of `uses`, those that will want the value again
  std::uint16_t value = Value::none;
};

struct Pending {
  std::uint64_t id;
  std::uint32_t entry;
  bool operator<(const Pending& other) const noexcept { return id < other.id; }
};

/// An input, as some node of the program sees it.
struct Source {
  Node* node;
  const Shape* shape;
};

class Plan {
 public:
  /// Gathers what waits below the roots, and below those of `sums` that span the same domain. Returns false
  /// if something must be computed before: `first`.
  bool gather(std::span<Node* const> roots, std::span<const Tensor> sums);
  /// Numbers the values.
  void number();
  /// The entry of a node; null if it has none.
  Entry* find(Node& node) {
    const std::uint16_t hint = node.plan_hint.load(std::memory_order_relaxed);
    if (hint < entries.size() && entries[hint].node == &node) return &entries[hint];
    for (Entry& entry : entries)
      if (entry.node == &node) return &entry;
    return nullptr;
  }

  Domain domain;
  std::vector<Node*> first;
  std::vector<Entry> entries;  // by descending id after gather()
  std::vector<Value> values;
  std::vector<Source> sources;                         // of each value that is an input, or stored
  std::vector<Node*> views;                            // that are to be made from stored values
  std::vector<std::pair<Node*, std::uint16_t>> twins;  // nodes that share the stored value of another
  std::vector<Tensor> idle;  // computed before, whose values nothing wants once the program has run

  void clear() {
    first.clear();
    entries.clear();
    values.clear();
    sources.clear();
    views.clear();
    twins.clear();
    idle.clear();
    pending_.clear();
    again_.clear();
  }

 private:
  /// A few cheap operations on one array, and on what is there once or once a row, take no longer than to
  /// load what they leave: that is not stored, and computed again by whoever wants it. On two, where all is
  /// folded to one element: what is held then are the terms of a loss, as its expression is evaluated.
  struct Again {
    static constexpr std::uint8_t never = 255;
    std::uint8_t operations = never;
    std::array<std::uint16_t, 2> sources{{Value::none, Value::none}};  // arrays, of the program's inputs

    bool add_source(std::uint16_t source, std::size_t most);
  };

  void add(Node& node, const Lowering& lowering, bool root) {
    node.plan_hint.store(static_cast<std::uint16_t>(entries.size()), std::memory_order_relaxed);
    pending_.push_back({node.id, static_cast<std::uint32_t>(entries.size())});
    std::push_heap(pending_.begin(), pending_.end());
    entries.push_back({&node, lowering, 0, root});
  }
  void want_view(Node& node);
  Again again(const Lowering& lowering, const Value& value) const;
  void choose_domain(Node& root, const Lowering& lowering);
  bool fits(const Node& node, const Lowering& lowering) const;
  bool admissible(const Node& node, const Lowering& lowering, Node& input, Lowering& input_lowering) const;
  std::uint16_t operand(const Entry& entry, Node& input);
  std::uint16_t input_value(const Entry& entry, Node& input);

  std::vector<Pending> pending_;
  std::vector<Again> again_;  // of each value
  bool to_one_ = false;       // a root folds all there is
};

}  // namespace wengert
