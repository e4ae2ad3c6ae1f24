// Flat: parameters as one vector, and a loss with its gradient as such a vector, for the algorithms that see
// all parameters at once. lib/optim/flat.cpp
#pragma once

#include <functional>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::optim {

class Flat {
 public:
  /// `name` is the algorithm's, for errors. Throws DTypeError unless all parameters have one dtype.
  Flat(const char* name, std::vector<Tensor> parameters);

  std::int64_t size() const noexcept { return size_; }
  DType dtype() const { return parameters_.front().dtype(); }
  const std::vector<Tensor>& parameters() const noexcept { return parameters_; }

  /// The parameters' values: (n,).
  Tensor values() const;
  /// Gives the parameters the values of a vector (n,).
  void assign(const Tensor& vector) const;
  /// One vector (n,) of tensors of the parameters' shapes; an empty one counts as zeros.
  Tensor join(const std::vector<Tensor>& parts) const;

  /// What a closure returns, recorded; GraphError for a constant.
  Tensor call(const std::function<Tensor()>& closure) const;
  /// The same; ShapeError unless it is one element.
  Tensor call_scalar(const std::function<Tensor()>& closure) const;

 private:
  const char* name_;
  std::vector<Tensor> parameters_;
  std::int64_t size_ = 0;
};

/// Puts the parameters back where they were, unless told that they shall stay.
class Restore {
 public:
  explicit Restore(const Flat& flat);
  ~Restore();
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  void keep() noexcept { values_.clear(); }

 private:
  const Flat& flat_;
  std::vector<Tensor> values_;
};

/// The inner product and the Euclidean norm of vectors.
double dot_of(const Tensor& a, const Tensor& b);
double norm_of(const Tensor& a);

}  // namespace wengert::optim
