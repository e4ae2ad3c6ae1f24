// Values that no derivative looks at: their bytes go once they have been used.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "support/tensors.hpp"
#include "wengert/extend.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;

namespace {

constexpr std::int64_t rows = 256, columns = 128;
constexpr std::int64_t bytes = rows * columns * 8;

/// Numbers of about 1 that are the same at every call.
Tensor numbers(const Shape& shape, std::uint64_t seed) {
  manual_seed(seed);
  return randn(shape, {.dtype = float64}) * 0.1;
}

/// How many arrays of rows x columns more there are than before.
std::int64_t arrays_since(std::int64_t live) {
  return (memory_stats().live_bytes - live + bytes / 2) / bytes;
}

}  // namespace

TEST_CASE("a product that only a bias is added to goes with the sum") {
  const Deferred guard;
  const Tensor x = numbers({rows, columns}, 1), w = parameter(numbers({columns, columns}, 2)),
               b = parameter(numbers({columns}, 3));
  const std::int64_t live = memory_stats().live_bytes;
  const Tensor y = matmul(x, w) + b;
  y.node();
  CHECK(arrays_since(live) == 1);

  SUBCASE("also where several nodes lie between") {
    const Tensor z = tanh(2.0 * (matmul(y, w) + b) - 1.0);
    z.node();
    CHECK(arrays_since(live) == 2);
    sum(z).backward();
    CHECK(w.has_grad());
  }
  SUBCASE("also where the product was a view of another") {
    const Tensor z = matmul(reshape(y, {4, rows / 4, columns}), w) + b;
    z.node();
    CHECK(arrays_since(live) == 2);
  }
  SUBCASE("also with the last of several views") {
    const Tensor z = [&] {
      const std::vector<Tensor> gates = chunk(matmul(y, w) + b, 2, 1);
      return tanh(gates[0]) * sigmoid(gates[1]);
    }();
    z.node();
    // Halves: tanh, sigmoid and their product.
    CHECK((memory_stats().live_bytes - live) / (bytes / 2) == 2 + 3);
    sum(z).backward();
    CHECK(w.has_grad());
  }
  SUBCASE("and its graph is drawn as ever") {
    const Tensor z = tanh(2.0 * (matmul(y, w) + b) - 1.0);
    z.node();
    const auto nodes = trace(z);
    CHECK(nodes.back().operation == "tanh");
    CHECK(std::ranges::count(nodes, "matmul", &TraceNode::operation) == 2);
  }
  SUBCASE("not while somebody has it") {
    const Tensor product = matmul(y, w), z = product + b;
    z.node();
    CHECK(arrays_since(live) == 3);
    const double left = support::values(product)[0], right = support::values(b)[0];
    CHECK(left + right == support::values(z)[0]);
  }
  SUBCASE("not where a derivative looks at it") {
    const Tensor z = square(matmul(y, w)) + b;
    z.node();
    CHECK(arrays_since(live) == 3);
  }
  SUBCASE("not where something else was computed from it") {
    const Tensor product = matmul(y, w);
    const Tensor z = product + b;
    Tensor other = tanh(product);
    const_cast<Tensor&>(product) = Tensor();
    z.node();
    other.node();
    sum(z * other).backward();
    CHECK(w.has_grad());
  }
}

TEST_CASE("what a caller held while it was used goes with the next result") {
  const Tensor x = numbers({rows, columns}, 1), w = parameter(numbers({columns, columns}, 2)),
               b = parameter(numbers({columns}, 3));
  const auto check_all = [&](bool waiting) {
    const std::int64_t live = memory_stats().live_bytes;

    SUBCASE("of small tensors, too, and through views") {
      // The product and the sum are held to the end of the line in which they are used.
      const std::vector<Tensor> gates = chunk(matmul(x, w) + b, 2, 1);
      const Tensor z = tanh(gates[0]);
      z.node();
      CHECK((memory_stats().live_bytes - live) / (bytes / 2) == 3);
      (z * 2.0).node();
      // The sum, which the gates look at, tanh.
      CHECK((memory_stats().live_bytes - live) / (bytes / 2) == 3);
      sum(z).backward();
    }
    SUBCASE("not what is held") {
      const Tensor product = matmul(x, w), y = product + b, z = tanh(y);
      z.node();
      (z * 2.0).node();
      // While it waits the sum is not stored: it is computed again, of the product, for who looks at it.
      CHECK(arrays_since(live) == (waiting ? 2 : 3));
      CHECK(allclose(y, product + b));
      CHECK(arrays_since(live) == 3);
      sum(z).backward();
    }
    SUBCASE("not what a rule looks at, nor what two refer to") {
      const auto squares = [&] {
        const Tensor y = matmul(x, w);
        return std::pair{square(y), y + b};
      };
      const auto [a, c] = squares();
      const Tensor z = a * 2.0;
      z.node();
      (z + 1.0).node();
      c.node();
      (c + 1.0).node();
      CHECK(arrays_since(live) >= 3);
      sum(z + c).backward();
    }
    SUBCASE("and first and second derivatives are those of a graph of which all is held") {
      const auto derivatives = [&](bool hold) {
        std::vector<Tensor> held;
        const auto kept = [&](const Tensor& t) {
          if (hold) held.push_back(t);
          return t;
        };
        const auto layer = [&](const Tensor& h) {
          const std::vector<Tensor> halves = chunk(kept(kept(matmul(h, w)) + b), 2, 1);
          if (hold) held.insert(held.end(), halves.begin(), halves.end());
          return concat({kept(sin(halves[0])), kept(kept(square(halves[1])) - 1.0)}, 1);
        };
        const Tensor y = kept(layer(kept(layer(kept(layer(x))))));
        const Tensor f = mean(kept(y * kept(exp(kept(0.1 * y)))));
        std::vector<Tensor> first = grad(f, {w, b}, {.create_graph = true});
        const std::vector<Tensor> second = grad(sum(square(first[0])), {w, b}, {.retain_graph = true});
        first.insert(first.end(), second.begin(), second.end());
        f.backward();
        return first;
      };
      const std::vector<Tensor> expected = derivatives(true), got = derivatives(false);
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK(support::same_bits(got[i], expected[i]));
    }
    CHECK(w.has_grad());
  };
  SUBCASE("at once") {
    const Eager guard;
    check_all(false);
  }
  SUBCASE("waiting") {
    const Deferred guard;
    check_all(true);
  }
}

