#include "lib/ops/blocks.hpp"

#include <algorithm>

#include "lib/core/parallel.hpp"
#include "wengert/core/evaluation.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert {
namespace {

constexpr std::int64_t block = 1024;   // elements: a few blocks stay in the first-level cache
constexpr std::int64_t few_rows = 16;  // for which calls cost less than to repeat what is the same for each
constexpr std::size_t max_inputs = 4;
constexpr double nanoseconds_each = 0.25;  // about, of the cheapest kernels where arrays lie in a cache

Tensor number_as(const char* operation, const Operand& number, DType dtype) {
  if (dtype == int64) {
    if (!number.is_whole())
      fail<DTypeError>(operation, "an int64 tensor takes whole numbers only: got ", number.number(),
                       ". Did you mean x.astype(float64)?");
    Tensor tensor = scalar(0.0, int64, number.where());
    *reinterpret_cast<std::int64_t*>(tensor.node().data) = number.whole();
    return tensor;
  }
  return scalar(number.number(), dtype, number.where());
}

/// Whether the elements are those of each row of some last dimensions of an array of `shape`, in order.
bool is_row_of(const Node& node, const Shape& shape) {
  std::size_t own = node.shape.size(), last = shape.size();
  while (own > 0 && last > 0 && node.shape[own - 1] == shape[last - 1]) --own, --last;
  while (own > 0)
    if (node.shape[--own] != 1) return false;
  return is_contiguous(node);
}

/// Whether all elements are one and the same.
bool is_repeated(const Node& node) {
  for (std::size_t i = 0; i < node.shape.size(); ++i)
    if (node.shape[i] != 1 && node.strides[i] != 0) return false;
  return true;
}

void run_many(kernel::Block kernel, Node& out, Node* const* in, std::size_t count) {
  std::byte* to = out.data;
  const std::int64_t size = out.size();
  const std::byte* from[max_inputs] = {};
  unsigned single = 0, repeated = 0;
  bool direct = true, by_rows = size <= block;
  std::int64_t width = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!in[i]) continue;
    from[i] = in[i]->data;
    const bool contiguous = is_contiguous(*in[i]);
    if (in[i]->size() == 1 || (!contiguous && is_repeated(*in[i]))) {
      single |= 1u << i;
    } else if (!contiguous || in[i]->shape != out.shape) {
      direct = false;
      by_rows = by_rows && (width == 0 || width == in[i]->size()) && is_row_of(*in[i], out.shape);
      width = in[i]->size();
      repeated |= 1u << i;
    }
  }
  if (direct && size <= block) return kernel(to, from, static_cast<std::size_t>(size), single);
  const auto item = static_cast<std::int64_t>(item_size(out.dtype));
  const auto varies = [&](std::size_t i) { return in[i] && !(single >> i & 1); };
  if (!direct && by_rows && size <= few_rows * width) {
    for (std::int64_t done = 0; done < size; done += width, to += width * item) {
      kernel(to, from, static_cast<std::size_t>(width), single);
      for (std::size_t i = 0; i < count; ++i)
        if (varies(i) && !(repeated >> i & 1))
          from[i] += width * static_cast<std::int64_t>(item_size(in[i]->dtype));
    }
    return;
  }
  if (direct)
    return parallel_ranges(size, block, nanoseconds_each, [&](std::int64_t begin, std::int64_t end) {
      const std::byte* at[max_inputs];
      for (std::size_t i = 0; i < max_inputs; ++i)
        at[i] = i < count && varies(i) ? from[i] + begin * static_cast<std::int64_t>(item_size(in[i]->dtype))
                                       : from[i];
      kernel(to + begin * item, at, static_cast<std::size_t>(end - begin), single);
    });

  parallel_ranges(size, block, nanoseconds_each, [&](std::int64_t begin, std::int64_t end) {
    const std::byte* at[max_inputs];
    StridedReader readers[max_inputs];
    for (std::size_t i = 0; i < max_inputs; ++i) {
      at[i] = from[i];
      if (i < count && varies(i))
        readers[i] = StridedReader(in[i]->data, item_size(in[i]->dtype), out.shape,
                                   broadcast_strides(*in[i], out.shape));
    }
    alignas(64) std::byte buffers[max_inputs][block * 8];
    for (std::int64_t start = begin; start < end; start += block) {
      const std::int64_t length = std::min(block, end - start);
      for (std::size_t i = 0; i < count; ++i)
        if (varies(i)) at[i] = readers[i].read(start, length, buffers[i]);
      kernel(to + start * item, at, static_cast<std::size_t>(length), single);
    }
  });
}

}  // namespace

