// One operation, several ways to the same numbers: the kernel of a derivative and its graph, other layouts of
// the inputs in memory, float32 instead of float64, nothing and single numbers, blocks and tails.
#include <cstdio>
#include <set>

#include "laws/every_sample.hpp"
#include "wengert/core/evaluation.hpp"
#include "wengert/ops/elementwise.hpp"

using namespace wengert;
using namespace laws;
using support::Layout;

TEST_CASE("a derivative's kernel and its graph give the same bits") {
  int compared = 0;
  for_each_sample([&](const Operation&, const Sample& sample) {
    const auto inputs = leaves(sample.inputs);
    const Evaluation kernel = evaluate(sample.call, inputs), graph = evaluate(sample.call, inputs, true);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CHECK(kernel.gradients[i].defined() == graph.gradients[i].defined());
      if (!kernel.gradients[i].defined()) continue;
      ++compared;
      CHECK(kernel.gradients[i].dtype() == graph.gradients[i].dtype());
      CHECK(kernel.gradients[i].shape() == graph.gradients[i].shape());
      const auto a = values(kernel.gradients[i]), b = values(graph.gradients[i]);
      for (std::size_t k = 0; k < a.size(); ++k)
        CHECK_MESSAGE(support::same_bits(a[k], b[k]), a[k], " and ", b[k]);
    }
  });
  std::printf("kernel and graph: %d gradients, equal in every bit\n", compared);
  CHECK(compared > 500);
}

TEST_CASE("what waits has the bits of what is computed at once") {
  int compared = 0;
  const auto same = [&](const Tensor& a, const Tensor& b) {
    CHECK(a.defined() == b.defined());
    if (!a.defined()) return;
    ++compared;
    const auto left = values(a), right = values(b);
    REQUIRE(left.size() == right.size());
    for (std::size_t k = 0; k < left.size(); ++k)
      CHECK_MESSAGE(support::same_bits(left[k], right[k]), left[k], " and ", right[k]);
  };
  for_each_sample([&](const Operation&, const Sample& sample) {
    for (const bool graph : {false, true}) {
      const auto inputs = leaves(sample.inputs);
      const auto run = [&] { return evaluate(sample.call, inputs, graph); };
      const Evaluation now = [&] {
        const Eager guard;
        return run();
      }();
      const Deferred guard;
      const Evaluation later = run();
      same(now.value, later.value);
      for (std::size_t i = 0; i < inputs.size(); ++i) same(now.gradients[i], later.gradients[i]);
    }
  });
  std::printf("at once and later: %d values and gradients, equal in every bit\n", compared);
  CHECK(compared > 1000);
}

TEST_CASE("the layout of the inputs in memory changes nothing") {
  int strided = 0;
  for_each_sample([&](const Operation& operation, const Sample& sample) {
    const std::string name = operation.name;
    // Sums and products may be added in another order.
    const double tolerance = name == "sum" || name == "matmul" ? 1e-13 : 0.0;
    for (const Layout layout :
         {Layout::transposed, Layout::every_other, Layout::backward, Layout::broadcast}) {
      CAPTURE(static_cast<int>(layout));
      std::vector<Tensor> views, dense;
      bool any = false;
      for (const Tensor& input : leaves(sample.inputs)) {
        // Indices must stay what they are, so that what they choose does.
        views.push_back(input.dtype() == int64 && layout == Layout::broadcast ? input
                                                                              : support::view(input, layout));
        any |= !is_contiguous(views.back().node());
        dense.push_back(is_float(input.dtype()) ? parameter(views.back()) : views.back().detach());
        CHECK(is_contiguous(dense.back().node()));
      }
      if (!any) continue;
      ++strided;
      const Evaluation a = evaluate(sample.call, dense), b = evaluate(sample.call, views);
      CHECK(support::near(values(a.value), values(b.value), tolerance));
      for (std::size_t i = 0; i < views.size(); ++i) {
        CHECK(a.gradients[i].defined() == b.gradients[i].defined());
        // Where an input was broadcast, its gradient is a sum as well.
        if (a.gradients[i].defined())
          CHECK(support::near(values(a.gradients[i]), values(b.gradients[i]), 1e-13));
      }
      // A cotangent that does not lie contiguously.
      if (!a.value.requires_grad()) continue;
      const Tensor seed = support::view(weights(a.value.shape(), a.value.dtype()), layout);
      const Evaluation c = evaluate(sample.call, dense, false, seed.detach()),
                       d = evaluate(sample.call, dense, false, seed);
      for (std::size_t i = 0; i < views.size(); ++i)
        if (c.gradients[i].defined())
          CHECK(support::near(values(c.gradients[i]), values(d.gradients[i]), 1e-13));
    }
  });
  std::printf("layouts: %d calls on strided inputs\n", strided);
  CHECK(strided > 500);
}

