// Training comes to the same weights, bit for bit, on any number of threads.
#include <doctest/doctest.h>

#include "lib/core/parallel.hpp"
#include "support/tensors.hpp"
#include "support/threads.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::Threads;

namespace {

/// The loss of each step and the weights after the last. `make` gives a model, `loss_of` its loss.
template <class Optimizer, class Make, class Loss>
std::vector<std::vector<double>> trained(int threads, const Make& make, const Loss& loss_of) {
  const Threads set(threads);
  manual_seed(11);
  auto model = make();
  Optimizer optimizer(model.parameters(), {.lr = 0.01});
  std::vector<std::vector<double>> results(1);
  for (int step = 0; step < 3; ++step) {
    optimizer.zero_grad();
    const Tensor loss = loss_of(model);
    loss.backward();
    optimizer.step();
    results[0].push_back(loss.item());
  }
  for (const Tensor& weight : model.parameters()) results.push_back(support::values(weight));
  return results;
}

template <class Optimizer, class Make, class Loss>
void check_training(const Make& make, const Loss& loss_of) {
  const auto one = trained<Optimizer>(1, make, loss_of);
  for (const int threads : {2, 4}) {
    CAPTURE(threads);
    const std::uint32_t before = jobs_done();
    const auto several = trained<Optimizer>(threads, make, loss_of);
    CHECK(jobs_done() > before);
    REQUIRE(one.size() == several.size());
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(support::same_bits(one[i], several[i]));
  }
}

Tensor labels(std::int64_t count, std::int64_t classes) {
  const Tensor at = arange(static_cast<double>(count), {.dtype = int64});
  return at * 7 - floor(at.astype(float64) * 7.0 / static_cast<double>(classes)).astype(int64) * classes;
}

struct Perceptron : nn::Module {
  nn::Linear first{300, 256}, second{256, 10};
  Tensor operator()(const Tensor& x) const { return second(relu(first(x))); }
  void visit(nn::Visitor& v) override { v("first", first), v("second", second); }
};

struct ConvNet : nn::Module {
  nn::Conv2d first{3, 16, 3, {.padding = 1}}, second{16, 24, 3, {.padding = 1}};
  nn::BatchNorm2d norm{16};
  nn::Linear output{24 * 5 * 5, 10};
  Tensor operator()(const Tensor& x) {
    const Tensor halved = max_pool2d(relu(norm(first(x))), 2);
    return output(flatten(avg_pool2d(relu(second(halved)), 2), 1));
  }
  void visit(nn::Visitor& v) override {
    v("first", first), v("second", second), v("norm", norm), v("output", output);
  }
};

struct Recurrent : nn::Module {
  nn::LSTM cells{32, 96};
  nn::Linear output{96, 10};
  Tensor operator()(const Tensor& x) const {
    const Tensor y = cells(x).output;
    return output(reshape(y, {y.size() / 96, 96}));
  }
  void visit(nn::Visitor& v) override { v("cells", cells), v("output", output); }
};

struct Transformer : nn::Module {
  nn::Embedding embedding{50, 64};
  nn::TransformerEncoderLayer layer{64, 4, {.dim_feedforward = 256, .batch_first = true}};
  nn::Linear output{64, 50};
  Tensor operator()(const Tensor& text) const {
    const Tensor y = layer(embedding(text), {.causal = true});
    return output(reshape(y, {text.size(), 64}));
  }
  void visit(nn::Visitor& v) override { v("embedding", embedding), v("layer", layer), v("output", output); }
};

}  // namespace

TEST_CASE("a perceptron trains to the same bits on any number of threads") {
  manual_seed(1);
  const Tensor x = randn({96, 300}), y = labels(96, 10);
  check_training<optim::SGD>([] { return Perceptron(); },
                             [&](auto& model) { return nn::cross_entropy(model(x), y); });
}

TEST_CASE("a convolutional network trains to the same bits on any number of threads") {
  manual_seed(2);
  const Tensor x = randn({32, 3, 20, 20}), y = labels(32, 10);
  check_training<optim::Adam>([] { return ConvNet(); },
                              [&](auto& model) { return nn::cross_entropy(model(x), y); });
}

TEST_CASE("an LSTM trains to the same bits on any number of threads") {
  manual_seed(3);
  const Tensor x = randn({20, 48, 32}), y = labels(20 * 48, 10);
  check_training<optim::RMSprop>([] { return Recurrent(); },
                                 [&](auto& model) { return nn::cross_entropy(model(x), y); });
}

TEST_CASE("a transformer trains to the same bits on any number of threads") {
  const Tensor text = reshape(labels(16 * 40, 50), {16, 40}), next = labels(16 * 40, 50);
  check_training<optim::AdamW>([] { return Transformer(); },
                               [&](auto& model) { return nn::cross_entropy(model(text), next); });
}
