// What every elementwise operation refuses, and with what words.
#include "ops/naive.hpp"
#include "wengert/ops/elementwise.hpp"

using namespace wengert;
using namespace naive;
using support::tensor;
using support::values;
using support::vector;

namespace {

struct Unary {
  std::string name, types;
  Tensor (*call)(const Tensor&, Location);
};
struct Binary {
  std::string name, types;
  Tensor (*call)(const Operand&, const Operand&);
};
const std::vector<Unary> unary{
#define UNARY(name, types, ...) {#name, #types, &wengert::name},
#define BINARY(...)
#define COMPARE(...)
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
};
const std::vector<Binary> binary{
#define UNARY(...)
#define BINARY(name, types, ...) {#name, #types, &wengert::name},
#include "wengert/ops/elementwise.def"
#undef BINARY
#undef COMPARE
};
const std::vector<Binary> comparisons{
#define BINARY(...)
#define COMPARE(name, ...) {#name, "any", &wengert::name},
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
};

const Tensor floats = tensor({1, 2, 3, 4, 5, 6}, {2, 3}), ints = tensor({1, 2, 3}, {3}, int64),
             mask = tensor({1, 0, 1}, {3}, boolean);

/// What an operation says to a dtype it does not take; "" where it takes it.
std::string dtype_text(const std::string& name, const std::string& types, const Tensor& x) {
  if (types == "real" && !is_float(x.dtype()))
    return "[" + name + "] takes float32 and float64: got " + wengert::name(x.dtype()) +
           ". Did you mean x.astype(float32)?";
  if (x.dtype() == boolean)
    return "[" + name + "] boolean tensors have no arithmetic: got boolean. Did you mean x.astype(int64)?";
  return "";
}

}  // namespace

TEST_CASE("the rows are there") {
  CHECK(unary.size() > 30);
  CHECK(binary.size() > 12);
  CHECK(comparisons.size() == 6);
}

TEST_CASE("dtypes that operations of one input refuse") {
  for (const Unary& row : unary) {
    CAPTURE(row.name);
    for (const Tensor& x : {ints, mask}) {
      const std::string text = dtype_text(row.name, row.types, x);
      if (text.empty())
        CHECK(row.call(x, {}).dtype() == int64);
      else
        CHECK(refusal<DTypeError>({x}, [&] { row.call(x, {}); }) == text);
    }
    CHECK(row.call(floats, {}).dtype() == float64);
    CHECK(row.call(floats.astype(float32), {}).dtype() == float32);
    CHECK(refusal<GraphError>({}, [&] { row.call(Tensor(), {}); }) == no_value(row.name));
  }
}

TEST_CASE("dtypes that operations of two inputs refuse") {
  for (const Binary& row : binary) {
    CAPTURE(row.name);
    for (const Tensor& x : {ints, mask}) {
      const std::string text = dtype_text(row.name, row.types, x);
      if (text.empty()) {
        CHECK(row.call(x, x).dtype() == int64);
        CHECK(row.call(2, x).dtype() == int64);
      } else {
        CHECK(refusal<DTypeError>({x}, [&] { row.call(x, x); }) == text);
        CHECK(refusal<DTypeError>({x}, [&] { row.call(x, 1); }) == text);
        CHECK(refusal<DTypeError>({x}, [&] { row.call(1, x); }) == text);
      }
    }
    CHECK(row.call(floats, floats).dtype() == float64);
    CHECK(row.call(1.5, floats.astype(float32)).dtype() == float32);
  }
}

