// The loader's workers and its position: the same bits for any number of threads, and after a restart.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "wengert/core/error.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/random.hpp"
#include "wengert/data/collate.hpp"
#include "wengert/data/loader.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;

namespace {

data::Dataset numbered(std::int64_t n) {
  const Tensor i = arange(static_cast<double>(n));
  return data::dataset(stack({i, i * 10.0}, 1), i.astype(int64));
}

data::Batch noisy(const data::Batch& batch) {
  return {batch.inputs + randn(batch.inputs.shape()), batch.labels};
}

void append(std::vector<float>& all, const data::Batch& batch) {
  for (const float value : batch.inputs.array<float>()) all.push_back(value);
  for (const std::int64_t label : batch.labels.array<std::int64_t>())
    all.push_back(static_cast<float>(label));
}

std::vector<float> epoch_of(data::Loader& loader) {
  std::vector<float> all;
  for (const auto& batch : loader) append(all, batch);
  return all;
}

}  // namespace

TEST_CASE("Loader: the same bits for any number of workers, random transforms included") {
  manual_seed(3);
  const RandomKey before = random_state();
  data::Loader plain(numbered(103), {.batch_size = 8, .seed = 5, .transform = noisy});
  const auto first = epoch_of(plain), second = epoch_of(plain);
  CHECK(first != second);
  for (const std::int64_t workers : {1, 2, 5, 40}) {
    CAPTURE(workers);
    data::Loader loader(numbered(103),
                        {.batch_size = 8, .seed = 5, .workers = workers, .prefetch = 1, .transform = noisy});
    CHECK(epoch_of(loader) == first);
    CHECK(epoch_of(loader) == second);
  }
  CHECK(random_state().key == before.key);
  CHECK(random_state().counter == before.counter);
}

TEST_CASE("Loader: batches of one epoch draw different numbers") {
  data::Loader loader(numbered(4), {.batch_size = 2, .shuffle = false, .transform = [](const data::Batch& b) {
                                      return data::Batch{rand({2}), b.labels};
                                    }});
  std::vector<float> drawn = epoch_of(loader);
  CHECK(drawn[0] != drawn[4]);
}

