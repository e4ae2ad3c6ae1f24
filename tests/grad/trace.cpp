#include "wengert/grad/trace.hpp"

#include <doctest/doctest.h>

#include "wengert/core/error.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;

TEST_CASE("trace: entries in the tape's order, each once") {
  const Tensor w = parameter(ones({3, 2})), x = ones({4, 3});
  Tensor y;
  {
    const Scope outer("outer"), inner("inner");
    y = matmul(x, w);
  }
  const int line = __LINE__ + 1;
  const Tensor loss = sum(y * y);
  const auto nodes = trace(loss, {.names = {{"weight", w}}});
  REQUIRE(nodes.size() == 5);
  CHECK(nodes[0].name == "weight");
  CHECK(nodes[0].operation.empty());
  CHECK(nodes[0].requires_grad);
  CHECK(nodes[0].shape == Shape{3, 2});
  CHECK(nodes[1].operation.empty());
  CHECK(nodes[1].name.empty());
  CHECK(!nodes[1].requires_grad);
  CHECK(nodes[2].operation == "matmul");
  CHECK(nodes[2].scope == "outer/inner");
  CHECK(nodes[2].inputs == std::vector<std::size_t>{1, 0});
  CHECK(nodes[3].operation == "mul");
  CHECK(nodes[3].inputs == std::vector<std::size_t>{2, 2});
  CHECK(nodes[3].line == line);
  CHECK(nodes[3].file.ends_with("trace.cpp"));
  CHECK(nodes[4].operation == "sum");
  CHECK(nodes[4].shape == Shape{});
}

TEST_CASE("trace: a long shared graph, a leaf alone, and what is gone") {
  Tensor y = parameter(ones({}));
  CHECK(trace(y).size() == 1);
  for (int i = 0; i < 5000; ++i) y = y * y * 0.5;
  CHECK(trace(y).size() == 15001);  // with a constant for each number
  CHECK_THROWS_WITH_AS(trace(y, {.max_nodes = 10}),
                       "[trace] the graph must have at most 10 entries: got more", GraphError);
  const Tensor x = parameter(ones({})), z = exp(sin(x));
  z.backward({.retain_graph = true});
  CHECK(trace(z).size() == 3);
  z.backward();
  CHECK_THROWS_WITH_AS(
      trace(z),
      "[trace] the graph must still be there: exp's inputs were freed by backward(). Did you mean "
      "backward({.retain_graph = true})?",
      GraphError);
}

TEST_CASE("to_dot") {
  const Tensor x = parameter(ones({2}));
  Tensor y;
  const int line = __LINE__ + 3;
  {
    const Scope scope("square");
    y = x * x;
  }
  const std::string place = "trace.cpp:";
  CHECK(to_dot(y, {.names = {{"\"x\"", x}}}) ==
        "digraph tape {\n"
        "  node [shape=ellipse, fontname=\"sans-serif\"];\n"
        "  n0 [label=\"\\\"x\\\"\\n(2,) float32\\n" +
            place + std::to_string(line - 5) +
            "\", shape=box, style=bold];\n"
            "  subgraph \"cluster/square\" {\n"
            "    label=\"square\";\n"
            "    n1 [label=\"mul\\n(2,) float32\\n" +
            place + std::to_string(line) +
            "\"];\n"
            "  }\n"
            "  n0 -> n1;\n"
            "  n0 -> n1;\n"
            "}\n");
}
