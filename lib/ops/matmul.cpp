#include "lib/ops/matmul.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/gemm.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// Which of two operands is read transposed.
enum class Turned { none, first, second };

Tensor product(const Tensor& a, const Tensor& b, Turned turned, Location where);

/// A batch of products: inputs of two dimensions or more, batches broadcast.
template <Turned turned>
void forward(Node& node) {
  std::byte* to = allocate_value(node);
  if (node.size() == 0) return;
  Node &a = node.input(0), &b = node.input(1);
  const std::size_t ndim = node.shape.size(), batch_dims = ndim - 2;
  const std::int64_t m = node.shape[ndim - 2], n = node.shape[ndim - 1],
                     k = a.shape[a.shape.size() - (turned == Turned::first ? 2 : 1)];
  Shape batch = node.shape;
  batch.pop_back();
  batch.pop_back();
  const auto batch_strides = [&](const Node& x) {
    Strides strides = Dims::filled(batch_dims, 0);
    const std::size_t own = x.shape.size() - 2;
    for (std::size_t i = 0; i < own; ++i)
      if (x.shape[i] != 1) strides[batch_dims - own + i] = x.strides[i];
    return strides;
  };
  const Strides a_steps = batch_strides(a), b_steps = batch_strides(b);
  const auto item = static_cast<std::int64_t>(item_size(node.dtype));
  const auto matrix = [&](const Node& x, std::int64_t offset, bool transposed) {
    const std::size_t last = x.shape.size() - 1;
    return Matrix{x.data + offset * item, x.strides[last - !transposed], x.strides[last - transposed]};
  };
  Dims position = Dims::filled(batch_dims, 0);
  std::int64_t a_at = 0, b_at = 0;
  const std::int64_t batches = element_count(batch);
  for (std::int64_t i = 0; i < batches; ++i) {
    gemm(node.dtype, to + i * m * n * item, matrix(a, a_at, turned == Turned::first),
         matrix(b, b_at, turned == Turned::second), m, n, k);
    for (std::size_t d = batch_dims; d-- > 0;) {
      a_at += a_steps[d];
      b_at += b_steps[d];
      if (++position[d] < batch[d]) break;
      a_at -= a_steps[d] * batch[d];
      b_at -= b_steps[d] * batch[d];
      position[d] = 0;
    }
  }
}

std::vector<Sample> matmul_samples() {
  SampleNumbers numbers(19);
  std::vector<Sample> samples;
  const auto add = [&](const Shape& a, const Shape& b) {
    samples.push_back({to_string(a) + " by " + to_string(b),
                       {numbers.uniform(a, -1.0, 1.0), numbers.uniform(b, -1.0, 1.0)},
                       [](const std::vector<Tensor>& in) { return matmul(in[0], in[1]); }});
  };
  add({2, 3}, {3, 4});
  add({3}, {3});
  add({3}, {3, 2});
  add({2, 3}, {3});
  add({2, 2, 3}, {2, 3, 2});
  add({2, 2, 3}, {3, 2});
  add({2, 3}, {2, 3, 2});
  add({2, 1, 2, 3}, {3, 3, 2});
  add({2, 2, 3}, {3});
  add({2, 0}, {0, 3});
  add({0, 3}, {3, 2});
  const auto turned = [&](const char* what, const Shape& a, const Shape& b, Turned which) {
    samples.push_back({what,
                       {numbers.uniform(a, -1.0, 1.0), numbers.uniform(b, -1.0, 1.0)},
                       [which](const std::vector<Tensor>& in) { return product(in[0], in[1], which, {}); }});
  };
  turned("first turned", {3, 2}, {3, 4}, Turned::first);
  turned("second turned", {2, 3}, {4, 3}, Turned::second);
  turned("batch, first turned", {2, 3, 2}, {2, 3, 2}, Turned::first);
  turned("batch, second turned", {2, 2, 3}, {2, 1, 3}, Turned::second);
  turned("rows of a batch, second turned", {2, 2, 3}, {4, 3}, Turned::second);
  samples.push_back(
      {"transposed operands",
       {numbers.uniform({3, 2}, -1.0, 1.0), numbers.uniform({4, 3}, -1.0, 1.0)},
       [](const std::vector<Tensor>& in) { return matmul(transpose(in[0]), transpose(in[1])); }});
  return samples;
}

