#include "wengert/grad/checkpoint.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>

#include "lib/core/evaluator.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/walk.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/core/backward.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"

namespace wengert::detail {
namespace {

/// The tensors that stand where the output's graph ends for a checkpoint: `ends`, leaves, and what was there
/// before, by its id. A leaf that f made for itself is gone; nobody can ask for its gradient.
std::vector<Node*> reached(const Tensor& output, std::span<Node* const> ends, std::uint64_t before) {
  struct Nothing {};
  std::vector<Node*> found;
  Walk<Nothing> walk;
  if (output.requires_grad()) walk.at(recorded(output));
  while (!walk.empty()) {
    const auto [held, nothing] = walk.pop();
    Node& node = recorded(held);
    if (std::ranges::find(ends, &node) != ends.end() || (!node.leaf && node.id <= before)) {
      found.push_back(&node);
    } else if (node.leaf) {
      const std::lock_guard lock(node.leaf->mutex);
      if (!node.leaf->abandoned) found.push_back(&node);
    } else {
      for (std::uint32_t i = 0; i < node.input_count; ++i)
        if (node.input(i).requires_grad) walk.at(node.input(i));
    }
  }
  return found;
}

std::size_t digest_of(const Tensor& x) {
  const Tensor dense = compact(x);
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(dense.node().data),
                                        static_cast<std::size_t>(x.size()) * item_size(x.dtype())});
}

struct CheckpointAttributes : Attributes {
  SeveralFunction f;
  Several given;  // to f; an empty one is the node's next input, others do not matter to the gradient
  RandomKey random;
  std::size_t digest;
  Tensor value;  // until the node has it
};

/// The stream of random numbers as it was, and afterwards as it is.
class RandomAsBefore {
 public:
  explicit RandomAsBefore(RandomKey state) : present_(random_state()) { set_random_state(state); }
  ~RandomAsBefore() { set_random_state(present_); }
  RandomAsBefore(const RandomAsBefore&) = delete;
  RandomAsBefore& operator=(const RandomAsBefore&) = delete;

 private:
  RandomKey present_;
};

[[noreturn]] void fail_different(const Node& node, const char* what) {
  fail<GraphError>("checkpoint", "the function must compute the same when it is called again: ", what,
                   ", for what was recorded at ", node.where.file, ":", node.where.line);
}

std::vector<Tensor> cotangents(const Call& call) {
  const Node& node = call.node;
  const std::span<Node* const> known(node.inputs(), node.input_count);
  const auto& attributes = call.attributes<CheckpointAttributes>();
  const bool create_graph = grad_enabled();
  // The call is one of the user's, not of the rule that makes it.
  const RuleGuard no_rule(nullptr);
  const SumsOfPass no_sums(nullptr);
  Several inputs = attributes.given;
  std::size_t next = 0;
  for (Tensor& input : inputs)
    if (!input.defined()) input = call.x(next++);
  const Tensor y = [&] {
    const RandomAsBefore random(attributes.random);
    const EnableGrad recording;
    return attributes.f(inputs);
  }();
  if (!y.defined() || y.shape() != node.shape || y.dtype() != node.dtype || !y.requires_grad() ||
      digest_of(y) != attributes.digest)
    fail_different(node, "it gave another value");
  for (const Node* end : reached(y, known, 0))
    if (std::ranges::find(known, end) == known.end())
      fail_different(node, "it used other parameters, or one was assigned meanwhile");
  const Several seeds{call.g}, outputs{y};
  Several targets;
  for (Node* input : known) targets.emplace_back(input);
  // The graph goes with y. What the function looks at from outside keeps its own.
  return run_backward(outputs, seeds, targets,
                      {.retain_graph = true, .create_graph = create_graph, .partial = true});
}

void take_value(Node& node) {
  auto& attributes = static_cast<CheckpointAttributes&>(*node.attributes);
  Node& value = attributes.value.node();
  share_value(node, value, 0, value.strides);
  attributes.value = Tensor();
}

std::vector<Sample> checkpoint_samples() {
  SampleNumbers numbers(31);
  const auto product = [](const std::vector<Tensor>& in) {
    return checkpoint([](const Tensor& x) { return tanh(x) * x; }, in[0]);
  };
  const auto weighted = [](const std::vector<Tensor>& in) {
    const auto f = [w = in[2]](const std::vector<Tensor>& x) { return sin(matmul(x[0], w) + x[1]); };
    return checkpoint(f, std::vector<Tensor>{in[0], in[1]});
  };
  const auto nested = [](const std::vector<Tensor>& in) {
    const auto inner = [](const Tensor& x) { return exp(x) * x; };
    return checkpoint([=](const Tensor& x) { return checkpoint(inner, sin(x)) * x; }, in[0]);
  };
  const auto draw = [&](const Shape& shape) { return numbers.uniform(shape, -1.0, 1.0); };
  return {{"one input", {draw({2, 3})}, product},
          {"a number", {draw({})}, product},
          {"nothing", {draw({0, 3})}, product},
          {"two inputs, and one that is not given", {draw({2, 3}), draw({4}), draw({3, 4})}, weighted},
          {"one within another", {draw({3})}, nested}};
}

/// Rule: the function is recorded again at the inputs, and its derivatives are taken.
constexpr Operation operation{
    .name = "checkpoint", .forward = take_value, .rule_of_all = cotangents, .samples = checkpoint_samples};
const Registered registered(operation);

}  // namespace

Tensor checkpointed(SeveralFunction f, const Several& inputs, const Location& where) {
  if (inputs.empty()) fail<GraphError>("checkpoint", "there must be an input: got none");
  for (const Tensor& input : inputs) require_value("checkpoint", input);
  if (!grad_enabled()) return f(inputs);
  auto attributes = std::make_unique<CheckpointAttributes>();
  attributes->random = random_state();
  const std::uint64_t before = scalar(0.0, float32).recorded().id;
  const Tensor y = f(inputs);
  require_value("checkpoint", y);
  if (!y.requires_grad()) return y;
  std::vector<Node*> ends, nodes;
  for (const Tensor& input : inputs) ends.push_back(&input.node());
  std::vector<Node*> found = reached(y, ends, before);
  for (Node* end : ends) {
    const auto place = std::ranges::find(found, end);
    const bool matters = place != found.end();
    attributes->given.push_back(matters ? Tensor() : Tensor(end));
    if (!matters) continue;
    nodes.push_back(end);
    found.erase(place);
  }
  nodes.insert(nodes.end(), found.begin(), found.end());
  attributes->f = std::move(f);
  attributes->digest = digest_of(y);
  attributes->value = y;
  return record(operation, nodes.data(), nodes.size(), y.shape(), y.dtype(), where, attributes.release());
}

}  // namespace wengert::detail
