// What operations on shapes refuse, and with what words; huge and negative extents; thirty-three dimensions.
#include "ops/naive.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using namespace naive;
using support::values;
using support::vector;

namespace {

const Tensor x = support::tensor({1, 2, 3, 4, 5, 6}, {2, 3}), v = vector({1, 2, 3}),
             point = support::tensor({7}, {}), none;
const std::vector<std::int64_t> beyond{2, -3, highest, lowest};

std::string axis_text(const std::string& name, std::int64_t axis, const char* dimensions = "2 dimensions") {
  return "[" + name + "] an axis must lie within the dimensions: got axis " + std::to_string(axis) + " for " +
         dimensions;
}
template <class Kind, class F>
std::string refused(F f) {
  return refusal<Kind>({x, v, point}, f);
}

}  // namespace

TEST_CASE("what reshape and flatten refuse") {
  const std::string counts = "[reshape] the number of elements must stay the same: got (2, 3) and ",
                    extents = "[reshape] extents must be 0 or more, one may be -1: got ";
  CHECK(refused<ShapeError>([] { reshape(x, {4}); }) == counts + "(4,)");
  CHECK(refused<ShapeError>([] { reshape(x, {}); }) == counts + "()");
  CHECK(refused<ShapeError>([] { reshape(x, {0, 6}); }) == counts + "(0, 6)");
  CHECK(refused<ShapeError>([] { reshape(x, {-1, 4}); }) == counts + "(-1, 4)");
  CHECK(refused<ShapeError>([] { reshape(x, {-1, 7}); }) == counts + "(-1, 7)");
  CHECK(refused<ShapeError>([] { reshape(x, {highest}); }) == counts + "(9223372036854775807,)");
  CHECK(refused<ShapeError>([] { reshape(x, {-1, highest}); }) == counts + "(-1, 9223372036854775807)");
  // Their product is 6 in 64 bits.
  CHECK(refused<ShapeError>([] {
          reshape(x, {std::int64_t{1} << 32, std::int64_t{1} << 32, 6});
        }) == counts + "(4294967296, 4294967296, 6)");
  CHECK(refused<ShapeError>([] {
          reshape(x, {std::int64_t{1} << 32, std::int64_t{1} << 32, -1});
        }) == counts + "(4294967296, 4294967296, -1)");
  CHECK(refused<ShapeError>([] {
          reshape(x, {highest, highest, -1});
        }) == counts + "(9223372036854775807, 9223372036854775807, -1)");
  CHECK(refused<ShapeError>([] { reshape(x, {-1, -1}); }) == extents + "(-1, -1)");
  CHECK(refused<ShapeError>([] { reshape(x, {-2, -3}); }) == extents + "(-2, -3)");
  CHECK(refused<ShapeError>([] { reshape(x, {lowest}); }) == extents + "(-9223372036854775808,)");
  CHECK(refused<ShapeError>([] {
          reshape(x, {-1, 0});
        }) == "[reshape] -1 has no one answer beside an extent of 0: got (-1, 0)");
  CHECK(refused<ShapeError>([] {
          reshape(zeros({0}), {0, -1});
        }) == "[reshape] -1 has no one answer beside an extent of 0: got (0, -1)");
  CHECK(refused<ShapeError>([] {
          reshape(zeros({0}), {0, highest});
        }) == "[reshape] the shape is too large: got (0, 9223372036854775807)");
  CHECK(refused<GraphError>([] { reshape(none, {1}); }) == no_value("reshape"));
  for (const std::int64_t axis : beyond) {
    CHECK(refused<IndexError>([&] { flatten(x, axis); }) == axis_text("flatten", axis));
    CHECK(refused<IndexError>([&] { flatten(x, 0, axis); }) == axis_text("flatten", axis));
  }
  CHECK(refused<ShapeError>([] { flatten(x, 1, 0); }) ==
        "[flatten] start must not come after end: got 1 and 0");
  CHECK(refused<ShapeError>([] { flatten(x, -1, -2); }) ==
        "[flatten] start must not come after end: got -1 and -2");
  CHECK(refused<GraphError>([] { flatten(none); }) == no_value("flatten"));
}

