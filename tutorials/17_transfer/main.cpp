// What a network has learned from pictures of clothes, without labels, helps it to read digits of which only
// a few have labels. Usage: transfer [--quick] [--data FOLDER]
//   --quick: learns beforehand from unlabelled digits alone; fewer labels tried, one choice of them
//   --data: the folder of Fashion-MNIST's four files, where Debian's package dataset-fashion-mnist is not
//   installed
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

/// (n, 1, 28, 28) -> (n, 1024): what is passed on from task to task. Its normalization is over groups of
/// channels of one picture: it needs no statistics of a data set, which would be another one's after the
/// move.
struct Body : nn::Module {
  nn::Conv2d first{1, 32, 5, {.stride = 2, .padding = 2}}, second{32, 64, 3, {.stride = 2, .padding = 1}},
      third{64, 64, 3, {.stride = 2, .padding = 1}};
  nn::GroupNorm first_norm{8, 32}, second_norm{8, 64}, third_norm{8, 64};

  Tensor operator()(const Tensor& x) const {
    Tensor h = relu(first_norm(first(x)));          // (n, 32, 14, 14)
    h = relu(second_norm(second(h)));               // (n, 64,  7,  7)
    return flatten(relu(third_norm(third(h))), 1);  // (n, 64, 4, 4)
  }
  void visit(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
    v("third", third);
    v("first_norm", first_norm);
    v("second_norm", second_norm);
    v("third_norm", third_norm);
  }
};
constexpr std::int64_t features = 64 * 4 * 4;

// What can be learned from pictures: each task has a head of its own on the body.

/// Which way up? Every picture is turned by 0 to 3 quarters, and the network tells by how many (Gidaris,
/// Singh and Komodakis, "Unsupervised representation learning by predicting image rotations", 2018).
struct Turned : nn::Module {
  nn::Linear head{features, 4};

  static Tensor turn(const Tensor& x, int quarters) {
    switch (quarters) {
      case 1:
        return flip(permute(x, {0, 1, 3, 2}), {3});
      case 2:
        return flip(x, {2, 3});
      case 3:
        return flip(permute(x, {0, 1, 3, 2}), {2});
      default:
        return x;
    }
  }
  Tensor loss(const Body& body, const data::Batch& batch) const {
    std::vector<Tensor> turned, quarters;  // a quarter of the batch each way
    for (const Tensor& part : chunk(batch.inputs, 4)) {
      const int q = static_cast<int>(turned.size());
      turned.push_back(turn(part, q));
      quarters.push_back(full({part.shape()[0]}, q, {.dtype = int64}));
    }
    return nn::cross_entropy(head(body(concat(turned))), concat(quarters));
  }
  void visit(nn::Visitor& v) override { v("head", head); }
};

/// What was there before the noise? (Vincent et al., "Extracting and composing robust features with denoising
/// autoencoders", 2008.)
struct Denoised : nn::Module {
  nn::ConvTranspose2d first{64, 64, 3, {.stride = 2, .padding = 1}},
      second{64, 32, 3, {.stride = 2, .padding = 1, .output_padding = 1}},
      third{32, 1, 3, {.stride = 2, .padding = 1, .output_padding = 1}};

  Tensor loss(const Body& body, const data::Batch& batch) const {
    const Tensor noisy = batch.inputs + randn(batch.inputs.shape());
    Tensor h = reshape(body(noisy), {-1, 64, 4, 4});
    h = relu(second(relu(first(h))));  // 4 x 4 -> 7 x 7 -> 14 x 14
    return nn::mse_loss(third(h), batch.inputs);
  }
  void visit(nn::Visitor& v) override {
    v("first", first);
    v("second", second);
    v("third", third);
  }
};

/// Which of ten classes? With labels, to compare.
struct Named : nn::Module {
  nn::Linear head{features, 10};

  Tensor loss(const Body& body, const data::Batch& batch) const {
    return nn::cross_entropy(head(body(batch.inputs)), batch.labels);
  }
  void visit(nn::Visitor& v) override { v("head", head); }
};

