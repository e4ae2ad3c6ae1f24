// What selection and logic refuse, and with what words.
#include "ops/naive.hpp"
#include "wengert/ops/selection.hpp"

using namespace wengert;
using namespace naive;
using support::vector;

namespace {
const Tensor floats = vector({1, 2, 3}), singles = vector({1, 2, 3}, float32),
             ints = vector({1, 2, 3}, int64), mask = vector({1, 0, 1}, boolean), two = vector({1, 2}), none;
const std::vector<Tensor> all_of_them{floats, singles, ints, mask, two};

template <class Kind, class F>
std::string refused(F f) {
  return refusal<Kind>(all_of_them, f);
}
}  // namespace

TEST_CASE("what where and masked_fill refuse") {
  CHECK(refused<DTypeError>([] { where(floats, floats, 0); }) ==
        "[where] takes boolean tensors: got float64. Did you mean x != 0?");
  CHECK(refused<DTypeError>([] { where(ints, floats, 0); }) ==
        "[where] takes boolean tensors: got int64. Did you mean x != 0?");
  CHECK(refused<DTypeError>([] { where(mask, 1, 2); }) ==
        "[where] one operand must be a tensor: got two numbers. Did you mean full({}, 1) for the first?");
  CHECK(refused<DTypeError>([] { where(mask, floats, singles); }) ==
        "[where] dtypes must be equal: got float64 and float32. Did you mean to cast with astype(float64)?");
  CHECK(refused<DTypeError>([] { where(mask, ints, 0.5); }) ==
        "[where] an int64 tensor takes whole numbers only: got 0.5. Did you mean x.astype(float64)?");
  CHECK(refused<ShapeError>([] { where(mask, two, 0); }) ==
        "[where] shapes must broadcast: got (3,) and (2,)");
  CHECK(refused<ShapeError>([] { where(mask, floats, two); }) ==
        "[where] shapes must broadcast: got (3,) and (2,)");
  CHECK(refused<GraphError>([] { where(none, floats, 0); }) == no_value("where"));
  CHECK(refused<GraphError>([] { where(mask, none, 0); }) == no_value("where"));
  CHECK(refused<GraphError>([] { where(mask, 0, none); }) == no_value("where"));
  CHECK(refused<GraphError>([] { where(mask, floats, none); }) == no_value("where"));
  CHECK(refused<DTypeError>([] { masked_fill(floats, ints, 0); }) ==
        "[masked_fill: where] takes boolean tensors: got int64. Did you mean x != 0?");
  CHECK(refused<DTypeError>([] { masked_fill(ints, mask, 0.5); }) ==
        "[masked_fill: where] an int64 tensor takes whole numbers only: got 0.5. Did you mean "
        "x.astype(float64)?");
  CHECK(refused<DTypeError>([] { masked_fill(ints, mask, inf); }) ==
        "[masked_fill: where] an int64 tensor takes whole numbers only: got inf. Did you mean "
        "x.astype(float64)?");
  CHECK(refused<ShapeError>([] { masked_fill(two, mask, 0); }) ==
        "[masked_fill: where] shapes must broadcast: got (3,) and (2,)");
  CHECK(refused<GraphError>([] { masked_fill(none, mask, 0); }) == no_value("masked_fill"));
  CHECK(refused<GraphError>([] { masked_fill(floats, none, 0); }) == no_value("masked_fill"));
}

