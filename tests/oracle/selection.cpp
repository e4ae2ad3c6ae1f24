// Choices by masks and bounds, logic and tests of values against PyTorch.
#include "wengert/ops/selection.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"

using namespace wengert;
using In = oracle::Tensors;

TEST_CASE("selection and logic agree with PyTorch") {
  oracle::check_family("selection",
                       {
                           {"where", [](const In& x) { return where(x[0], x[1], x[2]); }},
                           {"masked_fill", [](const In& x) { return masked_fill(x[0], x[1], -1.5); }},
                           {"clip", [](const In& x) { return clip(x[0], -0.5, 1.0); }},
                           {"clip.tensors", [](const In& x) { return clip(x[0], x[1], x[2]); }},
                           {"logical_and", [](const In& x) { return logical_and(x[0], x[1]); }},
                           {"logical_or", [](const In& x) { return logical_or(x[0], x[1]); }},
                           {"logical_xor", [](const In& x) { return logical_xor(x[0], x[1]); }},
                           {"logical_not", [](const In& x) { return logical_not(x[0]); }},
                           {"isnan", [](const In& x) { return isnan(x[0]); }},
                           {"isinf", [](const In& x) { return isinf(x[0]); }},
                           {"isfinite", [](const In& x) { return isfinite(x[0]); }},
                           {"isclose", [](const In& x) { return isclose(x[0], x[1]); }},
                           {"isclose.loose", [](const In& x) { return isclose(x[0], x[1], 0.5, 0.1); }},
                       });
}
