#include "wengert/train/metrics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <xtensor/xtensor.hpp>

#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"

using namespace wengert;

TEST_CASE("Mean: weighted") {
  training::Mean mean;
  CHECK(std::isnan(mean.value()));
  mean.add(1.0, 3.0);
  mean.add(5.0);
  mean.add(100.0, 0.0);
  CHECK(mean.value() == doctest::Approx(2.0));
  CHECK(mean.weight() == 4.0);
  mean.reset();
  CHECK(std::isnan(mean.value()));
  CHECK_THROWS_WITH_AS(mean.add(1.0, -1.0), "[Mean] a weight must not be negative: got -1", ValueError);
}

TEST_CASE("Mean: of infinities and of huge numbers") {
  training::Mean infinite, huge;
  for (const double value : {std::numeric_limits<double>::infinity(), 1.0, 2.0}) infinite.add(value);
  CHECK(std::isinf(infinite.value()));
  for (const double value : {1.5e308, -1.5e308, 1.5e308}) huge.add(value);
  CHECK(huge.value() == doctest::Approx(0.5e308));
}

TEST_CASE("MovingMean: the first value counts in full") {
  training::MovingMean mean(0.9);
  CHECK(std::isnan(mean.value()));
  mean.add(4.0);
  CHECK(mean.value() == doctest::Approx(4.0));
  mean.add(2.0);
  CHECK(mean.value() == doctest::Approx((0.9 * 4.0 + 2.0) / 1.9));
  CHECK_THROWS_WITH_AS(training::MovingMean(1.0),
                       "[MovingMean] decay must be from 0 up to, not including, 1: got 1", ValueError);
}

TEST_CASE("accuracy") {
  const Tensor logits(xt::xtensor<double, 2>{{1, 2}, {5, 3}, {0, 1}, {2, 1}});
  CHECK(training::accuracy(logits, Tensor(xt::xtensor<int, 1>{1, 0, 0, 0})) == 0.75);
  CHECK(std::isnan(training::accuracy(zeros({0, 3}), zeros({0}, {.dtype = int64}))));
  CHECK_THROWS_WITH_AS(training::accuracy(logits, zeros({4})),
                       "[accuracy] labels must be int64: got float32. Did you mean labels.astype(int64)?",
                       DTypeError);
  CHECK_THROWS_WITH_AS(training::accuracy(logits, zeros({3}, {.dtype = int64})),
                       "[accuracy] logits must be (n, classes) for labels (n,): got (4, 2) for (3,)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(training::accuracy(logits, zeros({4, 1}, {.dtype = int64})),
                       "[accuracy] labels must have one dimension: got (4, 1)", ShapeError);
}

TEST_CASE("ConfusionMatrix: counts and what follows from them") {
  training::ConfusionMatrix matrix(3);
  CHECK(std::isnan(matrix.accuracy()));
  matrix.add(Tensor(xt::xtensor<int, 1>{0, 0, 1, 1}), Tensor(xt::xtensor<int, 1>{0, 1, 1, 1}));
  matrix.add(Tensor(xt::xtensor<float, 2>{{0, 1, 0}}), Tensor(xt::xtensor<int, 1>{1}));
  CHECK(matrix.total() == 5);
  CHECK(matrix.count(1, 0) == 1);
  CHECK(matrix.count(1, 1) == 3);
  CHECK(matrix.accuracy() == 0.8);
  CHECK(matrix.precision(0) == 0.5);
  CHECK(matrix.recall(0) == 1.0);
  CHECK(matrix.precision(1) == 1.0);
  CHECK(matrix.recall(1) == 0.75);
  CHECK(matrix.f1(1) == doctest::Approx(6.0 / 7.0));
  CHECK(std::isnan(matrix.precision(2)));
  CHECK(std::isnan(matrix.recall(2)));
  CHECK(matrix.macro_f1() == doctest::Approx((2.0 / 3.0 + 6.0 / 7.0) / 2));
  CHECK(matrix.counts().shape() == Shape{3, 3});
  CHECK(matrix.counts().array<std::int64_t>()(1, 0) == 1);
}

TEST_CASE("ConfusionMatrix: what it refuses, and then has not counted") {
  training::ConfusionMatrix matrix(2);
  const Tensor right(xt::xtensor<int, 1>{0, 1}), wrong(xt::xtensor<int, 1>{0, 2});
  CHECK_THROWS_WITH_AS(matrix.add(right, wrong), "[ConfusionMatrix] a class must be one of 2: got 2",
                       IndexError);
  CHECK_THROWS_WITH_AS(matrix.add(wrong, right), "[ConfusionMatrix] a class must be one of 2: got 2",
                       IndexError);
  CHECK_THROWS_WITH_AS(matrix.add(right, zeros({3}, {.dtype = int64})),
                       "[ConfusionMatrix] there must be a prediction for each label: got (2,) for (3,)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(matrix.recall(-1), "[recall] a class must be one of 2: got -1", IndexError);
  CHECK_THROWS_WITH_AS(training::ConfusionMatrix(0),
                       "[ConfusionMatrix] there must be from 1 to 16384 classes: got 0", ValueError);
  CHECK(matrix.total() == 0);
}