TEST_CASE("what operations and comparisons of two inputs refuse alike") {
  std::vector<Binary> all = binary;
  all.insert(all.end(), comparisons.begin(), comparisons.end());
  const Tensor single = floats.astype(float32), column = tensor({1, 2}, {2, 1}),
               four = tensor({1, 2, 3, 4}, {4});
  const auto mixed = [](const std::string& name, const char* a, const char* b, const char* to) {
    return "[" + name + "] dtypes must be equal: got " + a + " and " + b +
           ". Did you mean to cast with astype(" + to + ")?";
  };
  for (const Binary& row : all) {
    const auto dtypes = [&](const Tensor& a, const Tensor& b) {
      return refusal<DTypeError>({a, b}, [&] { row.call(a, b); });
    };
    const std::string tag = "[" + row.name + "] ";
    CAPTURE(row.name);
    CHECK(dtypes(floats, single) == mixed(row.name, "float64", "float32", "float64"));
    CHECK(dtypes(single, floats) == mixed(row.name, "float32", "float64", "float32"));
    CHECK(dtypes(floats, ints) == mixed(row.name, "float64", "int64", "float64"));
    CHECK(dtypes(ints, floats) == mixed(row.name, "int64", "float64", "float64"));
    CHECK(dtypes(mask, single) == mixed(row.name, "boolean", "float32", "float32"));
    CHECK(dtypes(ints, mask) == mixed(row.name, "int64", "boolean", "int64"));
    CHECK(dtypes(mask, ints) == mixed(row.name, "boolean", "int64", "int64"));
    CHECK(refusal<DTypeError>({}, [&] { row.call(1, 2.5); }) ==
          tag + "one operand must be a tensor: got two numbers. Did you mean full({}, 1) for the first?");
    CHECK(refusal<DTypeError>({ints}, [&] { row.call(ints, 0.5); }) ==
          tag + "an int64 tensor takes whole numbers only: got 0.5. Did you mean x.astype(float64)?");
    CHECK(refusal<DTypeError>({ints}, [&] { row.call(2.0, ints); }) ==
          tag + "an int64 tensor takes whole numbers only: got 2. Did you mean x.astype(float64)?");
    CHECK(refusal<DTypeError>({ints}, [&] { row.call(ints, a_nan); }) ==
          tag + "an int64 tensor takes whole numbers only: got nan. Did you mean x.astype(float64)?");
    CHECK(refusal<ShapeError>({floats, four}, [&] { row.call(floats, four); }) ==
          tag + "shapes must broadcast: got (2, 3) and (4,)");
    CHECK(refusal<ShapeError>({column, four}, [&] {
            row.call(tensor({1, 2}, {2}), floats);
          }) == tag + "shapes must broadcast: got (2,) and (2, 3)");
    CHECK(refusal<ShapeError>({}, [&] { row.call(zeros({0}), zeros({2})); }) ==
          tag + "shapes must broadcast: got (0,) and (2,)");
    CHECK(refusal<GraphError>({floats}, [&] { row.call(Tensor(), floats); }) == no_value(row.name));
    CHECK(refusal<GraphError>({floats}, [&] { row.call(floats, Tensor()); }) == no_value(row.name));
    CHECK(refusal<GraphError>({}, [&] { row.call(Tensor(), 1.0); }) == no_value(row.name));
    CHECK(refusal<GraphError>({}, [&] { row.call(1.0, Tensor()); }) == no_value(row.name));
  }
}

TEST_CASE("operators speak with the names of their functions") {
  const Tensor a = zeros({2}), b = zeros({3});
  CHECK(refusal({a, b}, [&] { a + b; }) == "[add] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { a - b; }) == "[sub] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { a* b; }) == "[mul] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { a / b; }) == "[div] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { (void)(a == b); }) == "[equal] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { (void)(a != b); }) == "[not_equal] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { (void)(a < b); }) == "[less] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { (void)(a <= b); }) == "[less_equal] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { (void)(a > b); }) == "[greater] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({a, b}, [&] { (void)(a >= b); }) ==
        "[greater_equal] shapes must broadcast: got (2,) and (3,)");
  CHECK(refusal({}, [] { -Tensor(); }) == no_value("neg"));
  CHECK(refusal({mask}, [] { -mask; }) ==
        "[neg] boolean tensors have no arithmetic: got boolean. Did you mean x.astype(int64)?");
}

TEST_CASE("shapes too large to broadcast are refused, not allocated") {
  const Tensor row = broadcast_to(zeros({}), {1, std::int64_t{1} << 40}),
               column = broadcast_to(zeros({}), {std::int64_t{1} << 40, 1});
  CHECK(refusal<ShapeError>({}, [&] { row + column; }) ==
        "[add] the shape is too large: got (1099511627776, 1099511627776)");
  CHECK(refusal<ShapeError>({}, [&] { (void)(row < column); }) ==
        "[less] the shape is too large: got (1099511627776, 1099511627776)");
}
