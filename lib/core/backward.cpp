#include "wengert/core/backward.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

#include "lib/core/anomaly.hpp"
#include "lib/core/evaluator.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/per_thread.hpp"
#include "lib/core/tape.hpp"
#include "lib/core/walk.hpp"
#include "wengert/core/grad_mode.hpp"

namespace wengert {
namespace {

/// A cotangent on its way; empty for one that is known to be zero.
struct Cotangent {
  Tensor value;

  void add(Tensor term) {
    if (!term.defined()) return;
    if (value.defined())
      accumulate(value, term);
    else
      value = std::move(term);
  }
};

/// What a target gets.
struct Target {
  Cotangent sum;
  bool reached = false;
};

/// Recording is on in a pass exactly if its results are to be differentiated.
class PassMode {
 public:
  explicit PassMode(bool create_graph) {
    if (create_graph)
      on_.emplace();
    else
      off_.emplace();
  }

 private:
  std::optional<EnableGrad> on_;
  std::optional<NoGrad> off_;
};

/// A list whose memory serves the next pass of this thread.
template <class T>
struct SpareList {
  std::vector<T> list = std::exchange(per_thread<std::vector<T>, SpareList>(), std::vector<T>());

  SpareList() = default;
  SpareList(const SpareList&) = delete;
  SpareList& operator=(const SpareList&) = delete;
  ~SpareList() {
    list.clear();
    per_thread<std::vector<T>, SpareList>() = std::move(list);
  }
};
/// A version of each leaf that was reached, and what it is to get at the end.
using LeafGradients = SpareList<std::pair<Tensor, Tensor>>;
/// The nodes of gradients.
using GradientNodes = SpareList<Node*>;

[[noreturn]] void fail_freed(const char* operation, const Node& node) {
  fail<GraphError>(operation, "the graph below '", node.operation->name,
                   "' was freed by an earlier backward pass: pass {.retain_graph = true} to that one");
}

/// The nodes through which a cotangent must pass to reach a target.
class Paths {
 public:
  Paths(std::span<const Tensor> outputs, std::span<const Tensor> targets, bool partial) {
    std::uint64_t lowest = ~std::uint64_t{0};
    for (const Tensor& target : targets) lowest = std::min(lowest, target.handle().id);
    Walk<std::monostate> walk;
    for (const Tensor& output : outputs) walk.at(recorded(output));
    std::vector<Node*>& seen = seen_.list;
    while (!walk.empty()) {
      const auto [node, nothing] = walk.pop();
      seen.push_back(&recorded(node));
      if (recorded(node).leaf || (partial && is_target(recorded(node), targets))) continue;
      if (recorded(node).released) {
        // A target itself may have lost its graph, but not where another may have stood below it.
        if (!is_target(recorded(node), targets) || may_lie_below(recorded(node), targets))
          fail_freed("grad", recorded(node));
        continue;
      }
      for (std::uint32_t i = 0; i < recorded(node).input_count; ++i) {
        Node& input = recorded(node).input(i);
        if (input.requires_grad && input.id >= lowest) walk.at(input);
      }
    }
    for (auto it = seen.rbegin(); it != seen.rend(); ++it)
      if (is_target(**it, targets) || leads_to_needed(**it)) needed_.list.push_back({(*it)->id, *it});
  }

  static bool same(const Node& node, const Tensor& target) {
    const Node& handle = target.handle();
    return &node == &handle || (node.leaf && node.leaf == handle.leaf);
  }
  bool contains(const Node& node) const {
    // Nodes of one id, as several threads make them, are in no order.
    const auto same_id = std::ranges::equal_range(needed_.list, node.id, {}, &Place::first);
    return std::ranges::any_of(same_id, [&](const Place& place) { return place.second == &node; });
  }

 private:
  using Place = std::pair<std::uint64_t, const Node*>;
  static bool is_target(const Node& node, std::span<const Tensor> targets) {
    return std::ranges::any_of(targets, [&](const Tensor& target) { return same(node, target); });
  }
  static bool may_lie_below(const Node& node, std::span<const Tensor> targets) {
    return std::ranges::any_of(targets, [&](const Tensor& target) {
      // A leaf that was assigned to is younger than what was made of it.
      return !same(node, target) && (target.handle().leaf || target.handle().id < node.id);
    });
  }
  bool leads_to_needed(const Node& node) const {
    if (node.leaf || node.released) return false;
    for (std::uint32_t i = 0; i < node.input_count; ++i)
      if (contains(node.input(i))) return true;
    return false;
  }

