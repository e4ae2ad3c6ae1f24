#include "wengert/data/loader.hpp"

#include <algorithm>
#include <numeric>

#include "lib/core/fail.hpp"
#include "lib/data/shuffle.hpp"

namespace wengert::data {

Loader::Loader(const Dataset& dataset, const LoaderOptions& options, Location where)
    // Detached, and so contiguous: a batch is one copy out of it.
    : dataset_(data::dataset(dataset.inputs, dataset.labels, where)),
      options_(options),
      where_(where),
      samples_(dataset_.size()) {
  if (options.batch_size <= 0)
    fail<ValueError>("Loader", "batch_size must be positive: got ", options.batch_size);
}

std::int64_t Loader::size() const noexcept {
  const std::int64_t full = samples_ / options_.batch_size;
  return full + (!options_.drop_last && samples_ % options_.batch_size != 0);
}

Loader::Iterator Loader::begin() {
  std::vector<std::int64_t> order;
  if (options_.shuffle) {
    order = shuffled(samples_, options_.seed, epoch_);
  } else {
    order.resize(static_cast<std::size_t>(samples_));
    std::iota(order.begin(), order.end(), std::int64_t{0});
  }
  if (options_.drop_last)
    order.resize(order.size() - order.size() % static_cast<std::size_t>(options_.batch_size));
  Iterator first(dataset_, std::move(order), options_.batch_size, where_);
  ++epoch_;
  return first;
}

Loader::Iterator::Iterator(const Dataset& dataset, std::vector<std::int64_t> order, std::int64_t batch_size,
                           Location where)
    : dataset_(dataset),
      order_(std::move(order)),
      batch_size_(static_cast<std::size_t>(batch_size)),
      where_(where) {
  gather();
}

void Loader::Iterator::gather() {
  batch_ = {};  // first, so that its memory serves the next one
  if (next_ == order_.size()) {
    batch_size_ = 0;
    return;
  }
  const std::size_t end = next_ + std::min(batch_size_, order_.size() - next_);
  const auto at = order_.begin();
  Dataset part =
      dataset_.take({at + static_cast<std::ptrdiff_t>(next_), at + static_cast<std::ptrdiff_t>(end)}, where_);
  batch_ = {std::move(part.inputs), std::move(part.labels)};
  next_ = end;
}

Loader::Iterator& Loader::Iterator::operator++() {
  gather();
  return *this;
}

}  // namespace wengert::data
