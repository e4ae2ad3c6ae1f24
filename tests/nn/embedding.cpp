#include "wengert/nn/embedding.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"

using namespace wengert;
using expect::message;
using expect::values;

TEST_CASE("an embedding looks rows up") {
  nn::Embedding table(3, 2);
  table.weight.assign(expect::tensor({1, 2, 3, 4, 5, 6}, {3, 2}).astype(float32));
  const Tensor y = table(reshape(expect::labels({2, 0, 0, -1}), {2, 2}));
  CHECK(y.shape() == Shape{2, 2, 2});
  CHECK(values(y) == std::vector<double>{5, 6, 1, 2, 1, 2, 5, 6});
  sum(y).backward();
  CHECK(values(table.weight.grad()) == std::vector<double>{2, 2, 0, 0, 2, 2});
  CHECK(table.named_parameters()[0].name == "weight");
}

TEST_CASE("rows begin normal") {
  manual_seed(1);
  const nn::Embedding table(500, 40);
  CHECK(mean(table.weight).item() == doctest::Approx(0.0).epsilon(0.02));
  CHECK(var(table.weight).item() == doctest::Approx(1.0).epsilon(0.03));
}

TEST_CASE("the row of padding begins as 0 and gets no gradient") {
  for (const std::int64_t padding : {1, -3}) {
    nn::Embedding table(4, 2, {.padding_idx = padding});
    const auto first = values(table.weight);
    for (std::size_t i = 0; i < 8; ++i) CHECK((first[i] == 0.0) == (i == 2 || i == 3));
    table.weight.assign(ones({4, 2}));  // what is there is still looked up
    const Tensor y = table(expect::labels({1, 0, -3, 3}));
    CHECK(values(y) == std::vector<double>(8, 1.0));
    sum(y).backward();
    CHECK(values(table.weight.grad()) == std::vector<double>{1, 1, 0, 0, 0, 0, 1, 1});
  }
}

TEST_CASE("its derivatives hold, to second order") {
  manual_seed(2);
  const nn::Embedding table(3, 2, {.dtype = float64});
  CHECK(expect::wrong_derivatives(table, {}, [&](const auto&) {
          return table(expect::labels({2, 0, 2}));
        }) == "");
}

TEST_CASE("what is not in the table is named") {
  nn::Embedding table(3, 2);
  CHECK(message<IndexError>([&] { table(expect::labels({3})); }) ==
        "[embedding/index_select: gather] an index must lie within the axis: got 3 for axis 0 of (3, 2)");
  CHECK(message<DTypeError>([&] { table(zeros({2})); }) ==
        "[embedding] the index must be int64: got float32. Did you mean index.astype(int64)?");
  CHECK(message<IndexError>([] { nn::Embedding(3, 2, {.padding_idx = 3}); }) ==
        "[Embedding] padding_idx must be a row of the table: got 3 for 3 rows");
  CHECK(message<ValueError>([] { nn::Embedding(3, -2); }) ==
        "[Embedding] the extents must not be negative: got 3 and -2");
}
