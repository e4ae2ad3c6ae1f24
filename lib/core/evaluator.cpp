#include "lib/core/evaluator.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "lib/core/fail.hpp"
#include "lib/core/idle.hpp"
#include "lib/core/per_thread.hpp"
#include "lib/core/plan.hpp"
#include "lib/core/strided.hpp"
#include "lib/core/tape.hpp"
#include "lib/core/this_thread.hpp"
#include "wengert/core/evaluation.hpp"

namespace wengert {
namespace {

using Kind = Lowering::Kind;

constexpr std::uint8_t max_depth = 64;     // of calls that wait for one another
constexpr std::int64_t wide_row = 256;     // that a program adds nearly as fast as a sum by itself
constexpr std::size_t max_programs = 512;  // kept by a thread
constexpr std::size_t most_unsettled = 8;  // totals that wait; a loss has one to three

struct Evaluator {
  Plan plan;
  std::vector<Program::Binding> bindings;
  std::vector<StorageRef> rooms;
  std::vector<Tensor> held;
  std::unordered_multimap<std::uint64_t, std::unique_ptr<Program>> programs;
  EvaluationStats stats{};

  const Program& program();
  void bind();
  void publish();
  void drop_idle();
};
Evaluator& evaluator() { return per_thread<Evaluator>(); }

struct Unsettled;
std::vector<Tensor>& unsettled() { return per_thread<std::vector<Tensor>, Unsettled>(); }

thread_local std::vector<Tensor>* sums_of_pass = nullptr;

std::uint64_t hash_of(const std::vector<Value>& values, bool by_rows) {
  std::uint64_t hash = by_rows ? 0x9e3779b97f4a7c15u : 0xcbf29ce484222325u;
  const auto mix = [&](std::uint64_t word) { hash = (hash ^ word) * 0x100000001b3u ^ hash >> 29; };
  for (const Value& v : values) {
    mix(static_cast<std::uint64_t>(v.input) | static_cast<std::uint64_t>(v.stored) << 1 |
        static_cast<std::uint64_t>(v.layout) << 8 | static_cast<std::uint64_t>(v.extent) << 16 |
        static_cast<std::uint64_t>(v.item) << 24 | static_cast<std::uint64_t>(v.kind) << 32);
    mix(reinterpret_cast<std::uintptr_t>(v.block) ^ reinterpret_cast<std::uintptr_t>(v.fold) << 1);
    std::uint64_t inputs = 0;
    for (const std::uint16_t in : v.in) inputs = inputs << 16 | in;
    mix(inputs);
  }
  return hash;
}

const Program& Evaluator::program() {
  const std::uint64_t hash = hash_of(plan.values, plan.domain.by_rows);
  const auto [from, to] = programs.equal_range(hash);
  for (auto it = from; it != to; ++it)
    if (it->second->values() == plan.values) return *it->second;
  if (programs.size() >= max_programs) programs.clear();
  ++stats.planned;
  return *programs.emplace(hash, std::make_unique<Program>(plan.values, plan.domain.by_rows))->second;
}

/// Room for a value that waited. Where there is none, the error names the line that recorded it.
StorageRef room_for(const Node& node, std::int64_t elements) {
  try {
    return StorageRef::allocate(static_cast<std::size_t>(elements) * item_size(node.dtype));
  } catch (const Error&) {
    fail<Error>(node.operation->name, "there must be memory for the value that waits: asked for ", node.shape,
                " of ", node.dtype, ", recorded at ", node.where.file, ":", node.where.line);
  }
}

/// Finds the inputs and makes room for what is stored. Holds all of them: another thread may be first.
void Evaluator::bind() {
  const std::size_t count = plan.values.size();
  bindings.assign(count, {});
  rooms.assign(count, {});
  for (std::size_t v = 0; v < count; ++v) {
    const Value& value = plan.values[v];
    const auto& [node, shape] = plan.sources[v];
    if (value.input) {
      held.emplace_back(node);
      if (is_gone(*node)) [[unlikely]]
        fail_idle(plan.entries.back().node->operation->name, *node);
      bindings[v].data = node->data;
      if (value.layout == Layout::strided) {
        bindings[v].reader = StridedReader(node->data, value.item, *shape, broadcast_strides(*node, *shape));
      } else if (value.layout == Layout::row) {
        Shape rows = *shape;
        Strides strides = broadcast_strides(*node, *shape);
        if (element_count(rows) != plan.domain.rows)
          for (std::size_t dims = trailing_dims(*shape, plan.domain.width); dims > 0; --dims) {
            rows.pop_back();
            strides.pop_back();
          }
        bindings[v].reader = StridedReader(node->data, value.item, rows, strides);
      }
    } else if (value.stored) {
      held.emplace_back(node);
      const std::int64_t elements = value.extent == Extent::full     ? plan.domain.size()
                                    : value.extent == Extent::row    ? plan.domain.rows
                                    : value.extent == Extent::column ? plan.domain.width
                                                                     : 1;
      rooms[v] = room_for(*node, elements);
      bindings[v].data = rooms[v].data();
    }
  }
  for (const auto& [node, value] : plan.twins) held.emplace_back(node);
  for (Node* view : plan.views) held.emplace_back(view);
}

/// What a node that has its value now no longer needs.
void settle(Node& node) {
  if (node.requires_grad && !node.released) return;
  release_inputs(node);
  if (node.requires_grad) return;
  delete std::exchange(node.attributes, nullptr);
  node.operation = nullptr;
}

void Evaluator::publish() {
  for (std::size_t v = 0; v < plan.values.size(); ++v) {
    Node& node = *plan.sources[v].node;
    if (!rooms[v] || !waits(node)) continue;
    set_value(node, std::move(rooms[v]));
    node.deferred.store(false, std::memory_order_release);
  }
  for (const auto& [node, value] : plan.twins) {
    Node& first = *plan.sources[value].node;
    if (!waits(*node) || waits(first)) continue;
    share_value(*node, first, 0, row_major(node->shape));
    node->deferred.store(false, std::memory_order_release);
  }
  for (Node* view : plan.views) {
    if (!waits(*view)) continue;
    view->operation->forward(*view);
    view->deferred.store(false, std::memory_order_release);
  }
  for (std::size_t v = 0; v < plan.values.size(); ++v)
    if (!plan.values[v].input && plan.values[v].stored) settle(*plan.sources[v].node);
  for (const auto& [node, value] : plan.twins) settle(*node);
  for (Node* view : plan.views) settle(*view);
}

/// Frees the bytes of what is idle, unless another thread has taken it up: then they stay until its node
/// goes.
void Evaluator::drop_idle() {
  held.clear();
  rooms.clear();
  if (plan.idle.empty()) return;
  {
    const std::lock_guard lock(planning());
    for (const Tensor& tensor : plan.idle) {
      Node& node = recorded(tensor);
      if (node.references.load(std::memory_order_acquire) / NodeCounts::user != 1) continue;
      node.data = nullptr;
      rooms.push_back(std::exchange(node.storage, StorageRef()));
    }
  }
  plan.idle.clear();
  rooms.clear();
}

/// Computes a node that is only another look at its input.
void force_view(Node& node, Node& input) {
  force(input);
  const std::lock_guard lock(planning());
  if (!waits(node)) return;
  node.operation->forward(node);
  node.deferred.store(false, std::memory_order_release);
  settle(node);
}

void run_roots(std::span<Node* const> roots) {
  Evaluator& e = evaluator();
  struct Release {
    Evaluator& e;
    ~Release() { e.held.clear(), e.rooms.clear(), e.plan.idle.clear(); }
  } const release{e};
  while (true) {
    const std::span<const Tensor> sums = sums_of_pass ? *sums_of_pass : std::span<const Tensor>();
    std::array<Tensor, 8> first;
    {
      const std::lock_guard lock(planning());
      // Sums that want something else first are left for another program.
      if (e.plan.gather(roots, sums) || (!sums.empty() && e.plan.gather(roots, {}))) {
        if (e.plan.entries.empty()) return;
        e.plan.number();
        find_idle(e.plan);
        e.held.clear();
        e.bind();
      } else {
        for (std::size_t i = 0; i < std::min(first.size(), e.plan.first.size()); ++i)
          first[i] = Tensor(e.plan.first[i]);
      }
    }
    if (!first[0].defined()) break;
    for (const Tensor& node : first)
      if (node.defined()) force(recorded(node));
  }
  e.program().run(e.plan.domain, e.bindings);
  ++e.stats.runs;
  {
    const std::lock_guard lock(planning());
    e.publish();
  }
  e.drop_idle();
  if (sums_of_pass) std::erase_if(*sums_of_pass, [](const Tensor& sum) { return !waits(recorded(sum)); });
}

/// Whether a call may wait: it is large, or computed from what waits, and a program can compute it.
bool may_wait(const Node& node, Kind kind) {
  const std::int64_t size = node.size();
  const Node& input = node.input(0);
  switch (kind) {
    case Kind::map:
      if (size >= defer_from()) return true;
      // Small, and of something that waits: one element for each of its rows.
      for (std::uint32_t i = 0; i < node.input_count; ++i)
        if (waits(node.input(i)) &&
            (kind_of(node.input(i)) == Kind::sum_rows || node.input(i).size() != size))
          return false;
      return true;
    case Kind::fold: {
      const std::int64_t width = input.size() / size;
      if (width <= 1 || width > widest_row) return false;
      return waits(input) ? waits_as_map(input) : input.size() >= defer_from() && is_contiguous(input);
    }
    case Kind::sum_rows:
      if (size <= 1 || size > widest_row || input.size() <= size) return false;
      // Or of a cotangent that the user passed in, and holds: what else the pass does with it reads it too.
      return waits(input) ? waits_as_map(input) || kind_of(input) == Kind::fold
                          : input.leaf && RuleGuard::alive() && size >= wide_row &&
                                input.size() >= defer_from() && is_contiguous(input);
    case Kind::total:
      return input.size() > 1 && waits_as_map(input);
    default:
      return waits(input);
  }
}

}  // namespace

std::mutex& planning() {
  static std::mutex mutex;
  return mutex;
}

void evaluate(Node& node, bool large) {
  if (large) [[unlikely]] {
    Lowering lowering;
    if (defer_from() != nothing_waits && node.size() > 0 && lower(node, lowering) &&
        may_wait(node, lowering.kind)) {
      std::uint8_t depth = 0;
      for (std::uint32_t i = 0; i < node.input_count; ++i)
        if (waits(node.input(i))) depth = std::max(depth, node.input(i).depth);
      node.depth = static_cast<std::uint8_t>(depth + 1);
      const bool map = lowering.kind == Kind::alias && waits_as_map(node.input(0));
      node.wait_kind = static_cast<std::uint8_t>(map ? Kind::map : lowering.kind);
      if (sums_of_pass && lowering.kind == Kind::sum_rows) {
        // Of rows that are folded themselves, the folding is what others read the same arrays for.
        Node& input = node.input(0);
        sums_of_pass->emplace_back(waits(input) && kind_of(input) == Kind::fold ? &input : &node);
      }
      node.deferred.store(true, std::memory_order_release);
      return;
    }
    for (std::uint32_t i = 0; i < node.input_count; ++i) force(node.input(i));
  }
  node.operation->forward(node);
}

void settle_waiting(Node& node) {
  if (node.depth >= max_depth) return force(node);
  const bool total = kind_of(node) == Kind::total;
  if (!this_thread.patient) {
    if (total) force(node);
    return;
  }
  if (!total && node.size() != 1) return;
  std::vector<Tensor>& list = unsettled();
  const auto is_input = [&](const Tensor& tensor) {
    for (std::uint32_t i = 0; i < node.input_count; ++i)
      if (&node.input(i) == &recorded(tensor)) return true;
    return false;
  };
  // Whoever computes it computes them.
  if (std::erase_if(list, is_input) == 0 && !total) return;
  if (list.size() >= most_unsettled) return force(node);
  list.emplace_back(&node);
}

PatientTotals::PatientTotals() noexcept { ++this_thread.patient; }
PatientTotals::~PatientTotals() {
  if (--this_thread.patient > 0 || unsettled().empty()) return;
  // What is let go of here may record.
  std::vector<Tensor> list = std::move(unsettled());
  for (const Tensor& tensor : list) {
    try {
      force(recorded(tensor));
    } catch (...) {
      // It goes on waiting, and fails again for whoever looks at it.
    }
  }
  list.clear();
  if (unsettled().empty()) unsettled() = std::move(list);
}

void force(Node& node) {
  if (!waits(node)) return;
  // Held, as is what a view looks at: another thread may settle them meanwhile, or a program that computes
  // the one and, with the sums of the pass, what lies above it.
  const Tensor held(&node);
  Tensor input;
  {
    const std::lock_guard lock(planning());
    Lowering lowering;
    if (!waits(node)) return;
    if (lower(node, lowering) && is_view(lowering)) input = Tensor(&node.input(0));
  }
  if (input.defined()) return force_view(node, recorded(input));
  Node* const root = &node;
  run_roots({&root, 1});
}

void force_together(std::span<Node* const> roots) {
  for (Node* root : roots) {
    if (!waits(*root)) continue;
    run_roots(roots);
    force(*root);
  }
}

SumsOfPass::SumsOfPass(std::vector<Tensor>* list) noexcept : before_(std::exchange(sums_of_pass, list)) {}
SumsOfPass::~SumsOfPass() { sums_of_pass = before_; }

EvaluationStats evaluation_stats() { return evaluator().stats; }

}  // namespace wengert