/// A body that has learned a task, from first weights or from where another one ended.
template <class Task>
nn::State pretrain(const char* name, const data::Dataset& pictures, int epochs, const nn::State& start = {}) {
  manual_seed(1);
  Body body;
  if (!start.empty()) body.load(start);
  Task task;
  optim::AdamW optimizer(body.parameters(), {.lr = 2e-3});
  optimizer.add_group(task.parameters(), {.lr = 2e-3});
  data::Loader batches(pictures, {.batch_size = 128, .drop_last = true});
  optim::Scheduler scheduler(optimizer, optim::schedule::one_cycle({.total_steps = epochs * batches.size()}));
  training::Progress progress(epochs, {.interval = epochs});
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    training::Mean mean;
    for (const auto& batch : batches) {
      const Tensor loss = task.loss(body, batch);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      scheduler.step();
      mean.add(loss.item());
    }
    char text[120];
    std::snprintf(text, sizeof text, "%s, epoch %2d/%d   loss %.4f", name, epoch, epochs, mean.value());
    progress.show(epoch, text);
  }
  return body.state();
}

// Digits with few labels.

/// So many digits of each class.
data::Dataset some(const data::Dataset& digits, int each, std::uint64_t seed) {
  const data::Dataset mixed = digits.shuffle(seed);
  const auto labels = mixed.labels.array<std::int64_t>();
  std::vector<int> taken(10, 0);
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (taken[static_cast<std::size_t>(labels(i))]++ < each) chosen.push_back(static_cast<std::int64_t>(i));
  return mixed.take(chosen);
}

