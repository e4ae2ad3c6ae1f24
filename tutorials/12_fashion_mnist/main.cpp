// A convolutional network learns to tell 60,000 pictures of clothing apart, in a few minutes on two cores.
// Usage: fashion_mnist [--quick] [--data FOLDER] [--epochs N]
//   --quick: few epochs, of the digits that the library carries, drawn 28 x 28
//   --data: the folder of Fashion-MNIST's four files, where Debian's package dataset-fashion-mnist is not
//   installed
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

/// A convolution of 3 x 3 that keeps the picture's extents, a normalization, a kink. The convolution needs no
/// bias: the normalization would take it off again, and has one of its own.
struct Block : nn::Module {
  nn::Conv2d conv;
  nn::BatchNorm2d norm;

  Block(std::int64_t in, std::int64_t out) : conv(in, out, 3, {.padding = 1, .bias = false}), norm(out) {}
  Tensor operator()(const Tensor& x) const { return relu(norm(conv(x))); }
  void visit(nn::Visitor& v) override {
    v("conv", conv);
    v("norm", norm);
  }
};

struct Network : nn::Module {
  Block first{1, 32}, second{32, 64}, third{64, 64};
  nn::Dropout drop{0.3};
  nn::Linear output{64 * 3 * 3, 10};

  Tensor operator()(const Tensor& x) const {  // (n,  1, 28, 28)
    Tensor h = max_pool2d(first(x), 2);       // (n, 32, 14, 14)
    h = max_pool2d(second(h), 2);             // (n, 64,  7,  7)
    h = max_pool2d(third(h), 2);              // (n, 64,  3,  3)
    return output(drop(flatten(h, 1)));       // (n, 10)
  }
  void visit(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
    v("third", third);
    v("drop", drop);
    v("output", output);
  }
};

/// What is compared with it: it sees 784 numbers, and does not know which pixels are neighbours.
struct Perceptron : nn::Module {
  nn::Linear hidden{784, 256}, output{256, 10};
  nn::Dropout drop{0.3};

  Tensor operator()(const Tensor& x) const { return output(drop(relu(hidden(flatten(x, 1))))); }
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("output", output);
    v("drop", drop);
  }
};

struct Task {
  const char* name;
  data::Split pictures;
  std::vector<std::string> classes;
  bool mirrored;  // whether a picture's mirror image is of the same class
  int epochs;
  double expected;  // least accuracy; a test relies on it
};

/// Mean 0 and variance 1 over the training pictures' pixels, by the same two numbers for both parts.
data::Split standardized(data::Split split) {
  const double middle = mean(split.train.inputs).item(), deviation = wengert::std(split.train.inputs).item();
  for (data::Dataset* part : {&split.train, &split.test}) part->inputs = (part->inputs - middle) / deviation;
  return split;
}

Task clothes(const std::string& folder) {
  return {"Fashion-MNIST",
          standardized(data::fashion_mnist(folder)),
          data::fashion_mnist_classes(),
          true,
          10,
          0.91};
}

Task digits() {
  data::Dataset all = data::digits();
  all.inputs =
      interpolate(reshape(all.inputs, {-1, 1, 8, 8}), {.size = {28, 28}, .mode = Interpolation::bilinear});
  return {"digits",
          standardized(data::stratified_split(all, 0.2, 1)),
          {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
          false,
          3,
          0.9};
}

template <class Model>
Tensor all_logits(Model& model, const Tensor& inputs) {
  const NoGrad guard;
  model.eval();  // dropout off; normalization by the running statistics
  std::vector<Tensor> parts;
  for (const Tensor& part : split(inputs, 500)) parts.push_back(model(part));
  model.train();
  return concat(parts);
}

struct Score {
  double loss, accuracy;
};
template <class Model>
Score evaluate(Model& model, const data::Dataset& set) {
  const Tensor logits = all_logits(model, set.inputs);
  return {nn::cross_entropy(logits, set.labels).item(), training::accuracy(logits, set.labels)};
}

/// Each picture or, as a coin says, its mirror image.
data::Batch mirror_some(const data::Batch& batch) {
  const Tensor turned = rand({batch.inputs.shape()[0], 1, 1, 1}) < 0.5;
  return {where(turned, flip(batch.inputs, {3}), batch.inputs), batch.labels};
}

struct Result {
  double accuracy, seconds;
};

template <class Model>
Result learn(Model& model, const Task& task, int epochs, double lr, training::Run* run) {
  const data::Split& pictures = task.pictures;
  data::LoaderOptions options{.batch_size = 128, .drop_last = true};
  if (task.mirrored) options.transform = mirror_some;
  data::Loader batches(pictures.train, options);

  optim::AdamW optimizer(model.parameters(), {.lr = lr, .weight_decay = 0.05});
  // From small steps up to large ones, and down to almost none.
  optim::Scheduler scheduler(optimizer, optim::schedule::one_cycle({.total_steps = epochs * batches.size()}));
  const data::Dataset known = pictures.train.take([&] {  // what is measured of the training part
    std::vector<std::int64_t> first(
        static_cast<std::size_t>(std::min(pictures.train.size(), pictures.test.size())));
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = static_cast<std::int64_t>(i);
    return first;
  }());

  training::Progress progress(epochs, {.interval = 1});
  Score held_out{};
  bool drawn = false;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    for (const auto& [inputs, labels] : batches) {
      const Tensor loss = nn::cross_entropy(model(inputs), labels);
      if (run && !std::exchange(drawn, true)) run->tape(loss, model.named_parameters());
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      scheduler.step();
    }
    const Score training = evaluate(model, known);
    held_out = evaluate(model, pictures.test);
    if (run) {
      run->log(epoch, {{"loss/training", training.loss},
                       {"loss/held out", held_out.loss},
                       {"accuracy/training", training.accuracy},
                       {"accuracy/held out", held_out.accuracy},
                       {"lr", optimizer.lr()}});
      run->log_gradients(epoch, model.named_parameters());
    }
    char text[120];
    std::snprintf(text, sizeof text, "epoch %2d/%d   loss %.4f   held out %.4f, accuracy %.2f %%", epoch,
                  epochs, training.loss, held_out.loss, 100 * held_out.accuracy);
    progress.show(epoch, text);
  }
  return {held_out.accuracy, progress.seconds()};
}

