// Tensor: the handle users hold. A value with a shape and a dtype, and, where a gradient is wanted, its place
// on the tape. Copying a Tensor copies the handle; no operation changes a value. Operations live in ops/.
// lib/core/tensor.cpp lib/core/print.cpp
#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <type_traits>
#include <utility>

#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>

#include "wengert/core/dtype.hpp"
#include "wengert/core/location.hpp"
#include "wengert/core/shape.hpp"
#include "wengert/core/storage.hpp"

namespace wengert {

struct Node;
class Tensor;

/// Counts of a node: user handles in the upper half, references from the graph in the lower.
struct NodeCounts {
  static constexpr std::uint64_t user = std::uint64_t{1} << 32;
  std::atomic<std::uint64_t> references;
};

/// An owning, read-only xtensor expression over a tensor's elements, row-major. It shares the tensor's bytes
/// and keeps them alive.
template <Element T>
using Array = xt::xarray_adaptor<xt::xbuffer_adaptor<const T*, xt::smart_ownership, std::shared_ptr<const T>>,
                                 xt::layout_type::row_major>;

template <class E>
concept XExpression = xt::is_xexpression<std::remove_cvref_t<E>>::value;

/// What a new leaf is.
struct TensorOptions {
  DType dtype = float32;
  bool requires_grad = false;  ///< of float32 and float64 only: DTypeError otherwise
};

struct BackwardOptions;

/// A value with a shape and a dtype and, where a gradient is wanted, a place on the tape. It is a handle: a
/// copy stands for the same value, which no operation changes.
///
///     const Tensor w = parameter(xt::xarray<double>{1.0, 2.0});
///     const Tensor loss = sum(w * w);
///     loss.backward();                  // w.grad() is {2, 4}
///     w.assign(w - 0.1 * w.grad());     // a leaf gets another value, {0.8, 1.6}
///
/// No tensor has more than 32 dimensions, a negative extent or more than 2^46 bytes (an extent of 0 taken as
/// 1): what would make one throws ShapeError. Where memory runs out an Error is thrown.
class Tensor {
 public:
  /// An empty tensor: no value. Only defined() may be asked of it, and what is computed from it throws
  /// GraphError, unless it is said to stand for none.
  Tensor() noexcept = default;
  /// A constant leaf with the value of an xtensor expression, evaluated once: float, double, integer (int64)
  /// or bool elements. An rvalue container is adopted without a copy.
  template <XExpression E>
  explicit Tensor(E&& expression, Location where = {});

