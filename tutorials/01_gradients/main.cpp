// What the tape records, what backward() makes of it, and how a wrong derivative is found.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <vector>

#include <wengert/extend.hpp>  // Node, to look at the tape; other programs include wengert/wengert.hpp

using namespace wengert;

// Everything that `output` was computed from, in the order it was recorded. An entry's id is greater than
// those of its inputs, so a map by id is already sorted the right way.
std::vector<Node*> tape_below(const Tensor& output) {
  std::map<std::uint64_t, Node*> found;
  std::vector<Node*> waiting = {&output.node()};
  while (!waiting.empty()) {
    Node* node = waiting.back();
    waiting.pop_back();
    if (!found.emplace(node->id, node).second) continue;
    for (std::uint32_t i = 0; i < node->input_count; ++i) waiting.push_back(&node->input(i));
  }
  std::vector<Node*> entries;
  for (const auto& [id, node] : found) entries.push_back(node);
  return entries;
}

void print_tape(const Tensor& output) {
  const std::vector<Node*> entries = tape_below(output);
  std::printf("  entry  operation  inputs     value\n");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Node& node = *entries[i];
    std::string inputs;
    for (std::uint32_t k = 0; k < node.input_count; ++k)
      inputs += "v" + std::to_string(std::ranges::find(entries, &node.input(k)) - entries.begin() + 1) + " ";
    std::printf("  v%zu     %-9s  %-6s %9.6f\n", i + 1, node.operation ? node.operation->name : "(leaf)",
                inputs.c_str(), Tensor(entries[i]).item());
  }
}

// An operation of our own: x^3. The first function computes its value, on xtensor arrays; the second is its
// rule, from the cotangent g, the input x and the output to what x is handed. The rule is wrong: the
// derivative of x^3 is 3 x^2.
const auto cube = custom_op(
    "cube", [](const auto& x) { return x * x * x; },
    [](const Tensor& g, const Tensor& x, const Tensor&) { return 2.0 * g * square(x); });

int main() {
  std::printf("1. The tape: f(a, b) = log(a) + a b - sin(b) at a = 2, b = 5\n");
  const Tensor a = parameter(xt::xarray<double>(2.0));  // 0-d: a single number
  const Tensor b = parameter(xt::xarray<double>(5.0));
  const Tensor v3 = log(a);
  const Tensor v4 = a * b;
  const Tensor v5 = v3 + v4;
  const Tensor v6 = sin(b);
  const Tensor f = v5 - v6;
  print_tape(f);

  std::printf("\n2. Backward, by hand and by the tape\n");
  // One line per entry, last entry first. A bar stands for df/d(that entry). Two entries use a and two use b,
  // so their bars are sums: that is all there is to a graph that branches.
  const double v7_bar = 1.0;
  const double v6_bar = -v7_bar;                                         // v7 = v5 - v6
  const double v5_bar = v7_bar;                                          //
  const double v4_bar = v5_bar;                                          // v5 = v3 + v4
  const double v3_bar = v5_bar;                                          //
  const double b_bar = v6_bar * std::cos(b.item()) + v4_bar * a.item();  // v6 = sin(b), v4 = a b
  const double a_bar = v4_bar * b.item() + v3_bar / a.item();            // v4 = a b, v3 = log(a)
  const double by_hand[] = {a_bar, b_bar, v3_bar, v4_bar, v5_bar, v6_bar, v7_bar};
  // grad() gives the derivative with respect to anything on the tape, leaves or not.
  const std::vector<Tensor> by_tape = grad(f, {a, b, v3, v4, v5, v6, f}, {.retain_graph = true});
  const char* names[] = {"a", "b", "v3", "v4", "v5", "v6", "v7"};
  std::printf("  df/d...    by hand     by tape\n");
  for (int i = 6; i >= 0; --i)
    std::printf("  %-6s  %10.6f  %10.6f\n", names[i], by_hand[i], by_tape[i].item());

  std::printf("\n3. backward() adds to the leaves' grad()\n");
  f.backward({.retain_graph = true});  // the graph is freed as it is used, unless told otherwise
  std::printf("  once:             df/da = %.6f\n", a.grad().item());
  f.backward();
  std::printf("  twice:            df/da = %.6f\n", a.grad().item());
  a.zero_grad();
  std::printf("  after zero_grad:  has_grad() is %s\n", a.has_grad() ? "true" : "false");
  try {
    f.backward();
  } catch (const Error& error) {
    std::printf("  a third time:     %s\n", error.what());
  }

  std::printf("\n4. Under NoGrad nothing is recorded\n");
  {
    const NoGrad guard;
    const Tensor product = a * b;
    std::printf("  a b = %g, requires_grad() is %s\n", product.item(),
                product.requires_grad() ? "true" : "false");
  }

  std::printf("\n5. assign() gives a leaf a new value; what was recorded keeps the old one\n");
  const Tensor p = parameter(xt::xarray<double>(3.0));
  const Tensor q = p * p;
  p.assign(p + 7.0);
  q.backward();
  std::printf("  p = %g now, but q = p p was recorded at p = 3: q = %g, dq/dp = %g\n", p.item(), q.item(),
              p.grad().item());

  std::printf("\n6. With create_graph a derivative is recorded too, and can be differentiated\n");
  const Tensor x = parameter(xt::xarray<double>(0.5));
  Tensor derivative = exp(x) * sin(x);
  const double e = std::exp(0.5), s = std::sin(0.5), c = std::cos(0.5);
  const double expected[] = {e * s, e * (s + c), 2 * e * c, 2 * e * (c - s), -4 * e * s};
  std::printf("  order  exp(x) sin(x), by tape   by hand\n");
  for (int order = 0; order < 5; ++order) {
    std::printf("  %d      %21.9f %12.9f\n", order, derivative.item(), expected[order]);
    derivative = grad(derivative, {x}, {.create_graph = true})[0];
  }

  std::printf("\n7. gradcheck compares a derivative with differences of the function itself\n");
  const Tensor points(xt::xarray<double>{-1.0, 0.5, 2.0});
  std::cout << "  pow(x, 3): "
            << gradcheck([](const std::vector<Tensor>& in) { return pow(in[0], 3.0); }, {points},
                         {.order = 2})
            << "\n  cube(x):   "
            << gradcheck([](const std::vector<Tensor>& in) { return cube(in[0]); }, {points}) << "\n";
}
