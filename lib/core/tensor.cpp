#include "wengert/core/tensor.hpp"

#include <algorithm>

#include "lib/core/evaluator.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/idle.hpp"
#include "lib/core/memory.hpp"
#include "lib/core/strided.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/backward.hpp"

namespace wengert {
namespace {

/// A leaf without a version. Its id is below that of every version it will have.
Tensor new_leaf(const Shape& shape, DType dtype, bool requires_grad, Location where) {
  if (requires_grad && !is_float(dtype))
    fail<DTypeError>("parameter", "only float32 and float64 tensors can want a gradient: got ", dtype);
  Node* node = new_node(shape, dtype, where);
  Tensor leaf = Tensor::adopt(node);
  node->requires_grad = requires_grad;
  node->leaf = new Leaf;
  return leaf;
}

/// The node a leaf's next value goes to: the present version where nobody else holds it, a new one otherwise.
Node& fresh_version(Node& handle, DType dtype, const Shape& shape) {
  Node* now = handle.version;
  if (now && now->references.load(std::memory_order_acquire) == 1) {
    now->shape = shape;
    now->elements = element_count(shape);
    now->dtype = dtype;
    return *now;
  }
  Node* next = new_node(shape, dtype, handle.where);
  next->references.store(1, std::memory_order_relaxed);  // held by the leaf alone
  next->id = std::max(next->id, handle.id + 1);          // also where the leaf comes from another thread
  next->requires_grad = handle.requires_grad;
  next->leaf = handle.leaf;
  handle.leaf->references.fetch_add(1, std::memory_order_relaxed);
  handle.version = next;
  if (now) release_edge(*now);
  return *next;
}

/// Gives a leaf the value of `from`, sharing its bytes where they are contiguous: values never change.
void set_leaf(Node& handle, Node& from) {
  if (is_contiguous(from)) {
    const StorageRef held = from.storage;  // `from` may be the version that is replaced
    Node& version = fresh_version(handle, from.dtype, from.shape);
    if (&version != &from) share_value(version, from, 0, from.strides);
  } else {
    StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(from.size()) * item_size(from.dtype));
    copy_contiguous(storage.data(), from);
    set_value(fresh_version(handle, from.dtype, from.shape), std::move(storage));
  }
}

Tensor leaf_of(Node& value, bool requires_grad, Location where) {
  Tensor leaf = new_leaf(value.shape, value.dtype, requires_grad, where);
  set_leaf(leaf.handle(), value);
  return leaf;
}

Node& leaf_handle(const Tensor& tensor, const char* operation) {
  Node& handle = tensor.handle();
  if (!handle.version)
    fail<GraphError>(operation, "only a leaf has that: got the result of an operation",
                     handle.operation ? std::string(", ") + handle.operation->name : std::string());
  return handle;
}

}  // namespace

Node& Tensor::handle() const {
  if (!node_) fail<GraphError>("tensor", "an empty tensor has no value: give it one first");
  return *static_cast<Node*>(node_);
}
Node& Tensor::recorded() const {
  Node& handle = this->handle();
  return handle.version ? *handle.version : handle;
}
Node& Tensor::node() const {
  Node& node = recorded();
  if (node.deferred.load(std::memory_order_acquire)) force(node);
  if (is_gone(node)) [[unlikely]]
    fail_idle("tensor", node);
  return node;
}
void Tensor::destroy(NodeCounts* node) noexcept { destroy_node(static_cast<Node*>(node)); }

const Shape& Tensor::shape() const { return recorded().shape; }
DType Tensor::dtype() const { return recorded().dtype; }
bool Tensor::requires_grad() const { return recorded().requires_grad; }
bool Tensor::is_leaf() const { return handle().version != nullptr; }

double Tensor::item() const {
  const Node& from = node();
  if (from.size() != 1) fail<ShapeError>("item", "the tensor must have one element: got shape ", from.shape);
  switch (from.dtype) {
    case float32:
      return *from.values<float>();
    case float64:
      return *from.values<double>();
    case int64:
      return static_cast<double>(*from.values<std::int64_t>());
    case boolean:
      return *from.values<bool>() ? 1.0 : 0.0;
  }
  return 0.0;
}

bool Tensor::has_grad() const {
  Node& leaf = handle();
  if (!leaf.version) return false;
  const std::lock_guard lock(leaf.leaf->mutex);
  return leaf.leaf->grad.defined();
}

Tensor gradient_of(const Tensor& leaf) {
  Leaf& shared = *leaf_handle(leaf, "grad").leaf;
  const std::lock_guard lock(shared.mutex);
  return shared.grad;
}

Tensor Tensor::grad() const {
  Tensor gradient = gradient_of(*this);
  if (!gradient.defined())
    fail<GraphError>("grad",
                     handle().requires_grad
                         ? "no gradient is there yet: call backward() on something computed from this tensor"
                         : "this tensor wants no gradient: make it with parameter(...)");
  return gradient;
}

