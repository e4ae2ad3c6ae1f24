// What reductions refuse, and with what words.
#include "ops/naive.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using namespace naive;
using support::tensor;
using support::vector;

namespace {

using Reduce = std::function<Tensor(const Tensor&, const Axes&)>;
struct Reduction {
  std::string name;
  Reduce call;
};
const std::vector<Reduction> over_axes{
    {"sum", [](const Tensor& x, const Axes& axes) { return sum(x, axes); }},
    {"prod", [](const Tensor& x, const Axes& axes) { return prod(x, axes); }},
    {"max", [](const Tensor& x, const Axes& axes) { return max(x, axes); }},
    {"min", [](const Tensor& x, const Axes& axes) { return min(x, axes); }},
    {"mean", [](const Tensor& x, const Axes& axes) { return mean(x, axes); }},
    {"var", [](const Tensor& x, const Axes& axes) { return var(x, axes); }},
    {"std: var", [](const Tensor& x, const Axes& axes) { return wengert::std(x, axes); }},
    {"logsumexp", [](const Tensor& x, const Axes& axes) { return logsumexp(x, axes); }}};
const std::vector<std::pair<std::string, Tensor (*)(const Tensor&, std::int64_t, bool, Location)>> along_axis{
    {"argmax", argmax}, {"argmin", argmin}};

const Tensor floats = tensor({1, 2, 3, 4, 5, 6}, {2, 3}), ints = tensor({1, 2, 3}, {3}, int64),
             mask = tensor({1, 0, 1}, {3}, boolean), none;

std::string axis_text(const std::string& name, std::int64_t axis, const char* dimensions) {
  return "[" + name + "] an axis must lie within the dimensions: got axis " + std::to_string(axis) + " for " +
         dimensions;
}

}  // namespace

TEST_CASE("axes that reductions refuse") {
  for (const Reduction& r : over_axes) {
    CAPTURE(r.name);
    for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, highest, lowest, std::int64_t{64}}) {
      CHECK(refusal<IndexError>({floats}, [&] { r.call(floats, {axis}); }) ==
            axis_text(r.name, axis, "2 dimensions"));
      CHECK(refusal<IndexError>({floats}, [&] {
              r.call(floats, {0, axis});
            }) == axis_text(r.name, axis, "2 dimensions"));
    }
    CHECK(refusal<IndexError>({}, [&] { r.call(zeros({}), {0}); }) == axis_text(r.name, 0, "0 dimensions"));
    CHECK(refusal<IndexError>({}, [&] { r.call(zeros({3}), {-2}); }) == axis_text(r.name, -2, "1 dimension"));
    CHECK(refusal<ValueError>({floats}, [&] {
            r.call(floats, {0, 0});
          }) == "[" + r.name + "] an axis may be named once: got (0, 0)");
    CHECK(refusal<ValueError>({floats}, [&] {
            r.call(floats, {1, -1});
          }) == "[" + r.name + "] an axis may be named once: got (1, -1)");
  }
  CHECK(refusal<IndexError>({mask}, [] { count_nonzero(mask, {1}); }) ==
        axis_text("count_nonzero", 1, "1 dimension"));
  CHECK(refusal<IndexError>({mask}, [] { all(mask, {1}); }) == axis_text("all", 1, "1 dimension"));
  CHECK(refusal<IndexError>({mask}, [] { any(mask, {-2}); }) == axis_text("any", -2, "1 dimension"));
  for (const auto& [name, call] : along_axis) {
    const auto f = call;
    for (const std::int64_t axis : {std::int64_t{2}, std::int64_t{-3}, highest, lowest})
      CHECK(refusal<IndexError>({floats}, [&] { f(floats, axis, false, {}); }) ==
            axis_text(name, axis, "2 dimensions"));
    CHECK(refusal<IndexError>({}, [&] { f(zeros({}), -1, false, {}); }) ==
          axis_text(name, -1, "0 dimensions"));
  }
}

TEST_CASE("dtypes that reductions refuse") {
  for (const auto& [name, call] : std::vector<Reduction>{over_axes[2], over_axes[3]}) {
    const Reduce f = call;
    CHECK(refusal<DTypeError>({mask}, [&] { f(mask, {}); }) ==
          "[" + name + "] takes numbers: got boolean. Did you mean any(x) or all(x)?");
  }
  for (const Tensor& x : {ints, mask}) {
    const std::string got = std::string("takes float32 and float64: got ") + name(x.dtype()) +
                            ". Did you mean x.astype(float32)?";
    CHECK(refusal<DTypeError>({x}, [&] { mean(x); }) == "[mean] " + got);
    CHECK(refusal<DTypeError>({x}, [&] { var(x); }) == "[var] " + got);
    CHECK(refusal<DTypeError>({x}, [&] { wengert::std(x); }) == "[std: var] " + got);
    CHECK(refusal<DTypeError>({x}, [&] { logsumexp(x); }) == "[logsumexp] " + got);
  }
  for (const Tensor& x : {ints, floats}) {
    const std::string got =
        std::string("takes boolean tensors: got ") + name(x.dtype()) + ". Did you mean x != 0?";
    CHECK(refusal<DTypeError>({x}, [&] { all(x); }) == "[all] " + got);
    CHECK(refusal<DTypeError>({x}, [&] { any(x); }) == "[any] " + got);
  }
  for (const auto& [name, call] : along_axis) {
    const auto f = call;
    CHECK(refusal<DTypeError>({mask}, [&] { f(mask, 0, false, {}); }) ==
          "[" + name + "] takes numbers: got boolean. Did you mean x.astype(int64)?");
  }
}

TEST_CASE("nothing has no extremum") {
  const Tensor nothing = zeros({0, 3});
  for (const auto& [name, call] : std::vector<Reduction>{over_axes[2], over_axes[3]}) {
    const Reduce f = call;
    const std::string text = "[" + name + "] there must be an element to choose: got shape (0, 3)";
    CHECK(refusal<ShapeError>({}, [&] { f(nothing, {}); }) == text);
    CHECK(refusal<ShapeError>({}, [&] { f(nothing, {0}); }) == text);
    CHECK(f(nothing, {1}).shape() == Shape{0});
  }
  for (const auto& [name, call] : along_axis) {
    const auto f = call;
    CHECK(refusal<ShapeError>({}, [&] { f(nothing, 0, false, {}); }) ==
          "[" + name + "] there must be an element to choose: got shape (0, 3)");
  }
}

TEST_CASE("an empty tensor in every reduction") {
  for (const Reduction& r : over_axes) {
    CAPTURE(r.name);
    const std::string text = refusal<GraphError>({}, [&] { r.call(none, {}); });
    CHECK(text.rfind("[" + std::string(r.name).substr(0, std::string(r.name).find(':')), 0) == 0);
    CHECK(text.substr(text.find("] ")) == no_value("").substr(1));
  }
  for (const auto& [name, call] : along_axis) {
    const auto f = call;
    CHECK(refusal<GraphError>({}, [&] { f(none, -1, false, {}); }) == no_value(name));
  }
  CHECK(refusal<GraphError>({}, [] { count_nonzero(none); }) == no_value("count_nonzero"));
  CHECK(refusal<GraphError>({}, [] { all(none); }) == no_value("all"));
  CHECK(refusal<GraphError>({}, [] { any(none); }) == no_value("any"));
}
