// Node and Operation: the tape's entries, for those who add operations. A program that only uses tensors does
// not need this header.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "wengert/core/scope.hpp"
#include "wengert/core/tensor.hpp"

namespace wengert {

/// What an operation was told beside its inputs (axes, a stride ...). Derive, and add members.
struct Attributes {
  virtual ~Attributes() = default;
  static void* operator new(std::size_t bytes);
  static void operator delete(void* block, std::size_t bytes) noexcept;
};

/// What a leaf keeps beside its value. Shared by all versions of the leaf that graphs still hold.
struct Leaf {
  static void* operator new(std::size_t bytes);
  static void operator delete(void* block, std::size_t bytes) noexcept;

  /// Held for a few instructions at a time, and hardly ever by two threads.
  class Lock {
   public:
    void lock() noexcept {
      while (held_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    }
    void unlock() noexcept { held_.store(false, std::memory_order_release); }

   private:
    std::atomic<bool> held_{false};
  };

  std::atomic<std::uint32_t> references{1};
  Lock mutex;   // guards grad
  Tensor grad;  // dropped when the last user handle goes, which breaks the cycle through create_graph
  bool abandoned = false;  // no user handle is left
};

struct Lowering;
struct Operation;

/// One entry of the tape: an operation, its inputs, and its value.
///
/// A leaf is two nodes. The user's handles point to one that has `version` set: it has no value of its own,
/// only the present version. Operations record the version, a plain valued node, so assign() gives the leaf
/// another version and every graph keeps the one it was recorded with.
struct Node : NodeCounts {
  static constexpr std::size_t inline_inputs = 3;
  static constexpr std::size_t inline_bytes = 64;
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

  const Operation* operation = nullptr;  // null for a constant or a leaf
  std::uint64_t id;                      // the tape's order: greater than the id of every input
  Shape shape;
  Strides strides;            // in elements
  StorageRef storage;         // empty when the value is in `inline_value`
  std::byte* data = nullptr;  // the first element; set with strides and `contiguous` once the value is there
  Attributes* attributes = nullptr;
  Leaf* leaf = nullptr;
  Node* version = nullptr;
  const ScopePath* scope;
  Location where;
  std::int64_t elements;  // of the shape
  std::uint32_t input_count = 0;
  std::atomic<std::uint32_t> walk_hint{nowhere};  // where a walk may find this node among its pending ones
  DType dtype;
  bool contiguous = false;  // in row-major order, once the value is there
  bool requires_grad = false;
  bool released = false;              // backward() has freed its inputs, or will once the value is there
  std::atomic<bool> deferred{false};  // the value is still to be computed; see evaluation.hpp
  std::uint8_t wait_kind = 0;         // while it is: a Lowering::Kind
  std::uint8_t depth = 0;             // and how many nodes wait for one another below
  std::uint8_t spared = 0;            // and how often it was computed and not stored, though it is held
  std::atomic<std::uint16_t> plan_hint{0};  // where a plan may find this node among its entries
  union {
    Node* near[inline_inputs];
    Node** far;
  } input_place;
  alignas(32) std::byte inline_value[inline_bytes];

  /// Without value or inputs, with one user reference.
  Node(const Shape& of_shape, std::int64_t count, DType of_dtype, std::uint64_t number,
       const ScopePath* in_scope, const Location& at)
      : NodeCounts{user},
        id(number),
        shape(of_shape),
        scope(in_scope),
        where(at),
        elements(count),
        dtype(of_dtype) {}

  Node* const* inputs() const noexcept {
    return input_count > inline_inputs ? input_place.far : input_place.near;
  }
  Node& input(std::size_t i) const noexcept { return *inputs()[i]; }
  std::int64_t size() const noexcept { return elements; }
  template <class T>
  const T* values() const noexcept {
    return reinterpret_cast<const T*>(data);
  }
};

/// The same as tensor.recorded(), without a call.
inline Node& recorded(const Tensor& tensor) {
  if (!tensor.node_) [[unlikely]]
    return tensor.recorded();  // which throws
  Node& handle = *static_cast<Node*>(tensor.node_);
  return handle.version ? *handle.version : handle;
}
inline Tensor::Tensor(Node* node) noexcept : node_(node) { retain(); }
inline Tensor Tensor::adopt(Node* node) noexcept {
  Tensor tensor;
  tensor.node_ = node;
  return tensor;
}

/// What a rule sees: the cotangent, the inputs and the output of one recorded call.
struct Call {
  const Tensor& g;  ///< the cotangent of the output; of the output's shape and dtype
  const Node& node;