std::int64_t count(const nn::Module& model) {
  std::int64_t numbers = 0;
  for (const Tensor& p : model.parameters()) numbers += p.size();
  return numbers;
}

/// Each channel of the first layer: its 3 x 3 weights, from black for the least to white for the largest.
void draw_filters(const Network& model, const std::string& path) {
  const Tensor weight = squeeze(model.first.conv.weight, {1});  // (32, 3, 3)
  const Tensor low = min(weight, {1, 2}, true), high = max(weight, {1, 2}, true);
  const Tensor pictures = repeat(repeat((weight - low) / (high - low), 10, 1), 10, 2);
  io::save_png(path, io::image_grid(pictures, {.columns = 8, .padding = 4, .background = 0.5}));
}

/// What the network makes of the held-out pictures: a table, and the wrong ones for the report.
void show(training::Run& run, Network& model, const Task& task) {
  const data::Dataset& test = task.pictures.test;
  const Tensor probabilities = nn::softmax(all_logits(model, test.inputs)), read = argmax(probabilities);
  training::ConfusionMatrix matrix(10);
  matrix.add(read, test.labels);
  run.confusion(matrix, task.classes);
  std::printf("\n%-12s  precision %%  recall %%   most often taken for\n", "");
  for (std::int64_t label = 0; label < 10; ++label) {
    std::int64_t other = label == 0 ? 1 : 0;
    for (std::int64_t i = 0; i < 10; ++i)
      if (i != label && matrix.count(label, i) > matrix.count(label, other)) other = i;
    std::printf("%-12s  %11.1f  %8.1f", task.classes[static_cast<std::size_t>(label)].c_str(),
                100 * matrix.precision(label), 100 * matrix.recall(label));
    if (const auto times = matrix.count(label, other); times > 0)
      std::printf("   %s (%d)", task.classes[static_cast<std::size_t>(other)].c_str(),
                  static_cast<int>(times));
    std::printf("\n");
  }
  const Tensor order = slice(argsort(read == test.labels, 0), 0, 0, 36);  // wrong ones first
  const auto chosen = [&](const Tensor& x) { return index_select(x, 0, order); };
  const Tensor images = chosen(squeeze(test.inputs, {1}));
  run.samples((images - min(images)) / (max(images) - min(images)), chosen(test.labels), chosen(read),
              chosen(max(probabilities, {1})), task.classes);
}

int main(int argc, char** argv) try {
  bool quick = false;
  int epochs = 0;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--data") == 0 && i + 1 < argc) folder = argv[++i];
    if (std::strcmp(argv[i], "--epochs") == 0 && i + 1 < argc) epochs = std::max(1, std::atoi(argv[++i]));
  }
  const Task task = quick ? digits() : clothes(folder);
  if (epochs == 0) epochs = task.epochs;
  std::printf("%s: %d pictures to learn from, %d held out\n", task.name,
              static_cast<int>(task.pictures.train.size()), static_cast<int>(task.pictures.test.size()));

  manual_seed(1);
  Perceptron flat;
  std::printf("\n1. Without convolutions: 784-256-10, %d parameters\n", static_cast<int>(count(flat)));
  const Result before = learn(flat, task, epochs, 1e-3, nullptr);

  manual_seed(1);
  Network model;
  std::printf("\n2. Three convolutions: %d parameters\n", static_cast<int>(count(model)));
  training::Run run("fashion_mnist_run",
                    {{"data", task.name},
                     {"network", "3 x (convolution 3 x 3, batch norm, relu, max pool), linear"},
                     {"optimizer", "AdamW, one cycle"},
                     {"lr", 4e-3},
                     {"weight decay", 0.05},
                     {"batch size", 128},
                     {"epochs", epochs}},
                    {.title = std::string("A convolutional network on ") + task.name, .replace = true});
  const Result result = learn(model, task, epochs, 4e-3, &run);
  std::printf("Accuracy on held-out pictures: %.2f %% after %s; without convolutions %.2f %% after %s\n",
              100 * result.accuracy, training::duration(result.seconds).c_str(), 100 * before.accuracy,
              training::duration(before.seconds).c_str());

  show(run, model, task);
  draw_filters(model, run.path("filters.png"));
  run.save_weights(model.state());
  run.write_report();
  std::printf("\n");
  for (const char* file : {"report.html", "filters.png", "weights.safetensors"})
    std::printf("%s\n", std::filesystem::absolute(run.path(file)).c_str());
  return result.accuracy > task.expected ? 0 : 1;  // a test relies on it
} catch (const IoError& error) {
  std::fprintf(stderr, "%s\nWith --quick, Fashion-MNIST is not needed.\n", error.what());
  return 2;
}
