// A multilayer perceptron learns to read 1,797 handwritten digits, in about a second.
// Usage: digits [--quick] [--seeds N]     (--quick: fewer epochs; --seeds: a run with each of the seeds 1 ...
// N)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

#include "../support/loss_curve.hpp"
#include "../support/progress.hpp"

using namespace wengert;

struct Network : nn::Module {
  nn::Linear first{64, 128}, second{128, 128}, third{128, 10};
  nn::Dropout drop{0.3};

  Tensor operator()(const Tensor& x) const {
    const Tensor h = drop(relu(first(x)));
    return third(drop(relu(second(h))));
  }
  void visit(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
    v("third", third);
    v("drop", drop);
  }
};

struct Score {
  double loss, accuracy;
};

Score evaluate(Network& model, const data::Dataset& digits) {
  const NoGrad guard;
  model.eval();  // dropout off
  const Tensor logits = model(digits.inputs);
  model.train();
  return {nn::cross_entropy(logits, digits.labels).item(),
          sum(argmax(logits) == digits.labels).item() / static_cast<double>(digits.size())};
}

struct Run {
  std::vector<double> training, held_out;  // losses after each epoch
  double accuracy = 0, seconds = 0;        // on the held-out digits at the end
};

Run train(Network& model, const data::Split& digits, int epochs, std::uint64_t seed) {
  const double lr = 2e-3;
  optim::Adam optimizer(model.parameters(), {.lr = lr});
  data::Loader batches(digits.train, {.batch_size = 32, .seed = seed});
  Run run;
  Progress progress(epochs, 10);
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    // Half a cosine: large steps first, ever smaller ones to settle.
    optimizer.set_lr(lr * 0.5 * (1 + std::cos(std::numbers::pi * (epoch - 1) / epochs)));
    for (const auto& [inputs, labels] : batches) {
      const Tensor loss = nn::cross_entropy(model(inputs), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    // Both losses are measured the same way, after the epoch and without dropout, so that they can be
    // compared.
    const Score training = evaluate(model, digits.train), held_out = evaluate(model, digits.test);
    run.training.push_back(training.loss);
    run.held_out.push_back(held_out.loss);
    run.accuracy = held_out.accuracy;
    char text[100];
    std::snprintf(text, sizeof text, "epoch %2d/%d   loss %.4f   held out %.4f, accuracy %.1f %%", epoch,
                  epochs, training.loss, held_out.loss, 100 * held_out.accuracy);
    progress.show(epoch, text);
  }
  run.seconds = progress.seconds();
  return run;
}

/// Digits side by side, two characters a pixel, what was read under each.
void draw(Network& model, const data::Dataset& digits) {
  const NoGrad guard;
  model.eval();
  const Tensor probabilities = nn::softmax(model(digits.inputs));
  const auto pixels = digits.inputs.array<float>(), p = max(probabilities, {1}).array<float>();
  const auto read = argmax(probabilities).array<std::int64_t>(), labels = digits.labels.array<std::int64_t>();
  const auto count = static_cast<std::size_t>(digits.size());
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t i = 0; i < count; ++i) {
      std::printf("  ");
      for (std::size_t column = 0; column < 8; ++column) {
        const char ink = " .:-=+*#%@"[std::min(9, static_cast<int>(pixels(i, 8 * row + column) * 10))];
        std::printf("%c%c", ink, ink);
      }
    }
    std::printf("\n");
  }
  for (std::size_t i = 0; i < count; ++i) {
    char text[32];
    std::snprintf(text, sizeof text, read(i) == labels(i) ? "%d (%.1f %%)" : "%d (%.1f %%), is %d",
                  static_cast<int>(read(i)), 100 * static_cast<double>(p(i)), static_cast<int>(labels(i)));
    std::printf("  %-16s", text);
  }
  std::printf("\n");
}

/// Four digits as they come, and up to four that were read wrongly.
void draw_some(Network& model, const data::Dataset& held_out) {
  model.eval();
  const auto right = (argmax(model(held_out.inputs)) == held_out.labels).array<bool>();
  std::vector<std::int64_t> wrong;
  for (std::size_t i = 0; i < right.size() && wrong.size() < 4; ++i)
    if (!right(i)) wrong.push_back(static_cast<std::int64_t>(i));
  std::printf("\nHeld-out digits, and what the network reads:\n\n");
  draw(model, held_out.take({0, 1, 2, 3}));
  if (wrong.empty()) return;
  std::printf("\nWhere it is wrong:\n\n");
  draw(model, held_out.take(wrong));
}

int main(int argc, char** argv) {
  int epochs = 40, seeds = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) epochs = 10;
    if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) seeds = std::max(1, std::atoi(argv[++i]));
  }
  const data::Dataset digits = data::digits();
  double accuracies = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    manual_seed(static_cast<std::uint64_t>(seed));
    const data::Split split = data::stratified_split(digits, 0.2, static_cast<std::uint64_t>(seed));
    Network model;
    std::printf("Seed %d: %d digits to learn from, %d held out\n", seed, static_cast<int>(split.train.size()),
                static_cast<int>(split.test.size()));
    const Run run = train(model, split, epochs, static_cast<std::uint64_t>(seed));
    std::printf("Accuracy on held-out digits: %.2f %% after %.2f s of training\n", 100 * run.accuracy,
                run.seconds);
    accuracies += run.accuracy;
    if (seed > 1) continue;

    draw_some(model, split.test);
    write_loss_curve("digits_loss.svg", "Learning to read handwritten digits",
                     {{"training", "#2563eb", run.training}, {"held out", "#c2410c", run.held_out}});
    io::save_safetensors("digits.safetensors", model.state());
    std::printf("\nLoss curve: %s\nWeights:    %s\n", std::filesystem::absolute("digits_loss.svg").c_str(),
                std::filesystem::absolute("digits.safetensors").c_str());
    if (seeds > 1) std::printf("\n");
  }
  if (seeds > 1) std::printf("Mean accuracy over %d seeds: %.2f %%\n", seeds, 100 * accuracies / seeds);
  return accuracies / seeds > 0.9 ? 0 : 1;  // a test relies on it
}