void run_blocks(kernel::Block kernel, Node& out, Node* const* in, std::size_t count) {
  std::byte* to = allocate_value(out);
  const std::int64_t size = out.size();
  if (size == 0) return;
  if (size > 1) return run_many(kernel, out, in, count);
  const std::byte* from[max_inputs] = {};
  for (std::size_t i = 0; i < count; ++i)
    if (in[i]) from[i] = in[i]->data;
  kernel(to, from, 1, 0);
}

Tensor compute_blocks(kernel::Block kernel, const Shape& shape, DType dtype, Node* const* in,
                      std::size_t count, Location where) {
  Tensor result = Tensor::adopt(new_node(shape, dtype, where));
  run_blocks(kernel, result.handle(), in, count);
  return result;
}

Tensor minus_product(const Tensor& a, double factor, const Tensor& b) {
  const Node &left = recorded(a), &right = recorded(b);
  const auto is_plain = [](const Node& node) {
    return !node.deferred.load(std::memory_order_acquire) && is_contiguous(node);
  };
  const kernel::Chain fused =
      is_float(left.dtype) ? kernel::table().chain2[static_cast<int>(kernel::Start::mul)]
                                                   [static_cast<int>(kernel::Link::from)][index(left.dtype)]
                           : nullptr;
  if (!fused || this_thread.records || left.dtype != right.dtype || left.shape != right.shape ||
      left.size() >= defer_from() || !is_plain(left) || !is_plain(right))
    return sub(a, mul(factor, b));
  const float narrow = static_cast<float>(factor);
  const void* const element = left.dtype == float32 ? static_cast<const void*>(&narrow) : &factor;
  Tensor result = Tensor::adopt(new_node(left.shape, left.dtype, {}));
  fused({.out = allocate_value(result.handle()),
         .in = {static_cast<const std::byte*>(element), right.data, left.data},
         .n = static_cast<std::size_t>(left.size()),
         .single = 1});
  return result;
}

Shape broadcast_shape(const char* operation, const Shape& a, const Shape& b) {
  if (a == b) return a;
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const std::size_t ahead = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& extent = result[ahead + i];
    if (extent == shorter[i] || shorter[i] == 1) continue;
    if (extent != 1) fail<ShapeError>(operation, "shapes must broadcast: got ", a, " and ", b);
    extent = shorter[i];
  }
  return result;
}

Pair::Pair(const char* operation, const Operand& first, const Operand& second)
    : a(first.is_number() ? number_ : first.tensor()), b(second.is_number() ? number_ : second.tensor()) {
  for (const Operand* operand : {&first, &second})
    if (!operand->is_number()) require_value(operation, operand->tensor());
  if (first.is_number() && second.is_number())
    fail<DTypeError>(operation, "one operand must be a tensor: got two numbers. Did you mean full({}, ",
                     first.number(), ") for the first?");
  if (first.is_number())
    number_ = number_as(operation, first, b.dtype());
  else if (second.is_number())
    number_ = number_as(operation, second, a.dtype());
  else
    require_same_dtype(operation, recorded(a).dtype, recorded(b).dtype);
}

void require_same_dtype(const char* operation, DType left, DType right) {
  if (left != right)
    fail<DTypeError>(operation, "dtypes must be equal: got ", left, " and ", right,
                     ". Did you mean to cast with astype(", is_float(left) || right == boolean ? left : right,
                     ")?");
}

void require_float(const char* operation, DType dtype) {
  if (!is_float(dtype))
    fail<DTypeError>(operation, "takes float32 and float64: got ", dtype,
                     ". Did you mean x.astype(float32)?");
}

}  // namespace wengert
