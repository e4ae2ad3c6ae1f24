// A network learns XOR; a linear model cannot.
#include <cstdio>

#include <wengert/wengert.hpp>

using namespace wengert;

struct Linear : nn::Module {
  nn::Linear output{2, 1};
  Tensor operator()(const Tensor& x) const { return output(x); }
  void visit(nn::Visitor& v) override { v("output", output); }
};

struct Network : nn::Module {
  nn::Linear hidden{2, 8}, output{8, 1};
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("output", output);
  }
};

// Both models give logits: a number whose sigmoid is the probability that the answer is 1.
template <class Model>
void fit(Model& model, const Tensor& x, const Tensor& y) {
  optim::Adam optimizer(model.parameters(), {.lr = 0.05});
  std::printf("  step     loss\n");
  for (int step = 0; step <= 500; ++step) {
    // The penalty keeps the weights small: without it they would grow for ever, since a larger logit is
    // always a little better. It is an ordinary term of the loss, differentiated with everything else.
    const Tensor loss = nn::binary_cross_entropy_with_logits(model(x), y) + 1e-4 * nn::l2(model.parameters());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 100 == 0) std::printf("  %4d   %.4f\n", step, loss.item());
  }
}

template <class Model>
void show(const Model& model, const Tensor& x) {
  const NoGrad guard;
  const auto inputs = x.array<float>(), p = sigmoid(model(x)).template array<float>();
  std::printf("  a b   P(a xor b = 1)\n");
  for (std::size_t i = 0; i < 4; ++i)
    std::printf("  %.0f %.0f   %.3f\n", inputs(i, 0), inputs(i, 1), p(i, 0));
}

int main() {
  manual_seed(7);
  const Tensor x(xt::xarray<float>{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  const Tensor y(xt::xtensor<float, 2>{{0}, {1}, {1}, {0}});

  std::printf("A linear model:\n");
  Linear line;
  fit(line, x, y);
  show(line, x);
  // z(a, b) = u a + v b + c has z(0,0) + z(1,1) = z(0,1) + z(1,0), so it cannot be negative on the left and
  // positive on the right. The best it can do is 1/2 everywhere, at a loss of log 2 = 0.6931.
  const auto z = line(x).array<float>();
  std::printf("  z(0,0) + z(1,1) = %.3f, z(0,1) + z(1,0) = %.3f\n", z(0) + z(3), z(1) + z(2));

  std::printf("\nA network with 8 hidden units:\n");
  Network network;
  fit(network, x, y);
  show(network, x);
}