TEST_CASE("Loader: workers are ahead by no more than they may be") {
  std::atomic<int> made{0};
  const data::Source source{100, [&](const std::vector<std::int64_t>& indices) {
                              ++made;
                              const Tensor x = full({indices.size()}, static_cast<double>(indices.front()));
                              return data::Batch{x, x};
                            }};
  data::Loader loader(source, {.batch_size = 1, .shuffle = false, .workers = 2, .prefetch = 3});
  {
    auto batch = loader.begin();
    // All the room there is gets filled, and then nothing more is made.
    for (int i = 0; i < 2000 && made < 7; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(made == 7);  // one in hand, and 2 * 3
    ++batch;
    CHECK(batch->inputs.item() == 1.0);
  }
  CHECK(made <= 8);
}

TEST_CASE("Loader: what a worker throws arrives in its place and ends the epoch") {
  const data::Source source{10, [](const std::vector<std::int64_t>& indices) -> data::Batch {
                              if (indices.front() == 6) throw std::runtime_error("sample 6 is broken");
                              const Tensor x = full({indices.size()}, static_cast<double>(indices.front()));
                              return {x, x};
                            }};
  for (const std::int64_t workers : {0, 1, 3}) {
    CAPTURE(workers);
    data::Loader loader(source, {.batch_size = 2, .shuffle = false, .workers = workers});
    auto batch = loader.begin();
    CHECK(batch->inputs.array<float>()(0) == 0.0f);
    ++batch;
    ++batch;
    CHECK(batch->inputs.array<float>()(0) == 4.0f);
    CHECK_THROWS_WITH_AS(++batch, "sample 6 is broken", std::runtime_error);
    CHECK(batch == std::default_sentinel);
    CHECK(loader.epoch() == 1);
  }
  data::Loader broken(data::Source{1, [](const auto&) -> data::Batch { throw std::runtime_error("first"); }},
                      {.workers = 2});
  CHECK_THROWS_WITH_AS(broken.begin(), "first", std::runtime_error);
  CHECK(broken.epoch() == 0);
}

TEST_CASE("Loader: left at any batch, workers end and nothing stays behind") {
  const auto before = memory_stats();
  for (int stop = 0; stop < 12; ++stop) {
    data::Loader loader(numbered(40), {.batch_size = 4, .workers = 3, .transform = noisy});
    int seen = 0;
    for ([[maybe_unused]] const auto& batch : loader)
      if (seen++ == stop) break;
    CHECK(seen == std::min(stop + 1, 10));
  }
  auto moved = data::Loader(numbered(9), {.batch_size = 2, .workers = 2}).begin();  // outlives its loader
  auto other = std::move(moved);
  ++other;
  other = data::Loader(numbered(3), {.workers = 2}).begin();
  CHECK(other->labels.size() == 3);
  ++other;
  CHECK(memory_stats().live_nodes == before.live_nodes);
}

TEST_CASE("Loader: transforms are not recorded, and a transform may want gradients elsewhere") {
  const Tensor w = parameter(full({2}, 2.0));
  data::Loader loader(numbered(4), {.batch_size = 4, .workers = 1, .transform = [&](const data::Batch& b) {
                                      return data::Batch{b.inputs * w, b.labels};
                                    }});
  for (const auto& batch : loader) CHECK(!batch.inputs.requires_grad());
  CHECK(grad_enabled());
}

TEST_CASE("Loader: a saved position goes on with the batches that were left") {
  for (const std::int64_t workers : {0, 2}) {
    const data::LoaderOptions options{.batch_size = 7, .seed = 11, .workers = workers, .transform = noisy};
    for (int stop = 1; stop <= 6; ++stop) {
      data::Loader all(numbered(40), options);
      epoch_of(all);
      std::vector<float> rest;
      std::map<std::string, Tensor> state;
      int seen = 0;
      for (const auto& batch : all) {
        if (++seen == stop) state = all.state();
        if (seen > stop) append(rest, batch);
      }
      const auto next = epoch_of(all);
      data::Loader resumed(numbered(40), options);
      resumed.load(state);
      CHECK(resumed.epoch() == 1);
      CHECK(resumed.state()["batch"].item() == stop);
      CHECK(epoch_of(resumed) == rest);
      CHECK(epoch_of(resumed) == next);
      CHECK(resumed.epoch() == 3);
    }
  }
  data::Loader loader(numbered(4), {.batch_size = 2});
  CHECK(loader.state()["epoch"].item() == 0.0);
  epoch_of(loader);
  CHECK(loader.state()["epoch"].item() == 1.0);
  CHECK(loader.state()["batch"].item() == 0.0);
  data::Loader large(numbered(4), {.seed = UINT64_MAX});  // all 64 bits of it
  data::Loader same(numbered(4), {.seed = UINT64_MAX});
  CHECK_NOTHROW(same.load(large.state()));
  CHECK_THROWS_AS(data::Loader(numbered(4), {.seed = UINT64_MAX - 1}).load(large.state()), ValueError);
}

TEST_CASE("Loader: positions that do not fit change nothing") {
  data::Loader loader(numbered(10), {.batch_size = 4});
  const auto refused = [&](auto change, const char* text) {
    auto state = loader.state();
    change(state);
    CHECK_THROWS_WITH_AS(loader.load(state), text, ValueError);
    CHECK(loader.epoch() == 0);
  };
  const auto number = [](double value) { return full({}, value, {.dtype = int64}); };
  refused([](auto& s) { s.erase("epoch"), s["x"] = zeros({}); },
          "[Loader] the state must fit the loader: missing 'epoch'; unknown 'x'");
  refused([&](auto& s) { s["samples"] = number(11), s["epoch"] = number(3); },
          "[Loader] the state must fit the loader: 'samples' is 11 and must be 10");
  refused([&](auto& s) { s["batch"] = number(4); },
          "[Loader] the state must fit the loader: 'batch' is 4 of 3");
  refused([&](auto& s) { s["batch"] = number(-1); },
          "[Loader] the state must fit the loader: 'batch' is -1 of 3");
  refused([&](auto& s) { s["seed"] = zeros({}), s["batch_size"] = zeros({2}, {.dtype = int64}); },
          "[Loader] the state must fit the loader: 'batch_size' must be one int64; 'seed' must be one int64");
}

TEST_CASE("Loader: options and sources it refuses") {
  CHECK_THROWS_WITH_AS(data::Loader(numbered(3), {.workers = -1}),
                       "[Loader] workers must be from 0 to 256: got -1", ValueError);
  CHECK_THROWS_WITH_AS(data::Loader(numbered(3), {.prefetch = 0}),
                       "[Loader] prefetch must be from 1 to 4096: got 0", ValueError);
  CHECK_THROWS_WITH_AS(data::Loader(data::Source{3, nullptr}),
                       "[Loader] a source must have a function `fetch`: got none", ValueError);
  CHECK_THROWS_WITH_AS(data::Loader(data::Source{-3, [](const auto&) { return data::Batch(); }}),
                       "[Loader] a source's size must not be negative: got -3", ValueError);
}
