// What an activation does to a gradient, what the first weights do to it, and why depth multiplies both.
// Usage: activations_and_initialization [--quick]     (--quick: fewer epochs and seeds on the digits)
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

using nn::init::Nonlinearity;
constexpr double leak = 0.1;  // the slope of the leaky relu below 0

struct Activation {
  const char* name;
  Tensor (*f)(const Tensor&);
  Nonlinearity kind;  // for initializers
};
const std::array<Activation, 4> activations = {{
    {"sigmoid", [](const Tensor& x) { return sigmoid(x); }, Nonlinearity::sigmoid},
    {"tanh", [](const Tensor& x) { return tanh(x); }, Nonlinearity::tanh},
    {"relu", [](const Tensor& x) { return relu(x); }, Nonlinearity::relu},
    {"leaky relu", [](const Tensor& x) { return leaky_relu(x, leak); }, Nonlinearity::leaky_relu},
}};

struct Initializer {
  const char* name;
  void (*fill)(const Tensor& weight, const Activation& activation);
};
const std::array<Initializer, 4> initializers = {{
    {"normal(0, 0.01)", [](const Tensor& w, const Activation&) { nn::init::normal(w, 0.0, 0.01); }},
    {"normal(0, 1)", [](const Tensor& w, const Activation&) { nn::init::normal(w); }},
    {"xavier", [](const Tensor& w, const Activation&) { nn::init::xavier_normal(w); }},
    {"kaiming",
     [](const Tensor& w, const Activation& a) {
       nn::init::kaiming_normal(w, {.slope = leak, .nonlinearity = a.kind});
     }},
}};

/// `depth` hidden layers with one activation, and a linear layer to the outputs.
struct Network : nn::Module {
  std::vector<nn::Linear> hidden;
  nn::Linear output;
  const Activation& activation;

  Network(std::int64_t in, std::int64_t width, int depth, std::int64_t out, const Activation& f)
      : output(width, out), activation(f) {
    for (int i = 0; i < depth; ++i) hidden.emplace_back(i == 0 ? in : width, width);
  }
  void initialize(const Initializer& initializer) {
    for (nn::Linear& layer : hidden) {
      initializer.fill(layer.weight, activation);
      nn::init::zeros(layer.bias);
    }
    nn::init::zeros(output.bias);
  }
  /// The values behind each hidden layer.
  std::vector<Tensor> layers(const Tensor& x) const {
    std::vector<Tensor> values;
    for (const nn::Linear& layer : hidden)
      values.push_back(activation.f(layer(values.empty() ? x : values.back())));
    return values;
  }
  Tensor operator()(const Tensor& x) const { return output(layers(x).back()); }
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("output", output);
  }
};

double rms(const Tensor& x) { return std::sqrt(mean(square(x)).item()); }

void slopes() {
  std::printf("1. Value and slope of four activations, the slope by the tape\n         x");
  for (const double x : {-4.0, -1.0, 0.5, 1.0, 4.0}) std::printf("  %13.1f", x);
  for (const Activation& activation : activations) {
    std::printf("\n%10s", activation.name);
    const Tensor x(xt::xarray<double>{-4.0, -1.0, 0.5, 1.0, 4.0});
    const auto [y, pullback] = vjp(activation.f, x);
    const auto value = y.array<double>(), slope = pullback(ones_like(x)).array<double>();
    for (std::size_t i = 0; i < 5; ++i) std::printf("  %6.3f %6.3f", value(i), slope(i));
  }
  std::printf("\n");
}

constexpr int depth = 20;

struct Flow {
  std::vector<double> values, gradients;  // root mean squares behind each layer
  /// What a gradient is multiplied by on its way through one layer, on average over all of them.
  double factor() const { return std::pow(gradients.front() / gradients.back(), 1.0 / (depth - 1)); }
};

/// A random input comes in at the first layer, a random gradient at the last one.
Flow measure(const Activation& activation, const Initializer& initializer) {
  manual_seed(1);
  Network network(100, 100, depth, 1, activation);
  network.to(float64);  // float32 would end at 1e-38, and some of these go below
  network.initialize(initializer);
  const std::vector<Tensor> layers = network.layers(randn({200, 100}, {.dtype = float64}));
  const Tensor seed = randn({200, 100}, {.dtype = float64});
  const std::vector<Tensor> gradients = grad(layers.back(), layers, {.seeds = {seed}});
  Flow flow;
  for (const Tensor& value : layers) flow.values.push_back(rms(value));
  for (const Tensor& gradient : gradients) flow.gradients.push_back(rms(gradient));
  return flow;
}

bool flows() {
  std::printf("\n2. Values and gradients in %d layers of 100, before any training\n", depth);
  std::printf("   %-11s %-18s values behind layer                gradient there                     factor\n",
              "", "");
  std::printf("   %-11s %-18s", "", "");
  for (int half = 0; half < 2; ++half) std::printf("      1        7       14       20 ");
  std::printf(" a layer\n");
  std::array<double, 4> best{};
  for (std::size_t a = 0; a < activations.size(); ++a) {
    for (const Initializer& initializer : initializers) {
      const Flow flow = measure(activations[a], initializer);
      std::printf("   %-11s %-18s", activations[a].name, initializer.name);
      for (const auto& list : {flow.values, flow.gradients}) {
        for (const std::size_t layer : {1, 7, 14, 20}) std::printf(" %8.1e", list[layer - 1]);
        std::printf(" ");
      }
      std::printf(" %6.3f\n", flow.factor());
      best[a] = flow.factor();  // the last initializer's
    }
  }
  // ReLU passes half of the inputs; with variance v of n weights a gradient's square is multiplied by n v
  // / 2.
  std::printf("   relu by the formula, sqrt(n v / 2): %.3f, %.3f, %.3f, %.3f\n", std::sqrt(100 * 1e-4 / 2),
              std::sqrt(100 / 2.0), std::sqrt(0.5), 1.0);
  return best[0] < 0.3 && std::abs(best[2] - 1) < 0.1 && std::abs(best[3] - 1) < 0.1;
}