  /// The i-th input.
  Tensor x(std::size_t i) const { return Tensor(&node.input(i)); }
  /// The output.
  Tensor y() const { return Tensor(const_cast<Node*>(&node)); }
  const Shape& input_shape(std::size_t i) const { return node.input(i).shape; }
  template <class A>
  const A& attributes() const {
    return static_cast<const A&>(*node.attributes);
  }
};

/// A call of an operation on small inputs, for the law tests.
struct Sample {
  std::string what;            ///< what is special about it, for a failure's message
  std::vector<Tensor> inputs;  ///< those of a float dtype are differentiated
  std::function<Tensor(const std::vector<Tensor>&)> call;
};

/// The cotangent of one input, or an empty Tensor for zero. It may have the output's broadcast shape: the
/// engine sums it to the input's. It captures nothing, accumulates nothing.
using Rule = Tensor (*)(const Call& call);

/// One primitive operation: how its value is computed and differentiated. Instances live as long as the
/// program.
struct Operation {
  const char* name;
  /// Computes node.data (and storage, strides where it is a view) from the inputs; shape and dtype are set.
  void (*forward)(Node& node);
  /// A rule per input, up to three; null where the input never has a derivative.
  std::array<Rule, 3> rules{};
  /// Instead of `rules`, for operations of any number of inputs.
  Tensor (*rule_of_input)(const Call& call, std::size_t input) = nullptr;
  /// Instead of `rules`, where the cotangents share work: all of them, one for each input.
  std::vector<Tensor> (*rule_of_all)(const Call& call) = nullptr;
  /// Calls for the law tests; required of every registered operation.
  std::vector<Sample> (*samples)() = nullptr;
  /// For operations that the evaluator can compute together with others: says how, or returns false.
  bool (*lower)(const Node& node, Lowering& lowering) = nullptr;
  /// For operations that can add the cotangent of an input to what the input has got already, faster than the
  /// rule makes it and a sum takes it up. `sum`: contiguous, of the input's shape and dtype. Called in passes
  /// that are not recorded only.
  void (*add_to)(const Call& call, std::size_t input, std::byte* sum) = nullptr;
  /// The values that each of the `rules` looks at, bit i for input i and `output` for the output. What no
  /// rule looks at need not be kept for the backward pass.
  std::array<std::uint8_t, 3> looks_at{everything, everything, everything};
  static constexpr std::uint8_t output = 0x80, everything = 0xff;
};

/// A constexpr operation that has samples: any other does not compile.
struct Enrolled {
  const Operation* operation;
  consteval Enrolled(const Operation& of) : operation(&of) {
    // Under -fsanitize=undefined GCC does not take a function for something that is there.
    if (__builtin_constant_p(!of.samples) && !of.samples) throw "a registered operation needs samples";
  }
};
/// Enrolls an operation for the law tests: `const Registered registered(operation);`.
class Registered {
 public:
  explicit Registered(Enrolled enrolled);
};
/// All enrolled operations, by name.
std::vector<const Operation*> registered_operations();

/// Records a call and computes its value. `inputs` are nodes as Tensor::node() gives them. The call is kept
/// on the tape if any input requires a gradient and recording is on; `attributes` become the node's either
/// way.
Tensor record(const Operation& operation, Node* const* inputs, std::size_t count, const Shape& shape,
              DType dtype, const Location& where, Attributes* attributes = nullptr);
inline Tensor record(const Operation& operation, std::initializer_list<Node*> inputs, const Shape& shape,
                     DType dtype, const Location& where, Attributes* attributes = nullptr) {
  return record(operation, inputs.begin(), inputs.size(), shape, dtype, where, attributes);
}

/// A constant over given bytes that is no leaf: the result of work outside the tape. Contiguous.
Tensor constant(StorageRef storage, const Shape& shape, DType dtype, Location where = {});
/// A 0-d constant that holds `number` rounded to `dtype`; boolean: number != 0.
Tensor scalar(double number, DType dtype, Location where = {});

/// Gives `node` uninitialized contiguous room for its value, in the node itself where it is small.
std::byte* allocate_value(Node& node);
/// Makes `node` a view of the bytes of `base` at `offset` elements, with these strides.
void share_value(Node& node, Node& base, std::int64_t offset, const Strides& strides);
/// Whether the elements of a node that has its value lie in row-major order.
inline bool is_contiguous(const Node& node) noexcept { return node.contiguous; }

/// Normalizes an axis that may be negative. Throws IndexError.
std::size_t normalize_axis(const char* operation, std::int64_t axis, std::size_t ndim);

}  // namespace wengert
