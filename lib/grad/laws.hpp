// What the laws of operations are made of: values, views of equal values in other layouts, calls of samples
// with their gradients, and values that are taken away.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "lib/ops/dense.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::laws {

using Tensors = std::vector<Tensor>;

/// Row-major, whatever the dtype.
inline std::vector<double> values(const Tensor& x) {
  const NoGrad values_only;
  const Tensor numbers = dense(x.astype(float64).node());
  const double* first = numbers.node().values<double>();
  return {first, first + numbers.size()};
}

/// One NaN is as good as another.
inline bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}
inline bool near(double a, double b, double tolerance) {
  if (tolerance == 0.0 || !std::isfinite(a) || !std::isfinite(b)) return same_bits(a, b);
  return std::fabs(a - b) <= tolerance * (1.0 + std::fabs(a) + std::fabs(b));
}

/// Numbers of either sign, of a size between 1/4 and 1, always the same.
inline Tensor weights(const Shape& shape, DType dtype, unsigned seed = 1) {
  const NoGrad values_only;
  const std::int64_t count = element_count(shape);
  StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(count) * sizeof(double));
  double* to = reinterpret_cast<double*>(storage.data());
  std::uint64_t state = seed * 7919u + 17u;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double size = 0.25 + 0.75 * static_cast<double>(state >> 11) * 0x1p-53;
    to[i] = state >> 10 & 1 ? -size : size;
  }
  return constant(std::move(storage), shape, float64).astype(dtype).detach();
}
inline Tensor weights(const Tensor& like, unsigned seed = 1) {
  return weights(like.shape(), like.dtype(), seed);
}

enum class Layout { transposed, every_other, backward, broadcast };
inline constexpr Layout layouts[] = {Layout::transposed, Layout::every_other, Layout::backward,
                                     Layout::broadcast};
inline const char* name(Layout layout) {
  constexpr const char* names[] = {"transposed", "sliced", "reversed", "broadcast"};
  return names[static_cast<int>(layout)];
}

/// A view with the values of x (`broadcast`: its first everywhere) that lies otherwise in memory; x itself
/// where there is none of that kind. Recorded.
inline Tensor laid_out(const Tensor& x, Layout layout) {
  const auto ndim = static_cast<std::int64_t>(x.ndim());
  if (ndim == 0 || (layout == Layout::transposed && ndim < 2)) return x;
  switch (layout) {
    case Layout::transposed: {
      Axes turned;
      for (std::int64_t i = ndim; i-- > 0;) turned.push_back(i);
      return permute(concat({permute(x, turned)}, 0), turned);
    }
    case Layout::every_other: {
      Shape shape = x.shape();
      shape.back() *= 2;
      return slice(reshape(stack({x, x}, ndim), shape), -1, 0, SliceRange::to_end, 2);
    }
    case Layout::backward: {
      const SliceRange reversed{-1, SliceRange::to_end, -1};
      Tensor y = x;
      for (std::int64_t i = 0; i < ndim; ++i) y = slice(concat({slice(y, i, reversed)}, i), i, reversed);
      return y;
    }
    case Layout::broadcast: {
      if (x.size() == 0) return x;
      Tensor first = x;
      for (std::int64_t i = 0; i < ndim; ++i) first = slice(first, i, 0, 1);
      return broadcast_to(reshape(first, {}), x.shape());
    }
  }
  return x;
}

/// The inputs, with those of a float dtype as leaves that want a gradient; of them only those that `wanted`
/// says, by their number among them.
template <class Wanted>
Tensors leaves(const Tensors& inputs, Wanted wanted) {
  Tensors result;
  unsigned number = 0;
  for (const Tensor& input : inputs)
    result.push_back(is_float(input.dtype()) && wanted(number++) ? parameter(input) : input);
  return result;
}
inline Tensors leaves(const Tensors& inputs) {
  return leaves(inputs, [](unsigned) { return true; });
}

struct Evaluation {
  Tensor value;
  Tensors gradients;  // of each input; empty for one that is not asked for or not reached
};

/// The value, and the gradients contracted with `seed`, or with weights().
inline Evaluation evaluated(const Sample& sample, const Tensors& inputs, bool create_graph = false,
                            Tensor seed = {}) {
  Evaluation result{sample.call(inputs), Tensors(inputs.size())};
  if (!result.value.requires_grad()) return result;
  if (!seed.defined()) seed = weights(result.value);
  Tensors wanted;
  for (const Tensor& input : inputs)
    if (input.requires_grad()) wanted.push_back(input);
  const Tensors gradients =
      grad(result.value, wanted, {.create_graph = create_graph, .allow_unused = true, .seeds = {seed}});
  for (std::size_t i = 0, k = 0; i < inputs.size(); ++i)
    if (inputs[i].requires_grad()) result.gradients[i] = gradients[k++];
  return result;
}

/// The same; nothing where the operation refuses the inputs, which are not those of the sample.
inline std::optional<Evaluation> tried(const Sample& sample, const Tensors& inputs) {
  try {
    return evaluated(sample, inputs);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// While it lives, the node's value is NaN everywhere, or gone, so that whoever asks for it is refused.
class Taken {
 public:
  Taken(Node& node, bool gone)
      : node_(node), data_(node.data), room_(StorageRef::allocate(bytes_reached(node))) {
    node.data = gone ? nullptr : room_.data();
    const auto fill = [&]<class T>(T value) {
      std::fill_n(reinterpret_cast<T*>(room_.data()), room_.bytes() / sizeof(T), value);
    };
    if (node.dtype == float32)
      fill(std::numeric_limits<float>::quiet_NaN());
    else
      fill(std::numeric_limits<double>::quiet_NaN());  // as an int64 a number that no place has
  }
  ~Taken() { node_.data = data_; }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

 private:
  static std::size_t bytes_reached(const Node& node) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < node.shape.size(); ++i) last += (node.shape[i] - 1) * node.strides[i];
    return static_cast<std::size_t>(std::max<std::int64_t>(last, 0) + 1) * 8 + 64;
  }
  Node& node_;
  std::byte* data_;
  StorageRef room_;
};

}  // namespace wengert::laws
