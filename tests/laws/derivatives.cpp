// Every registered operation is differentiated as differences say, once and twice, whichever of its inputs
// want it.
#include <cstdio>
#include <set>

#include "laws/every_sample.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/elementwise.hpp"

using namespace wengert;
using namespace laws;

TEST_CASE("every operation is enrolled, with samples") {
  std::set<std::string> names;
  std::size_t samples = 0;
  for (const Operation* operation : registered_operations()) {
    CAPTURE(operation->name);
    CHECK(names.insert(operation->name).second);
    const auto list = operation->samples();
    CHECK(!list.empty());
    samples += list.size();
  }
#define UNARY(name, ...) CHECK_MESSAGE(names.count(#name), #name);
#define BINARY(name, ...) CHECK_MESSAGE(names.count(#name), #name);
#define COMPARE(name, ...) CHECK_MESSAGE(names.count(#name), #name);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  for (const char* name : {"sum", "max", "min", "where", "astype", "matmul", "reshape", "permute",
                           "broadcast_to", "concat", "slice", "unslice", "gather", "scatter_add"})
    CHECK_MESSAGE(names.count(name), name);
  std::printf("%zu operations, all enrolled, %zu samples\n", names.size(), samples);
}

TEST_CASE("first and second derivatives agree with differences") {
  int checked = 0, skipped = 0;
  std::size_t entries = 0;
  for_each_sample([&](const Operation& operation, const Sample& sample) {
    if (real_inputs(sample.inputs) == 0 || sample.call(sample.inputs).dtype() != float64) {
      ++skipped;
      return;
    }
    // The order of polygamma is a whole number: only its second input varies.
    const bool fixed = std::string(operation.name) == "polygamma";
    const Function call = [&](const auto& in) {
      return fixed ? sample.call({sample.inputs[0], in[0]}) : sample.call(in);
    };
    const std::vector<Tensor> varied(sample.inputs.begin() + fixed, sample.inputs.end());
    for (const int order : {1, 2}) {
      const auto report = gradcheck(call, varied, {.order = order});
      CHECK_MESSAGE(report.ok(), "order ", order, ": ", report.problem);
      entries += report.entries;
    }
    ++checked;
  });
  std::printf(
      "derivatives: %d samples to second order, %zu entries; %d samples have no float64 output or input\n",
      checked, entries, skipped);
  CHECK(checked > 5 * skipped);
}

TEST_CASE("an input's gradient does not depend on which others want one") {
  for_each_sample([](const Operation&, const Sample& sample) {
    const Evaluation all = evaluate(sample.call, leaves(sample.inputs));
    const unsigned count = real_inputs(sample.inputs);
    REQUIRE(count <= 4);
    for (unsigned mask = 0; mask + 1 < 1u << count; ++mask) {
      const auto inputs = leaves(sample.inputs, mask);
      const Evaluation some = evaluate(sample.call, inputs);
      CHECK(support::same_bits(some.value, all.value));
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].requires_grad()) continue;
        CHECK(some.gradients[i].defined() == all.gradients[i].defined());
        if (some.gradients[i].defined()) CHECK(support::same_bits(some.gradients[i], all.gradients[i]));
      }
    }
    // The same tensor in two places gets the sum of both gradients.
    if (sample.inputs.size() == 2 && count == 2 && sample.inputs[0].shape() == sample.inputs[1].shape()) {
      const Tensor x = parameter(sample.inputs[0]);
      const Tensor a = parameter(x), b = parameter(x);
      const Evaluation apart = evaluate(sample.call, {a, b});
      const Evaluation together = evaluate([&](const auto& in) { return sample.call({in[0], in[0]}); }, {x});
      std::vector<double> total(static_cast<std::size_t>(x.size()), 0.0);
      for (const Tensor& gradient : apart.gradients)
        for (std::size_t i = 0; gradient.defined() && i < total.size(); ++i) total[i] += values(gradient)[i];
      if (together.gradients[0].defined()) CHECK(support::near(together.gradients[0], total, 1e-14));
    }
  });
}

TEST_CASE("backward() accumulates what grad() returns") {
  for_each_sample([](const Operation&, const Sample& sample) {
    const auto inputs = leaves(sample.inputs);
    const Evaluation expected = evaluate(sample.call, inputs);
    if (!expected.value.requires_grad()) return;
    const Tensor seed = weights(expected.value.shape(), expected.value.dtype());
    for (int times = 1; times <= 2; ++times) {
      sample.call(inputs).backward({.seed = seed});
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        CHECK(inputs[i].has_grad() == expected.gradients[i].defined());
        if (!inputs[i].has_grad()) continue;
        std::vector<double> total = values(expected.gradients[i]);
        for (double& entry : total) entry *= times;
        CHECK(support::same_bits(values(inputs[i].grad()), total));
      }
    }
  });
}

TEST_CASE("the gradient is linear in the cotangent") {
  for_each_sample([](const Operation&, const Sample& sample) {
    const auto inputs = leaves(sample.inputs);
    const Tensor y = sample.call(inputs);
    if (!y.requires_grad()) return;
    const Tensor u = weights(y.shape(), y.dtype(), 2), v = weights(y.shape(), y.dtype(), 3);
    const Evaluation of_u = evaluate(sample.call, inputs, false, u),
                     of_v = evaluate(sample.call, inputs, false, v),
                     of_both = evaluate(sample.call, inputs, false, u * 4.0 - v * 0.5);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!of_both.gradients[i].defined()) continue;
      CHECK(support::near(values(of_both.gradients[i]),
                          values(of_u.gradients[i] * 4.0 - of_v.gradients[i] * 0.5), 1e-13));
    }
  });
}
