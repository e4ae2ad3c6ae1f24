// What the tests of composed operations share: numbers, derivatives held to differences, and other layouts in
// memory.
#pragma once

#include <functional>
#include <vector>

#include "support/tensors.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/elementwise.hpp"

namespace expect {

using wengert::Shape;
using wengert::Tensor;
using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// Numbers in [low, high], reproducible.
inline Tensor numbers(const Shape& shape, unsigned seed = 1, double low = -1.0, double high = 1.0) {
  std::vector<double> list(static_cast<std::size_t>(wengert::element_count(shape)));
  std::uint64_t state = seed * 7919u + 17u;
  for (double& entry : list) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    entry = low + (high - low) * static_cast<double>(state >> 11) * 0x1p-53;
  }
  return support::tensor(list, shape);
}
inline Tensor whole(const std::vector<double>& list, const Shape& shape) {
  return support::tensor(list, shape, wengert::int64);
}
inline Tensor whole(const std::vector<double>& list) { return whole(list, Shape(list.size())); }

/// First and second derivatives agree with differences, also through inputs that do not lie contiguously, and
/// float32 comes near float64.
inline void differentiates(const Function& f, const std::vector<Tensor>& inputs) {
  using namespace wengert;
  for (const int order : {1, 2}) {
    const auto report = gradcheck(f, inputs, {.order = order});
    CHECK_MESSAGE(report.ok(), "order ", order, ": ", report.problem);
  }
  const auto expected = support::values(f(inputs));
  for (const support::Layout layout :
       {support::Layout::transposed, support::Layout::every_other, support::Layout::backward}) {
    std::vector<Tensor> leaves, views;
    for (const Tensor& input : inputs) {
      leaves.push_back(is_float(input.dtype()) ? parameter(input) : input);
      views.push_back(support::view(leaves.back(), layout));
    }
    const Tensor y = f(views), z = f(leaves);
    CHECK(support::near(y, expected, 1e-13));
    if (!y.requires_grad()) continue;
    std::vector<Tensor> wanted;
    for (const Tensor& leaf : leaves)
      if (leaf.requires_grad()) wanted.push_back(leaf);
    const GradOptions options{.allow_unused = true, .seeds = {numbers(y.shape(), 9)}};
    const auto a = grad(y, wanted, options), b = grad(z, wanted, options);
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK(a[i].defined() == b[i].defined());
      if (a[i].defined()) CHECK(support::near(a[i], support::values(b[i]), 1e-12));
    }
  }
  std::vector<Tensor> single;
  for (const Tensor& input : inputs)
    single.push_back(input.dtype() == float64 ? input.astype(float32) : input);
  const Tensor y = f(single);
  CHECK((y.dtype() == float32 || !is_float(y.dtype())));
  CHECK(support::near(y, expected, 1e-5));
}

}  // namespace expect