double accuracy(const Network& network, const data::Dataset& digits) {
  const NoGrad guard;
  return sum(argmax(network(digits.inputs)) == digits.labels).item() / static_cast<double>(digits.size());
}

void train(Network& network, const data::Dataset& digits, double lr, int epochs) {
  optim::SGD optimizer(network.parameters(), {.lr = lr, .momentum = 0.9});
  data::Loader batches(digits, {.batch_size = 64});
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (const auto& [inputs, labels] : batches) {
      const Tensor loss = nn::cross_entropy(network(inputs), labels);
      optimizer.zero_grad();
      loss.backward();
      optim::clip_grad_norm(network.parameters(), 1.0);  // or normal(0, 1) would be infinite at once
      optimizer.step();
    }
}

/// The accuracy of a network of ten hidden layers, mean of the seeds 1, 2, ...
double deep_accuracy(const Activation& activation, const Initializer& initializer, const data::Split& digits,
                     int epochs, int seeds) {
  double total = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    manual_seed(static_cast<std::uint64_t>(seed));
    Network network(64, 64, 10, 10, activation);
    network.initialize(initializer);
    train(network, digits.train, 0.02, epochs);
    total += accuracy(network, digits.test);
  }
  return total / seeds;
}

bool digits_by_initializer(const data::Split& digits, int epochs, int seeds) {
  std::printf(
      "\n3. Digits: 10 hidden layers of 64, %d epochs, accuracy on the held-out fifth in %%, mean of %d "
      "seed%s\n   %-11s",
      epochs, seeds, seeds == 1 ? "" : "s", "");
  for (const Initializer& initializer : initializers) std::printf(" %18s", initializer.name);
  double worst_relu = 1, best_relu = 0;
  for (const Activation& activation : activations) {
    std::printf("\n   %-11s", activation.name);
    for (const Initializer& initializer : initializers) {
      const double score = deep_accuracy(activation, initializer, digits, epochs, seeds);
      std::printf(" %18.1f", 100 * score);
      std::fflush(stdout);
      if (activation.kind == Nonlinearity::relu)
        worst_relu = std::min(worst_relu, score), best_relu = std::max(best_relu, score);
    }
  }
  std::printf("\n");
  return worst_relu < 0.3 && best_relu > 0.8;
}

/// The number of hidden units that differ from every other.
int distinct_units(const Tensor& weight) {
  const auto w = weight.array<float>();
  int count = 0;
  for (std::size_t i = 0; i < w.shape()[0]; ++i) {
    bool fresh = true;
    for (std::size_t j = 0; j < i && fresh; ++j) {
      double distance = 0;
      for (std::size_t k = 0; k < w.shape()[1]; ++k) distance += std::abs(w(i, k) - w(j, k));
      fresh = distance > 1e-3;
    }
    count += fresh;
  }
  return count;
}

bool symmetry(const data::Split& digits) {
  std::printf("\n4. All weights alike at the start: 32 units that stay one (5 epochs)\n");
  bool holds = true;
  for (const bool constant : {true, false}) {
    manual_seed(1);
    Network network(64, 32, 1, 10, activations[1]);
    if (constant)
      for (const Tensor& parameter : network.parameters()) nn::init::constant(parameter, 0.02);
    train(network, digits.train, 0.05, 5);
    const int distinct = distinct_units(network.hidden[0].weight);
    std::printf("   %-16s %2d different units of 32, accuracy %.1f %%\n",
                constant ? "constant(0.02)" : "random", distinct, 100 * accuracy(network, digits.test));
    holds = holds && distinct == (constant ? 1 : 32);
  }
  return holds;
}

/// The share of hidden units whose weights get a gradient from any of the digits.
double reached(const Network& network, const data::Dataset& digits) {
  const Tensor loss = nn::cross_entropy(network(digits.inputs), digits.labels);
  const Tensor gradient = grad(loss, {network.hidden[0].weight})[0];
  return mean((max(abs(gradient), {1}) > 0.0).astype(float32)).item();
}

bool dead_units(const data::Split& digits, int epochs) {
  std::printf("\n5. Units below 0 for every digit: a relu passes no gradient to their weights, for ever\n");
  std::printf("   %-11s  units that learn: at the start   after %2d epochs   accuracy\n", "", epochs);
  std::array<double, 2> learning{};
  for (const std::size_t a : {2, 3}) {
    manual_seed(1);
    Network network(64, 128, 1, 10, activations[a]);
    network.initialize(initializers[3]);
    // Biases far below 0 are what one step too large leaves behind.
    nn::init::normal(network.hidden[0].bias, -4.0, 2.0);
    const double before = reached(network, digits.train);
    train(network, digits.train, 0.05, epochs);
    learning[a - 2] = reached(network, digits.train);
    std::printf("   %-11s %30.1f %% %15.1f %% %9.1f %%\n", activations[a].name, 100 * before,
                100 * learning[a - 2], 100 * accuracy(network, digits.test));
  }
  return learning[0] < 0.3 && learning[1] == 1;
}

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  const int epochs = quick ? 5 : 30;
  const data::Split digits = data::stratified_split(data::digits(), 0.2, 1);
  slopes();
  bool holds = flows();
  holds = digits_by_initializer(digits, epochs, quick ? 1 : 5) && holds;
  holds = symmetry(digits) && holds;
  holds = dead_units(digits, epochs) && holds;
  return holds ? 0 : 1;  // a test relies on it
}
