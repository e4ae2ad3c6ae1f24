// The laws' tester is tested: operations that break one law each must be caught, with words that say which.
#include "wengert/grad/laws.hpp"

#include <algorithm>
#include <sstream>

#include "lib/core/dispatch.hpp"
#include "lib/core/lowering.hpp"
#include "support/tensors.hpp"
#include "wengert/extend.hpp"

using namespace wengert;
using support::message;

namespace {

using Tensors = std::vector<Tensor>;

/// x * x, or with `b` x * b, read element by element as `at` says.
template <class T, class At>
void fill(Node& node, At at) {
  T* to = reinterpret_cast<T*>(allocate_value(node));
  for (std::int64_t i = 0; i < node.size(); ++i) to[i] = at(i);
}
template <class T>
void multiply(Node& node) {
  const auto a = Tensor(&node.input(0)).array<T>(), b = Tensor(&node.input(node.input_count - 1)).array<T>();
  fill<T>(node, [&](std::int64_t i) { return a.data()[i] * b.data()[i]; });
}
void forward(Node& node) { node.dtype == float32 ? multiply<float>(node) : multiply<double>(node); }

Tensor square_rule(const Call& c) { return c.g * (2.0 * c.x(0)); }

Tensor call(const Operation& operation, const Tensors& in) {
  if (in.size() == 1) return record(operation, {&in[0].node()}, in[0].shape(), in[0].dtype(), {});
  return record(operation, {&in[0].node(), &in[1].node()}, in[0].shape(), in[0].dtype(), {});
}

/// What is found of x * x made otherwise.
template <class Change>
LawReport checked(Change change) {
  static Operation operation;
  operation = {.name = "squares",
               .forward = forward,
               .rules = {square_rule},
               .samples =
                   [] {
                     const auto f = [](const Tensors& in) { return call(operation, in); };
                     return std::vector<Sample>{
                         {"a matrix", {support::tensor({0.5, -1.25, 2, 1, 3, -2}, {2, 3})}, f},
                         {"a number", {support::tensor({0.75}, {})}, f}};
                   },
               .looks_at = {0b1}};
  change(operation);
  return check_laws(operation);
}

bool breaks(const LawReport& report, const char* law) {
  return std::ranges::any_of(
      report.problems, [&](const std::string& problem) { return problem.find(law) != std::string::npos; });
}
/// Whether something is broken, and nothing but this.
bool breaks_only(const LawReport& report, const char* law) {
  CAPTURE(report);
  const auto says = [&](const std::string& problem) { return problem.find(law) != std::string::npos; };
  return !report.ok() && std::ranges::all_of(report.problems, says);
}

}  // namespace

TEST_CASE("an operation that keeps the laws") {
  const LawReport report = checked([](Operation&) {});
  std::ostringstream text;
  text << report;
  CHECK(text.str().starts_with("laws: hold, 2 samples, "));
  CHECK(report.ok());
  CHECK(report.comparisons > 40);
}

TEST_CASE("derivatives that differences refute") {
  CHECK(breaks_only(
      checked([](Operation& o) { o.rules[0] = [](const Call& c) { return c.g * (2.000001 * c.x(0)); }; }),
      "derivatives: "));
  CHECK(breaks_only(
      checked([](Operation& o) { o.rules[0] = [](const Call& c) { return c.g * (2.0 * c.x(0).detach()); }; }),
      "second derivatives: "));
}

TEST_CASE("a gradient that is not linear in the cotangent") {
  CHECK(breaks(
      checked([](Operation& o) { o.rules[0] = [](const Call& c) { return c.g * abs(c.g) * c.x(0); }; }),
      "the gradient is linear in the cotangent: the gradient of input 0 is "));
}

TEST_CASE("a pass that is recorded and one that is not") {
  CHECK(breaks_only(checked([](Operation& o) {
                      o.rules[0] = [](const Call& c) {
                        return c.g * (grad_enabled() ? 2.0 * c.x(0) : c.x(0) * (2.0 + 1e-14));
                      };
                    }),
                    "a derivative's kernel and its graph give the same bits"));
}

