// ONNX's elementwise operators and reductions.
#include <cmath>
#include <limits>

#include "tests/oracle/onnx.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"

namespace oracle {
namespace {

using namespace wengert;

/// f(f(a, b), c) ... of however many inputs.
template <class F>
Tensors fold_inputs(const Node& n, F f) {
  Tensor result = n[0];
  for (std::size_t i = 1; i < n.inputs.size(); ++i) result = f(result, n[i]);
  return {result};
}

/// The axes of a reduction: an attribute, or since opset 13 an input.
Axes reduced_axes(const Node& n) { return n.has(1) ? n.list(1) : n.list("axes", {}); }
template <class F>
auto reduction(F reduce) {
  return [reduce](const Node& n) -> Tensors {
    const Axes axes = reduced_axes(n);
    if (axes.empty() && n.flag("noop_with_empty_axes")) return {n[0]};
    return {reduce(n[0], axes, n.flag("keepdims", true))};
  };
}

/// ONNX's bounds of Clip may be left out.
Tensors clipped(const Node& n) {
  if (n[0].dtype() == int64) {
    Tensor y = n[0];
    if (n.has(1)) y = maximum(y, n[1]);
    return {n.has(2) ? minimum(y, n[2]) : y};
  }
  const double infinite = std::numeric_limits<double>::infinity();
  return {clip(n[0], n.has(1) ? n.number(1) : -infinite, n.has(2) ? n.number(2) : infinite)};
}

/// Exclusive sums leave out the element itself; reverse ones run from the end.
Tensors running_sum(const Node& n) {
  const std::int64_t axis = n.list(1).front();
  Tensor x = n.flag("reverse") ? flip(n[0], axis) : n[0];
  Tensor y = cumsum(x, axis);
  if (n.flag("exclusive")) y = y - x;
  return {n.flag("reverse") ? flip(y, axis) : y};
}

}  // namespace

#define SAME(onnx, call)                                         \
  {                                                              \
#onnx, [](const Node& n) -> Tensors { return {call(n[0])}; } \
  }
#define SAME2(onnx, call)                                              \
  {                                                                    \
#onnx, [](const Node& n) -> Tensors { return {call(n[0], n[1])}; } \
  }

void add_elementwise(OnnxOperators& operators) {
  operators.merge(OnnxOperators{
      SAME(Abs, abs),
      SAME(Acos, acos),
      SAME(Acosh, acosh),
      SAME(Asin, asin),
      SAME(Asinh, asinh),
      SAME(Atan, atan),
      SAME(Atanh, atanh),
      SAME(Ceil, ceil),
      SAME(Cos, cos),
      SAME(Cosh, cosh),
      SAME(Erf, erf),
      SAME(Exp, exp),
      SAME(Floor, floor),
      SAME(Identity, identity),
      SAME(IsNaN, isnan),
      SAME(Log, log),
      SAME(Neg, neg),
      SAME(Not, logical_not),
      SAME(Reciprocal, reciprocal),
      SAME(Relu, relu),
      SAME(Round, wengert::round),
      SAME(Sigmoid, sigmoid),
      SAME(Sign, sign),
      SAME(Sin, sin),
      SAME(Sinh, sinh),
      SAME(Softplus, softplus),
      SAME(Softsign, softsign),
      SAME(Sqrt, sqrt),
      SAME(Tan, tan),
      SAME(Tanh, tanh),
      SAME2(Add, add),
      SAME2(And, logical_and),
      SAME2(Div, div),
      SAME2(Equal, equal),
      SAME2(Greater, greater),
      SAME2(GreaterOrEqual, greater_equal),
      SAME2(Less, less),
      SAME2(LessOrEqual, less_equal),
      SAME2(Mul, mul),
      SAME2(Or, logical_or),
      SAME2(PRelu, leaky_relu),
      SAME2(Sub, sub),
      SAME2(Xor, logical_xor),
      {"Cast",
       [](const Node& n) -> Tensors { return {n[0].astype(n.whole("to", 1) == 11 ? float64 : float32)}; }},
      {"CastLike", [](const Node& n) -> Tensors { return {n[0].astype(n[1].dtype())}; }},
      {"Celu", [](const Node& n) -> Tensors { return {celu(n[0], n.number("alpha", 1))}; }},
      {"Clip", clipped},
      {"CumSum", running_sum},
      {"Dropout",
       [](const Node& n) -> Tensors {
         return {n[0], ones_like(n[0]) == ones_like(n[0])};
       }},
      {"Elu", [](const Node& n) -> Tensors { return {elu(n[0], n.number("alpha", 1))}; }},
      {"HardSigmoid",
       [](const Node& n) -> Tensors {
         return {clip(n.number("alpha", 0.2) * n[0] + n.number("beta", 0.5), 0.0, 1.0)};
       }},
      {"HardSwish", [](const Node& n) -> Tensors { return {hardswish(n[0])}; }},
      {"IsInf",
       [](const Node& n) -> Tensors {
         Tensor found = isinf(n[0]);
         if (!n.flag("detect_negative", true)) found = logical_and(found, n[0] > 0.0);
         if (!n.flag("detect_positive", true)) found = logical_and(found, n[0] < 0.0);
         return {found};
       }},
      {"LeakyRelu", [](const Node& n) -> Tensors { return {leaky_relu(n[0], n.number("alpha", 0.01))}; }},
      {"Max",
       [](const Node& n) {
         return fold_inputs(n, [](const Tensor& a, const Tensor& b) { return maximum(a, b); });
       }},
      {"Min",
       [](const Node& n) {
         return fold_inputs(n, [](const Tensor& a, const Tensor& b) { return minimum(a, b); });
       }},
      {"Sum",
       [](const Node& n) { return fold_inputs(n, [](const Tensor& a, const Tensor& b) { return a + b; }); }},
      {"Mean",
       [](const Node& n) -> Tensors {
         return {fold_inputs(n, [](const Tensor& a, const Tensor& b) { return a + b; })[0] /
                 static_cast<double>(n.inputs.size())};
       }},
      {"Mod",
       [](const Node& n) -> Tensors { return {n.flag("fmod") ? fmod(n[0], n[1]) : remainder(n[0], n[1])}; }},
      {"Pow", [](const Node& n) -> Tensors { return {pow(n[0], n[1].astype(n[0].dtype()))}; }},
      {"Selu",
       [](const Node& n) -> Tensors {
         return {n.has("alpha") ? n.number("gamma", 1) * elu(n[0], n.number("alpha", 1)) : selu(n[0])};
       }},
      {"Shrink",
       [](const Node& n) -> Tensors {
         const double bound = n.number("lambd", 0.5), bias = n.number("bias", 0);
         return {bias == 0 ? hardshrink(n[0], bound)
                           : where(n[0] > bound, n[0] - bias, where(n[0] < -bound, n[0] + bias, 0.0))};
       }},
      {"ThresholdedRelu",
       [](const Node& n) -> Tensors { return {threshold(n[0], n.number("alpha", 1), 0.0)}; }},
      {"Where", [](const Node& n) -> Tensors { return {where(n[0], n[1], n[2])}; }},
  });
}

void add_reductions(OnnxOperators& operators) {
  operators.merge(OnnxOperators{
      {"ArgMax",
       [](const Node& n) -> Tensors { return {argmax(n[0], n.whole("axis", 0), n.flag("keepdims", true))}; }},
      {"ArgMin",
       [](const Node& n) -> Tensors { return {argmin(n[0], n.whole("axis", 0), n.flag("keepdims", true))}; }},
      {"ReduceL1",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return norm(x, 1.0, axes, keep); })},
      {"ReduceL2",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return norm(x, 2.0, axes, keep); })},
      {"ReduceLogSum",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return log(sum(x, axes, keep)); })},
      {"ReduceLogSumExp",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return logsumexp(x, axes, keep); })},
      {"ReduceMax",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return max(x, axes, keep); })},
      {"ReduceMean",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return mean(x, axes, keep); })},
      {"ReduceMin",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return min(x, axes, keep); })},
      {"ReduceProd",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return prod(x, axes, keep); })},
      {"ReduceSum",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return sum(x, axes, keep); })},
      {"ReduceSumSquare",
       reduction([](const Tensor& x, const Axes& axes, bool keep) { return sum(square(x), axes, keep); })},
  });
}

}  // namespace oracle
