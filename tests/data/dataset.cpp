#include "wengert/data/dataset.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>
#include <xtensor/xadapt.hpp>

#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;

namespace {

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto array = tensor.array<T>();
  return std::vector<T>(array.begin(), array.end());
}

/// n samples (i, 10 i), labelled i.
data::Dataset numbered(std::int64_t n) {
  const Tensor i = arange(static_cast<double>(n));
  return data::dataset(stack({i, i * 10.0}, 1), i.astype(int64));
}

using Ints = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("dataset: from tensors and xtensor expressions") {
  const xt::xarray<double> x = xt::zeros<double>({3, 2});
  const auto set = data::dataset(x, xt::xarray<int>{1, 2, 3});
  CHECK(set.size() == 3);
  CHECK(set.inputs.dtype() == float64);
  CHECK(set.labels.dtype() == int64);
  CHECK(values<std::int64_t>(set.labels) == Ints{1, 2, 3});
  CHECK(data::dataset(x + 1.0, x).inputs.size() == 6);
  CHECK(data::dataset(x, zeros({3})).size() == 3);
  CHECK(data::dataset(zeros({3}), x).size() == 3);
  CHECK(data::dataset(zeros({0, 2}), zeros({0})).size() == 0);
}

TEST_CASE("dataset: no gradient flows into it") {
  const Tensor w = parameter(xt::xarray<double>{1.0, 2.0});
  const auto set = data::dataset(w * 2.0, w);
  CHECK(!set.inputs.requires_grad());
  CHECK(!set.labels.requires_grad());
}

TEST_CASE("dataset: inputs and labels must be equally many") {
  CHECK_THROWS_WITH_AS(data::dataset(zeros({3, 2}), zeros({2})),
                       "[dataset] inputs and labels must have the same first extent, the number of samples: "
                       "got (3, 2) and (2,)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(
      data::dataset(zeros({}), zeros({})),
      "[dataset] inputs and labels must have the same first extent, the number of samples: got () and ()",
      ShapeError);
  auto set = numbered(3);
  set.inputs = zeros({4, 2});
  CHECK_THROWS_AS(set.size(), ShapeError);
  CHECK_THROWS_AS(set.take({0}), ShapeError);
  CHECK_THROWS_AS(data::Dataset().size(), GraphError);
}

TEST_CASE("take") {
  const auto set = numbered(4);
  const auto some = set.take({3, 0, 3, -2});
  CHECK(values<float>(some.inputs) == std::vector<float>{3, 30, 0, 0, 3, 30, 2, 20});
  CHECK(values<std::int64_t>(some.labels) == Ints{3, 0, 3, 2});
  CHECK(set.take({}).inputs.shape() == Shape{0, 2});
  CHECK_THROWS_WITH_AS(set.take({0, 4}), "[take] an index must be one of 4 samples: got 4", IndexError);
  CHECK_THROWS_WITH_AS(set.take({-5}), "[take] an index must be one of 4 samples: got -5", IndexError);
  CHECK_THROWS_AS(numbered(4).take({}).take({0}), IndexError);
}

TEST_CASE("take: members that were replaced, strided inputs, every dtype") {
  auto set = numbered(4);
  set.inputs = transpose(reshape(arange(8.0, {.dtype = float64}), {2, 4}));  // (4, 2), strided
  set.labels = set.labels > 1;
  const auto some = set.take({1, 3});
  CHECK(values<double>(some.inputs) == std::vector<double>{1, 5, 3, 7});
  CHECK(values<bool>(some.labels) == std::vector<bool>{false, true});
  set.inputs = broadcast_to(arange(2.0), {4, 2});
  CHECK(values<float>(set.take({3}).inputs) == std::vector<float>{0, 1});
}

TEST_CASE("split: every sample once, the same for the same seed") {
  const auto set = numbered(103);
  const auto [train, test] = set.split(0.2, 7);
  CHECK(test.size() == 21);
  CHECK(train.size() == 82);
  std::set<std::int64_t> seen;
  for (const Tensor& labels : {train.labels, test.labels})
    for (const std::int64_t label : values<std::int64_t>(labels)) seen.insert(label);
  CHECK(seen.size() == 103);
  CHECK(values<std::int64_t>(set.split(0.2, 7).test.labels) == values<std::int64_t>(test.labels));
  CHECK(values<std::int64_t>(set.split(0.2, 8).test.labels) != values<std::int64_t>(test.labels));
  CHECK(set.split(0.0, 1).test.size() == 0);
  CHECK(set.split(1.0, 1).train.size() == 0);
  CHECK_THROWS_WITH_AS(set.split(1.5, 1), "[split] the fraction held out must be between 0 and 1: got 1.5",
                       ValueError);
  CHECK_THROWS_AS(set.split(std::nan(""), 1), ValueError);
}

