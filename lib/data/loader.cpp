#include "wengert/data/loader.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/data/shuffle.hpp"
#include "lib/io/numbers.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/random.hpp"

namespace wengert::data {
namespace {

/// While it lives, this thread draws from another stream.
class OtherStream {
 public:
  explicit OtherStream(std::uint64_t key) : before_(random_state()) { set_random_state({key, 0}); }
  ~OtherStream() { set_random_state(before_); }
  OtherStream(const OtherStream&) = delete;
  OtherStream& operator=(const OtherStream&) = delete;

 private:
  RandomKey before_;
};

void check_options(const LoaderOptions& options) {
  if (options.batch_size <= 0)
    fail<ValueError>("Loader", "batch_size must be positive: got ", options.batch_size);
  if (options.workers < 0 || options.workers > 256)
    fail<ValueError>("Loader", "workers must be from 0 to 256: got ", options.workers);
  if (options.prefetch <= 0 || options.prefetch > 4096)
    fail<ValueError>("Loader", "prefetch must be from 1 to 4096: got ", options.prefetch);
}

}  // namespace

/// One epoch: which samples are in which batch, and how a batch is made. Never changes, so threads may share
/// it.
struct Loader::Plan {
  Source source;
  std::function<Batch(const Batch&)> transform;
  std::vector<std::int64_t> order;  // without the samples that are left out
  std::size_t batch_size = 0;
  std::uint64_t seed = 0, epoch = 0;