  SpareList<Node*> seen_;
  SpareList<Place> needed_;  // ascending; the pass frees nodes as it goes, so they are not looked at
};

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  const std::size_t ahead = to.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i)
    if (from[i] != to[ahead + i] && from[i] != 1) return false;
  return true;
}

/// A rule's result in the shape of the input it is for; empty for zero.
Tensor fitted(const Node& node, std::uint32_t i, Tensor result) {
  if (!result.defined()) return result;
  const Node &input = node.input(i), &got = recorded(result);
  if (got.dtype != input.dtype)
    fail<DTypeError>(node.operation->name, "the rule of input ", i, " must return the input's dtype: got ",
                     got.dtype, " for ", input.dtype);
  if (got.shape == input.shape) return result;
  if (!broadcasts_to(input.shape, got.shape))
    fail<ShapeError>(node.operation->name, "the rule of input ", i,
                     " must return the input's shape, or one that it broadcasts to: got ", got.shape, " for ",
                     input.shape);
  return sum_to(result, input.shape);
}

/// Adds what the rule of an input returned to the input's cotangent.
void add_result(const Node& node, std::uint32_t i, const Tensor& g, Cotangent& sum, Tensor result) {
  const Tensor earlier = anomaly_mode() ? sum.value : Tensor();
  sum.add(fitted(node, i, std::move(result)));
  if (anomaly_mode()) [[unlikely]]
    check_cotangent(node, i, g, earlier, sum.value);
}

/// The cotangents of all inputs, of an operation whose rule gives them together.
std::vector<Tensor> results_of(const Call& call) {
  std::vector<Tensor> all = call.node.operation->rule_of_all(call);
  if (all.size() != call.node.input_count)
    fail<GraphError>(call.node.operation->name, "the rule must return a cotangent for each input: got ",
                     all.size(), " for ", call.node.input_count);
  return all;
}

/// Adds what a node's rules give to the cotangents of its wanted inputs, as cotangent_of(input) finds them.
template <class Wanted, class CotangentOf>
void apply_rules(const Node& node, const Tensor& g, Wanted wanted, CotangentOf cotangent_of) {
  const Operation& operation = *node.operation;
  const RuleGuard guard(&node);
  const Call call{g, node};
  if (operation.rule_of_all) [[unlikely]] {
    std::vector<Tensor> all = results_of(call);
    for (std::uint32_t i = 0; i < node.input_count; ++i)
      if (wanted(node.input(i))) add_result(node, i, g, cotangent_of(node.input(i)), std::move(all[i]));
    return;
  }
  for (std::uint32_t i = 0, count = node.input_count; i < count; ++i) {
    if (!wanted(node.input(i))) continue;
    Cotangent& sum = cotangent_of(node.input(i));
    if (operation.add_to && sum.value.defined() && !this_thread.records && !anomaly_mode())
      operation.add_to(call, i, writable(sum.value));
    else if (operation.rule_of_input)
      add_result(node, i, g, sum, operation.rule_of_input(call, i));
    else if (const Rule rule = operation.rules[i])
      add_result(node, i, g, sum, rule(call));
  }
}

Tensor zeros_of(const Node& node) {
  Tensor zero = scalar(0.0, node.dtype, node.where);
  Tensor tensor = Tensor::adopt(new_node(node.shape, node.dtype, node.where));
  share_value(tensor.handle(), zero.node(), 0, Dims::filled(node.shape.size(), 0));
  return tensor;
}

void check_seeds(std::span<const Tensor> outputs, std::span<const Tensor> seeds) {
  if (outputs.size() != seeds.size())
    fail<GraphError>("backward", "there must be a seed for each output: got ", seeds.size(), " for ",
                     outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (seeds[i].shape() != outputs[i].shape())
      fail<ShapeError>("backward", "a seed must have its output's shape: got ", seeds[i].shape(), " for ",
                       outputs[i].shape());
    if (seeds[i].dtype() != outputs[i].dtype())
      fail<DTypeError>("backward", "a seed must have its output's dtype: got ", seeds[i].dtype(), " for ",
                       outputs[i].dtype());
  }
}

}  // namespace

