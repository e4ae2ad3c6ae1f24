// The derivative of a loss with respect to the picture: what a network looks at, how to fool it, how to
// harden it. Usage: adversarial [--quick]     (--quick: fewer epochs, one seed instead of five)
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

struct Network : nn::Module {
  nn::Linear first{64, 128}, second{128, 128}, third{128, 10};
  Tensor operator()(const Tensor& x) const { return third(relu(second(relu(first(x))))); }
  void visit(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
    v("third", third);
  }
};

/// The derivative of the loss with respect to the pixels. The parameters' own gradients are left alone.
Tensor pixel_gradient(const Network& model, const Tensor& x, const Tensor& labels) {
  const auto loss = [&](const Tensor& pixels) {
    return nn::cross_entropy(model(pixels), labels, {.reduction = nn::Reduction::sum});
  };
  return value_and_grad(loss, x).second;
}

/// One step of size `epsilon` in every pixel, in the direction that makes the loss larger (Goodfellow, Shlens
/// and Szegedy, "Explaining and harnessing adversarial examples", 2015).
Tensor fgsm(const Network& model, const Tensor& x, const Tensor& labels, double epsilon) {
  return clip(x + epsilon * sign(pixel_gradient(model, x, labels)), 0.0, 1.0);
}

/// Several small steps from a random start, each brought back to within `epsilon` of the picture (Madry et
/// al., "Towards deep learning models resistant to adversarial attacks", 2018).
Tensor pgd(const Network& model, const Tensor& x, const Tensor& labels, double epsilon, int steps) {
  const NoGrad guard;  // value_and_grad records what it needs
  const Tensor low = maximum(x - epsilon, 0.0), high = minimum(x + epsilon, 1.0);
  Tensor attacked = clip(x + epsilon * (2.0 * rand(x.shape()) - 1.0), low, high);
  for (int step = 0; step < steps; ++step)
    attacked =
        clip(attacked + 2.5 * epsilon / steps * sign(pixel_gradient(model, attacked, labels)), low, high);
  return attacked;
}

double accuracy(const Network& model, const Tensor& x, const Tensor& labels) {
  const NoGrad guard;
  return mean((argmax(model(x)) == labels).astype(float64)).item();
}

