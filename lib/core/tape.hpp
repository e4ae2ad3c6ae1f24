// The tape's inner workings, shared by the sources of core: making, holding and freeing nodes.
#pragma once

#include "lib/core/this_thread.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

inline constexpr std::size_t max_dimensions = 32;

/// How many elements a shape has. Throws ShapeError for one that no tensor can have, in the name of
/// `operation`.
std::int64_t checked_count(const char* operation, const Shape& shape, DType dtype);
/// A node without value or inputs, with one user reference that the caller must hand to Tensor::adopt.
/// Throws ShapeError for a shape that no tensor can have, in the name of `operation`.
Node* new_node(const Shape& shape, DType dtype, const Location& where, const char* operation = "tensor");
/// Frees a node whose last reference is gone, and what it alone held.
void destroy_node(Node* node) noexcept;

/// Makes the bytes of a storage a node's contiguous value.
void set_value(Node& node, StorageRef storage);

void retain_edge(Node& node) noexcept;
void release_edge(Node& node) noexcept;
/// Gives up the node's inputs: what leads backward from it is gone.
void release_inputs(Node& node) noexcept;
void release_leaf(Leaf* leaf) noexcept;

/// Results of this many elements and more wait to be computed.
extern const std::int64_t usual_defer_from;  // where no guard says otherwise
inline std::int64_t defer_from() noexcept {
  return this_thread.defer_from >= 0 ? this_thread.defer_from : usual_defer_from;
}
/// Where it is this, neither they nor what is computed from something that waits do.
inline constexpr std::int64_t nothing_waits = INT64_MAX;

/// While it lives, what is recorded on this thread bears the location and scope of `node`.
class RuleGuard {
 public:
  explicit RuleGuard(const Node* node) noexcept : before_(std::exchange(this_thread.ruled, node)) {}
  ~RuleGuard() { this_thread.ruled = before_; }
  /// Whether one lives on this thread.
  static bool alive() noexcept { return this_thread.ruled != nullptr; }
  RuleGuard(const RuleGuard&) = delete;
  RuleGuard& operator=(const RuleGuard&) = delete;

 private:
  const Node* before_;
};

/// What astype(int64) makes of a double: cut off at the ends of the range, 0 for NaN.
inline std::int64_t whole(double value) {
  if (!(value > -0x1p63)) return value == value ? INT64_MIN : 0;
  return value < 0x1p63 ? static_cast<std::int64_t>(value) : INT64_MAX;
}

/// The two operations that the backward pass itself needs; ops/ defines them. x has a shape that `shape`
/// broadcasts to.
Tensor sum_to(const Tensor& x, const Shape& shape);
/// A leaf with the value of a node that is not on the tape.
Tensor make_leaf(const Tensor& value, bool requires_grad, Location where);
/// The accumulated gradient of a leaf; empty where there is none.
Tensor gradient_of(const Tensor& leaf);
/// The same elements, contiguous, outside the tape.
Tensor compact(const Tensor& x);
/// A computed value for a leaf, whatever its shape and dtype: for Module::to and for loading.
void rebind(const Tensor& leaf, const Tensor& value);
/// Adds `term` to `sum`, into the same bytes where nobody else can see them.
void accumulate(Tensor& sum, const Tensor& term);
/// The bytes of `sum`, computed and contiguous, for an operation's add_to: a copy where others can see them.
std::byte* writable(Tensor& sum);

}  // namespace wengert