std::vector<Tensor> run_backward(std::span<const Tensor> outputs, std::span<const Tensor> seeds,
                                 std::span<const Tensor> targets, const PassOptions& options) {
  check_seeds(outputs, seeds);
  const PassMode mode(options.create_graph);
  const std::optional<Paths> paths =
      targets.empty() ? std::nullopt : std::optional<Paths>(std::in_place, outputs, targets, options.partial);
  const auto wanted = [&](const Node& node) {
    return node.requires_grad && (!paths || paths->contains(node));
  };

  SpareList<Target> spare_results;
  std::vector<Target>& results = spare_results.list;
  results.resize(targets.size());
  LeafGradients leaves;

  SpareList<Tensor> sums;
  const SumsOfPass sums_of_pass(options.create_graph ? nullptr : &sums.list);
  Walk<Cotangent> walk;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    // The value of a seed now: a gradient that is the seed itself must not change when the seed, a leaf, is
    // assigned.
    if (wanted(recorded(outputs[i]))) walk.at(recorded(outputs[i])).add(Tensor(&recorded(seeds[i])));

  while (!walk.empty()) {
    auto [held, cotangent] = walk.pop();
    Node& node = recorded(held);
    bool ends = node.leaf != nullptr, is_target = false;
    for (std::size_t t = 0; t < targets.size(); ++t) {
      if (!Paths::same(node, targets[t])) continue;
      results[t].sum.add(cotangent.value);
      is_target = results[t].reached = true;
      ends |= options.partial;
    }
    if (ends) {
      if (targets.empty()) {
        if (!cotangent.value.defined()) cotangent.value = zeros_of(node);
        leaves.list.emplace_back(std::move(held), std::move(cotangent.value));
      }
      continue;
    }
    if (node.released) {
      if (paths) continue;  // a target, and no other below it
      fail_freed("backward", node);
    }
    // What lies below a target is not freed either, unless it leads to another.
    const std::span<Node* const> inputs(node.inputs(), node.input_count);
    if (is_target && std::ranges::none_of(inputs, [&](const Node* input) { return wanted(*input); }))
      continue;
    // An input is reached even by a cotangent that is zero everywhere.
    if (cotangent.value.defined()) {
      apply_rules(node, cotangent.value, wanted, [&](Node& input) -> Cotangent& { return walk.at(input); });
    } else {
      for (std::uint32_t i = 0; i < node.input_count; ++i)
        if (wanted(node.input(i))) walk.at(node.input(i));
    }
    if (!options.retain_graph) {
      node.released = true;
      // What waits needs its inputs still, and lets them go with its value.
      if (!node.deferred.load(std::memory_order_acquire)) release_inputs(node);
    }
  }

  if (!options.create_graph) {
    GradientNodes waiting;
    // A result that still waits goes with them: it is made of the same, and its graph may be gone afterwards.
    for (const Tensor& output : outputs) waiting.list.push_back(&recorded(output));
    for (const auto& [version, gradient] : leaves.list) waiting.list.push_back(&recorded(gradient));
    for (const Target& result : results)
      if (result.sum.value.defined()) waiting.list.push_back(&recorded(result.sum.value));
    force_together(waiting.list);
  }

  // Gradients change only now, after everything that can fail.
  for (auto& [version, gradient] : leaves.list) {
    Leaf& leaf = *recorded(version).leaf;
    Tensor old;
    const std::lock_guard lock(leaf.mutex);
    if (leaf.abandoned) continue;
    if (leaf.grad.defined())
      accumulate(leaf.grad, gradient);
    else
      leaf.grad = std::move(gradient);
  }
  std::vector<Tensor> gradients;
  gradients.reserve(targets.size());
  for (std::size_t t = 0; t < targets.size(); ++t) {
    auto& [sum, reached] = results[t];
    if (reached && !sum.value.defined()) sum.value = zeros_of(recorded(targets[t]));
    gradients.push_back(std::move(sum.value));
  }
  return gradients;
}

}  // namespace wengert
