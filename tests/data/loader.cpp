#include "wengert/data/loader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ranges>
#include <xtensor/xtensor.hpp>

#include "wengert/core/error.hpp"
#include "wengert/core/random.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;

namespace {

using Ints = std::vector<std::int64_t>;

/// n samples (i, 10 i), labelled i.
data::Dataset numbered(std::int64_t n) {
  const Tensor i = arange(static_cast<double>(n));
  return data::dataset(stack({i, i * 10.0}, 1), i.astype(int64));
}

/// The labels of one epoch, after a check that inputs belong to them.
Ints epoch_of(data::Loader& loader) {
  Ints labels;
  for (const auto& batch : loader) {
    CHECK(batch.inputs.shape() == Shape{batch.labels.size(), 2});
    const auto inputs = batch.inputs.array<float>();
    const auto own = batch.labels.array<std::int64_t>();
    for (std::size_t i = 0; i < own.size(); ++i) {
      CHECK(inputs(i, 0) == static_cast<float>(own(i)));
      CHECK(inputs(i, 1) == static_cast<float>(own(i) * 10));
      labels.push_back(own(i));
    }
  }
  return labels;
}

Ints sorted(Ints values) {
  std::ranges::sort(values);
  return values;
}

}  // namespace

static_assert(std::input_iterator<data::Loader::Iterator>);
static_assert(std::ranges::input_range<data::Loader>);

TEST_CASE("Loader: every sample once an epoch, in the dataset's order without shuffle") {
  data::Loader plain(numbered(10), {.batch_size = 4, .shuffle = false});
  const Ints all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(plain.size() == 3);
  CHECK(epoch_of(plain) == all);
  CHECK(epoch_of(plain) == all);
  data::Loader shuffling(numbered(10), {.batch_size = 4});
  for (int epoch = 0; epoch < 3; ++epoch) CHECK(sorted(epoch_of(shuffling)) == all);
}

TEST_CASE("Loader: the sizes of batches") {
  const auto sizes = [](std::int64_t n, const data::LoaderOptions& options) {
    data::Loader loader(numbered(n), options);
    Ints result;
    for (const auto& batch : loader) result.push_back(batch.labels.size());
    CHECK(loader.size() == static_cast<std::int64_t>(result.size()));
    return result;
  };
  CHECK(sizes(10, {.batch_size = 4}) == Ints{4, 4, 2});
  CHECK(sizes(10, {.batch_size = 4, .drop_last = true}) == Ints{4, 4});
  CHECK(sizes(8, {.batch_size = 4}) == Ints{4, 4});
  CHECK(sizes(8, {.batch_size = 4, .drop_last = true}) == Ints{4, 4});
  CHECK(sizes(3, {.batch_size = 4}) == Ints{3});
  CHECK(sizes(3, {.batch_size = 4, .drop_last = true}) == Ints{});
  CHECK(sizes(0, {}) == Ints{});
  CHECK(sizes(65, {}) == Ints{64, 1});
  CHECK(sizes(5, {.batch_size = INT64_MAX}) == Ints{5});
}

TEST_CASE("Loader: orders are new every epoch and depend on the seed alone") {
  data::Loader a(numbered(50), {.batch_size = 7, .seed = 5});
  const Ints first = epoch_of(a), second = epoch_of(a);
  CHECK(first != second);
  manual_seed(123);
  const RandomKey before = random_state();
  data::Loader b(numbered(50), {.batch_size = 20, .seed = 5});
  CHECK(epoch_of(b) == first);
  CHECK(epoch_of(b) == second);
  CHECK(b.epoch() == 2);
  CHECK(random_state().key == before.key);
  CHECK(random_state().counter == before.counter);
  data::Loader c(numbered(50), {.seed = 6});
  CHECK(epoch_of(c) != first);
  CHECK(epoch_of(c) != second);
  c = data::Loader(numbered(50), {.seed = 5});
  c.set_epoch(1);
  CHECK(epoch_of(c) == second);
}

TEST_CASE("Loader: from a temporary, and batches outlive it") {
  std::vector<data::Batch> batches;
  for (const auto& batch : data::Loader(numbered(10), {.batch_size = 4, .shuffle = false}))
    batches.push_back(batch);
  REQUIRE(batches.size() == 3);
  CHECK(batches[1].labels.array<std::int64_t>()(0) == 4);
  CHECK(batches[2].inputs.array<float>()(1, 1) == 90.0f);
  auto iterator = data::Loader(numbered(3), {.batch_size = 2, .shuffle = false}).begin();
  CHECK(iterator->labels.size() == 2);
  iterator++;
  CHECK((*iterator).labels.item() == 2.0);
  ++iterator;
  CHECK(iterator == std::default_sentinel);
}

TEST_CASE("Loader: two epochs at once, and a loop left early") {
  data::Loader loader(numbered(6), {.batch_size = 2, .shuffle = false});
  int pairs = 0;
  for ([[maybe_unused]] const auto& outer : loader)
    for ([[maybe_unused]] const auto& inner : loader) ++pairs;
  CHECK(pairs == 9);
  for (const auto& batch : loader) {
    CHECK(batch.labels.array<std::int64_t>()(0) == 0);
    break;
  }
  CHECK(epoch_of(loader) == Ints{0, 1, 2, 3, 4, 5});
}

TEST_CASE("Loader: strided data that wants gradients, and memory stays flat") {
  auto set = numbered(4);
  set.inputs = transpose(parameter(xt::xtensor<float, 2>{{0, 1, 2, 3}, {0, 10, 20, 30}}));
  data::Loader loader(set, {.batch_size = 3});
  CHECK(sorted(epoch_of(loader)) == Ints{0, 1, 2, 3});
  for (const auto& batch : loader) CHECK(!batch.inputs.requires_grad());
  const auto before = memory_stats();
  for (int i = 0; i < 100; ++i) epoch_of(loader);
  CHECK(memory_stats().live_nodes == before.live_nodes);
  CHECK(memory_stats().live_bytes == before.live_bytes);
}

TEST_CASE("Loader: what it refuses") {
  CHECK_THROWS_WITH_AS(data::Loader(numbered(3), {.batch_size = 0}),
                       "[Loader] batch_size must be positive: got 0", ValueError);
  auto set = numbered(3);
  set.labels = zeros({2});
  CHECK_THROWS_AS(data::Loader{set}, ShapeError);
}
