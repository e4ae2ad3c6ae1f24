// A network of two sigmoid layers, its gradients derived by hand and by backward(), and how a checker tells
// right derivations from wrong ones. Everything is float64, so that an agreement to 1e-12 means something.
#include <cstdio>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

#include "claims.hpp"
#include "derivations.hpp"

using namespace wengert;

// The two losses, as mathematics. For one output per sample their means are over the samples.
Tensor cross_entropy(const Tensor& y, const Tensor& p) {
  return -mean(y * log(p) + (1.0 - y) * log(1.0 - p));
}
Tensor squared_error(const Tensor& y, const Tensor& p) { return mean(square(y - p)); }

Tensor random_parameter(const Shape& shape) {
  return randn(shape, {.dtype = float64, .requires_grad = true});
}

void train_two_layers() {
  const Tensor X(xt::xarray<double>{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  const Tensor y(xt::xtensor<double, 2>{{0}, {1}, {1}, {0}});
  const std::vector<std::string> names = {"W1", "b1", "W2", "b2"};
  const std::int64_t hidden = 4;
  const double learning_rate = 1.0;
  const std::vector<Tensor> p = {random_parameter({2, hidden}),
                                 parameter(zeros({hidden}, {.dtype = float64})),
                                 random_parameter({hidden, 1}), parameter(zeros({1}, {.dtype = float64}))};
  const Tensor &W1 = p[0], &b1 = p[1], &W2 = p[2], &b2 = p[3];
  const auto first_layer = [&] { return sigmoid(matmul(X, W1) + b1); };
  const auto by_hand = [&] {
    const NoGrad guard;
    const Tensor A1 = first_layer(), A2 = sigmoid(matmul(A1, W2) + b2);
    return derivations::two_layers(X, y, A1, A2, W2);
  };
  const auto output = [&] { return sigmoid(matmul(first_layer(), W2) + b2); };

  std::printf("1. Which loss do the gradients of the tutorial in functions belong to?\n");
  const Gradients hand = by_hand();
  print("mean binary cross-entropy:", largest_difference(hand, grad(cross_entropy(y, output()), p), names));
  print("mean squared error, which its loop prints:",
        largest_difference(hand, grad(squared_error(y, output()), p), names));
  print_gradcheck(
      "cross-entropy:", p, names, [&] { return cross_entropy(y, output()); }, by_hand);
  print_gradcheck(
      "squared error:", p, names, [&] { return squared_error(y, output()); }, by_hand);

  std::printf("\n2. Its training loop, with backward() in place of the derivation (XOR, 4 hidden units)\n");
  std::printf("  epoch  squared error  cross-entropy   hand - backward(), so far\n");
  bool agree = true;
  for (int epoch = 0; epoch <= 2000; ++epoch) {
    const Tensor A2 = output(), loss = cross_entropy(y, A2);
    for (const Tensor& parameter : p) parameter.zero_grad();
    loss.backward();
    const Difference difference =
        largest_difference(by_hand(), {W1.grad(), b1.grad(), W2.grad(), b2.grad()}, names);
    agree = agree && difference.error <= 1e-12;
    for (const Tensor& parameter : p) parameter.assign(parameter - learning_rate * parameter.grad());
    if (epoch % 400 == 0)
      std::printf("  %5d  %13.6f  %13.6f   %s\n", epoch, squared_error(y, A2).item(), loss.item(),
                  agree ? "at most 1e-12" : "more than 1e-12");
  }
  const auto learned = output().array<double>();
  for (std::size_t i = 0; i < 4; ++i) std::printf("  %zu xor %zu: %.3f\n", i / 2, i % 2, learned(i, 0));
}

void check_one_layer() {
  std::printf("\n3. A tutorial of one layer, on its own numbers, against mean((Y - A)^2)\n");
  const Tensor X(xt::xarray<double>{{0.1, 0.2}, {0.3, 0.4}}), Y(xt::xarray<double>{{0.9, 0.8}, {0.7, 0.6}});
  const Tensor W = parameter(xt::xarray<double>{{0.5, 0.6}, {0.7, 0.8}}),
               b = parameter(xt::xarray<double>{0.1, 0.2});
  const auto loss = [&] { return squared_error(Y, sigmoid(matmul(X, W) + b)); };
  const Gradients right = grad(loss(), {W, b});
  const auto compare = [&](const char* what, const derivations::OneLayerRepairs& repaired) {
    print(what, largest_difference(derivations::one_layer(X, Y, W, b, repaired), right, {"W", "b"}));
  };
  compare("as it stands:", {});
  compare("sigmoid' taken at A instead of Z:", {.at_a = true});
  compare("and the added terms left out:", {.no_added_terms = true});
  compare("and dZ passed through the sigmoid:", {.no_added_terms = true, .chained = true});
  compare("and the factor 2/n of the mean:", {.no_added_terms = true, .chained = true, .of_the_mean = true});
  print_gradcheck("as it stands:", {W, b}, {"W", "b"}, loss,
                  [&] { return derivations::one_layer(X, Y, W, b); });
  try {
    derivations::one_layer(concat({X, slice(X, 0, 0, 1)}), concat({Y, slice(Y, 0, 0, 1)}), W, b);
  } catch (const Error& error) {
    std::printf("  with a third sample: %s\n", error.what());
  }
}

void check_class() {
  std::printf("\n4. A class of two layers, the only sizes its products fit: all equal, here 3\n");
  const Tensor x = randn({3, 3}, {.dtype = float64}), target = rand({3, 3}, {.dtype = float64});
  const std::vector<Tensor> p = {random_parameter({3, 3}), random_parameter({3}), random_parameter({3, 3}),
                                 random_parameter({3})};
  const auto loss = [&] {
    return squared_error(target, sigmoid(matmul(p[2], sigmoid(matmul(p[0], x) + p[1])) + p[3]));
  };
  const auto claimed = [&] { return derivations::network_class(x, p[0], p[1], p[2], p[3]); };
  const Gradients right = grad(loss(), p);
  const std::vector<std::string> names = {"weights", "bias", "output_weights", "output_bias"};
  print("as it stands:", largest_difference(claimed(), right, names));
  print("repaired:",
        largest_difference(derivations::network_class_repaired(x, target, p[0], p[1], p[2], p[3]), right,
                           names));
  print_gradcheck("as it stands:", p, names, loss, claimed);
}

void check_class_with_sizes() {
  std::printf("\n5. A class given its sizes\n");
  const auto attempt = [](std::int64_t rows, std::int64_t in, std::int64_t hidden, std::int64_t out) {
    std::printf("  sizes %d, %d, %d: ", static_cast<int>(in), static_cast<int>(hidden),
                static_cast<int>(out));
    const std::vector<Tensor> p = {random_parameter({in, hidden}), random_parameter({1, hidden}),
                                   random_parameter({hidden, out}), random_parameter({1, out})};
    const Tensor x = randn({rows, in}, {.dtype = float64}), target = rand({rows, out}, {.dtype = float64});
    try {
      const Gradients claimed = derivations::class_with_sizes(x, target, p[0], p[1], p[2], p[3]);
      const Gradients right = grad(squared_error(target, derivations::class_with_sizes_output(x, p)), p);
      const Difference weights =
          largest_difference({claimed[0], claimed[2]}, {right[0], right[2]}, {"W1", "W2"});
      std::printf("its weights' gradients are off by %.6f, most at %s;\n    ", weights.error,
                  weights.where.c_str());
      p[1].assign(p[1] - 0.1 * claimed[1]);
    } catch (const Error& error) {
      std::printf("%s\n", error.what());
    }
  };
  attempt(4, 2, 10, 1);  // XOR with its default of 10 hidden units
  attempt(2, 2, 2, 2);   // the only sizes at which its products fit
}

int main() {
  manual_seed(3);
  train_two_layers();
  check_one_layer();
  check_class();
  check_class_with_sizes();
}