TEST_CASE("float32 comes near float64") {
  for_each_sample([](const Operation&, const Sample& sample) {
    std::vector<Tensor> rounded, single;
    for (const Tensor& input : sample.inputs) {
      single.push_back(is_float(input.dtype()) ? parameter(input.astype(float32)) : input);
      rounded.push_back(is_float(input.dtype()) ? parameter(single.back().detach().astype(float64)) : input);
    }
    const Evaluation b = evaluate(sample.call, single), a = evaluate(sample.call, rounded);
    CHECK(a.value.shape() == b.value.shape());
    CHECK(support::near(values(a.value), values(b.value), 1e-4));
    for (std::size_t i = 0; i < single.size(); ++i) {
      CHECK(a.gradients[i].defined() == b.gradients[i].defined());
      if (!a.gradients[i].defined()) continue;
      CHECK(b.gradients[i].dtype() == float32);
      CHECK(support::near(values(a.gradients[i]), values(b.gradients[i]), 1e-4));
    }
  });
}

TEST_CASE("values and gradients have the right shapes, of nothing and of single numbers too") {
  std::set<std::string> of_nothing, of_numbers, all;
  for_each_sample([&](const Operation& operation, const Sample& sample) {
    const auto inputs = leaves(sample.inputs);
    all.insert(operation.name);
    bool empty = false, number = true;
    for (const Tensor& input : inputs) {
      empty |= input.size() == 0;
      number &= input.ndim() == 0;
    }
    if (empty) of_nothing.insert(operation.name);
    if (number) of_numbers.insert(operation.name);
    for (const bool create_graph : {false, true}) {
      const Evaluation result = evaluate(sample.call, inputs, create_graph);
      CHECK(values(result.value).size() == static_cast<std::size_t>(result.value.size()));
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (result.gradients[i].defined()) {
          CHECK(result.gradients[i].shape() == inputs[i].shape());
          CHECK(result.gradients[i].dtype() == inputs[i].dtype());
        }
    }
  });
  for (const std::string& name : all) {
    CAPTURE(name);
    CHECK(of_nothing.count(name));
    // Some need an axis.
    const bool needs_axis = std::set<std::string>{"concat",
                                                  "gather",
                                                  "scatter_add",
                                                  "slice",
                                                  "unslice",
                                                  "matmul",
                                                  "cumsum",
                                                  "linear_scan",
                                                  "fold",
                                                  "unfold",
                                                  "convolution",
                                                  "convolution_to_input",
                                                  "convolution_to_weight"}
                                .count(name);
    CHECK((of_numbers.count(name) || needs_axis));
  }
}

namespace {

/// Numbers of an interval; of a row with a kink, none near it.
Tensor draw(std::int64_t count, double low, double high, unsigned seed, DType dtype) {
  const Tensor w = weights({count}, dtype, seed);
  return (w * (0.5 * (high - low)) + 0.5 * (low + high)).detach();
}

/// Whole arrays, in which whole batches, blocks and tails are met, against each element on its own.
void check_sizes(const char* name, const Function& call, double a_low, double a_high, double b_low,
                 double b_high, bool two) {
  CAPTURE(name);
  for (const DType dtype : {float32, float64})
    for (const std::int64_t count : {1, 3, 17, 1023, 1024, 1025, 5000}) {
      std::vector<Tensor> inputs{parameter(draw(count, a_low, a_high, 1, dtype))};
      if (two) inputs.push_back(parameter(draw(count, b_low, b_high, 2, dtype)));
      const Tensor seed = weights({count}, dtype, 3);
      const Evaluation whole = evaluate(call, inputs, false, seed);
      const auto y = values(whole.value);
      std::vector<std::vector<double>> gradients;
      for (const Tensor& gradient : whole.gradients)
        gradients.push_back(gradient.defined() ? values(gradient) : std::vector<double>());
      const std::int64_t step = count > 2000 ? 37 : 1;  // of the longest, some
      bool equal = true;
      for (std::int64_t i = 0; i < count; i += step) {
        const auto at = static_cast<std::size_t>(i);
        std::vector<Tensor> one;
        for (const Tensor& input : inputs) one.push_back(parameter(reshape(slice(input, 0, i, i + 1), {})));
        const Evaluation single = evaluate(call, one, false, reshape(slice(seed, 0, i, i + 1), {}).detach());
        equal &= support::same_bits(single.value.item(), y[at]);
        for (std::size_t k = 0; k < one.size(); ++k)
          if (single.gradients[k].defined())
            equal &= support::same_bits(single.gradients[k].item(), gradients[k][at]);
      }
      CHECK_MESSAGE(equal, count, " elements of ", dtype == float32 ? "float32" : "float64");
    }
}

}  // namespace

TEST_CASE("an element's value and derivative do not depend on its neighbours, block or tail") {
#define UNARY(name, types, cost, forward, vjp, low, high, ...) \
  check_sizes(                                                 \
      #name, [](const auto& in) { return name(in[0]); }, low, high, 0, 0, false);
#define BINARY(name, types, cost, forward, vjp_a, vjp_b, a_low, a_high, b_low, b_high, ...) \
  check_sizes(                                                                              \
      #name, [](const auto& in) { return name(in[0], in[1]); }, a_low, a_high, b_low, b_high, true);
#define COMPARE(name, ...) \
  check_sizes(             \
      #name, [](const auto& in) { return name(in[0], in[1]); }, -1, 1, -1, 1, true);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
}
