// Beside what check_laws() says: samples of nothing and of single numbers, blocks and tails.
#include <set>

#include "laws/every_sample.hpp"
#include "wengert/ops/elementwise.hpp"

using namespace wengert;
using namespace laws;

TEST_CASE("every operation has samples of nothing, and of single numbers where it can") {
  std::set<std::string> of_nothing, of_numbers, all;
  for_each_sample([&](const Operation& operation, const Sample& sample) {
    all.insert(operation.name);
    bool empty = false, number = true;
    for (const Tensor& input : sample.inputs) {
      empty |= input.size() == 0;
      number &= input.ndim() == 0;
    }
    if (empty) of_nothing.insert(operation.name);
    if (number) of_numbers.insert(operation.name);
  });
  for (const std::string& name : all) {
    CAPTURE(name);
    CHECK(of_nothing.count(name));
    // Some need an axis.
    const bool needs_axis = std::set<std::string>{"banded_product",
                                                  "concat",
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
