// Running block kernels over whole tensors, and what operations of two inputs share: operands, dtypes,
// broadcasting.
#pragma once

#include "lib/core/dispatch.hpp"
#include "lib/core/fail.hpp"
#include "lib/core/strided.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/operand.hpp"

namespace wengert {

/// Gives `out` its value: kernel(out[i], in[0][i], ...), inputs broadcast to its shape. A null input is
/// passed on as null.
void run_blocks(kernel::Block kernel, Node& out, Node* const* in, std::size_t count);
/// The same as a tensor outside the tape.
Tensor compute_blocks(kernel::Block kernel, const Shape& shape, DType dtype, Node* const* in,
                      std::size_t count, Location where = {});

/// a - factor b, with the bits of these two operations. In one pass where nothing is recorded and b is small.
Tensor minus_product(const Tensor& a, double factor, const Tensor& b);

/// NumPy's broadcasting. Throws ShapeError.
Shape broadcast_shape(const char* operation, const Shape& a, const Shape& b);

/// Two operands as tensors of one dtype, while they live. Nothing is counted up and down for it.
class Pair {
 public:
  /// Throws DTypeError where they may not be mixed.
  Pair(const char* operation, const Operand& a, const Operand& b);
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  DType dtype() const { return a.dtype(); }

 private:
  Tensor number_;  // an operand that is one, as a tensor

 public:
  const Tensor &a, &b;
};

/// Throws GraphError if the tensor is empty, in the name of the operation that was called.
inline void require_value(const char* operation, const Tensor& x) {
  if (!x.defined()) fail<GraphError>(operation, "an empty tensor has no value: give it one first");
}
/// Throws DTypeError unless the two are equal, and says what to cast to.
void require_same_dtype(const char* operation, DType left, DType right);
/// Throws DTypeError unless `dtype` is float32 or float64.
void require_float(const char* operation, DType dtype);

inline int index(DType dtype) { return static_cast<int>(dtype); }

}  // namespace wengert