TEST_CASE("what is computed otherwise where it waits") {
  CHECK(breaks(checked([](Operation& o) {
                 o.lower = [](const Node& node, Lowering& lowering) {
                   const auto& rows = kernel::table().forward[static_cast<int>(kernel::Row::abs)];
                   lowering = {.block = rows[static_cast<int>(node.dtype)], .in = {0, -1, -1, -1}};
                   return true;
                 };
               }),
               "what waits has the bits of what is computed at once"));
}

TEST_CASE("a forward that takes every input for contiguous") {
  CHECK(breaks_only(checked([](Operation& o) {
                      o.forward = [](Node& node) {
                        if (node.dtype == float32) return multiply<float>(node);
                        const auto* x = reinterpret_cast<const double*>(node.input(0).data);
                        fill<double>(node, [&](std::int64_t i) { return x[i] * x[i]; });
                      };
                    }),
                    " in memory are like others"));
}

TEST_CASE("a float32 that is something else") {
  CHECK(breaks_only(checked([](Operation& o) {
                      o.forward = [](Node& node) {
                        if (node.dtype == float64) return multiply<double>(node);
                        fill<float>(node, [](std::int64_t) { return 1.0f; });
                      };
                    }),
                    "float32 comes near float64: the value is 1 instead of "));
}

TEST_CASE("a rule that needs what it says it does not") {
  CHECK(breaks_only(checked([](Operation& o) { o.looks_at = {0}; }),
                    "a rule needs no value that it says it does not: without input 0 of squares, the rule of "
                    "input 0 is nan instead of "));
}

TEST_CASE("a gradient that depends on which others are wanted") {
  static Operation operation;
  operation = {.name = "product",
               .forward = forward,
               .rules = {[](const Call& c) {
                           return c.node.input(1).requires_grad ? c.g * c.x(1) : c.g * c.x(1) * 2.0;
                         },
                         [](const Call& c) { return c.g * c.x(0); }},
               .samples =
                   [] {
                     return std::vector<Sample>{{"two",
                                                 {support::vector({1, 2}), support::vector({3, -1})},
                                                 [](const Tensors& in) { return call(operation, in); }}};
                   },
               .looks_at = {0b10, 0b01}};
  CHECK(breaks_only(check_laws(operation), "a gradient does not depend on which others are wanted"));
}

TEST_CASE("what is fixed is not varied") {
  static Operation operation;
  operation = {.name = "product",
               .forward = forward,
               .rules = {nullptr, [](const Call& c) { return c.g * c.x(0); }},
               .samples =
                   [] {
                     return std::vector<Sample>{{"two",
                                                 {support::vector({1, 2}), support::vector({3, -1})},
                                                 [](const Tensors& in) { return call(operation, in); }}};
                   },
               .looks_at = {0, 0b01}};
  CHECK(!check_laws(operation).ok());
  CHECK(check_laws(operation, {.fixed = {0}}).problems == std::vector<std::string>());
}

TEST_CASE("an add_to that adds nothing") {
  CHECK(breaks_only(checked([](Operation& o) { o.add_to = [](const Call&, std::size_t, std::byte*) {}; }),
                    "what two calls give one input is added up: the gradient of input 0 is "));
}

TEST_CASE("samples of float32 are held to differences, too") {
  static Operation operation;
  operation = {.name = "squares",
               .forward = forward,
               .rules = {[](const Call& c) { return c.g * (4.0 * c.x(0)); }},
               .samples =
                   [] {
                     return std::vector<Sample>{{"single",
                                                 {support::vector({1, 2}, float32)},
                                                 [](const Tensors& in) { return call(operation, in); }}};
                   },
               .looks_at = {0b1}};
  CHECK(breaks_only(check_laws(operation), "derivatives: "));
}