/// Ordinary training where epsilon is 0; otherwise each batch is attacked first, and the network learns from
/// that.
void train(Network& model, const data::Dataset& digits, int epochs, std::uint64_t seed, double epsilon) {
  optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
  data::Loader batches(digits, {.batch_size = 32, .seed = seed});
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (const auto& [inputs, labels] : batches) {
      const Tensor x = epsilon > 0 ? pgd(model, inputs, labels, epsilon, 5) : inputs;
      const Tensor loss = nn::cross_entropy(model(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
}

// Pictures as text, two characters a pixel, side by side.

using Picture = std::vector<std::string>;

Picture ink(const Tensor& pixels) {
  const auto p = pixels.array<float>();
  Picture lines(8);
  for (std::size_t i = 0; i < 64; ++i)
    lines[i / 8] += std::string(2, " .:-=+*#%@"[std::clamp(static_cast<int>(p(i) * 10), 0, 9)]);
  return lines;
}
/// Signed: + and # for more ink, - and = for less; blank below a fifth of the largest.
Picture change(const Tensor& values) {
  const auto p = values.array<float>();
  const double most = max(abs(values)).item();
  Picture lines(8);
  for (std::size_t i = 0; i < 64; ++i) {
    const double v = p(i) / most;
    lines[i / 8] += std::string(2, std::abs(v) < 0.2 ? ' '
                                   : v > 0.6         ? '#'
                                   : v > 0           ? '+'
                                   : v < -0.6        ? '='
                                                     : '-');
  }
  return lines;
}
void show(const std::vector<std::string>& titles, const std::vector<Picture>& pictures) {
  for (const std::string& title : titles) std::printf("   %-18s", title.c_str());
  for (std::size_t row = 0; row < 8; ++row) {
    std::printf("\n");
    for (const Picture& picture : pictures) std::printf("   |%s|", picture[row].c_str());
  }
  std::printf("\n");
}
std::string reading(const Network& model, const Tensor& x) {
  const NoGrad guard;
  const Tensor p = nn::softmax(model(x));
  char text[40];
  std::snprintf(text, sizeof text, "%d (%.1f %%)", static_cast<int>(argmax(p).item()), 100 * max(p).item());
  return text;
}

/// The derivative of the right class's logit with respect to each pixel.
Tensor slopes(const Network& model, const data::Dataset& one) {
  const auto logit = [&](const Tensor& x) { return sum(gather(model(x), 1, reshape(one.labels, {1, 1}))); };
  return squeeze(value_and_grad(logit, one.inputs).second);
}

void saliency(const Network& plain, const Network& hard, const data::Dataset& test) {
  std::printf(
      "1. Saliency: more ink at + and #, less ink at - and = would make the network surer of the digit\n");
  for (const std::int64_t i : {0, 1, 2}) {
    const data::Dataset one = test.take({i});
    std::printf("\n");
    show({"a " + std::to_string(static_cast<int>(one.labels.item())), "ordinary training",
          "trained on attacks"},
         {ink(squeeze(one.inputs)), change(slopes(plain, one)), change(slopes(hard, one))});
  }
}

/// The first held-out digit that is read rightly and that the attack turns.
void example(const Network& model, const data::Dataset& test, double epsilon) {
  std::printf("\n2. An attack: at most %.2f of the ink more or less in each pixel\n\n", epsilon);
  for (std::int64_t i = 0; i < test.size(); ++i) {
    const data::Dataset one = test.take({i});
    const Tensor attacked = fgsm(model, one.inputs, one.labels, epsilon);
    if (accuracy(model, one.inputs, one.labels) < 1 || accuracy(model, attacked, one.labels) > 0) continue;
    show({reading(model, one.inputs), "what is added", reading(model, attacked)},
         {ink(squeeze(one.inputs)), change(squeeze(attacked - one.inputs)), ink(squeeze(attacked))});
    return;
  }
}

constexpr std::array<double, 5> sizes = {0.0, 0.05, 0.1, 0.15, 0.2};
using Curve = std::array<double, sizes.size()>;

struct Study {
  Curve noise{}, fgsm{}, pgd{};
};

/// Adds accuracies at each size of attack, divided by `parts`.
void measure(Study& study, const Network& model, const data::Dataset& test, int parts) {
  const Tensor &x = test.inputs, &labels = test.labels;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Tensor random = clip(x + sizes[i] * sign(randn(x.shape())), 0.0, 1.0);
    study.noise[i] += accuracy(model, random, labels) / parts;
    study.fgsm[i] += accuracy(model, fgsm(model, x, labels, sizes[i]), labels) / parts;
    study.pgd[i] += accuracy(model, pgd(model, x, labels, sizes[i], 40), labels) / parts;
  }
}

void print(const char* name, const Curve& curve) {
  std::printf("   %-32s", name);
  for (const double value : curve) std::printf("  %6.1f", 100 * value);
  std::printf("\n");
}

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  const int seeds = quick ? 1 : 5, epochs = quick ? 10 : 30;
  const double epsilon = 0.15;
  Study ordinary, hardened;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto key = static_cast<std::uint64_t>(seed);
    const auto [training, test] = data::stratified_split(data::digits(), 0.2, key);
    manual_seed(key);
    Network plain;
    train(plain, training, epochs, key, 0.0);
    manual_seed(key);
    Network hard;
    train(hard, training, epochs, key, epsilon);
    if (seed == 1) saliency(plain, hard, test), example(plain, test, epsilon);
    measure(ordinary, plain, test, seeds);
    measure(hardened, hard, test, seeds);
  }
  std::printf("\n3. Accuracy in %% on held-out digits; mean of %d seed%s\n", seeds, seeds == 1 ? "" : "s");
  std::printf("   %-32s", "change of each pixel up to");
  for (const double size : sizes) std::printf("  %6.2f", size);
  std::printf("\n");
  print("ordinary training: random signs", ordinary.noise);
  print("                   FGSM", ordinary.fgsm);
  print("                   PGD, 40 steps", ordinary.pgd);
  print("trained on attacks: random signs", hardened.noise);
  print("                   FGSM", hardened.fgsm);
  print("                   PGD, 40 steps", hardened.pgd);
  const bool holds =
      ordinary.pgd[3] < 0.4 && hardened.pgd[3] > ordinary.pgd[3] + 0.2 && hardened.pgd[0] > 0.9;
  return holds ? 0 : 1;  // a test relies on it
}
