#include "wengert/train/early_stopping.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"

using namespace wengert;

TEST_CASE("EarlyStopping: patience, and what counts") {
  training::EarlyStopping stopping({.patience = 2, .min_delta = 0.1});
  CHECK(stopping.best_at() == -1);
  CHECK(stopping.add(1.0));
  CHECK(!stopping.add(0.95));  // by too little
  CHECK(!stopping.should_stop());
  CHECK(stopping.add(0.8));
  CHECK(!stopping.add(std::nan("")));
  CHECK(!stopping.add(0.9));
  CHECK(stopping.should_stop());
  CHECK(stopping.best() == 0.8);
  CHECK(stopping.best_at() == 2);
  training::EarlyStopping up({.patience = 1, .maximize = true});
  CHECK(!up.add(std::nan("")));
  CHECK(up.add(0.5));
  CHECK(up.add(0.6));
  CHECK(!up.add(0.6));
  CHECK(up.should_stop());
}

TEST_CASE("EarlyStopping: its state goes on") {
  training::EarlyStopping a({.patience = 2}), b({.patience = 2});
  b.load(a.state());
  CHECK(b.add(3.0));
  a.add(1.0), a.add(2.0);
  b.load(a.state());
  CHECK(b.best() == 1.0);
  CHECK(!b.add(1.5));
  CHECK(b.should_stop());
  CHECK_THROWS_WITH_AS(
      b.load({{"best", zeros({})}}),
      "[EarlyStopping] the state must be 'best', 'best_at', 'count' and 'waited': got something else",
      ValueError);
  CHECK(b.should_stop());
}

TEST_CASE("EarlyStopping: options it refuses") {
  CHECK_THROWS_WITH_AS(training::EarlyStopping({.patience = 0}),
                       "[EarlyStopping] patience must be positive: got 0", ValueError);
  CHECK_THROWS_WITH_AS(training::EarlyStopping({.min_delta = -0.5}),
                       "[EarlyStopping] min_delta must not be negative: got -0.5", ValueError);
}