TEST_CASE("what squeeze, unsqueeze, permute and transpose refuse") {
  for (const std::int64_t axis : beyond) {
    CHECK(refused<IndexError>([&] { squeeze(x, axis); }) == axis_text("squeeze", axis));
    CHECK(refused<IndexError>([&] { permute(x, {0, axis}); }) == axis_text("permute", axis));
  }
  CHECK(refused<ShapeError>([] { squeeze(x, 1); }) ==
        "[squeeze] a dimension that goes must have extent 1: got axis 1 of (2, 3)");
  CHECK(refused<IndexError>([] { squeeze(point, 0); }) == axis_text("squeeze", 0, "0 dimensions"));
  for (const std::int64_t axis : {std::int64_t{3}, std::int64_t{-4}, highest, lowest})
    CHECK(refused<IndexError>([&] { unsqueeze(x, axis); }) == axis_text("unsqueeze", axis, "3 dimensions"));
  CHECK(refused<IndexError>([] { unsqueeze(point, 1); }) == axis_text("unsqueeze", 1, "1 dimension"));
  const std::string named = "[permute] every axis must be named once: got ";
  CHECK(refused<ShapeError>([] { permute(x, {0}); }) == named + "(0,) for shape (2, 3)");
  CHECK(refused<ShapeError>([] { permute(x, {}); }) == named + "() for shape (2, 3)");
  CHECK(refused<ShapeError>([] { permute(x, {0, 1, 2}); }) == named + "(0, 1, 2) for shape (2, 3)");
  CHECK(refused<ShapeError>([] { permute(x, {0, 0}); }) == named + "(0, 0) for shape (2, 3)");
  CHECK(refused<ShapeError>([] { permute(x, {1, -1}); }) == named + "(1, -1) for shape (2, 3)");
  CHECK(refused<ShapeError>([] { transpose(v); }) ==
        "[transpose] there must be two dimensions to exchange: got shape (3,)");
  CHECK(refused<ShapeError>([] { transpose(point); }) ==
        "[transpose] there must be two dimensions to exchange: got shape ()");
  CHECK(refused<GraphError>([] { squeeze(none); }) == no_value("squeeze"));
  CHECK(refused<GraphError>([] { squeeze(none, 0); }) == no_value("squeeze"));
  CHECK(refused<GraphError>([] { unsqueeze(none, 0); }) == no_value("unsqueeze"));
  CHECK(refused<GraphError>([] { permute(none, {}); }) == no_value("permute"));
  CHECK(refused<GraphError>([] { transpose(none); }) == no_value("transpose"));
}

TEST_CASE("what broadcast_to refuses") {
  const std::string law = "[broadcast_to] the shape must broadcast to the other: got ";
  CHECK(refused<ShapeError>([] { broadcast_to(x, {3, 3}); }) == law + "(2, 3) and (3, 3)");
  CHECK(refused<ShapeError>([] { broadcast_to(x, {3}); }) == law + "(2, 3) and (3,)");
  CHECK(refused<ShapeError>([] { broadcast_to(x, {}); }) == law + "(2, 3) and ()");
  CHECK(refused<ShapeError>([] { broadcast_to(x, {2, 3, 1}); }) == law + "(2, 3) and (2, 3, 1)");
  CHECK(refused<ShapeError>([] { broadcast_to(zeros({0}), {2}); }) == law + "(0,) and (2,)");
  CHECK(refused<ShapeError>([] { broadcast_to(point, {-1}); }) ==
        "[broadcast_to] extents must not be negative: got (-1,)");
  CHECK(refused<ShapeError>([] {
          broadcast_to(point, {lowest, 2});
        }) == "[broadcast_to] extents must not be negative: got (-9223372036854775808, 2)");
  CHECK(refused<ShapeError>([] {
          broadcast_to(point, {highest, highest});
        }) == "[broadcast_to] the shape is too large: got (9223372036854775807, 9223372036854775807)");
  CHECK(refused<ShapeError>([] { broadcast_to(point, {std::int64_t{1} << 44}); }) ==
        "[broadcast_to] the shape is too large: got (17592186044416,)");
  CHECK(refused<GraphError>([] { broadcast_to(none, {1}); }) == no_value("broadcast_to"));
}

