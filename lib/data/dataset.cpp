#include "wengert/data/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

#include "lib/core/fail.hpp"
#include "lib/data/shuffle.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::data {
namespace {

std::int64_t sample_count(const char* operation, const Tensor& inputs, const Tensor& labels) {
  if (inputs.ndim() == 0 || labels.ndim() == 0 || inputs.shape()[0] != labels.shape()[0])
    fail<ShapeError>(operation,
                     "inputs and labels must have the same first extent, the number of samples: got ",
                     inputs.shape(), " and ", labels.shape());
  return inputs.shape()[0];
}

/// The rows of x at positions in [0, n).
Tensor take_rows(const Tensor& x, const std::vector<std::int64_t>& indices, Location where) {
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(x, x.dtype(), data);
  Shape shape = x.shape();
  const std::int64_t rows = shape[0];
  const std::size_t row_bytes =
      rows == 0 ? 0 : static_cast<std::size_t>(x.size() / rows) * item_size(x.dtype());
  shape[0] = static_cast<std::int64_t>(indices.size());
  StorageRef storage = StorageRef::allocate(indices.size() * row_bytes);
  std::byte* to = storage.data();
  if (row_bytes > 0) {
    for (const std::int64_t index : indices) {
      std::memcpy(to, static_cast<const std::byte*>(data) + static_cast<std::size_t>(index) * row_bytes,
                  row_bytes);
      to += row_bytes;
    }
  }
  return detail::make_leaf(std::move(storage), shape, x.dtype(), false, where);
}

std::int64_t held_out(const char* operation, double fraction, std::int64_t n) {
  if (!(fraction >= 0.0 && fraction <= 1.0))
    fail<ValueError>(operation, "the fraction held out must be between 0 and 1: got ", fraction);
  return std::llround(fraction * static_cast<double>(n));
}

/// How many samples of each class are held out: its share rounded down, and the classes with the largest
/// remainders one more, until there are `total`.
std::map<std::int64_t, std::int64_t> class_quotas(const std::int64_t* labels, std::int64_t n,
                                                  std::int64_t total) {
  std::map<std::int64_t, std::int64_t> quotas;
  for (std::int64_t i = 0; i < n; ++i) ++quotas[labels[i]];
  struct Remainder {
    double part;
    std::int64_t* quota;
  };
  std::vector<Remainder> remainders;
  std::int64_t left = total;
  for (auto& [label, count] : quotas) {
    const double share = static_cast<double>(count) * static_cast<double>(total) / static_cast<double>(n);
    count = static_cast<std::int64_t>(share);
    left -= count;
    remainders.push_back({share - static_cast<double>(count), &count});
  }
  std::ranges::stable_sort(remainders, std::greater(), &Remainder::part);
  for (std::int64_t i = 0; i < left; ++i) ++*remainders[static_cast<std::size_t>(i)].quota;
  return quotas;
}

}  // namespace

Dataset dataset(const Tensor& inputs, const Tensor& labels, Location where) {
  sample_count("dataset", inputs, labels);
  return {inputs.detach(where), labels.detach(where)};
}

std::int64_t Dataset::size() const { return sample_count("dataset", inputs, labels); }

Dataset Dataset::take(const std::vector<std::int64_t>& indices, Location where) const {
  const std::int64_t n = sample_count("take", inputs, labels);
  std::vector<std::int64_t> positions = indices;
  for (std::int64_t& position : positions) {
    if (position < -n || position >= n)
      fail<IndexError>("take", "an index must be one of ", n, " samples: got ", position);
    if (position < 0) position += n;
  }
  return {take_rows(inputs, positions, where), take_rows(labels, positions, where)};
}

Split Dataset::split(double fraction, std::uint64_t seed, Location where) const {
  const std::int64_t n = sample_count("split", inputs, labels);
  const std::int64_t test = held_out("split", fraction, n);
  const std::vector<std::int64_t> order = shuffled(n, seed);
  return {.train = take({order.begin() + test, order.end()}, where),
          .test = take({order.begin(), order.begin() + test}, where)};
}

Dataset Dataset::map(const std::function<Tensor(const Tensor&)>& f, Location where) const {
  constexpr const char* operation = "map";
  const std::int64_t n = sample_count(operation, inputs, labels);
  if (n == 0) fail<ValueError>(operation, "there must be a sample: got none");
  const NoGrad values_only;
  const Tensor values = inputs.detach(where);
  StorageRef storage;
  std::byte* to = nullptr;
  std::size_t row_bytes = 0;
  Shape shape;
  DType dtype = float32;
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor result = f(squeeze(slice(values, 0, i, i + 1, 1, where), {0}, where));
    if (i == 0) {
      shape = result.shape();
      dtype = result.dtype();
      row_bytes = static_cast<std::size_t>(result.size()) * item_size(dtype);
      storage = StorageRef::allocate(static_cast<std::size_t>(n) * row_bytes);
      to = storage.data();
    } else if (result.shape() != shape) {
      fail<ShapeError>(operation, "the function must give one shape for all samples: got ", shape, " and ",
                       result.shape(), " for sample ", i, ". Did you mean data::collate(...)?");
    } else if (result.dtype() != dtype) {
      fail<DTypeError>(operation, "the function must give one dtype for all samples: got ", dtype, " and ",
                       result.dtype(), " for sample ", i);
    }
    const void* data = nullptr;
    const StorageRef held = detail::contiguous_storage(result, dtype, data);
    if (row_bytes > 0) std::memcpy(to, data, row_bytes);
    to += row_bytes;
  }
  shape.insert(0, n);
  return {detail::make_leaf(std::move(storage), shape, dtype, false, where), labels.detach(where)};
}

Dataset Dataset::shuffle(std::uint64_t seed, Location where) const {
  return take(shuffled(sample_count("shuffle", inputs, labels), seed), where);
}

std::vector<Dataset> Dataset::batches(std::int64_t size, Location where) const {
  const std::int64_t n = sample_count("batches", inputs, labels);
  if (size <= 0) fail<ValueError>("batches", "the size must be positive: got ", size);
  std::vector<Dataset> parts;
  for (std::int64_t from = 0; from < n; from += std::min(size, n - from)) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(size, n - from)));
    std::iota(indices.begin(), indices.end(), from);
    parts.push_back(take(indices, where));
  }
  return parts;
}

Split stratified_split(const Dataset& set, double fraction, std::uint64_t seed, Location where) {
  constexpr const char* operation = "stratified_split";
  const std::int64_t n = sample_count(operation, set.inputs, set.labels);
  if (set.labels.dtype() != int64)
    fail<DTypeError>(operation, "labels must be int64: got ", set.labels.dtype(),
                     ". Did you mean labels.astype(int64)?");
  if (set.labels.ndim() != 1)
    fail<ShapeError>(operation, "labels must have one dimension: got ", set.labels.shape());
  const std::int64_t total = held_out(operation, fraction, n);
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(set.labels, int64, data);
  const auto* labels = static_cast<const std::int64_t*>(data);
  auto quotas = class_quotas(labels, n, total);
  std::vector<std::int64_t> train, test;
  for (const std::int64_t i : shuffled(n, seed)) (quotas[labels[i]]-- > 0 ? test : train).push_back(i);
  return {.train = set.take(train, where), .test = set.take(test, where)};
}

}  // namespace wengert::data
