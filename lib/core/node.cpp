#include "wengert/core/node.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "lib/core/anomaly.hpp"
#include "lib/core/evaluator.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/idle.hpp"
#include "lib/core/memory.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"

namespace wengert {
namespace {

void set_inputs(Node& node, Node* const* inputs, std::size_t count) {
  node.input_count = static_cast<std::uint32_t>(count);
  if (count > Node::inline_inputs) {
    node.input_place.far = static_cast<Node**>(memory::allocate_bytes(count * sizeof(Node*)));
    std::copy_n(inputs, count, node.input_place.far);
  } else {
    for (std::size_t i = 0; i < count; ++i) node.input_place.near[i] = inputs[i];
  }
}

/// Forgets the inputs without giving up a reference to them.
void forget_inputs(Node& node) noexcept {
  if (node.input_count > Node::inline_inputs)
    memory::release_bytes(node.input_place.far, node.input_count * sizeof(Node*));
  node.input_count = 0;
}

std::vector<const Operation*>& registry() {
  static auto& operations = *new std::vector<const Operation*>;
  return operations;
}

}  // namespace

/// The number of elements. Every tensor's shape comes by here, so no size computed later overflows.
std::int64_t checked_count(const char* operation, const Shape& shape, DType dtype) {
  constexpr std::int64_t byte_limit = std::int64_t{1} << 46, small = std::int64_t{1} << 14;
  // Nearly every shape: up to three small extents.
  if (shape.size() <= 3) [[likely]] {
    const std::int64_t* extents = shape.data();
    std::int64_t all = 0;
    std::uint64_t count = 1;  // which may overflow where it is not what is returned
    for (std::size_t i = 0; i < shape.size(); ++i) {
      all |= extents[i];
      count *= static_cast<std::uint64_t>(extents[i]);
    }
    if (all >= 0 && all < small) [[likely]]
      return static_cast<std::int64_t>(count);
  }
  if (shape.size() > max_dimensions) [[unlikely]]
    fail<ShapeError>(operation, "a tensor has at most ", max_dimensions, " dimensions: got ", shape.size());
  std::int64_t bytes = static_cast<std::int64_t>(item_size(dtype));
  bool too_large = false, negative = false;
  for (const std::int64_t extent : shape) {
    negative |= extent < 0;
    // An extent of 0 does not excuse the others: strides are products of them.
    too_large |=
        __builtin_mul_overflow(bytes, std::max<std::int64_t>(extent, 1), &bytes) || bytes > byte_limit;
  }
  if (negative) [[unlikely]]
    fail<ShapeError>(operation, "extents must not be negative: got ", shape);
  if (too_large) [[unlikely]]
    fail<ShapeError>(operation, "the shape is too large: got ", shape);
  return element_count(shape);
}

void* Attributes::operator new(std::size_t bytes) { return memory::allocate_bytes(bytes); }
void Attributes::operator delete(void* block, std::size_t bytes) noexcept {
  memory::release_bytes(block, bytes);
}

void* Leaf::operator new(std::size_t bytes) { return memory::allocate_bytes(bytes); }
void Leaf::operator delete(void* block, std::size_t bytes) noexcept { memory::release_bytes(block, bytes); }

Node* new_node(const Shape& shape, DType dtype, const Location& where, const char* operation) {
  const std::int64_t elements = checked_count(operation, shape, dtype);
  // What a rule records belongs to the line that recorded the operation it differentiates.
  const Node* ruled = this_thread.ruled;
  const ScopePath* scope = ruled ? ruled->scope : this_thread.scope ? current_scope() : nullptr;
  return new (memory::allocate_node())
      Node(shape, elements, dtype, ++this_thread.last_id, scope, ruled ? ruled->where : where);
}

void retain_edge(Node& node) noexcept { node.references.fetch_add(1, std::memory_order_relaxed); }

void release_edge(Node& node) noexcept {
  if (drop_references(node.references, std::uint64_t{1})) destroy_node(&node);
}

void release_inputs(Node& node) noexcept {
  Node* const* inputs = node.inputs();
  for (std::uint32_t i = 0; i < node.input_count; ++i) release_edge(*inputs[i]);
  forget_inputs(node);
}

void release_leaf(Leaf* leaf) noexcept {
  if (drop_references(leaf->references, 1u)) delete leaf;
}

void destroy_node(Node* node) noexcept {
  // Nodes whose last reference went wait in a list chained through `id`; whoever came first on this thread
  // frees them all, so neither a long chain nor a destructor that frees tensors recurses, and nothing is
  // allocated.
  static thread_local Node* dying = nullptr;
  static thread_local bool busy = false;
  const auto add = [](Node* last) {
    last->id = reinterpret_cast<std::uintptr_t>(dying);
    dying = last;
  };
  add(node);
  if (busy) return;
  busy = true;
  while (Node* next = dying) {
    dying = reinterpret_cast<Node*>(next->id);
    const auto drop = [&](Node& held) {
      if (drop_references(held.references, std::uint64_t{1})) add(&held);
    };
    Node* const* inputs = next->inputs();
    for (std::uint32_t i = 0; i < next->input_count; ++i) drop(*inputs[i]);
    forget_inputs(*next);
    if (next->version) {
      Tensor grad;
      {
        const std::lock_guard lock(next->leaf->mutex);
        next->leaf->abandoned = true;
        grad.swap(next->leaf->grad);
      }
      drop(*next->version);
    }
    if (next->leaf) release_leaf(next->leaf);
    delete next->attributes;
    next->~Node();
    memory::release_node(next);
  }
  busy = false;
}

std::byte* allocate_value(Node& node) {
  node.strides.set_row_major(node.shape);
  node.contiguous = true;
  const std::size_t bytes = static_cast<std::size_t>(node.elements) * item_size(node.dtype);
  if (bytes <= Node::inline_bytes) {
    node.data = node.inline_value;
  } else {
    node.storage = StorageRef::allocate(bytes);
    node.data = node.storage.data();
  }
  return node.data;
}

void set_value(Node& node, StorageRef storage) {
  node.strides.set_row_major(node.shape);
  node.contiguous = true;
  node.data = storage.data();
  node.storage = std::move(storage);
}

/// Whether elements with these strides lie one after the other.
static bool lie_contiguously(const Shape& shape, const Strides& strides) {
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    if (shape[i] == 0) return true;
    if (strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

void share_value(Node& node, Node& base, std::int64_t offset, const Strides& strides) {
  const std::ptrdiff_t bytes = offset * static_cast<std::ptrdiff_t>(item_size(base.dtype));
  node.strides = strides;
  node.contiguous = lie_contiguously(node.shape, strides);
  if (base.storage) {
    node.storage = base.storage;
    node.data = base.data + bytes;
  } else {
    node.storage = StorageRef();
    std::copy_n(base.inline_value, Node::inline_bytes, node.inline_value);
    node.data = node.inline_value + (base.data - base.inline_value) + bytes;
  }
}

std::size_t normalize_axis(const char* operation, std::int64_t axis, std::size_t ndim) {
  const auto n = static_cast<std::int64_t>(ndim);
  if (axis < -n || axis >= n)
    fail<IndexError>(operation, "an axis must lie within the dimensions: got axis ", axis, " for ", n,
                     n == 1 ? " dimension" : " dimensions");
  return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

Tensor record(const Operation& operation, Node* const* inputs, std::size_t count, const Shape& shape,
              DType dtype, const Location& where, Attributes* attributes) {
  std::unique_ptr<Attributes> held(attributes);
  if (count > operation.rules.size() && !operation.rule_of_input && !operation.rule_of_all)
    fail<GraphError>(operation.name, "more than three inputs need a rule_of_input: got ", count);
  Node* node = new_node(shape, dtype, where, operation.name);
  Tensor result = Tensor::adopt(node);
  node->operation = &operation;
  node->attributes = held.release();
  const std::int64_t from = defer_from();
  bool wanted = false, large = node->size() >= from;
  std::uint64_t id = node->id;
  for (std::size_t i = 0; i < count; ++i) {
    const Node& input = *inputs[i];
    wanted |= input.requires_grad;
    const bool waiting = input.deferred.load(std::memory_order_acquire);
    if (!waiting && is_gone(input)) [[unlikely]]
      fail_idle(operation.name, input);
    large |= waiting;
    large |= input.size() >= from;
    id = std::max(id, input.id + 1);
  }
  node->id = this_thread.last_id = id;
  set_inputs(*node, inputs, count);
  node->requires_grad = wanted && this_thread.records && is_float(dtype);
  try {
    evaluate(*node, large);
    // What a rule computes is looked at as a cotangent.
    if (anomaly_mode() && !RuleGuard::alive()) [[unlikely]]
      check_value(*node);
  } catch (...) {
    forget_inputs(*node);
    throw;
  }
  if (node->requires_grad || node->deferred.load(std::memory_order_relaxed)) {
    for (std::size_t i = 0; i < count; ++i) retain_edge(*inputs[i]);
    if (inputs[0]->size() >= fewest_idle || node->size() >= fewest_idle) [[unlikely]]
      for (std::size_t i = 0; i < count; ++i) drop_idle_below(*inputs[i]);
    if (node->deferred.load(std::memory_order_relaxed)) [[unlikely]]
      settle_waiting(*node);
  } else {
    // A value like any other now. What belonged to the call goes, the operation with it: it may be the
    // attributes'.
    forget_inputs(*node);
    delete std::exchange(node->attributes, nullptr);
    node->operation = nullptr;
  }
  return result;
}

Registered::Registered(Enrolled enrolled) { registry().push_back(enrolled.operation); }

std::vector<const Operation*> registered_operations() {
  std::vector<const Operation*> operations = registry();
  std::ranges::sort(operations, [](const auto* a, const auto* b) { return std::string(a->name) < b->name; });
  return operations;
}

}  // namespace wengert
