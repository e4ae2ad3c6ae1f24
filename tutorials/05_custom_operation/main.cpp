// Operations of one's own: a value computed in any way, a rule for its derivative, and gradcheck to judge it.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <wengert/extend.hpp>  // Operation and record, for part 5; custom_op needs wengert/wengert.hpp only
#include <xtensor/xmath.hpp>

using namespace wengert;
using Inputs = std::vector<Tensor>;

// An array for intermediate values, float or double as the input is.
template <class A>
using Like = xt::xarray<typename A::value_type>;

// Lambert's W: the y with y exp(y) = x, by Newton's method on xtensor arrays. The tape sees none of it.
const auto lambert_value = []<class A>(const A& x) {
  Like<A> y = xt::log1p(x);
  for (int step = 0; step < 8; ++step) y -= (y * xt::exp(y) - x) / (xt::exp(y) * (1 + y));
  return y;
};
// The rule differentiates the equation, not the steps: (1 + y) exp(y) dy = dx, and y exp(y) is x.
const auto lambert_by = [](auto rule) { return custom_op("lambert_w", lambert_value, rule); };
const auto lambert_w =
    lambert_by([](const Tensor& g, const Tensor& x, const Tensor& y) { return g / (x + exp(y)); });

// Kepler's equation E - e sin(E) = M: where a planet is on its ellipse of eccentricity e at the time M. The
// solution does not depend on where the search for it starts, so that input's cotangent is an empty Tensor.
const auto kepler = custom_op(
    "kepler",
    []<class A>(const A& M, const A& e, const A& start) {
      Like<A> E = start + 0 * (M + e);  // of the shape that all three broadcast to
      for (int step = 0; step < 20; ++step) E -= (E - e * xt::sin(E) - M) / (1 - e * xt::cos(E));
      return E;
    },
    [](const Tensor& g, const Tensor& /*M*/, const Tensor& e, const Tensor& /*start*/, const Tensor& E) {
      const Tensor of_M = g / (1.0 - e * cos(E));
      return Inputs{of_M, of_M * sin(E), Tensor()};
    });

// Hermite's polynomials H_0 = 1, H_1 = x, H_(k+1) = x H_k - k H_(k-1), as an operation in its own right. It
// is told an n beside its input, and its derivative n H_(n-1) is the operation itself again.
Tensor hermite(const Tensor& x, int n);

struct HermiteAttributes : Attributes {
  explicit HermiteAttributes(int n) : n(n) {}
  int n;
};

template <class T>
void fill_hermite(Node& node, int n) {
  const auto x = Tensor(&node.input(0)).array<T>();  // row-major, whatever view the input is
  T* result = reinterpret_cast<T*>(allocate_value(node));
  for (const T at : x) {
    T before = 0, value = 1;
    for (int k = 0; k < n; ++k) before = std::exchange(value, at * value - static_cast<T>(k) * before);
    *result++ = value;
  }
}
void evaluate_hermite(Node& node) {
  const int n = static_cast<const HermiteAttributes&>(*node.attributes).n;
  node.dtype == float32 ? fill_hermite<float>(node, n) : fill_hermite<double>(node, n);
}

std::vector<Sample> hermite_samples() {
  const Tensor x(xt::xarray<double>{{-1.5, 0.25}, {0.5, 2.0}});
  std::vector<Sample> list = {{"a view", {x}, [](const Inputs& in) { return hermite(transpose(in[0]), 3); }}};
  for (const int n : {0, 1, 2, 5})
    list.push_back({"n = " + std::to_string(n), {x}, [n](const Inputs& in) { return hermite(in[0], n); }});
  return list;
}

Tensor hermite_rule(const Call& call) {
  const int n = call.attributes<HermiteAttributes>().n;
  return n == 0 ? Tensor() : n * call.g * hermite(call.x(0), n - 1);
}

constexpr Operation hermite_operation{
    .name = "hermite", .forward = evaluate_hermite, .rules = {hermite_rule}, .samples = hermite_samples};
const Registered registered_hermite(hermite_operation);

Tensor hermite(const Tensor& x, int n) {
  if (!is_float(x.dtype())) throw DTypeError("[hermite] takes float32 and float64");
  if (n < 0) throw ValueError("[hermite] n must not be negative");
  return record(hermite_operation, {&x.node()}, x.shape(), x.dtype(), {}, new HermiteAttributes(n));
}

/// x³, whose forward takes every input for a contiguous one.
void evaluate_cube(Node& node) {
  const auto cube = [&]<class T>(T* to) {
    const T* from = reinterpret_cast<const T*>(node.input(0).data);
    for (std::int64_t i = 0; i < node.size(); ++i) to[i] = from[i] * from[i] * from[i];
  };
  std::byte* to = allocate_value(node);
  node.dtype == float32 ? cube(reinterpret_cast<float*>(to)) : cube(reinterpret_cast<double*>(to));
}
Tensor careless_cube(const Tensor& x);
constexpr Operation cube_operation{
    .name = "careless_cube",
    .forward = evaluate_cube,
    .rules = {[](const Call& call) { return 3.0 * call.g * square(call.x(0)); }},
    .samples = [] {
      const Tensor x(xt::xarray<double>{{-1.5, 0.25}, {0.5, 2.0}});
      return std::vector<Sample>{{"a matrix", {x}, [](const Inputs& in) { return careless_cube(in[0]); }}};
    }};