TEST_CASE("stratified_split keeps the proportions of the classes") {
  Ints labels;
  for (int i = 0; i < 100; ++i) labels.push_back(-3);
  for (int i = 0; i < 53; ++i) labels.push_back(8);
  for (int i = 0; i < 7; ++i) labels.push_back(2);
  const xt::xarray<std::int64_t> array = xt::adapt(labels);
  const auto set = data::dataset(arange(160.0), Tensor(array));
  std::set<std::vector<float>> parts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto [train, test] = data::stratified_split(set, 0.2, seed);
    CHECK(test.size() == 32);
    CHECK(train.size() == 128);
    std::map<std::int64_t, int> counts;
    for (const std::int64_t label : values<std::int64_t>(test.labels)) ++counts[label];
    CHECK(counts[-3] == 20);
    CHECK(counts[8] == 11);  // of 10.6
    CHECK(counts[2] == 1);   // of 1.4
    std::set<float> seen;
    for (const auto* part : {&train, &test}) {
      const auto positions = values<float>(part->inputs);
      const auto own = values<std::int64_t>(part->labels);
      for (std::size_t i = 0; i < own.size(); ++i) {
        CHECK(own[i] == labels[static_cast<std::size_t>(positions[i])]);  // samples keep their labels
        seen.insert(positions[i]);
      }
    }
    CHECK(seen.size() == 160);
    parts.insert(values<float>(test.inputs));
  }
  CHECK(parts.size() == 20);
  CHECK(
      data::stratified_split(data::dataset(zeros({0}), zeros({0}, {.dtype = int64})), 0.5, 1).train.size() ==
      0);
}

TEST_CASE("stratified_split: labels must be classes") {
  CHECK_THROWS_WITH_AS(
      data::stratified_split(data::dataset(zeros({2}), zeros({2})), 0.5, 1),
      "[stratified_split] labels must be int64: got float32. Did you mean labels.astype(int64)?", DTypeError);
  CHECK_THROWS_WITH_AS(
      data::stratified_split(data::dataset(zeros({2}), zeros({2, 1}, {.dtype = int64})), 0.5, 1),
      "[stratified_split] labels must have one dimension: got (2, 1)", ShapeError);
  CHECK_THROWS_WITH_AS(data::stratified_split(numbered(2), -0.5, 1),
                       "[stratified_split] the fraction held out must be between 0 and 1: got -0.5",
                       ValueError);
}

TEST_CASE("map: a function of every input") {
  const auto set = numbered(3);
  const auto sums = set.map([](const Tensor& x) {
    CHECK(x.shape() == Shape{2});
    return sum(x).astype(float64);
  });
  CHECK(values<double>(sums.inputs) == std::vector<double>{0, 11, 22});
  CHECK(values<std::int64_t>(sums.labels) == Ints{0, 1, 2});
  CHECK(set.map([](const Tensor& x) { return reshape(x, {2, 1}); }).inputs.shape() == Shape{3, 2, 1});
  const Tensor w = parameter(xt::xarray<float>{1.0f, 2.0f});
  CHECK(!set.map([&](const Tensor& x) { return x * w; }).inputs.requires_grad());
  CHECK_THROWS_WITH_AS(
      set.map([](const Tensor& x) { return zeros({static_cast<int>(x.array<float>()(0)) / 2}); }),
      "[map] the function must give one shape for all samples: got (0,) and (1,) for sample 2. Did "
      "you mean data::collate(...)?",
      ShapeError);
  CHECK_THROWS_WITH_AS(
      set.map([](const Tensor& x) { return x.array<float>()(0) == 1.0f ? x.astype(float64) : x; }),
      "[map] the function must give one dtype for all samples: got float32 and float64 for sample 1",
      DTypeError);
  CHECK_THROWS_WITH_AS(numbered(0).map([](const Tensor& x) { return x; }),
                       "[map] there must be a sample: got none", ValueError);
}

TEST_CASE("shuffle and batches") {
  const auto set = numbered(5);
  const auto mixed = values<std::int64_t>(set.shuffle(3).labels);
  CHECK(std::set<std::int64_t>(mixed.begin(), mixed.end()).size() == 5);
  CHECK(values<std::int64_t>(numbered(50).shuffle(3).labels) ==
        values<std::int64_t>(numbered(50).shuffle(3).labels));
  CHECK(values<std::int64_t>(numbered(50).shuffle(3).labels) !=
        values<std::int64_t>(numbered(50).shuffle(4).labels));
  const auto parts = set.batches(2);
  REQUIRE(parts.size() == 3);
  CHECK(values<std::int64_t>(parts[1].labels) == Ints{2, 3});
  CHECK(values<std::int64_t>(parts[2].labels) == Ints{4});
  CHECK(set.batches(INT64_MAX).size() == 1);
  CHECK(numbered(0).batches(2).empty());
  CHECK_THROWS_WITH_AS(set.batches(0), "[batches] the size must be positive: got 0", ValueError);
}
