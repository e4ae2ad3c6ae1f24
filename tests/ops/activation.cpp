#include "wengert/ops/activation.hpp"

#include <cmath>

#include "ops/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::near;
using support::values;
using support::vector;
using List = std::vector<double>;

namespace {

const double inf = INFINITY, none = std::nan("");

/// Away from every kink of these functions.
const List places{-8.0, -3.7, -2.2, -0.9, -0.3, 0.2, 0.7, 1.6, 2.5, 3.4, 6.5, 9.0};

template <class F, class G>
void check(F tensor_function, G number_function) {
  List expected;
  for (const double x : places) expected.push_back(number_function(x));
  CHECK(near(tensor_function(vector(places)), expected, 1e-14));
  differentiates([&](const auto& in) { return tensor_function(in[0]); }, {vector(places)});
  CHECK(tensor_function(zeros({0, 2})).shape() == Shape{0, 2});
  CHECK(tensor_function(scalar(0.5, float32)).ndim() == 0);
  CHECK(std::isnan(tensor_function(scalar(none, float64)).item()));
}

/// The gradient of f at x.
template <class F>
List slope(F f, const List& x) {
  const Tensor leaf = support::leaf(x);
  return values(grad(sum(f(leaf)), {leaf})[0]);
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double softplus_of(double x) { return std::log1p(std::exp(x)); }

}  // namespace

TEST_CASE("each function is its formula") {
  check([](const Tensor& x) { return log_sigmoid(x); }, [](double x) { return -softplus_of(-x); });
  check([](const Tensor& x) { return elu(x, 0.7); },
        [](double x) { return x > 0 ? x : 0.7 * std::expm1(x); });
  check([](const Tensor& x) { return selu(x); },
        [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); });
  check([](const Tensor& x) { return celu(x, 1.5); },
        [](double x) { return x > 0 ? x : 1.5 * std::expm1(x / 1.5); });
  check([](const Tensor& x) { return gelu(x); },
        [](double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); });
  check([](const Tensor& x) { return gelu(x, GeluForm::tanh); },
        [](double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); });
  check([](const Tensor& x) { return silu(x); }, [](double x) { return x * sigmoid_of(x); });
  check([](const Tensor& x) { return mish(x); }, [](double x) { return x * std::tanh(softplus_of(x)); });
  check([](const Tensor& x) { return hardtanh(x, -2, 3); },
        [](double x) { return std::fmin(std::fmax(x, -2), 3); });
  check([](const Tensor& x) { return hardsigmoid(x); },
        [](double x) { return std::fmin(std::fmax(x + 3, 0), 6) / 6; });
  check([](const Tensor& x) { return hardswish(x); },
        [](double x) { return x * std::fmin(std::fmax(x + 3, 0), 6) / 6; });
  check([](const Tensor& x) { return softsign(x); }, [](double x) { return x / (1 + std::fabs(x)); });
  check([](const Tensor& x) { return softshrink(x); },
        [](double x) { return x > 0.5    ? x - 0.5
                              : x < -0.5 ? x + 0.5
                                         : 0; });
  check([](const Tensor& x) { return hardshrink(x, 1); }, [](double x) { return std::fabs(x) > 1 ? x : 0; });
  check([](const Tensor& x) { return tanhshrink(x); }, [](double x) { return x - std::tanh(x); });
  check([](const Tensor& x) { return relu6(x); }, [](double x) { return std::fmin(std::fmax(x, 0), 6); });
  check([](const Tensor& x) { return threshold(x, 1, 20); }, [](double x) { return x > 1 ? x : 20; });
}