TEST_CASE("what was freed is missed by name") {
  const Eager guard;
  const Tensor w = parameter(numbers({columns, columns}, 2)), b = parameter(numbers({columns}, 3));
  const Tensor y = tanh(matmul(numbers({rows, columns}, 1), w) + b);
  (y * 2.0).node();
  const Tensor sum_of_both(&y.node().input(0));
  const auto refused = [&](const char* operation, auto use) {
    try {
      use();
      FAIL("nothing was thrown");
    } catch (const GraphError& e) {
      const std::string text = e.what();
      CHECK(text.starts_with(std::string("[") + operation +
                             "] a value that no derivative looks at was freed: of the add recorded at "));
      CHECK(text.ends_with(". Did you mean to hold its tensor?"));
    }
  };
  refused("tensor", [&] { sum_of_both.array<double>(); });
  refused("add", [&] { sum_of_both + 1.0; });
  refused("sum", [&] { sum(sum_of_both); });
  sum(y).backward();
  CHECK(b.has_grad());
}

TEST_CASE("derivatives are the same with what is idle gone") {
  const Tensor x = numbers({rows, columns}, 1), g = numbers({rows, columns}, 5);
  const auto loss = [&](const std::vector<Tensor>& p) {
    const Tensor h = matmul(x, p[0]) + p[1];
    const Tensor scores = where(g > 0.0, (matmul(h, p[0]) - p[1]) * 0.5, -1.0);
    const Tensor weights = nn::softmax(scores);
    return mean(square(sin(matmul(weights, p[0]) + p[1]) + exp(h * 0.3)) * g);
  };
  const auto parameters = [] {
    return std::vector<Tensor>{parameter(numbers({columns, columns}, 2)), parameter(numbers({columns}, 3))};
  };
  std::vector<Tensor> expected, twice, first, second;
  const auto both = [&](std::vector<Tensor>& once, std::vector<Tensor>& again) {
    const std::vector<Tensor> p = parameters();
    const Tensor value = loss(p);
    once = grad(value, p, {.create_graph = true});
    again = grad(sum(square(once[0])) + sum(once[1]), p, {.retain_graph = true});
    // The graph is still there.
    const std::vector<Tensor> repeated = grad(value, p, {.retain_graph = true});
    for (std::size_t i = 0; i < p.size(); ++i) CHECK(support::same_bits(repeated[i], once[i]));
  };
  {
    const Eager guard;
    both(expected, twice);
  }
  {
    const Deferred guard;
    both(first, second);
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(support::same_bits(first[i], expected[i]));
    CHECK(support::same_bits(second[i], twice[i]));
  }
}

TEST_CASE("a bias's gradient is summed while what it adds is at hand") {
  const Deferred guard;
  constexpr int layers = 8;
  std::vector<Tensor> weights, biases;
  Tensor y = numbers({rows, columns}, 1);
  for (int i = 0; i < layers; ++i) {
    weights.push_back(parameter(numbers({columns, columns}, 2 + static_cast<std::uint64_t>(i))));
    biases.push_back(parameter(numbers({columns}, 20)));
    y = tanh(matmul(y, weights.back()) + biases.back());
  }
  const Tensor loss = sum(y);
  y = {};
  loss.node();
  const std::int64_t live = memory_stats().live_bytes;
  reset_peak_memory();
  loss.backward();
  // The gradients of the weights, each half an array, and what is on its way; not every layer's cotangent.
  CHECK((memory_stats().peak_bytes - live + bytes / 2) / bytes <= 3);
  const NoGrad off;
  for (const Tensor& bias : biases) CHECK(sum(square(bias.grad())).item() > 0.0);
}