void Tensor::zero_grad() const {
  Node& leaf = leaf_handle(*this, "zero_grad");
  Tensor dropped;  // freed after the lock
  const std::lock_guard lock(leaf.leaf->mutex);
  dropped.swap(leaf.leaf->grad);
}

Tensor Tensor::detach(Location where) const { return leaf_of(node(), false, where); }

Tensor make_leaf(const Tensor& value, bool requires_grad, Location where) {
  return leaf_of(value.node(), requires_grad, where);
}

Tensor compact(const Tensor& x) {
  Tensor result = Tensor::adopt(new_node(x.shape(), x.dtype(), {}));
  copy_contiguous(allocate_value(result.handle()), x.node());
  return result;
}

Tensor parameter(const Tensor& value, Location where) { return leaf_of(value.node(), true, where); }

void Tensor::assign(const Tensor& value) const {
  Node& leaf = handle();
  if (!leaf.version)
    fail<GraphError>("assign", "only a leaf takes a new value: got the result of an operation");
  Node& from = value.node();
  if (from.shape != leaf.version->shape)
    fail<ShapeError>("assign", "the shapes must be equal: got ", from.shape, " for a leaf of ",
                     leaf.version->shape);
  if (from.dtype != leaf.version->dtype)
    fail<DTypeError>("assign", "the dtypes must be equal: got ", from.dtype, " for a leaf of ",
                     leaf.version->dtype, ". Did you mean assign(value.astype(", leaf.version->dtype, "))?");
  set_leaf(leaf, from);
}

void rebind(const Tensor& leaf, const Tensor& value) { set_leaf(leaf_handle(leaf, "rebind"), value.node()); }

void Tensor::backward(const BackwardOptions& options) const {
  Node& root = recorded();
  if (!root.requires_grad)
    fail<GraphError>("backward", "this tensor does not depend on any tensor that wants a gradient");
  Tensor seed = options.seed;
  if (!seed.defined()) {
    if (root.size() != 1)
      fail<ShapeError>("backward", "a tensor of several elements needs a seed of its shape: got shape ",
                       root.shape, ". Did you mean sum(y).backward()?");
    Node* one = new_node(root.shape, root.dtype, root.where);
    seed = Tensor::adopt(one);
    std::byte* data = allocate_value(*one);
    if (root.dtype == float32)
      *reinterpret_cast<float*>(data) = 1.0f;
    else
      *reinterpret_cast<double*>(data) = 1.0;
  }
  run_backward(
      {this, 1}, {&seed, 1}, {},
      {.retain_graph = options.retain_graph || options.create_graph, .create_graph = options.create_graph});
}

Tensor constant(StorageRef storage, const Shape& shape, DType dtype, Location where) {
  Node* node = new_node(shape, dtype, where);
  Tensor tensor = Tensor::adopt(node);
  set_value(*node, std::move(storage));
  return tensor;
}

Tensor scalar(double number, DType dtype, Location where) {
  Node* node = new_node({}, dtype, where);
  Tensor tensor = Tensor::adopt(node);
  std::byte* data = allocate_value(*node);
  switch (dtype) {
    case float32:
      *reinterpret_cast<float*>(data) = static_cast<float>(number);
      break;
    case float64:
      *reinterpret_cast<double*>(data) = number;
      break;
    case int64:
      *reinterpret_cast<std::int64_t*>(data) = whole(number);
      break;
    case boolean:
      *reinterpret_cast<bool*>(data) = number != 0;
      break;
  }
  return tensor;
}

namespace detail {

void* allocate_list(std::size_t bytes) { return memory::allocate_bytes(bytes); }
void release_list(void* block, std::size_t bytes) noexcept { memory::release_bytes(block, bytes); }

Tensor make_leaf(StorageRef storage, const Shape& shape, DType dtype, bool requires_grad, Location where) {
  const Tensor value = constant(std::move(storage), shape, dtype, where);
  return leaf_of(value.node(), requires_grad, where);
}

StorageRef contiguous_storage(const Tensor& tensor, DType dtype, const void*& data) {
  Node& node = tensor.node();
  if (node.dtype != dtype)
    fail<DTypeError>("array", "the element type must be the tensor's: asked for ", dtype, ", the tensor is ",
                     node.dtype, ". Did you mean x.astype(", dtype, ").array<...>()?");
  StorageRef storage = node.storage;
  if (storage && is_contiguous(node)) {
    data = node.data;
    return storage;
  }
  storage = StorageRef::allocate(static_cast<std::size_t>(node.size()) * item_size(dtype));
  copy_contiguous(storage.data(), node);
  data = storage.data();
  return storage;
}

}  // namespace detail
}  // namespace wengert
