// Two classes and several: cross-entropy, its gradient, its traps, and three tables of measurements.
// It takes about a second.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

/// One layer, or two with a tanh between; one logit for each class.
struct Classifier : nn::Module {
  nn::Linear first, second;
  bool deep;

  Classifier(std::int64_t in, std::int64_t hidden, std::int64_t out)
      : first(in, hidden > 0 ? hidden : out),
        second(hidden > 0 ? hidden : 0, hidden > 0 ? out : 0),
        deep(hidden > 0) {}
  Tensor operator()(const Tensor& x) const { return deep ? second(tanh(first(x))) : first(x); }
  void visit(nn::Visitor& v) override {
    v("first", first);
    if (deep) v("second", second);
  }
};

// 1. Two losses that are one.

bool losses() {
  std::printf("1. Binary and categorical cross-entropy\n");
  manual_seed(1);
  const TensorOptions f64 = {.dtype = float64};
  const Tensor z = randn({6}, f64), label = (rand({6}) < 0.5).astype(int64), y = label.astype(float64);
  const Tensor two = stack({zeros_like(z), z}, 1);  // the logit of "no" is 0
  const double difference =
      std::abs(nn::binary_cross_entropy_with_logits(z, y).item() - nn::cross_entropy(two, label).item());
  std::printf("   two classes are a case of several: the losses differ by less than 1e-12: %s\n",
              difference < 1e-12 ? "yes" : "no");

  const Tensor logits = randn({6, 3}, f64), labels = Tensor(xt::xarray<std::int64_t>{0, 1, 2, 2, 1, 0});
  const auto binary = [&](const Tensor& x) { return nn::binary_cross_entropy_with_logits(x, y); };
  const auto categorical = [&](const Tensor& x) { return nn::cross_entropy(x, labels); };
  const bool simple = allclose(value_and_grad(binary, z).second, (sigmoid(z) - y) / 6.0, 1e-12, 1e-14) &&
                      allclose(value_and_grad(categorical, logits).second,
                               (nn::softmax(logits) - one_hot(labels, 3, float64)) / 6.0, 1e-12, 1e-14);
  std::printf("   the gradient in the logits is (probability - target) / n: %s\n\n", simple ? "yes" : "no");

  std::printf("   a wrong answer, y = 1, more and more certain; float32\n");
  std::printf("   logit    from the logit        from the probability    squared error\n");
  std::printf("              loss   slope            loss       slope      loss     slope\n");
  const Tensor one = ones({1});
  bool alive = true;
  for (const double value : {-1.0, -10.0, -80.0, -110.0}) {
    const Tensor x = full({1}, value);
    const auto [a, da] =
        value_and_grad([&](const Tensor& v) { return nn::binary_cross_entropy_with_logits(v, one); }, x);
    const auto [b, db] = value_and_grad([&](const Tensor& v) { return -mean(log(sigmoid(v))); }, x);
    const auto [c, dc] = value_and_grad([&](const Tensor& v) { return nn::mse_loss(sigmoid(v), one); }, x);
    std::printf("   %5.0f  %8.2f  %6.2f        %8.2f  %10.2f  %8.2f  %8.1e\n", value, a.item(), da.item(),
                b.item(), std::isnan(db.item()) ? NAN : db.item(), c.item(), dc.item() + 0.0);
    alive = alive && da.item() < -0.7 && std::isfinite(a.item());
  }

  bool found = false;
  try {
    const AnomalyMode guard;
    mean(log(sigmoid(full({1}, -110.0))));
  } catch (const ValueError& error) {
    const std::string text = error.what();
    found = text.starts_with("[log]");
    std::printf("   AnomalyMode says where that begins:\n     %s\n",
                text.substr(0, text.find(", from")).c_str());
  }
  return difference < 1e-12 && simple && alive && found;
}

// 2. Learning.

data::Split prepare(const data::Table& table, std::uint64_t seed) {
  data::Split split = data::stratified_split(table, 0.2, seed);
  // Scaled by what is known in training: the held-out samples have no say in it.
  const Tensor average = mean(split.train.inputs, {0}), deviation = wengert::std(split.train.inputs, {0});
  for (data::Dataset* part : {&split.train, &split.test}) part->inputs = (part->inputs - average) / deviation;
  return split;
}

/// Two classes have one logit, of class 0; several have one each.
Tensor loss_of(const Tensor& logits, const Tensor& labels) {
  if (logits.shape()[1] > 1) return nn::cross_entropy(logits, labels);
  return nn::binary_cross_entropy_with_logits(squeeze(logits, {1}), (labels == 0).astype(float32));
}
Tensor predict(const Tensor& logits) {
  return logits.shape()[1] > 1 ? argmax(logits) : squeeze(logits <= 0.0, {1}).astype(int64);
}