TEST_CASE("values and gradients at kinks and far out") {
  CHECK(slope([](const Tensor& x) { return elu(x, 2); }, {0, 800, -800}) == List{2, 1, 0});
  CHECK(slope([](const Tensor& x) { return selu(x); }, {800})[0] == 1.0507009873554805);
  CHECK(slope([](const Tensor& x) { return celu(x, 2); }, {0, 2000}) == List{1, 1});
  CHECK(slope([](const Tensor& x) { return hardtanh(x); }, {-1, 0, 1}) == List{0, 1, 0});
  CHECK(near(slope([](const Tensor& x) { return hardsigmoid(x); }, {-3, 0, 3}), {0, 1.0 / 6, 0}));
  CHECK(near(slope([](const Tensor& x) { return hardswish(x); }, {-3, 0, 3}), {0, 0.5, 1}));
  CHECK(slope([](const Tensor& x) { return softshrink(x); }, {-0.5, 0.5, 0.6}) == List{0, 0, 1});
  CHECK(slope([](const Tensor& x) { return hardshrink(x); }, {-0.5, 0.5, 0.6}) == List{0, 0, 1});
  CHECK(slope([](const Tensor& x) { return relu6(x); }, {0, 6, 3}) == List{0, 0, 1});
  CHECK(slope([](const Tensor& x) { return threshold(x, 1, 5); }, {1, 2}) == List{0, 1});
  CHECK(near(log_sigmoid(vector({-1000, 1000, -inf})), {-1000, 0, -inf}));
  CHECK(near(elu(vector({-inf, inf})), {-1, inf}));
  CHECK(near(hardswish(vector({-inf, inf})), {0, inf}));
  const Tensor far = parameter(vector({inf})), by = parameter(vector({2}));
  const Tensor first = grad(sum(hardswish(far) * by), {far}, {.create_graph = true})[0];
  CHECK(values(grad(sum(first), {by})[0]) == List{1});
  // Where a function is constant, nothing goes back, whatever comes.
  const Tensor flat = parameter(vector({-0.25, 0.5}));
  for (const double seed : {inf, double(NAN)})
    CHECK(values(grad(softshrink(flat), {flat}, {.seeds = {vector({seed, seed})}})[0]) == List{0, 0});
  CHECK(near(relu6(vector({-inf, inf})), {0, 6}));
  CHECK(values(gelu(vector({-30}))) != List{0});  // small, but not lost
  // Where the cube overflows.
  CHECK(slope([](const Tensor& x) { return gelu(x, GeluForm::tanh); }, {-1e300, -1e110, 40, 1e110, 1e300}) ==
        List{0, 0, 1, 1, 1});
  CHECK(values(gelu(vector({-1e300, 1e300}), GeluForm::tanh)) == List{0, 1e300});
}

TEST_CASE("logaddexp") {
  const Tensor a = vector({1, -2, 0.5, 0}), b = vector({0.5, 3, 0.5, -40});
  List expected;
  for (std::size_t i = 0; i < 4; ++i) {
    const double high = std::fmax(values(a)[i], values(b)[i]), low = std::fmin(values(a)[i], values(b)[i]);
    expected.push_back(high + std::log1p(std::exp(low - high)));
  }
  CHECK(near(logaddexp(a, b), expected, 1e-15));
  CHECK(logaddexp(a, b).ndim() == 1);
  differentiates([](const auto& in) { return logaddexp(in[0], in[1]); }, {a, vector({0.5, 3, 0.5, 0.1})});
  differentiates([](const auto& in) { return logaddexp(in[0], in[1]); },
                 {numbers({2, 1}, 1), numbers({3}, 2)});
  CHECK(near(logaddexp(vector({-inf, inf, inf, -inf, -inf, none, 1e300, 1}),
                       vector({-inf, inf, 1, 1, inf, 1, 1, -1e20})),
             {-inf, inf, inf, 1, inf, none, 1e300, 1}));
  CHECK(slope(
            [](const Tensor& x) {
              return logaddexp(x, vector({-inf, 1, -inf}));
            },
            {-inf, -inf, 1}) == List{0, 0, 1});
  CHECK(near(logaddexp(vector({0}), 0.0), {std::log(2.0)}));
}