  Tensor(const Tensor& other) noexcept : node_(other.node_) { retain(); }
  Tensor(Tensor&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Tensor& operator=(const Tensor& other) noexcept {
    Tensor(other).swap(*this);
    return *this;
  }
  Tensor& operator=(Tensor&& other) noexcept {
    Tensor(std::move(other)).swap(*this);
    return *this;
  }
  ~Tensor() { release(); }
  void swap(Tensor& other) noexcept { std::swap(node_, other.node_); }

  /// False for an empty tensor, on which every other member throws GraphError.
  bool defined() const noexcept { return node_ != nullptr; }
  /// The extents; () for a single number. The reference holds while a handle lives and, of a leaf, until it
  /// is assigned another value.
  const Shape& shape() const;
  /// The number of dimensions.
  std::size_t ndim() const { return shape().size(); }
  /// The number of elements: the product of the extents.
  std::int64_t size() const { return element_count(shape()); }
  /// The type of the elements.
  DType dtype() const;
  /// True for a leaf that wants its gradient, and for what has been recorded that depends on one.
  bool requires_grad() const;
  /// True for what a user made (parameter, constructor, zeros ...), false for the result of an operation.
  bool is_leaf() const;

  /// The value of a tensor of one element, as double. Throws ShapeError on any other size.
  double item() const;
  /// The elements as an owning xtensor expression, without a copy where they are contiguous. T is float,
  /// double, std::int64_t or bool and must be the tensor's dtype: DTypeError otherwise.
  template <Element T>
  Array<T> array() const;

  /// The accumulated gradient of a leaf. Throws GraphError where there is none.
  Tensor grad() const;
  /// True where grad() has something to give; false for what is no leaf.
  bool has_grad() const;
  /// Drops the gradient of a leaf, so that the next backward() starts from nothing. Throws GraphError unless
  /// this is a leaf.
  void zero_grad() const;
  /// The same value as a new constant leaf: gradients stop here.
  Tensor detach(Location where = {}) const;
  /// The value converted to `dtype`; differentiable between float dtypes. Itself where the dtype is the same.
  /// To int64 numbers are cut off toward 0, and at the ends of its range, NaN becomes 0; to boolean only 0
  /// becomes false.
  Tensor astype(DType dtype, Location where = {}) const;
  /// Gives this leaf a new value of the same shape and dtype, ShapeError or DTypeError otherwise. What was
  /// recorded with the old value keeps it. Throws GraphError unless this is a leaf; on any error the leaf
  /// keeps its value.
  void assign(const Tensor& value) const;
  template <XExpression E>
  void assign(const E& expression) const {
    assign(Tensor(expression));
  }

  /// Adds the derivative of this tensor with respect to every leaf that wants one to the leaf's grad(). The
  /// tensor must have one element, or a seed of its shape and dtype be given: ShapeError or DTypeError
  /// otherwise. Throws GraphError where it depends on no leaf that wants a gradient, or where its graph was
  /// freed by an earlier pass.
  void backward(const BackwardOptions& options) const;
  void backward() const;

  // A tensor's value does not change: `w = w - d` makes a new tensor, `w.assign(w - d)` updates a leaf.
  template <class T>
  Tensor& operator+=(const T&) = delete;
  template <class T>
  Tensor& operator-=(const T&) = delete;
  template <class T>
  Tensor& operator*=(const T&) = delete;
  template <class T>
  Tensor& operator/=(const T&) = delete;

  // For operations and tools; see node.hpp.
  explicit Tensor(Node* node) noexcept;
  /// Takes over one user reference that the node already counts.
  static Tensor adopt(Node* node) noexcept;
  /// The node of the value now: for a leaf, that of its present version. Throws GraphError when empty.
  Node& node() const;
  /// The same node, whose value may still be deferred.
  Node& recorded() const;
  /// The node this handle points to; for a leaf, the one that outlives its versions.
  Node& handle() const;

 private:
  void retain() const noexcept {
    if (node_) node_->references.fetch_add(NodeCounts::user, std::memory_order_relaxed);
  }
  void release() noexcept {
    if (node_ && drop_references(node_->references, NodeCounts::user)) destroy(node_);
  }
  static void destroy(NodeCounts* node) noexcept;
  friend Node& recorded(const Tensor& tensor);

  NodeCounts* node_ = nullptr;
};

/// What backward() may be told.
struct BackwardOptions {
  bool retain_graph = false;  ///< keep the graph, so that backward() can be called again
  bool create_graph = false;  ///< record the backward pass, so that gradients can be differentiated
  Tensor seed = {};           ///< the cotangent of this tensor; ones by default, for one element
};
inline void Tensor::backward() const { backward(BackwardOptions()); }

/// A leaf that wants its gradient, from any xtensor expression of float or double elements: DTypeError for
/// others.
template <XExpression E>
Tensor parameter(E&& expression, Location where = {});
/// A leaf that wants its gradient, with the value of `value`. Throws DTypeError unless it is float32 or
/// float64.
Tensor parameter(const Tensor& value, Location where = {});

/// As NumPy prints an array.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

namespace detail {

/// Memory of the caching allocator for `bytes` bytes.
void* allocate_list(std::size_t bytes);
void release_list(void* block, std::size_t bytes) noexcept;

}  // namespace detail
}  // namespace wengert

/// Lists of tensors lie where tensors do: a steady training step that makes some, as chunk() and grad()
/// return, calls no malloc.
template <>
struct std::allocator<wengert::Tensor> {
  using value_type = wengert::Tensor;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using propagate_on_container_move_assignment = std::true_type;

  constexpr allocator() noexcept = default;
  template <class T>
  constexpr allocator(const std::allocator<T>&) noexcept {}