  std::int64_t batches() const {
    return static_cast<std::int64_t>(order.size() / batch_size + (order.size() % batch_size != 0));
  }
  Batch make(std::int64_t number) const {
    const NoGrad values_only;
    const OtherStream stream(stream_key(seed, epoch, static_cast<std::uint64_t>(number)));
    const std::size_t from = static_cast<std::size_t>(number) * batch_size;
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(from);
    const Batch batch =
        source.fetch({begin, begin + static_cast<std::ptrdiff_t>(std::min(batch_size, order.size() - from))});
    return transform ? transform(batch) : batch;
  }
};

/// Threads that make an epoch's batches ahead of the one who takes them. A ring holds what is made and not
/// yet taken; batch n has the place n modulo its size.
class Loader::Workers {
 public:
  Workers(std::shared_ptr<const Plan> plan, std::int64_t first, std::int64_t threads, std::int64_t prefetch)
      : plan_(std::move(plan)), next_(first), taken_(first), end_(plan_->batches()) {
    threads = std::min(threads, end_ - first);
    ring_.resize(static_cast<std::size_t>(threads * prefetch));
    try {
      for (std::int64_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// The next batch in order, or what making it threw.
  Batch take() {
    std::unique_lock lock(mutex_);
    Place& place = at(taken_);
    made_.wait(lock, [&] { return place.ready; });
    Batch batch = std::exchange(place.batch, {});
    const std::exception_ptr error = std::exchange(place.error, nullptr);
    place.ready = false;
    ++taken_;
    lock.unlock();
    room_.notify_one();
    if (error) std::rethrow_exception(error);
    return batch;
  }

 private:
  struct Place {
    bool ready = false;
    Batch batch;
    std::exception_ptr error;
  };

  Place& at(std::int64_t number) { return ring_[static_cast<std::size_t>(number) % ring_.size()]; }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      room_.wait(lock, [&] {
        return stopped_ || next_ == end_ || next_ < taken_ + static_cast<std::int64_t>(ring_.size());
      });
      if (stopped_ || next_ == end_) break;
      const std::int64_t number = next_++;
      lock.unlock();
      Batch batch;
      std::exception_ptr error;
      try {
        batch = plan_->make(number);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      // After a mistake the epoch is over: no later batch is begun.
      if (error) next_ = end_;
      Place& place = at(number);
      place.batch = std::move(batch);
      place.error = std::move(error);
      place.ready = true;
      made_.notify_one();
    }
    lock.unlock();
    room_.notify_all();  // whoever waits for room finds the end, too
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::shared_ptr<const Plan> plan_;
  std::mutex mutex_;  // guards all below
  std::condition_variable made_, room_;
  std::vector<Place> ring_;
  std::int64_t next_, taken_;  // the numbers of the batches to be begun and to be taken next
  std::int64_t end_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

Loader::Loader(const Dataset& dataset, const LoaderOptions& options, Location where) : options_(options) {
  // Detached, and so contiguous: a batch is one copy out of it.
  const Dataset own = data::dataset(dataset.inputs, dataset.labels, where);
  source_ = {own.size(), [own, where](const std::vector<std::int64_t>& indices) {
               Dataset part = own.take(indices, where);
               return Batch{std::move(part.inputs), std::move(part.labels)};
             }};
  check_options(options);
}

Loader::Loader(const Source& source, const LoaderOptions& options) : source_(source), options_(options) {
  if (!source.fetch) fail<ValueError>("Loader", "a source must have a function `fetch`: got none");
  if (source.size < 0) fail<ValueError>("Loader", "a source's size must not be negative: got ", source.size);
  check_options(options);
}

std::int64_t Loader::size() const noexcept {
  const std::int64_t full = source_.size / options_.batch_size;
  return full + (!options_.drop_last && source_.size % options_.batch_size != 0);
}

void Loader::set_epoch(std::uint64_t epoch) noexcept {
  epoch_ = epoch;
  skipped_ = 0;
  position_ = nullptr;
}

Loader::Iterator Loader::begin() {
  auto plan = std::make_shared<Plan>();
  plan->source = source_;
  plan->transform = options_.transform;
  plan->batch_size = static_cast<std::size_t>(options_.batch_size);
  plan->seed = options_.seed;
  plan->epoch = epoch_;
  if (options_.shuffle) {
    plan->order = shuffled(source_.size, options_.seed, epoch_);
  } else {
    plan->order.resize(static_cast<std::size_t>(source_.size));
    std::iota(plan->order.begin(), plan->order.end(), std::int64_t{0});
  }
  if (options_.drop_last) plan->order.resize(plan->order.size() - plan->order.size() % plan->batch_size);
  const auto position = std::make_shared<Position>(Position{epoch_, skipped_});
  Iterator first(std::move(plan), position, options_.workers, options_.prefetch);
  ++epoch_;
  skipped_ = 0;
  position_ = position;
  return first;
}

std::map<std::string, std::int64_t> Loader::numbers() const {
  const Position at = position_ ? *position_ : Position{epoch_, skipped_};
  return {{"epoch", static_cast<std::int64_t>(at.epoch)},
          {"batch", at.batch},
          {"seed", static_cast<std::int64_t>(options_.seed)},
          {"samples", source_.size},
          {"batch_size", options_.batch_size},
          {"shuffle", options_.shuffle},
          {"drop_last", options_.drop_last}};
}

std::map<std::string, Tensor> Loader::state() const {
  std::map<std::string, Tensor> state;
  for (const auto& [name, number] : numbers()) state[name] = io::whole_number(number);
  return state;
}

void Loader::load(const std::map<std::string, Tensor>& state) {
  std::string misfits;
  const auto note = [&](const std::string& text) { misfits += (misfits.empty() ? "" : "; ") + text; };
  std::map<std::string, std::int64_t> found;
  const auto own = numbers();
  for (const auto& [name, number] : own) {
    const auto entry = state.find(name);
    if (entry == state.end() || !entry->second.defined()) {
      note("missing '" + name + "'");
    } else if (entry->second.dtype() != int64 || entry->second.size() != 1) {
      note("'" + name + "' must be one int64");
    } else {
      const std::int64_t value = found[name] = io::whole_number(entry->second);
      const bool fits =
          name == "epoch" || (name == "batch" ? value >= 0 && value <= size() : value == number);
      if (!fits && name == "batch")
        note("'batch' is " + std::to_string(value) + " of " + std::to_string(size()));
      else if (!fits)
        note("'" + name + "' is " + std::to_string(value) + " and must be " + std::to_string(number));
    }
  }
  for (const auto& [name, value] : state)
    if (!own.contains(name)) note("unknown '" + name + "'");
  if (!misfits.empty()) fail<ValueError>("Loader", "the state must fit the loader: ", misfits);
  set_epoch(static_cast<std::uint64_t>(found["epoch"]));
  skipped_ = found["batch"];
}

Loader::Iterator::Iterator(std::shared_ptr<const Plan> plan, std::shared_ptr<Position> position,
                           std::int64_t workers, std::int64_t prefetch)
    : plan_(std::move(plan)), position_(std::move(position)) {
  if (workers > 0 && position_->batch < plan_->batches())
    workers_ = std::make_unique<Workers>(plan_, position_->batch, workers, prefetch);
  ++*this;
}

Loader::Iterator::Iterator(Iterator&&) noexcept = default;
Loader::Iterator& Loader::Iterator::operator=(Iterator&&) noexcept = default;
Loader::Iterator::~Iterator() = default;

Loader::Iterator& Loader::Iterator::operator++() {
  batch_ = {};  // first, so that its memory serves the next one
  const auto end = [&] {
    workers_.reset();
    plan_.reset();
  };
  if (position_->batch == plan_->batches()) {
    *position_ = {position_->epoch + 1, 0};
    end();
    return *this;
  }
  try {
    batch_ = workers_ ? workers_->take() : plan_->make(position_->batch);
  } catch (...) {
    end();
    throw;
  }
  ++position_->batch;
  return *this;
}

}  // namespace wengert::data
