// Loader: a dataset as a range of batches, in a new seeded order every time it is gone through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "wengert/data/dataset.hpp"

namespace wengert::data {

struct LoaderOptions {
  std::int64_t batch_size = 64;
  bool shuffle = true;     ///< a new order every epoch; otherwise the dataset's own
  std::uint64_t seed = 1;  ///< the orders depend on it and on the epoch's number alone
  bool drop_last = false;  ///< leave out a last batch that is not full
};

/// Some samples, copied together: inputs (b, ...), labels (b, ...), with b = batch_size but in the last
/// batch.
struct Batch {
  Tensor inputs, labels;
};

/// Batches of a dataset, which the loader shares:
///
///     data::Loader loader(train, {.batch_size = 32});
///     for (int epoch = 0; epoch < 10; ++epoch)
///       for (const auto& [inputs, labels] : loader) ...
///
/// Every begin() starts the next epoch. The first one of a loader is epoch 0, so two loaders with the same
/// seed go through the same orders.
class Loader {
 public:
  class Iterator;

  /// Throws ShapeError where the dataset's inputs and labels are not equally many, ValueError unless
  /// batch_size > 0.
  explicit Loader(const Dataset& dataset, const LoaderOptions& options = {}, Location where = {});

  /// Starts an epoch and gathers its first batch. The iterator is of one pass; it owns what it needs.
  Iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  /// The number of batches of an epoch.
  std::int64_t size() const noexcept;
  /// The number of the epoch that the next begin() starts; set_epoch() goes on where an earlier run stopped.
  std::uint64_t epoch() const noexcept { return epoch_; }
  void set_epoch(std::uint64_t epoch) noexcept { epoch_ = epoch; }

 private:
  Dataset dataset_;
  LoaderOptions options_;
  Location where_;
  std::int64_t samples_;
  std::uint64_t epoch_ = 0;
};

/// A position in an epoch, and its batch.
class Loader::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  const Batch& operator*() const noexcept { return batch_; }
  const Batch* operator->() const noexcept { return &batch_; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& i, std::default_sentinel_t) noexcept { return i.batch_size_ == 0; }

 private:
  friend class Loader;
  Iterator(const Dataset& dataset, std::vector<std::int64_t> order, std::int64_t batch_size, Location where);
  void gather();

  Dataset dataset_;
  std::vector<std::int64_t> order_;  // without the samples that are left out
  std::size_t next_ = 0;             // where in the order the next batch begins
  std::size_t batch_size_;           // 0 at the end
  Location where_;
  Batch batch_;
};

}  // namespace wengert::data
