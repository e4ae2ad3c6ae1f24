#include "wengert/data/collate.hpp"

#include <algorithm>
#include <cstring>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"

namespace wengert::data {
namespace {

/// Bytes of `tensor`, contiguous, and what keeps them.
struct Bytes {
  explicit Bytes(const Tensor& tensor)
      : count(static_cast<std::size_t>(tensor.size()) * item_size(tensor.dtype())) {
    const void* first = nullptr;
    held = detail::contiguous_storage(tensor, tensor.dtype(), first);
    data = static_cast<const std::byte*>(first);
  }
  StorageRef held;
  const std::byte* data;
  std::size_t count;
};

Shape without_first(const Shape& shape) {
  Shape rest = shape;
  rest.erase(0);
  return rest;
}

/// Checks that sequences fit together; returns the longest.
std::int64_t check_sequences(const char* operation, const std::vector<Tensor>& sequences) {
  if (sequences.empty()) fail<ValueError>(operation, "there must be a sequence: got none");
  std::int64_t longest = 0;
  const Tensor& first = sequences.front();
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Tensor& sequence = sequences[i];
    if (sequence.ndim() == 0)
      fail<ShapeError>(operation, "a sequence must have a dimension: got () for number ", i);
    if (sequence.dtype() != first.dtype())
      fail<DTypeError>(operation, "sequences must have one dtype: got ", first.dtype(), " and ",
                       sequence.dtype(), " for number ", i);
    if (without_first(sequence.shape()) != without_first(first.shape()))
      fail<ShapeError>(operation, "sequences may differ in their first extent only: got ", first.shape(),
                       " and ", sequence.shape(), " for number ", i);
    longest = std::max(longest, sequence.shape()[0]);
  }
  return longest;
}

Padded pad(const char* operation, const std::vector<Tensor>& sequences, const PadSequencesOptions& options,
           Location where) {
  const std::int64_t longest = check_sequences(operation, sequences);
  if (options.length != 0 && options.length < longest)
    fail<ValueError>(operation, "the length must be at least that of the longest sequence: got ",
                     options.length, " for ", longest);
  const std::int64_t length = std::max(options.length, longest);
  const DType dtype = sequences.front().dtype();
  Shape shape = without_first(sequences.front().shape());
  const std::size_t item = item_size(dtype), step = static_cast<std::size_t>(element_count(shape)) * item;
  const auto count = static_cast<std::int64_t>(sequences.size());
  shape.insert(0, length);
  shape.insert(0, count);

  checked_count(operation, shape, dtype);
  const std::size_t row = static_cast<std::size_t>(length) * step;
  StorageRef storage = StorageRef::allocate(sequences.size() * row);
  StorageRef lengths = StorageRef::allocate(sequences.size() * sizeof(std::int64_t));
  const Bytes filler(scalar(options.value, dtype, where));
  std::byte* to = storage.data();
  const auto fill = [&](std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i += item, to += item) std::memcpy(to, filler.data, item);
  };
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Bytes bytes(sequences[i]);
    if (options.left) fill(row - bytes.count);
    if (bytes.count > 0) std::memcpy(to, bytes.data, bytes.count);
    to += bytes.count;
    if (!options.left) fill(row - bytes.count);
    const std::int64_t own = sequences[i].shape()[0];
    std::memcpy(lengths.data() + i * sizeof own, &own, sizeof own);
  }
  return {detail::make_leaf(std::move(storage), shape, dtype, false, where),
          detail::make_leaf(std::move(lengths), {count}, int64, false, where)};
}

/// Tensors of one shape with a new first dimension, others padded.
Tensor together(const std::vector<Tensor>& tensors, double value, Location where) {
  constexpr const char* operation = "collate";
  const bool one_shape =
      std::ranges::all_of(tensors, [&](const Tensor& t) { return t.shape() == tensors.front().shape(); });
  if (!one_shape || tensors.front().ndim() > 0)
    return pad(operation, tensors, {.value = value}, where).values;
  const DType dtype = tensors.front().dtype();
  StorageRef storage = StorageRef::allocate(tensors.size() * item_size(dtype));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].dtype() != dtype)
      fail<DTypeError>(operation, "samples must have one dtype: got ", dtype, " and ", tensors[i].dtype(),
                       " for number ", i);
    const Bytes bytes(tensors[i]);
    std::memcpy(storage.data() + i * bytes.count, bytes.data, bytes.count);
  }
  return detail::make_leaf(std::move(storage), {static_cast<std::int64_t>(tensors.size())}, dtype, false,
                           where);
}

}  // namespace

Padded pad_sequences(const std::vector<Tensor>& sequences, const PadSequencesOptions& options,
                     Location where) {
  return pad("pad_sequences", sequences, options, where);
}

Tensor sequence_mask(const Tensor& lengths, std::int64_t length, Location where) {
  constexpr const char* operation = "sequence_mask";
  if (lengths.dtype() != int64) fail<DTypeError>(operation, "lengths must be int64: got ", lengths.dtype());
  if (lengths.ndim() != 1)
    fail<ShapeError>(operation, "lengths must have one dimension: got ", lengths.shape());
  if (length < 0) fail<ValueError>(operation, "the length must not be negative: got ", length);
  const Bytes bytes(lengths);
  const auto* counts = reinterpret_cast<const std::int64_t*>(bytes.data);
  const std::int64_t count = checked_count(operation, {lengths.size(), length}, boolean);
  StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(count));
  std::byte* to = storage.data();
  for (std::int64_t i = 0; i < lengths.size(); ++i)
    for (std::int64_t j = 0; j < length; ++j) *to++ = std::byte{j < counts[i]};
  return detail::make_leaf(std::move(storage), {lengths.size(), length}, boolean, false, where);
}

Batch collate(const std::vector<Batch>& samples, const CollateOptions& options, Location where) {
  if (samples.empty()) fail<ValueError>("collate", "there must be a sample: got none");
  std::vector<Tensor> inputs, labels;
  for (const Batch& sample : samples) {
    inputs.push_back(sample.inputs);
    labels.push_back(sample.labels);
  }
  return {together(inputs, options.value, where), together(labels, options.label_value, where)};
}

}  // namespace wengert::data