Tensor careless_cube(const Tensor& x) {
  return record(cube_operation, {&x.node()}, x.shape(), x.dtype(), {});
}

/// How many operations the tape keeps for `output`.
std::size_t entries_below(const Tensor& output) {
  std::set<Node*> found;
  std::vector<Node*> waiting = {&output.node()};
  while (!waiting.empty()) {
    Node* node = waiting.back();
    waiting.pop_back();
    if (node->operation && found.insert(node).second)
      waiting.insert(waiting.end(), node->inputs(), node->inputs() + node->input_count);
  }
  return found.size();
}

GradcheckReport check(const auto& f, const Tensor& x, int order) {
  return gradcheck([&](const Inputs& in) { return f(in[0]); }, {x}, {.order = order});
}

int main() {
  std::printf("1. One input: W(x), the y with y exp(y) = x\n");
  const Tensor points(xt::xarray<double>{0.25, 1.0, 4.0}), w = lambert_w(points);
  std::cout << "  W(x):           " << w << "\n  W(x) exp(W(x)): " << w * exp(w)
            << "\n  order 1 and 2:  " << check(lambert_w, points, 2) << "\n";
  const Tensor zero = parameter(xt::xarray<double>(0.0));
  Tensor derivative = lambert_w(zero);
  std::printf("  order  at 0, by the tape  (-n)^(n-1)\n");
  for (int n = 1; n <= 5; ++n) {
    derivative = grad(derivative, {zero}, {.create_graph = true})[0];
    std::printf("  %d      %17.6f  %10.0f\n", n, derivative.item(), std::pow(-n, n - 1));
  }

  std::printf("\n2. Several inputs: Kepler's E(M, e, start), five times M and one e\n");
  const Tensor M = parameter(xt::xarray<double>{0.1, 0.8, 1.5, 2.2, 2.9}),
               e = parameter(xt::xarray<double>(0.6)), start = parameter(xt::xarray<double>(3.0));
  const Tensor E = kepler(M, e, start);
  const Inputs slopes = grad(sum(E), {M, e, start});
  const auto by_list = [](const Inputs& in) { return kepler(in[0], in[1], in[2]); };
  std::cout << "  E:              " << E << "\n  dE/dM:          " << slopes[0]
            << "\n  d sum(E)/de:    " << slopes[1] << "\n  in the start:   " << slopes[2]
            << "\n  order 1 and 2:  " << gradcheck(by_list, {M, e, start}, {.order = 2}) << "\n";

  std::printf("\n3. Wrong rules, and what is said about them\n");
  const auto sign =
      lambert_by([](const Tensor& g, const Tensor& x, const Tensor& y) { return g / (exp(y) - x); });
  const auto detached =
      lambert_by([](const Tensor& g, const Tensor& x, const Tensor& y) { return g / (x + exp(y)).detach(); });
  std::cout << "  a sign:   " << check(sign, points, 1) << "\n  detached: " << check(detached, points, 1)
            << "\n            " << check(detached, points, 2) << "\n";

  std::printf("\n4. Or a composition?\n");
  const Tensor x = parameter(points), s = sigmoid(points);
  const auto swish = custom_op(
      "swish", [](const auto& in) { return in / (1 + xt::exp(-in)); },
      [](const Tensor& g, const Tensor& in, const Tensor& y) { return g * (y + sigmoid(in) * (1.0 - y)); });
  const auto report = [&](const std::string& what, const Tensor& y, const Tensor& value,
                          const Tensor& slope) {
    std::printf("  %-21s  %7zu  %12.1e  %17.1e\n", what.c_str(), entries_below(y), max(abs(y - value)).item(),
                max(abs(grad(sum(y), {x}, {.retain_graph = true})[0] - slope)).item());
  };
  std::printf("                         entries  value off by  derivative off by\n");
  const Tensor swish_slope = s * (1.0 + points * (1.0 - s)), w_slope = 1.0 / (points + exp(w));
  report("swish, custom_op", swish(x), points * s, swish_slope);
  report("swish, x * sigmoid(x)", x * sigmoid(x), points * s, swish_slope);
  report("W, custom_op", lambert_w(x), w, w_slope);
  Tensor y = log1p(x);
  for (int step = 1; step <= 5; ++step) {
    y = y - (y * exp(y) - x) / (exp(y) * (1.0 + y));
    report("W, recorded, step " + std::to_string(step), y, w, w_slope);
  }

  std::printf("\n5. An Operation, enrolled for the laws: Hermite's polynomials\n");
  std::cout << "  H_5 at x: " << hermite(points, 5) << "\n";
  std::cout << "  " << hermite_operation.name << ", " << check_laws(hermite_operation) << "\n";
  const Sample sample = cube_operation.samples()[0];
  std::cout << "  " << cube_operation.name << ", " << gradcheck(sample.call, sample.inputs, {.order = 2})
            << "\n  " << cube_operation.name << ", " << check_laws(cube_operation) << "\n";
}
