// Loader: a dataset as a range of batches, in a new seeded order every time it is gone through; gathered by
// the thread that asks for them, or ahead of it by workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wengert/data/dataset.hpp"

namespace wengert::data {

/// Some samples, copied together: inputs (b, ...), labels (b, ...), with b = batch_size but in the last
/// batch.
struct Batch {
  Tensor inputs, labels;
};

/// Where batches come from when samples are not all in memory, or not all of one shape (data::collate): how
/// many samples there are, and how those at some positions in [0, size) are had. With workers `fetch` is
/// called by several threads at once.
struct Source {
  std::int64_t size = 0;
  std::function<Batch(const std::vector<std::int64_t>& indices)> fetch;
};

struct LoaderOptions {
  std::int64_t batch_size = 64;
  bool shuffle = true;        ///< a new order every epoch; otherwise the dataset's own
  std::uint64_t seed = 1;     ///< the orders depend on it and on the epoch's number alone
  bool drop_last = false;     ///< leave out a last batch that is not full
  std::int64_t workers = 0;   ///< threads that make batches ahead; 0: made when they are asked for
  std::int64_t prefetch = 2;  ///< how many batches each worker may be ahead
  /// What is done to every batch, as to turn or shift images at random. With workers it is called by several
  /// threads at once. It is not recorded.
  std::function<Batch(const Batch&)> transform = {};
};

/// Batches of a dataset, which the loader shares:
///
///     data::Loader loader(train, {.batch_size = 32});
///     for (int epoch = 0; epoch < 10; ++epoch)
///       for (const auto& [inputs, labels] : loader) ...
///
/// Every begin() starts the next epoch. The first one of a loader is epoch 0, so two loaders with the same
/// seed go through the same orders.
///
/// Batches are the same bits for any number of workers: each is made with a random stream of its own, which
/// depends on seed, epoch and the batch's number, and they are handed out in order. The stream of the thread
/// that goes through them is left alone. What `fetch` or `transform` throws is thrown where the batch would
/// have been handed out, and ends the epoch.
class Loader {
 public:
  class Iterator;

  /// Throws ShapeError where the dataset's inputs and labels are not equally many, ValueError unless
  /// batch_size > 0, 0 <= workers <= 256 and 0 < prefetch <= 4096.
  explicit Loader(const Dataset& dataset, const LoaderOptions& options = {}, Location where = {});
  /// Throws ValueError for a source without `fetch` or of negative size, too.
  explicit Loader(const Source& source, const LoaderOptions& options = {});

  /// Starts an epoch and waits for its first batch. The iterator is of one pass; it owns what it needs, and
  /// its destruction, at any time, ends the workers.
  Iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  /// The number of batches of an epoch.
  std::int64_t size() const noexcept;
  /// The number of the epoch that the next begin() starts; set_epoch() goes on where an earlier run stopped.
  std::uint64_t epoch() const noexcept { return epoch_; }
  void set_epoch(std::uint64_t epoch) noexcept;

  /// The position, by name: the epoch begun last, how many of its batches have been handed out, and what the
  /// orders depend on. Within a loop's body the batch in hand counts as handed out.
  std::map<std::string, Tensor> state() const;
  /// Goes on from a position: the next begin() goes on in that epoch, with the batches that were left. Names
  /// that are missing or unknown, and a position of another dataset size, batch size, seed or order, are a
  /// ValueError that lists them all, and nothing is changed.
  void load(const std::map<std::string, Tensor>& state);

 private:
  struct Position {
    std::uint64_t epoch = 0;
    std::int64_t batch = 0;  // handed out so far
  };
  struct Plan;
  class Workers;

  std::map<std::string, std::int64_t> numbers() const;

  Source source_;
  LoaderOptions options_;
  std::uint64_t epoch_ = 0;
  std::int64_t skipped_ = 0;                  // batches of the next epoch that an earlier run has seen
  std::shared_ptr<const Position> position_;  // of the epoch begun last; null where there is none
};

/// A position in an epoch, and its batch.
class Loader::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;
  ~Iterator();

  const Batch& operator*() const noexcept { return batch_; }
  const Batch* operator->() const noexcept { return &batch_; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& i, std::default_sentinel_t) noexcept { return i.plan_ == nullptr; }

 private:
  friend class Loader;
  Iterator(std::shared_ptr<const Plan> plan, std::shared_ptr<Position> position, std::int64_t workers,
           std::int64_t prefetch);

  std::shared_ptr<const Plan> plan_;  // null at the end
  std::shared_ptr<Position> position_;
  std::unique_ptr<Workers> workers_;
  Batch batch_;
};

}  // namespace wengert::data