TEST_CASE("many inputs, inputs that must differ, and float64 only") {
  static Operation many, ordered;
  many = {.name = "many",
          .forward =
              [](Node& node) {
                const auto add = [&]<class T>(T* to) {
                  for (std::int64_t i = 0; i < node.size(); ++i) to[i] = 0;
                  for (std::uint32_t j = 0; j < node.input_count; ++j) {
                    const auto x = Tensor(&node.input(j)).array<T>();
                    for (std::int64_t i = 0; i < node.size(); ++i) to[i] += x.data()[i];
                  }
                };
                std::byte* to = allocate_value(node);
                node.dtype == float32 ? add(reinterpret_cast<float*>(to))
                                      : add(reinterpret_cast<double*>(to));
              },
          .rule_of_input = [](const Call& c, std::size_t) { return c.g; },
          .samples =
              [] {
                Tensors in;
                for (int i = 0; i < 40; ++i) in.push_back(support::vector({1.0 * i, 2.0}));
                return std::vector<Sample>{{"forty", in, [](const Tensors& x) {
                                              std::vector<Node*> nodes;
                                              for (const Tensor& t : x) nodes.push_back(&t.node());
                                              return record(many, nodes.data(), nodes.size(), x[0].shape(),
                                                            x[0].dtype(), {});
                                            }}};
              }};
  CHECK(check_laws(many).problems == std::vector<std::string>());
  // log(b - a), which takes b > a only, and float64.
  ordered = {.name = "ordered",
             .forward =
                 [](Node& node) {
                   if (node.dtype != float64) throw DTypeError("[ordered] takes float64");
                   const auto a = Tensor(&node.input(0)).array<double>(),
                              b = Tensor(&node.input(1)).array<double>();
                   fill<double>(node, [&](std::int64_t i) {
                     if (!(a.data()[i] < b.data()[i])) throw ValueError("[ordered] a must be below b");
                     return std::log(b.data()[i] - a.data()[i]);
                   });
                 },
             .rules = {[](const Call& c) { return c.g / (c.x(0) - c.x(1)); },
                       [](const Call& c) { return c.g / (c.x(1) - c.x(0)); }},
             .samples =
                 [] {
                   return std::vector<Sample>{{"two",
                                               {support::vector({0, 2}), support::vector({1, 4})},
                                               [](const Tensors& in) { return call(ordered, in); }}};
                 },
             .looks_at = {0b11, 0b11}};
  CHECK(check_laws(ordered, {.single = 0.0}).problems == std::vector<std::string>());
}

TEST_CASE("a rule that reads what it says it does not is found before it reads what is gone") {
  CHECK(breaks_only(checked([](Operation& o) {
                      o.rules[0] = [](const Call& c) {
                        const double* x =
                            c.node.dtype == float64 ? c.node.input(0).values<double>() : nullptr;
                        return c.g * (2.0 * c.x(0)) * (x && std::isnan(*x) ? x[0] : 1.0);
                      };
                      o.looks_at = {0};
                    }),
                    "a rule needs no value that it says it does not"));
}

TEST_CASE("samples that throw, and none") {
  const NoGrad guard;  // which changes nothing
  CHECK(checked([](Operation& o) { o.samples = [] { return std::vector<Sample>(); }; }).problems ==
        std::vector<std::string>{"squares: there are no samples"});
  CHECK(breaks_only(checked([](Operation& o) {
                      o.forward = [](Node& node) -> void {
                        if (node.size() == 1) throw ValueError("[squares] one is too few");
                        forward(node);
                      };
                    }),
                    "squares, a number: no exception: [squares] one is too few"));
  CHECK(checked([](Operation& o) { o.forward = [](Node&) -> void { throw 42; }; }).problems.size() == 2);
  const Operation without{.name = "without", .forward = forward};
  CHECK(message<GraphError>([&] { check_laws(without); }) ==
        "[check_laws] there must be samples: got none for 'without'");
}