TEST_CASE("xlogy, lerp and squared_difference") {
  CHECK(near(xlogy(vector({2, 0, 0, 0, 0, 0, 1}), vector({3, 0, -1, inf, none, 2, 0})),
             {2 * std::log(3.0), 0, 0, 0, none, 0, -inf}));
  CHECK(near(slope(
                 [](const Tensor& x) {
                   return xlogy(x, vector({0, inf, 2}));
                 },
                 {0, 0, 0}),
             {0, 0, std::log(2.0)}));
  CHECK(near(slope([](const Tensor& y) { return xlogy(vector({0, 0, 3}), y); }, {0, 2, 2}), {0, 0, 1.5}));
  differentiates([](const auto& in) { return xlogy(in[0], in[1]); },
                 {vector({0, 1.5, -2}), vector({2, 0.5, 3})});
  CHECK(near(lerp(vector({1, 2}), vector({3, 10}), 0.25), {1.5, 4}));
  CHECK(near(lerp(0.0, 10.0, vector({0.1, 0.9})), {1, 9}));
  CHECK(near(lerp(vector({0, 4}), 2, vector({0.5, 1})), {1, 2}));
  differentiates([](const auto& in) { return lerp(in[0], in[1], in[2]); },
                 {numbers({2, 1}, 1), numbers({3}, 2), numbers({2, 3}, 3)});
  CHECK(values(squared_difference(vector({1, 5}), 3)) == List{4, 4});
  differentiates([](const auto& in) { return squared_difference(in[0], in[1]); },
                 {numbers({2, 3}, 1), numbers({3}, 2)});
}

TEST_CASE("what only changes how a gradient goes back") {
  const List odd{1.5, -0.0, inf, -inf, none};
  const Tensor x = support::leaf(odd);
  for (const Tensor& y : {identity(x), clone(x), stop_gradient(x), scale_gradient(x, 3), reverse_gradient(x),
                          straight_through(x, x * 2.0)}) {
    CHECK(support::same_bits(values(y), odd));
    CHECK(!y.is_leaf());
  }
  CHECK(clone(x).node().data != x.node().data);
  CHECK(identity(x).requires_grad());
  CHECK(!stop_gradient(x).requires_grad());
  const List two{1, 2};
  CHECK(slope([](const Tensor& t) { return identity(t) * t; }, two) == List{2, 4});
  CHECK(slope([](const Tensor& t) { return clone(t) * t; }, two) == List{2, 4});
  CHECK(slope([](const Tensor& t) { return stop_gradient(t) * t; }, two) == List{1, 2});
  CHECK(slope([](const Tensor& t) { return scale_gradient(square(t), 0.5); }, two) == List{1, 2});
  CHECK(slope([](const Tensor& t) { return reverse_gradient(square(t)); }, two) == List{-2, -4});
  CHECK(slope([](const Tensor& t) { return reverse_gradient(t, 0.25); }, two) == List{-0.25, -0.25});
  CHECK(slope([](const Tensor& t) { return straight_through(round(t), square(t)); }, two) == List{2, 4});
  differentiates([](const auto& in) { return clone(square(in[0])) * identity(in[0]); }, {numbers({2, 3})});
  CHECK(clone(scalar(2.0, float32)).ndim() == 0);
  CHECK(clone(zeros({2, 0})).shape() == Shape{2, 0});
  CHECK(clone(expect::whole({1, 2})).dtype() == int64);
}

TEST_CASE("what these functions refuse") {
  const Tensor x = zeros({2});
  CHECK(message<ValueError>([&] { celu(x, 0); }) == "[celu] alpha must not be 0: got 0");
  CHECK(message<ValueError>([&] { hardtanh(x, 1, 1); }) ==
        "[hardtanh] low must be less than high: got 1 and 1");
  CHECK(message<ValueError>([&] { softshrink(x, -1); }) ==
        "[softshrink] the bound must be 0 or more: got -1");
  CHECK(message<ValueError>([&] { hardshrink(x, none); }) ==
        "[hardshrink] the bound must be 0 or more: got nan");
  CHECK(message<ShapeError>([&] { logaddexp(x, zeros({3})); }) ==
        "[logaddexp] shapes must broadcast: got (2,) and (3,)");
  CHECK(message<DTypeError>([&] { logaddexp(expect::whole({1}), 2); }) ==
        "[logaddexp] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message<ShapeError>([&] { xlogy(x, zeros({3})); }) ==
        "[xlogy] shapes must broadcast: got (2,) and (3,)");
  CHECK(message<ShapeError>([&] { lerp(x, zeros({3}), 1); }) ==
        "[lerp: sub] shapes must broadcast: got (3,) and (2,)");
  CHECK(message<ShapeError>([&] { straight_through(x, zeros({3})); }) ==
        "[straight_through] shapes must be equal: got (2,) and (3,)");
  CHECK(message<DTypeError>([&] { straight_through(x, x.astype(float64)); }) ==
        "[straight_through] dtypes must be equal: got float32 and float64. Did you mean to cast with "
        "astype(float32)?");
}
