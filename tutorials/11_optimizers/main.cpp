// Ways down: gradient descent, momentum, Adam, Lion, and methods that know the curvature, in a narrow valley
// and on digits; batch sizes; schedules of the step size.
// Usage: optimizers [--quick]     (--quick: one seed instead of five, fewer step sizes and epochs)
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <wengert/wengert.hpp>

#include "../support/loss_curve.hpp"
#include "valley.hpp"

using namespace wengert;

// 2. Digits.

struct Network : nn::Module {
  nn::Linear hidden{64, 128}, output{128, 10};
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("output", output);
  }
};

using Make = std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&, double lr)>;
template <class Optimizer, class Options>
Make make(Options options) {
  return [options](const std::vector<Tensor>& parameters, double lr) mutable {
    options.lr = lr;
    return std::make_unique<Optimizer>(parameters, options);
  };
}

/// How to train.
struct Plan {
  Make make;
  double lr = 0;
  std::int64_t batch = 32;
  std::int64_t steps = 0;         // in all
  optim::Schedule schedule = {};  // by steps
};

struct Outcome {
  double loss = 0, accuracy = 0, seconds = 0;  // on all training digits; on those held out; of training
  std::vector<double> losses = {};             // on all training digits after each epoch
};

Outcome measure(const Network& model, const data::Split& digits) {
  const NoGrad guard;
  return {nn::cross_entropy(model(digits.train.inputs), digits.train.labels).item(),
          training::accuracy(model(digits.test.inputs), digits.test.labels)};
}

Outcome fit(const Plan& plan, const data::Split& digits, std::uint64_t seed) {
  manual_seed(seed);
  Network model;
  const auto optimizer = plan.make(model.parameters(), plan.lr);
  optim::Scheduler scheduler(
      *optimizer, plan.schedule ? plan.schedule : [](double base, std::int64_t) { return base; });
  data::Loader batches(digits.train, {.batch_size = plan.batch, .seed = seed});
  std::vector<double> losses;
  const double start = seconds();
  double measuring = 0;
  for (std::int64_t step = 0; step < plan.steps;) {
    for (const auto& [inputs, labels] : batches) {
      if (step++ == plan.steps) break;
      const Tensor loss = nn::cross_entropy(model(inputs), labels);
      optimizer->zero_grad();
      loss.backward();
      optimizer->step();
      scheduler.step();
    }
    const double now = seconds();
    losses.push_back(measure(model, digits).loss);
    measuring += seconds() - now;
  }
  const double spent = seconds() - start - measuring;
  Outcome outcome = measure(model, digits);
  outcome.seconds = spent, outcome.losses = losses;
  return outcome;
}

/// The mean over seeds, with a split of its own for each. The curve is that of seed 1.
Outcome fit_all(const Plan& plan, const std::vector<data::Split>& splits) {
  Outcome mean;
  const double n = static_cast<double>(splits.size());
  for (std::size_t i = 0; i < splits.size(); ++i) {
    const Outcome one = fit(plan, splits[i], i + 1);
    mean.loss += one.loss / n, mean.accuracy += one.accuracy / n;
    mean.seconds += one.seconds / n;
    if (i == 0) mean.losses = one.losses;
  }
  return mean;
}

struct Method {
  const char* name;
  Make make;
};
const std::vector<Method> methods = {
    {"gradient descent", make<optim::SGD>(optim::SGDOptions{})},
    {"momentum 0.9", make<optim::SGD>(optim::SGDOptions{.momentum = 0.9})},
    {"Nesterov 0.9", make<optim::SGD>(optim::SGDOptions{.momentum = 0.9, .nesterov = true})},
    {"Adagrad", make<optim::Adagrad>(optim::AdagradOptions{})},
    {"RMSprop", make<optim::RMSprop>(optim::RMSpropOptions{})},
    {"Adam", make<optim::Adam>(optim::AdamOptions{})},
    {"AdamW", make<optim::AdamW>(optim::AdamWOptions{})},
    {"Lion", make<optim::Lion>(optim::LionOptions{})},
};