void train(Classifier& model, const data::Dataset& set, double price, int steps = 1000) {
  std::vector<Tensor> weights = {model.first.weight};  // biases go free
  if (model.deep) weights.push_back(model.second.weight);
  optim::Adam optimizer(model.parameters(), {.lr = 0.03});
  for (int step = 0; step < steps; ++step) {
    const Tensor loss = loss_of(model(set.inputs), set.labels) + price * nn::l2(weights);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

double accuracy(const Classifier& model, const data::Dataset& set) {
  const NoGrad guard;
  return mean((predict(model(set.inputs)) == set.labels).astype(float64)).item();
}

/// Held-out accuracies over the splits, and what the models say of every held-out sample.
struct Result {
  double training = 0, held_out = 0;
  std::vector<std::vector<int>> confusion;              // [truth][read]
  std::vector<std::pair<double, std::int64_t>> scores;  // two classes: logit and label
  Tensor weight;                                        // of the first split's first layer
};

Result study(const data::Table& table, std::int64_t hidden, int splits) {
  const std::size_t classes = table.classes.size();
  Result result;
  result.confusion.assign(classes, std::vector<int>(classes));
  for (int seed = 1; seed <= splits; ++seed) {
    manual_seed(static_cast<std::uint64_t>(seed));
    const data::Split split = prepare(table, static_cast<std::uint64_t>(seed));
    Classifier model(split.train.inputs.shape()[1], hidden,
                     classes == 2 ? 1 : static_cast<std::int64_t>(classes));
    train(model, split.train, 1e-3);
    result.training += accuracy(model, split.train) / splits;
    result.held_out += accuracy(model, split.test) / splits;

    const NoGrad guard;
    const Tensor logits = model(split.test.inputs);
    const auto read = predict(logits).array<std::int64_t>(), truth = split.test.labels.array<std::int64_t>();
    const auto first = squeeze(slice(logits, 1, 0, 1), {1}).array<float>();
    for (std::size_t i = 0; i < read.size(); ++i) {
      ++result.confusion[static_cast<std::size_t>(truth(i))][static_cast<std::size_t>(read(i))];
      result.scores.emplace_back(first(i), truth(i));
    }
    if (seed == 1) result.weight = model.first.weight.detach();
  }
  return result;
}

void print_confusion(const data::Table& table, const Result& result) {
  std::printf("   %-14s", "truth \\ read");
  for (const std::string& name : table.classes) std::printf(" %11s", name.c_str());
  for (std::size_t i = 0; i < table.classes.size(); ++i) {
    std::printf("\n   %-14s", table.classes[i].c_str());
    for (const int count : result.confusion[i]) std::printf(" %11d", count);
  }
  std::printf("\n");
}

// 4. Which error is worse?

bool thresholds(const Result& result) {
  std::printf("\n4. Breast cancer: how certain must one be to send a patient home?\n");
  std::printf("   call it malignant from   tumours found   missed   false alarms\n");
  std::array<int, 3> missed{};
  const std::array<double, 3> from = {0.5, 0.2, 0.05};
  for (std::size_t k = 0; k < 3; ++k) {
    int malignant = 0, found = 0, alarms = 0;
    for (const auto& [logit, label] : result.scores) {
      const bool alarm = 1 / (1 + std::exp(-logit)) >= from[k];
      malignant += label == 0, found += label == 0 && alarm, alarms += label != 0 && alarm;
    }
    missed[k] = malignant - found;
    std::printf("   %18.0f %%      %5.1f %%         %4d   %12d\n", 100 * from[k], 100.0 * found / malignant,
                missed[k], alarms);
  }
  return missed[2] <= missed[0];
}

void weights(const data::Table& table, const Tensor& weight) {
  std::printf("\n5. What the linear model looks at: the largest of 30 weights, toward malignant or benign\n");
  const auto w = weight.array<float>();
  std::vector<std::size_t> order(table.features.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order,
                    [&](std::size_t a, std::size_t b) { return std::abs(w(0, a)) > std::abs(w(0, b)); });
  for (std::size_t i = 0; i < 6; ++i)
    std::printf("   %-26s %5.2f\n", table.features[order[i]].c_str(), w(0, order[i]));
}

int main() {
  const int splits = 5;
  bool holds = losses();

  std::printf("\n2. Accuracy in %%, mean of %d stratified splits, a fifth held out\n", splits);
  std::printf(
      "   %-15s samples  classes   one layer: training  held out   16 hidden units: training  held out\n",
      "");
  const std::array<std::pair<const char*, data::Table>, 3> tables = {
      {{"iris", data::iris()}, {"wine", data::wine()}, {"breast cancer", data::breast_cancer()}}};
  std::array<Result, 3> linear;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& [name, table] = tables[i];
    linear[i] = study(table, 0, splits);
    const Result deep = study(table, 16, splits);
    std::printf("   %-15s %7d  %7d   %19.2f  %8.2f   %25.2f  %8.2f\n", name, static_cast<int>(table.size()),
                static_cast<int>(table.classes.size()), 100 * linear[i].training, 100 * linear[i].held_out,
                100 * deep.training, 100 * deep.held_out);
  }
  std::printf("\n3. Iris, one layer: what it takes for what, all held-out flowers together\n");
  print_confusion(tables[0].second, linear[0]);
  holds = thresholds(linear[2]) && holds;
  weights(tables[2].second, linear[2].weight);
  return holds && linear[2].held_out >= 0.97 && linear[0].held_out > 0.9 && linear[1].held_out > 0.93
             ? 0
             : 1;  // a test relies on it
}
