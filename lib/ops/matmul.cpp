#include "lib/ops/matmul.hpp"

#include "lib/core/evaluator.hpp"
#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/gemm.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

/// Which of two operands is read transposed.
enum class Turned { none, first, second };

Tensor product(Node& a, Node& b, Turned turned, Location where);

Shape batch_of(const Shape& shape) {
  Shape batch = shape;
  batch.pop_back();
  batch.pop_back();
  return batch;
}

/// Where the matrices of `x` begin as an index runs over `batch`, to whose shape the batch of x is broadcast.
Strides batch_strides(const Shape& batch, const Shape& shape, const Strides& strides) {
  Strides steps = Dims::filled(batch.size(), 0);
  const std::size_t own = shape.size() - 2, ahead = batch.size() - own;
  for (std::size_t i = 0; i < own; ++i)
    if (shape[i] != 1) steps[ahead + i] = strides[i];
  return steps;
}

/// c = a b over a batch of matrices, or c += a b, where several products may fall on one matrix of c.
void multiply(DType dtype, std::byte* c, const Shape& c_shape, const Node& a, const Node& b, Turned turned,
              bool add) {
  const std::int64_t m = c_shape[c_shape.size() - 2], n = c_shape.back(),
                     k = a.shape[a.shape.size() - (turned == Turned::first ? 2 : 1)];
  const auto item = static_cast<std::int64_t>(item_size(dtype));
  const auto matrix = [&](const Node& x, std::int64_t offset, bool transposed) {
    const std::size_t last = x.shape.size() - 1;
    return Matrix{x.data + offset * item, x.strides[last - !transposed], x.strides[last - transposed]};
  };
  if (a.shape.size() == 2 && b.shape.size() == 2)
    return gemm(dtype, c, matrix(a, 0, turned == Turned::first), matrix(b, 0, turned == Turned::second), m, n,
                k, add);
  const Shape batch = broadcast_shape("matmul", batch_of(a.shape), batch_of(b.shape));
  const Strides a_steps = batch_strides(batch, a.shape, a.strides),
                b_steps = batch_strides(batch, b.shape, b.strides),
                c_steps = batch_strides(batch, c_shape, row_major(c_shape));
  const auto some = [&](std::int64_t begin, std::int64_t end) {
    Dims position = Dims::filled(batch.size(), 0);
    std::int64_t a_at = 0, b_at = 0, c_at = 0, rest = begin;
    for (std::size_t d = batch.size(); d-- > 0; rest /= batch[d]) {
      position[d] = rest % batch[d];
      a_at += position[d] * a_steps[d];
      b_at += position[d] * b_steps[d];
      c_at += position[d] * c_steps[d];
    }
    for (std::int64_t i = begin; i < end; ++i) {
      gemm(dtype, c + c_at * item, matrix(a, a_at, turned == Turned::first),
           matrix(b, b_at, turned == Turned::second), m, n, k, add);
      for (std::size_t d = batch.size(); d-- > 0;) {
        a_at += a_steps[d];
        b_at += b_steps[d];
        c_at += c_steps[d];
        if (++position[d] < batch[d]) break;
        a_at -= a_steps[d] * batch[d];
        b_at -= b_steps[d] * batch[d];
        c_at -= c_steps[d] * batch[d];
        position[d] = 0;
      }
    }
  };
  const std::int64_t batches = element_count(batch);
  if (batches == 0) return;
  // Where several products are added to one matrix they follow one another.
  if (batches == 1 || element_count(batch_of(c_shape)) != batches) return some(0, batches);
  parallel_ranges(batches, 1, static_cast<double>(m * n * k) / multiplications_a_nanosecond, some);
}

template <Turned turned>
void forward(Node& node) {
  std::byte* to = allocate_value(node);
  if (node.size() > 0) multiply(node.dtype, to, node.shape, node.input(0), node.input(1), turned, false);
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
                       [which](const std::vector<Tensor>& in) {
                         return product(recorded(in[0]), recorded(in[1]), which, {});
                       }});
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

/// The cotangent of an input is a product of the same three kinds: of these.
struct Factors {
  Node &a, &b;
  Turned turned;
};
Factors factors(const Call& c, Turned turned, std::size_t input) {
  Node &g = recorded(c.g), &other = c.node.input(1 - input);
  if (input == 0) {
    if (turned == Turned::none) return {g, other, Turned::second};
    if (turned == Turned::first) return {other, g, Turned::second};
    return {g, other, Turned::none};
  }
  if (turned == Turned::none) return {other, g, Turned::first};
  if (turned == Turned::first) return {other, g, Turned::none};
  return {g, other, Turned::first};
}

template <Turned turned, std::size_t input>
Tensor rule(const Call& c) {
  const Factors f = factors(c, turned, input);
  return product(f.a, f.b, f.turned, {});
}

/// Has the bits of the product, then added, for up to 256 terms: further ones are added to the sum on their
/// own.
template <Turned turned>
void add_to(const Call& c, std::size_t input, std::byte* sum) {
  const Factors f = factors(c, turned, input);
  force(f.a);
  force(f.b);
  multiply(f.a.dtype, sum, c.input_shape(input), f.a, f.b, f.turned, true);
}

/// Rule: a: g bᵀ. b: aᵀ g. Over batches that were broadcast, the sums.
template <Turned turned>
constexpr Operation operation{.name = "matmul",
                              .forward = forward<turned>,
                              .rules = {rule<turned, 0>, rule<turned, 1>},
                              .samples = matmul_samples,
                              .add_to = add_to<turned>,
                              .looks_at = {0b10, 0b01}};
const Registered registered_matmul(operation<Turned::none>);

/// Of operands that fit, of two dimensions or more.
Tensor product(Node& left, Node& right, Turned turned, Location where) {
  const std::size_t rows = left.shape.size() - (turned == Turned::first ? 1 : 2),
                    columns = right.shape.size() - (turned == Turned::second ? 2 : 1);
  if (right.shape.size() == 2 && left.shape.size() > 2 && turned != Turned::first) {
    // Many matrices times one: a single product of all their rows, whose gradient needs no batch of its own.
    Shape shape = left.shape;
    shape.back() = right.shape[columns];
    std::int64_t all_rows = 1;
    for (std::size_t i = 0; i + 1 < left.shape.size(); ++i) all_rows *= left.shape[i];
    const Tensor rows_together = reshape(Tensor(&left), {all_rows, left.shape.back()}, where);
    return reshape(product(recorded(rows_together), right, turned, where), shape, where);
  }
  const bool batched = left.shape.size() > 2 || right.shape.size() > 2;
  Shape shape = batched ? broadcast_shape("matmul", batch_of(left.shape), batch_of(right.shape)) : Shape();
  shape.push_back(left.shape[rows]);
  shape.push_back(right.shape[columns]);
  const Operation& kind = turned == Turned::none    ? operation<Turned::none>
                          : turned == Turned::first ? operation<Turned::first>
                                                    : operation<Turned::second>;
  return record(kind, {&left, &right}, shape, left.dtype, where);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Location where) {
  require_value("matmul", a);
  require_value("matmul", b);
  const Node &left = recorded(a), &right = recorded(b);
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
  return product(recorded(a), recorded(b), Turned::none, where);
}

Tensor matmul_transposed(const Tensor& a, const Tensor& b, Location where) {
  return product(recorded(a), recorded(b), Turned::second, where);
}

}  // namespace wengert
