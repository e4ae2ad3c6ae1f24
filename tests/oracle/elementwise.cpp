// Every row of elementwise.def against PyTorch. The table is made from the rows, so a new row without data
// fails.
#include "wengert/ops/elementwise.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

TEST_CASE("elementwise operations agree with PyTorch") {
  std::vector<Entry> table = {
#define UNARY(name, ...) {#name, [](const In& x) { return wengert::name(x[0]); }},
#define BINARY(name, ...) {#name, [](const In& x) { return wengert::name(x[0], x[1]); }},
#define COMPARE BINARY
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
      {"leaky_relu.slope", [](const In& x) { return leaky_relu(x[0], 0.2); }},
      {"pow.number", [](const In& x) { return pow(x[0], 3.0); }},
      {"pow.half", [](const In& x) { return pow(x[0], 0.5); }},
      {"pow.two", [](const In& x) { return pow(x[0], 2.0); }},
      {"pow.base", [](const In& x) { return pow(2.5, x[0]); }},
  };
  oracle::check_family("elementwise", table);
}
