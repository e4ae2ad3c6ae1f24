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
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <wengert/wengert.hpp>

#include "../support/loss_curve.hpp"

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
  return {nn::cross_entropy(logits, digits.labels).item(), training::accuracy(logits, digits.labels)};
}

struct Result {
  double accuracy, seconds;                // on the held-out digits at the end
  std::vector<double> training, held_out;  // losses after each epoch
};

Result learn(Network& model, const data::Split& digits, int epochs, std::uint64_t seed, training::Run* run) {
  Result result;
  const double lr = 2e-3;
  optim::Adam optimizer(model.parameters(), {.lr = lr});
  data::Loader batches(digits.train, {.batch_size = 32, .seed = seed});
  training::Progress progress(epochs, {.interval = 10});
  Score held_out{};
  bool drawn = false;  // the tape of the first step is enough
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    // Half a cosine: large steps first, ever smaller ones to settle.
    optimizer.set_lr(lr * 0.5 * (1 + std::cos(std::numbers::pi * (epoch - 1) / epochs)));
    for (const auto& [inputs, labels] : batches) {
      const Tensor loss = nn::cross_entropy(model(inputs), labels);
      if (run && !std::exchange(drawn, true)) run->tape(loss, model.named_parameters());
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    // Both losses are measured the same way, after the epoch and without dropout, so that they can be
    // compared.
    const Score training = evaluate(model, digits.train);
    held_out = evaluate(model, digits.test);
    result.training.push_back(training.loss);
    result.held_out.push_back(held_out.loss);
    if (run) {
      run->log(epoch, {{"loss/training", training.loss},
                       {"loss/held out", held_out.loss},
                       {"accuracy/training", training.accuracy},
                       {"accuracy/held out", held_out.accuracy},
                       {"lr", optimizer.lr()}});
      run->log_gradients(epoch, model.named_parameters());
    }
    char text[100];
    std::snprintf(text, sizeof text, "epoch %2d/%d   loss %.4f   held out %.4f, accuracy %.1f %%", epoch,
                  epochs, training.loss, held_out.loss, 100 * held_out.accuracy);
    progress.show(epoch, text);
  }
  result.accuracy = held_out.accuracy;
  result.seconds = progress.seconds();
  return result;
}

/// What the network makes of the held-out digits, the wrong ones first, for the report.
void show(training::Run& run, Network& model, const data::Dataset& held_out) {
  const NoGrad guard;
  model.eval();
  const Tensor probabilities = nn::softmax(model(held_out.inputs)), read = argmax(probabilities);
  training::ConfusionMatrix matrix(10);
  matrix.add(read, held_out.labels);
  run.confusion(matrix);
  const Tensor order = argsort(read == held_out.labels, 0);
  const auto sorted = [&](const Tensor& x) { return index_select(x, 0, order); };
  run.samples(1.0 - reshape(sorted(held_out.inputs), {-1, 8, 8}), sorted(held_out.labels), sorted(read),
              sorted(max(probabilities, {1})));
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
    std::optional<training::Run> run;
    if (seed == 1)
      run.emplace("digits_run",
                  training::Config{{"network", "64-128-128-10"},
                                   {"dropout", 0.3},
                                   {"optimizer", "Adam"},
                                   {"lr", 2e-3},
                                   {"batch size", 32},
                                   {"epochs", epochs},
                                   {"seed", seed}},
                  training::RunOptions{.title = "Learning to read handwritten digits", .replace = true});
    const Result result =
        learn(model, split, epochs, static_cast<std::uint64_t>(seed), run ? &*run : nullptr);
    std::printf("Accuracy on held-out digits: %.2f %% after %.2f s of training\n", 100 * result.accuracy,
                result.seconds);
    accuracies += result.accuracy;
    if (!run) continue;

    draw_some(model, split.test);
    show(*run, model, split.test);
    run->save_weights(model.state());
    run->write_report();
    write_loss_curve(run->path("loss.svg"), "Learning to read handwritten digits",
                     {{"training", "#2563eb", result.training}, {"held out", "#c2410c", result.held_out}});
    std::printf("\n");
    for (const auto& [what, file] : {std::pair{"Report:     ", "report.html"},
                                     {"Loss curve: ", "loss.svg"},
                                     {"Weights:    ", "weights.safetensors"}})
      std::printf("%s%s\n", what, std::filesystem::absolute(run->path(file)).c_str());
    if (seeds > 1) std::printf("\n");
  }
  if (seeds > 1) std::printf("Mean accuracy over %d seeds: %.2f %%\n", seeds, 100 * accuracies / seeds);
  return accuracies / seeds > 0.9 ? 0 : 1;  // a test relies on it
}