/// The cotangent of the first input, and of the second: products of the same three kinds.
template <Turned turned>
Tensor first_rule(const Call& c) {
  switch (turned) {
    case Turned::none:
      return product(c.g, c.x(1), Turned::second, {});
    case Turned::first:
      return product(c.x(1), c.g, Turned::second, {});
    default:
      return product(c.g, c.x(1), Turned::none, {});
  }
}
template <Turned turned>
Tensor second_rule(const Call& c) {
  switch (turned) {
    case Turned::none:
      return product(c.x(0), c.g, Turned::first, {});
    case Turned::first:
      return product(c.x(0), c.g, Turned::none, {});
    default:
      return product(c.g, c.x(0), Turned::first, {});
  }
}

template <Turned turned>
constexpr Operation operation{.name = "matmul",
                              .forward = forward<turned>,
                              .rules = {first_rule<turned>, second_rule<turned>},
                              .samples = matmul_samples};
const Registered registered_matmul(operation<Turned::none>);

Shape batch_of(const Shape& shape) {
  Shape batch = shape;
  batch.pop_back();
  batch.pop_back();
  return batch;
}

/// Of operands that fit, of two dimensions or more.
Tensor product(const Tensor& a, const Tensor& b, Turned turned, Location where) {
  Node &left = a.recorded(), &right = b.recorded();
  const std::size_t rows = left.shape.size() - (turned == Turned::first ? 1 : 2),
                    columns = right.shape.size() - (turned == Turned::second ? 2 : 1);
  if (right.shape.size() == 2 && left.shape.size() > 2 && turned != Turned::first) {
    // Many matrices times one: a single product of all their rows, whose gradient needs no batch of its own.
    Shape shape = left.shape;
    shape.back() = right.shape[columns];
    std::int64_t all_rows = 1;
    for (std::size_t i = 0; i + 1 < left.shape.size(); ++i) all_rows *= left.shape[i];
    return reshape(product(reshape(a, {all_rows, left.shape.back()}, where), b, turned, where), shape, where);
  }
  Shape shape = broadcast_shape("matmul", batch_of(left.shape), batch_of(right.shape));
  shape.push_back(left.shape[rows]);
  shape.push_back(right.shape[columns]);
  const Operation& kind = turned == Turned::none    ? operation<Turned::none>
                          : turned == Turned::first ? operation<Turned::first>
                                                    : operation<Turned::second>;
  return record(kind, {&left, &right}, shape, left.dtype, where);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Location where) {
  const Node &left = a.recorded(), &right = b.recorded();
  if (!is_float(left.dtype) && !is_float(right.dtype)) require_float("matmul", left.dtype);
  if (left.dtype != right.dtype)
    fail<DTypeError>("matmul", "dtypes must be equal: got ", left.dtype, " and ", right.dtype,
                     ". Did you mean to cast with astype(", is_float(left.dtype) ? left.dtype : right.dtype,
                     ")?");
  require_float("matmul", left.dtype);
  if (left.shape.empty() || right.shape.empty())
    fail<ShapeError>("matmul", "operands must be vectors, matrices or batches of matrices: got ", left.shape,
                     " and ", right.shape, ". Did you mean a * b?");
  const std::int64_t rows = right.shape.size() == 1 ? right.shape[0] : right.shape[right.shape.size() - 2];
  if (left.shape.back() != rows) {
    const char* hint = left.shape.size() == 2 && right.shape.size() == 2 && left.shape[1] == right.shape[1]
                           ? ". Did you mean matmul(a, transpose(b))?"
                       : left.shape.size() == 2 && right.shape.size() == 2 && left.shape[0] == right.shape[0]
                           ? ". Did you mean matmul(transpose(a), b)?"
                           : "";
    fail<ShapeError>("matmul", "inner dimensions must agree: got ", left.shape, " and ", right.shape, hint);
  }
  if (left.shape.size() == 1)
    return squeeze(matmul(unsqueeze(a, 0, where), b, where), {right.shape.size() == 1 ? 0 : -2}, where);
  if (right.shape.size() == 1) return squeeze(matmul(a, unsqueeze(b, 1, where), where), {-1}, where);
  return product(a, b, Turned::none, where);
}

Tensor matmul_transposed(const Tensor& a, const Tensor& b, Location where) {
  return product(a, b, Turned::second, where);
}

}  // namespace wengert
