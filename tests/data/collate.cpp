#include "wengert/data/collate.hpp"

#include <doctest/doctest.h>

#include <xtensor/xtensor.hpp>

#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;

namespace {

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto array = tensor.array<T>();
  return std::vector<T>(array.begin(), array.end());
}

}  // namespace

TEST_CASE("pad_sequences: after, before, longer") {
  const std::vector<Tensor> sequences{arange(3), arange(1), arange(0)};
  const auto padded = data::pad_sequences(sequences, {.value = -1});
  CHECK(padded.values.shape() == Shape{3, 3});
  CHECK(values<float>(padded.values) == std::vector<float>{0, 1, 2, 0, -1, -1, -1, -1, -1});
  CHECK(values<std::int64_t>(padded.lengths) == std::vector<std::int64_t>{3, 1, 0});
  CHECK(values<float>(data::pad_sequences(sequences, {.value = -1, .left = true}).values) ==
        std::vector<float>{0, 1, 2, -1, -1, 0, -1, -1, -1});
  CHECK(data::pad_sequences(sequences, {.length = 5}).values.shape() == Shape{3, 5});
  const Tensor strided = transpose(reshape(arange(4.0, {.dtype = float64}), {2, 2}));
  const auto rows = data::pad_sequences({strided, zeros({1, 2}, {.dtype = float64})}, {.value = 9});
  CHECK(values<double>(rows.values) == std::vector<double>{0, 2, 1, 3, 0, 0, 9, 9});
  CHECK(values<bool>(data::sequence_mask(padded.lengths, 3)) ==
        std::vector<bool>{true, true, true, true, false, false, false, false, false});
}

TEST_CASE("pad_sequences and sequence_mask: what they refuse") {
  CHECK_THROWS_WITH_AS(data::pad_sequences({}), "[pad_sequences] there must be a sequence: got none",
                       ValueError);
  CHECK_THROWS_WITH_AS(data::pad_sequences({zeros({})}),
                       "[pad_sequences] a sequence must have a dimension: got () for number 0", ShapeError);
  CHECK_THROWS_WITH_AS(
      data::pad_sequences({zeros({2, 3}), zeros({2, 4})}),
      "[pad_sequences] sequences may differ in their first extent only: got (2, 3) and (2, 4) for number 1",
      ShapeError);
  CHECK_THROWS_WITH_AS(data::pad_sequences({zeros({2}), zeros({2}, {.dtype = int64})}),
                       "[pad_sequences] sequences must have one dtype: got float32 and int64 for number 1",
                       DTypeError);
  CHECK_THROWS_WITH_AS(
      data::pad_sequences({zeros({4})}, {.length = 3}),
      "[pad_sequences] the length must be at least that of the longest sequence: got 3 for 4", ValueError);
  CHECK_THROWS_WITH_AS(data::sequence_mask(zeros({2}), 3),
                       "[sequence_mask] lengths must be int64: got float32", DTypeError);
  CHECK_THROWS_WITH_AS(data::sequence_mask(zeros({}, {.dtype = int64}), 3),
                       "[sequence_mask] lengths must have one dimension: got ()", ShapeError);
}

TEST_CASE("collate stacks what is of one shape and pads the rest") {
  const auto label = [](double value) { return full({}, value, {.dtype = int64}); };
  const auto batch = data::collate({{ones({2, 3}), label(4)}, {zeros({1, 3}), label(5)}}, {.value = 7});
  CHECK(batch.inputs.shape() == Shape{2, 2, 3});
  CHECK(values<float>(batch.inputs) == std::vector<float>{1, 1, 1, 1, 1, 1, 0, 0, 0, 7, 7, 7});
  CHECK(values<std::int64_t>(batch.labels) == std::vector<std::int64_t>{4, 5});
  const auto sequences =
      data::collate({{arange(2), arange(2)}, {arange(1), arange(1)}}, {.label_value = -100});
  CHECK(values<float>(sequences.inputs) == std::vector<float>{0, 1, 0, 0});
  CHECK(values<float>(sequences.labels) == std::vector<float>{0, 1, 0, -100});
  CHECK_THROWS_WITH_AS(data::collate({}), "[collate] there must be a sample: got none", ValueError);
  CHECK_THROWS_WITH_AS(data::collate({{zeros({}), zeros({})}, {label(1), label(1)}}),
                       "[collate] samples must have one dtype: got float32 and int64 for number 1",
                       DTypeError);
}

TEST_CASE("collate in a loader with workers: sequences of different lengths") {
  const data::Source source{
      5, [](const std::vector<std::int64_t>& indices) {
        std::vector<data::Batch> samples;
        for (const std::int64_t i : indices)
          samples.push_back({arange(static_cast<double>(i)), full({}, i, {.dtype = int64})});
        return data::collate(samples);
      }};
  data::Loader loader(source, {.batch_size = 2, .shuffle = false, .workers = 2});
  std::vector<Shape> shapes;
  for (const auto& batch : loader) shapes.push_back(batch.inputs.shape());
  CHECK(shapes == std::vector<Shape>{{2, 1}, {2, 3}, {1, 4}});
}

TEST_CASE("lengths of which no tensor can be") {
  CHECK_THROWS_WITH_AS(data::sequence_mask(zeros({4}, {.dtype = int64}), std::int64_t{1} << 62),
                       "[sequence_mask] the shape is too large: got (4, 4611686018427387904)", ShapeError);
  CHECK_THROWS_WITH_AS(data::sequence_mask(zeros({1}, {.dtype = int64}), -1),
                       "[sequence_mask] the length must not be negative: got -1", ValueError);
  CHECK_THROWS_WITH_AS(data::pad_sequences({arange(2)}, {.length = std::int64_t{1} << 61}),
                       "[pad_sequences] the shape is too large: got (1, 2305843009213693952)", ShapeError);
}