/// Methods that measure the loss themselves, on all digits at once: they cannot do with a part of them.
template <class Optimizer, class Options>
Outcome fit_whole(const Options& options, int steps, const data::Split& digits, int& evaluations) {
  manual_seed(1);
  Network model;
  Optimizer optimizer(model.parameters(), options);
  const double start = seconds();
  for (int step = 0; step < steps; ++step)
    optimizer.step([&] {
      ++evaluations;
      return nn::cross_entropy(model(digits.train.inputs), digits.train.labels);
    });
  const double spent = seconds() - start;
  Outcome outcome = measure(model, digits);
  outcome.seconds = spent;
  return outcome;
}

bool digits_race(const std::vector<data::Split>& splits, std::int64_t epochs, bool quick) {
  const std::vector<double> rates =
      quick ? std::vector<double>{1e-3, 1e-2, 1e-1}
            : std::vector<double>{1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0};
  const std::int64_t steps = epochs * ((splits[0].train.size() + 31) / 32);
  std::printf(
      "\n2. Digits, %d epochs of batches of 32. The loss on the training digits by step size:\n   %-17s",
      static_cast<int>(epochs), "");
  for (const double rate : rates) std::printf(" %7g", rate);
  std::printf("   best: held out %%\n");
  std::vector<Outcome> best, small, larger;  // at the best step size, at 0.001, at 0.01
  for (const Method& method : methods) {
    std::printf("   %-17s", method.name);
    Outcome least{.loss = INFINITY};
    for (const double rate : rates) {
      const Outcome outcome = fit_all({.make = method.make, .lr = rate, .steps = steps}, splits);
      std::printf(outcome.loss < 100 ? " %7.4f" : "   large", outcome.loss);
      if (outcome.loss < least.loss) least = outcome;
      if (rate == 1e-3) small.push_back(outcome);
      if (rate == 1e-2) larger.push_back(outcome);
    }
    std::printf("   %16.2f\n", 100 * least.accuracy);
    best.push_back(least);
  }
  write_loss_curve("optimizers_loss.svg", "Digits: each at its best step size",
                   {{"gradient descent", "#c2410c", best[0].losses},
                    {"momentum", "#2563eb", best[1].losses},
                    {"Adam", "#15803d", best[5].losses},
                    {"Lion", "#7c3aed", best[7].losses}});

  std::printf("   On all 1,438 at once, seed 1:          loss  held out %%  evaluations  seconds\n");
  int lbfgs = 0, newton = 0;
  const int more = quick ? 1 : 4;
  const Outcome a = fit_whole<optim::LBFGS>(optim::LBFGSOptions{}, 5 * more, splits[0], lbfgs);
  const Outcome b =
      fit_whole<optim::NewtonCG>(optim::NewtonCGOptions{.cg_iterations = 20}, 10 * more, splits[0], newton);
  std::printf("   LBFGS                              %8.6f  %10.2f  %11d  %7.2f\n", a.loss, 100 * a.accuracy,
              lbfgs, a.seconds);
  std::printf("   NewtonCG, 20 products a step       %8.6f  %10.2f  %11d  %7.2f\n", b.loss, 100 * b.accuracy,
              newton, b.seconds);
  // A momentum of 0.9 is worth ten times the step size; Adam goes far at step sizes that move the others
  // little.
  return std::abs(small[1].loss / larger[0].loss - 1) < 0.1 && best[5].loss < 0.1 * larger[0].loss &&
         a.loss < 0.01;
}

// 3. The size of a batch.

/// How far the gradient of a batch of so many is from that of all digits, relative to its length; by 200
/// batches drawn at the first weights.
double gradient_noise(std::int64_t batch, const data::Dataset& digits) {
  manual_seed(1);
  const Network model;
  const auto gradient = [&](const Tensor& x, const Tensor& labels) {
    std::vector<Tensor> parts;
    for (const Tensor& g : grad(nn::cross_entropy(model(x), labels), model.parameters()))
      parts.push_back(flatten(g));
    return concat(parts);
  };
  const Tensor all = gradient(digits.inputs, digits.labels);
  training::Mean squares;
  data::Loader batches(digits, {.batch_size = batch, .drop_last = true});
  while (squares.weight() < 200)
    for (const auto& [inputs, labels] : batches)
      squares.add(sum(square(gradient(inputs, labels) - all)).item());
  return std::sqrt(squares.value() / sum(square(all)).item());
}