TEST_CASE("what concat and stack refuse") {
  CHECK(refused<ShapeError>([] { concat({}); }) == "[concat] there must be a tensor to join: got none");
  CHECK(refused<ShapeError>([] { stack({}, 5); }) == "[stack] there must be a tensor to join: got none");
  for (const std::int64_t axis : beyond)
    CHECK(refused<IndexError>([&] { concat({x, x}, axis); }) == axis_text("concat", axis));
  for (const std::int64_t axis : {std::int64_t{3}, std::int64_t{-4}, highest, lowest})
    CHECK(refused<IndexError>([&] { stack({x, x}, axis); }) == axis_text("stack", axis, "3 dimensions"));
  CHECK(refused<IndexError>([] { concat({point, point}); }) == axis_text("concat", 0, "0 dimensions"));
  CHECK(refused<ShapeError>([] {
          concat({x, v});
        }) == "[concat] shapes must agree but along axis 0: got (2, 3) and (3,)");
  CHECK(refused<ShapeError>([] {
          concat({x, x, transpose(x)}, -1);
        }) == "[concat] shapes must agree but along axis -1: got (2, 3) and (3, 2)");
  CHECK(refused<DTypeError>([] {
          concat({x, x.astype(float32)});
        }) ==
        "[concat] dtypes must be equal: got float64 and float32. Did you mean to cast with astype(float64)?");
  CHECK(refused<ShapeError>([] {
          stack({x, transpose(x)});
        }) == "[stack] shapes must be equal: got (2, 3) and (3, 2)");
  CHECK(refused<ShapeError>([] {
          stack({v, unsqueeze(v, 0)});
        }) == "[stack] shapes must be equal: got (3,) and (1, 3)");
  CHECK(refused<DTypeError>([] {
          stack({v, v.astype(int64)});
        }) ==
        "[stack: concat] dtypes must be equal: got float64 and int64. Did you mean to cast with "
        "astype(float64)?");
  for (const std::vector<Tensor>& list :
       {std::vector<Tensor>{none}, std::vector<Tensor>{none, x}, std::vector<Tensor>{x, none}}) {
    CHECK(refused<GraphError>([&] { concat(list); }) == no_value("concat"));
    CHECK(refused<GraphError>([&] { stack(list); }) == no_value("stack"));
  }
  const Tensor wide = broadcast_to(point, {std::int64_t{1} << 43});
  CHECK(refused<ShapeError>([&] {
          concat({wide, wide});
        }) == "[concat] the shape is too large: got (17592186044416,)");
}

TEST_CASE("thirty-two dimensions, and not one more") {
  const Shape many = Dims::filled(32, 1);
  const Tensor deep = reshape(support::number(5), many);
  CHECK(deep.ndim() == 32);
  CHECK(values(squeeze(deep)) == List{5});
  CHECK(permute(deep,
                [] {
                  Axes axes;
                  for (std::int64_t i = 32; i-- > 0;) axes.push_back(i);
                  return axes;
                }())
            .ndim() == 32);
  CHECK(sum(deep).item() == 5);
  CHECK(sum(deep, 31).ndim() == 31);
  CHECK(max(deep, -32, true).ndim() == 32);
  CHECK((deep + deep).item() == 10);
  CHECK(concat({deep, deep}, 31).size() == 2);
  CHECK(slice(deep, 31, 0, 1).item() == 5);
  const std::string text = "a tensor has at most 32 dimensions: got 33";
  CHECK(refused<ShapeError>([&] { unsqueeze(deep, 0); }) == "[reshape] " + text);
  CHECK(refused<ShapeError>([&] { reshape(deep, Dims::filled(33, 1)); }) == "[reshape] " + text);
  CHECK(refused<ShapeError>([&] { broadcast_to(point, Dims::filled(33, 1)); }) == "[broadcast_to] " + text);
  CHECK(refused<ShapeError>([&] { stack({deep, deep}); }) == "[stack: reshape] " + text);
  CHECK(refused<ShapeError>([&] { reshape(point, Dims::filled(100000, 1)); }) ==
        "[reshape] a tensor has at most 32 dimensions: got 100000");
}