/// A head on features that stay as they are: they are computed once.
void fit_head(nn::Linear& head, const Tensor& known, const Tensor& labels) {
  optim::AdamW optimizer(head.parameters(), {.lr = 3e-3});
  for (int step = 0; step < 200; ++step) {
    const Tensor loss = nn::cross_entropy(head(known), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

/// Body and head together, the body in smaller steps.
void fit_all(Body& body, nn::Linear& head, const data::Dataset& digits, double lr_body, std::uint64_t seed) {
  optim::AdamW optimizer(head.parameters(), {.lr = 1e-3});
  optimizer.add_group(body.parameters(), {.lr = lr_body});
  const int steps = 100;
  optim::Scheduler scheduler(optimizer, optim::schedule::cosine({.t_max = steps}));
  data::Loader batches(
      digits, {.batch_size = std::min<std::int64_t>(32, digits.size()), .seed = seed, .drop_last = true});
  for (int step = 0; step < steps;)
    for (const auto& [inputs, labels] : batches) {
      if (step++ == steps) break;
      const Tensor loss = nn::cross_entropy(head(body(inputs)), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      scheduler.step();
    }
}

struct Source {
  const char* name;
  nn::State body;  // none: first weights
};
struct Accuracy {
  double frozen = 0, tuned = 0;
};

/// With the labels of `known`, on the digits of `test`.
Accuracy transfer(const Source& source, const data::Dataset& known, const data::Dataset& test,
                  std::uint64_t seed) {
  manual_seed(seed);
  Body body;
  if (!source.body.empty()) body.load(source.body);
  nn::Linear head(features, 10);
  const auto measured = [&] {
    const NoGrad guard;
    return training::accuracy(head(body(test.inputs)), test.labels);
  };
  const Tensor fixed = [&] {
    const NoGrad guard;
    return body(known.inputs);
  }();
  fit_head(head, fixed, known.labels);
  Accuracy accuracy{.frozen = measured()};
  fit_all(body, head, known, source.body.empty() ? 1e-3 : 3e-4, seed);
  accuracy.tuned = measured();
  return accuracy;
}

/// Without any body: a linear classifier of the pixels.
double from_pixels(const data::Dataset& known, const data::Dataset& test, std::uint64_t seed) {
  manual_seed(seed);
  nn::Linear head(28 * 28, 10);
  fit_head(head, flatten(known.inputs, 1), known.labels);
  return training::accuracy(head(flatten(test.inputs, 1)), test.labels);
}

/// Mean 0 and variance 1, by the mean and deviation of all its pixels.
data::Dataset standardized(data::Dataset set) {
  set.inputs = (set.inputs - mean(set.inputs)) / wengert::std(set.inputs);
  return set;
}

int main(int argc, char** argv) try {
  bool quick = false;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--data") == 0 && i + 1 < argc) folder = argv[++i];
  }
  data::Dataset digits = data::digits();
  digits.inputs =
      interpolate(reshape(digits.inputs, {-1, 1, 8, 8}), {.size = {28, 28}, .mode = Interpolation::bilinear});
  const auto [pool, test] = data::stratified_split(standardized(digits), 0.4, 1);

  std::vector<Source> sources = {{"nothing: first weights", {}}};
  if (quick) {
    std::printf("--quick: without Fashion-MNIST\n");
  } else {
    const data::Dataset clothes = standardized(data::fashion_mnist(folder).train);
    sources.push_back({"clothes, turned", pretrain<Turned>("clothes, turned", clothes, 2)});
    sources.push_back({"clothes, noisy", pretrain<Denoised>("clothes, noisy", clothes, 2)});
    sources.push_back({"clothes, named", pretrain<Named>("clothes, named", clothes, 2)});
  }
  sources.push_back({"digits, turned", pretrain<Turned>("digits, turned", pool, quick ? 10 : 40)});
  if (!quick)
    sources.push_back({"clothes, then digits, turned",
                       pretrain<Turned>("clothes, then digits, turned", pool, 40, sources[1].body)});

  const std::vector<int> each = quick ? std::vector<int>{3, 10} : std::vector<int>{1, 3, 10, 50};
  const int seeds = quick ? 1 : 10;
  std::printf("\nAccuracy in %% on %d held-out digits; labels of each digit, mean of %d choice%s of them\n",
              static_cast<int>(test.size()), seeds, seeds == 1 ? "" : "s");
  std::printf("   %-29s frozen:", "learned before from");
  for (const int k : each) std::printf(" %5d", k);
  std::printf("   fine-tuned:");
  for (const int k : each) std::printf(" %5d", k);
  std::printf("\n   %-29s        ", "pixels, no body");
  std::vector<double> pixels(each.size());
  for (std::size_t i = 0; i < each.size(); ++i) {
    for (int seed = 1; seed <= seeds; ++seed) {
      const auto key = static_cast<std::uint64_t>(seed);
      pixels[i] += from_pixels(some(pool, each[i], key), test, key) / seeds;
    }
    std::printf(" %5.1f", 100 * pixels[i]);
  }
  std::printf("\n");
  std::vector<std::vector<Accuracy>> table;
  for (const Source& source : sources) {
    std::vector<Accuracy> row(each.size());
    for (std::size_t i = 0; i < each.size(); ++i)
      for (int seed = 1; seed <= seeds; ++seed) {
        const auto key = static_cast<std::uint64_t>(seed);
        const Accuracy one = transfer(source, some(pool, each[i], key), test, key);
        row[i].frozen += one.frozen / seeds, row[i].tuned += one.tuned / seeds;
      }
    std::printf("   %-29s        ", source.name);
    for (const Accuracy& a : row) std::printf(" %5.1f", 100 * a.frozen);
    std::printf("              ");
    for (const Accuracy& a : row) std::printf(" %5.1f", 100 * a.tuned);
    std::printf("\n");
    table.push_back(row);
  }
  // With ten labels of each digit what was learned before is worth more than the pixels, and, with clothes at
  // hand, more than first weights.
  const std::size_t ten = quick ? 1 : 2;
  const bool helps = quick || table[1][ten].tuned > table[0][ten].tuned + 0.01;
  return helps && table.back()[ten].tuned > pixels[ten] ? 0 : 1;  // a test relies on it
} catch (const IoError& error) {
  std::fprintf(stderr, "%s\nWith --quick, Fashion-MNIST is not needed.\n", error.what());
  return 2;
}