bool batch_sizes(const std::vector<data::Split>& splits, std::int64_t epochs) {
  const std::int64_t size = splits[0].train.size();
  std::printf("\n3. Momentum 0.9, batches of several sizes\n");
  std::printf(
      "                     %d epochs, step size 0.03         0.03 B / 32                   as many steps, "
      "0.03\n",
      static_cast<int>(epochs));
  std::printf(
      "   batch  noise   steps    loss  held out %%  s          loss  held out %%             loss  held out "
      "%%\n");
  std::vector<Outcome> same;
  for (const std::int64_t batch :
       {std::int64_t{8}, std::int64_t{32}, std::int64_t{128}, std::int64_t{512}, size}) {
    const std::int64_t steps = epochs * ((size + batch - 1) / batch), many = epochs * ((size + 31) / 32);
    Plan plan{.make = methods[1].make, .lr = 0.03, .batch = batch, .steps = steps};
    const Outcome fixed = fit_all(plan, splits);
    plan.lr = 0.03 * static_cast<double>(batch) / 32;
    const Outcome scaled = fit_all(plan, splits);
    plan.lr = 0.03, plan.steps = many;
    const Outcome stepped = fit_all(plan, splits);
    same.push_back(fixed);
    std::printf("   %5d  %5.2f   %5d  %6.4f  %10.2f  %5.2f    %6.4f  %10.2f           %6.4f  %10.2f\n",
                static_cast<int>(batch), gradient_noise(batch, splits[0].train), static_cast<int>(steps),
                fixed.loss, 100 * fixed.accuracy, fixed.seconds, scaled.loss, 100 * scaled.accuracy,
                stepped.loss, 100 * stepped.accuracy);
  }
  return same.front().loss < same.back().loss;
}

// 4. Schedules.

bool schedules(const std::vector<data::Split>& splits, std::int64_t epochs) {
  using namespace optim::schedule;
  const std::int64_t steps = epochs * ((splits[0].train.size() + 31) / 32);
  const std::vector<std::pair<const char*, optim::Schedule>> list = {
      {"constant", {}},
      {"a tenth after 1/2, 3/4", multistep({.milestones = {steps / 2, steps * 3 / 4}})},
      {"exponential to 1/100", exponential({.gamma = std::pow(0.01, 1.0 / static_cast<double>(steps))})},
      {"linear to 0", polynomial({.total_iters = steps})},
      {"cosine", cosine({.t_max = steps})},
      {"cosine, 4 restarts", cosine_warm_restarts({.t_0 = steps / 4})},
      {"one cycle", one_cycle({.total_steps = steps})},
      {"warm up, 1/sqrt", inverse_sqrt({.warmup = steps / 20})},
  };
  std::printf("\n4. Momentum 0.9, %d epochs, a step size that changes from step to step\n",
              static_cast<int>(epochs));
  std::printf("   %-24s", "");
  const std::array<double, 3> rates = {0.03, 0.1, 0.3};
  for (const double rate : rates) std::printf("  %8g: loss  held out %%", rate);
  std::printf("\n");
  std::vector<Outcome> largest;
  for (const auto& [name, schedule] : list) {
    std::printf("   %-24s", name);
    for (const double rate : rates) {
      const Outcome outcome =
          fit_all({.make = methods[1].make, .lr = rate, .steps = steps, .schedule = schedule}, splits);
      std::printf("  %14.4f  %10.2f", outcome.loss, 100 * outcome.accuracy);
      if (rate == rates.back()) largest.push_back(outcome);
    }
    std::printf("\n");
  }
  return largest[4].loss < largest[0].loss;
}

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  const std::int64_t epochs = quick ? 5 : 20;
  std::vector<data::Split> splits;
  for (std::uint64_t seed = 1; seed <= (quick ? 1 : 5); ++seed)
    splits.push_back(data::stratified_split(data::digits(), 0.2, seed));
  const bool down = valley(10000);
  const bool read = digits_race(splits, epochs, quick);
  const bool batches = batch_sizes(splits, epochs), settled = schedules(splits, epochs);
  std::printf("\n%s\n%s\n", std::filesystem::absolute("valley.png").c_str(),
              std::filesystem::absolute("optimizers_loss.svg").c_str());
  return down && read && batches && settled ? 0 : 1;  // a test relies on it
}