TEST_CASE("what clip refuses") {
  CHECK(
      refused<DTypeError>([] { clip(1, 2, 3); }) ==
      "[clip: less] one operand must be a tensor: got two numbers. Did you mean full({}, 1) for the first?");
  CHECK(refused<DTypeError>([] { clip(ints, 0.5, 2); }) ==
        "[clip: less] an int64 tensor takes whole numbers only: got 0.5. Did you mean x.astype(float64)?");
  CHECK(refused<DTypeError>([] { clip(ints, 0, 2.5); }) ==
        "[clip: greater] an int64 tensor takes whole numbers only: got 2.5. Did you mean x.astype(float64)?");
  CHECK(refused<DTypeError>([] { clip(floats, singles, 1); }) ==
        "[clip: less] dtypes must be equal: got float64 and float32. Did you mean to cast with "
        "astype(float64)?");
  CHECK(refused<ShapeError>([] { clip(floats, two, 1); }) ==
        "[clip: less] shapes must broadcast: got (3,) and (2,)");
  CHECK(refused<ShapeError>([] { clip(floats, 0, two); }) ==
        "[clip: greater] shapes must broadcast: got (3,) and (2,)");
  for (int place = 0; place < 3; ++place)
    CHECK(refused<GraphError>([&] {
            clip(place == 0 ? none : floats, place == 1 ? none : floats, place == 2 ? none : floats);
          }) == no_value(place == 2 ? "clip: greater" : "clip: less"));
}

TEST_CASE("what logic refuses") {
  const std::vector<std::pair<std::string, Tensor (*)(const Operand&, const Operand&)>> operations{
      {"logical_and", logical_and}, {"logical_or", logical_or}, {"logical_xor", logical_xor}};
  for (const auto& [name, call] : operations) {
    CAPTURE(name);
    const auto f = call;
    CHECK(refused<DTypeError>([&] { f(mask, ints); }) ==
          "[" + name + "] takes boolean tensors: got int64. Did you mean x != 0?");
    CHECK(refused<DTypeError>([&] { f(floats, mask); }) ==
          "[" + name + "] takes boolean tensors: got float64. Did you mean x != 0?");
    CHECK(refused<ShapeError>([&] {
            f(mask, vector({1, 0}, boolean));
          }) == "[" + name + (name == "logical_xor" ? ": not_equal" : ": where") +
                    "] shapes must broadcast: got (3,) and (2,)");
    CHECK(refused<GraphError>([&] { f(none, mask); }) == no_value(name));
    CHECK(refused<GraphError>([&] { f(mask, none); }) == no_value(name));
  }
  CHECK(refused<DTypeError>([] { logical_not(singles); }) ==
        "[logical_not] takes boolean tensors: got float32. Did you mean x != 0?");
  CHECK(refused<GraphError>([] { logical_not(none); }) == no_value("logical_not"));
  CHECK(refused<GraphError>([] { isnan(none); }) == no_value("isnan"));
  CHECK(refused<GraphError>([] { isinf(none); }) == no_value("isinf"));
  CHECK(refused<GraphError>([] { isfinite(none); }) == no_value("isfinite"));
}

TEST_CASE("what isclose and allclose refuse") {
  const std::vector<std::function<void(const Operand&, const Operand&)>> calls{
      [](const Operand& a, const Operand& b) { isclose(a, b); },
      [](const Operand& a, const Operand& b) { allclose(a, b); }};
  for (const auto& call : calls) {
    CHECK(refused<DTypeError>([&] { call(floats, singles); }) ==
          "[isclose] dtypes must be equal: got float64 and float32. Did you mean to cast with "
          "astype(float64)?");
    CHECK(refused<DTypeError>([&] { call(1, 2); }) ==
          "[isclose] one operand must be a tensor: got two numbers. Did you mean full({}, 1) for the first?");
    CHECK(refused<DTypeError>([&] { call(ints, 1.5); }) ==
          "[isclose] an int64 tensor takes whole numbers only: got 1.5. Did you mean x.astype(float64)?");
    CHECK(refused<ShapeError>([&] { call(floats, two); }) ==
          "[isclose: sub] shapes must broadcast: got (3,) and (2,)");
    CHECK(refused<GraphError>([&] { call(none, floats); }) == no_value("isclose"));
    CHECK(refused<GraphError>([&] { call(floats, none); }) == no_value("isclose"));
  }
}