  wengert::Tensor* allocate(std::size_t count) {
    return static_cast<wengert::Tensor*>(wengert::detail::allocate_list(count * sizeof(wengert::Tensor)));
  }
  void deallocate(wengert::Tensor* list, std::size_t count) noexcept {
    wengert::detail::release_list(list, count * sizeof(wengert::Tensor));
  }
  friend constexpr bool operator==(const allocator&, const allocator&) noexcept { return true; }
};

namespace wengert {
namespace detail {

/// A leaf over given bytes. Throws DTypeError if an int64 or boolean leaf should want a gradient.
Tensor make_leaf(StorageRef storage, const Shape& shape, DType dtype, bool requires_grad, Location where);
/// The tensor's elements, contiguous, after the check of the dtype; `data` points to the first one.
StorageRef contiguous_storage(const Tensor& tensor, DType dtype, const void*& data);

// Row-major whatever XTENSOR_DEFAULT_LAYOUT says.
template <class T>
using Values = xt::xarray<T, xt::layout_type::row_major>;

/// A leaf that adopts a container.
template <Element T>
Tensor leaf_from(Values<T>&& values, bool requires_grad, Location where) {
  auto owner = std::make_unique<Values<T>>(std::move(values));
  const Shape shape(owner->shape());
  StorageRef storage = StorageRef::adopt(owner->data(), owner->size() * sizeof(T), owner.get(),
                                         [](void* held) { delete static_cast<Values<T>*>(held); });
  owner.release();
  return make_leaf(std::move(storage), shape, dtype_of<T>(), requires_grad, where);
}
/// A leaf with an expression's values, in memory of the caching allocator.
template <Element T, class E>
Tensor leaf_of_values(const E& expression, bool requires_grad, Location where) {
  using Buffer = xt::xbuffer_adaptor<T*, xt::no_ownership>;
  using Room = xt::xarray_adaptor<Buffer, xt::layout_type::row_major>;
  const auto& extents = expression.shape();
  const typename Room::shape_type shape(extents.begin(), extents.end());
  StorageRef storage = StorageRef::allocate(expression.size() * sizeof(T));
  Room room(Buffer(reinterpret_cast<T*>(storage.data()), expression.size()), shape);
  xt::noalias(room) = expression;
  return make_leaf(std::move(storage), Shape(shape), dtype_of<T>(), requires_grad, where);
}

template <class E>
Tensor leaf_from_expression(E&& expression, bool requires_grad, Location where) {
  using Value = typename std::remove_cvref_t<E>::value_type;
  static_assert(Number<Value>, "a tensor holds float, double, integer or bool elements");
  using Stored = std::conditional_t<
      dtype_of<Value>() == float32, float,
      std::conditional_t<dtype_of<Value>() == float64, double,
                         std::conditional_t<dtype_of<Value>() == int64, std::int64_t, bool>>>;
  if constexpr (std::is_same_v<E, Values<Stored>>)
    return leaf_from(std::move(expression), requires_grad, where);
  else if constexpr (std::is_same_v<Value, Stored>)
    return leaf_of_values<Stored>(expression, requires_grad, where);
  else
    return leaf_of_values<Stored>(xt::cast<Stored>(expression), requires_grad, where);
}

}  // namespace detail

template <XExpression E>
Tensor::Tensor(E&& expression, Location where)
    : Tensor(detail::leaf_from_expression(std::forward<E>(expression), false, where)) {}

template <XExpression E>
Tensor parameter(E&& expression, Location where) {
  return detail::leaf_from_expression(std::forward<E>(expression), true, where);
}

template <Element T>
Array<T> Tensor::array() const {
  const void* data = nullptr;
  StorageRef storage = detail::contiguous_storage(*this, dtype_of<T>(), data);
  typename Array<T>::shape_type extents(shape().begin(), shape().end());
  const T* first = static_cast<const T*>(data);
  std::shared_ptr<const T> owner(std::make_shared<StorageRef>(std::move(storage)), first);
  using Buffer = xt::xbuffer_adaptor<const T*, xt::smart_ownership, std::shared_ptr<const T>>;
  return Array<T>(Buffer(first, static_cast<std::size_t>(size()), std::move(owner)), std::move(extents));
}

}  // namespace wengert
