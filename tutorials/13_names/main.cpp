// Networks that remember: a plain recurrent one, a GRU and an LSTM learn what names look like, and make new
// ones. Usage: names [--quick] [--data FOLDER] [--epochs N]
//   --quick: a hundred names that the program carries, small networks
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

#include "carried.hpp"

using namespace wengert;

// 1. Three cells. Each takes what it reads, x (batch, in), and what it remembers, and gives what it remembers
// now.

struct State {
  Tensor h, c;  // (batch, hidden); c is the LSTM's alone
};

struct Cell : nn::Module {
  nn::Linear from_input, from_state;

  Cell(std::int64_t in, std::int64_t hidden, std::int64_t parts)
      : from_input(in, parts * hidden), from_state(hidden, parts * hidden) {}
  std::int64_t hidden() const { return from_state.weight.shape()[1]; }
  void visit(nn::Visitor& v) override {
    v("from_input", from_input);
    v("from_state", from_state);
  }
};

/// h' = tanh(W x + U h + b) (Elman, 1990).
struct Plain : Cell {
  static constexpr const char *name = "plain", *library = "RNN";
  using Library = nn::RNN;
  Plain(std::int64_t in, std::int64_t hidden) : Cell(in, hidden, 1) {}
  State operator()(const Tensor& x, const State& before) const {
    return {tanh(from_input(x) + from_state(before.h)), {}};
  }
};

/// Two gates, numbers from 0 to 1: `reset` how much of the past a new thought may use, `keep` how much of the
/// past stays (Cho et al., 2014).
struct Gru : Cell {
  static constexpr const char *name = "GRU", *library = "GRU";
  using Library = nn::GRU;
  Gru(std::int64_t in, std::int64_t hidden) : Cell(in, hidden, 3) {}
  State operator()(const Tensor& x, const State& before) const {
    const auto of_x = chunk(from_input(x), 3, 1), of_h = chunk(from_state(before.h), 3, 1);
    const Tensor reset = sigmoid(of_x[0] + of_h[0]), keep = sigmoid(of_x[1] + of_h[1]);
    const Tensor thought = tanh(of_x[2] + reset * of_h[2]);
    return {(1.0 - keep) * thought + keep * before.h, {}};
  }
};

/// A memory c that is only multiplied by `keep` and added to, and a gate that decides what of it is shown
/// (Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber and Cummins, 2000).
struct Lstm : Cell {
  static constexpr const char *name = "LSTM", *library = "LSTM";
  using Library = nn::LSTM;
  Lstm(std::int64_t in, std::int64_t hidden) : Cell(in, hidden, 4) {}
  State operator()(const Tensor& x, const State& before) const {
    const auto part = chunk(from_input(x) + from_state(before.h), 4, 1);
    const Tensor write = sigmoid(part[0]), keep = sigmoid(part[1]), thought = tanh(part[2]),
                 show = sigmoid(part[3]);
    const Tensor c = keep * before.c + write * thought;
    return {show * tanh(c), c};
  }
};

/// A cell that goes along a word, and after each letter says which may be next.
template <class C>
struct Writer : nn::Module {
  nn::Embedding letters;
  C cell;
  nn::Linear head;

  Writer(std::int64_t vocabulary, std::int64_t in, std::int64_t hidden)
      : letters(vocabulary, in), cell(in, hidden), head(hidden, vocabulary) {}

  State start(std::int64_t batch) const {
    const Tensor nothing = zeros({batch, cell.hidden()}, {.dtype = head.weight.dtype()});
    return {nothing, nothing};
  }
  /// int64 (batch, T) -> T times (batch, in).
  std::vector<Tensor> embed(const Tensor& tokens) const {
    std::vector<Tensor> steps;
    for (const Tensor& column : split(tokens, {1}, 1)) steps.push_back(letters(squeeze(column, {1})));
    return steps;
  }
  /// The logits after each step: (batch, T, vocabulary).
  Tensor predict(const std::vector<Tensor>& steps) const {
    State state = start(steps[0].shape()[0]);
    std::vector<Tensor> seen;
    for (const Tensor& x : steps) {
      state = cell(x, state);
      seen.push_back(state.h);
    }
    return head(stack(seen, 1));
  }
  Tensor operator()(const Tensor& tokens) const { return predict(embed(tokens)); }
  void visit(nn::Visitor& v) override {
    v("letters", letters);
    v("cell", cell);
    v("head", head);
  }
};

/// -log p of the letters that came, the mean over those that count.
Tensor surprise(const Tensor& logits, const Tensor& labels) {
  return nn::cross_entropy(reshape(logits, {-1, logits.shape()[2]}), reshape(labels, {-1}));
}

/// The derivative in all weights through five steps; and the library's network with the same weights.
template <class C>
bool check() {
  manual_seed(1);
  Writer<C> small(4, 3, 5);
  small.to(float64);
  const Tensor tokens(xt::xarray<std::int64_t>{{0, 2, 1, 1, 3}, {0, 3, 3, 2, 1}});
  const Tensor labels(xt::xarray<std::int64_t>{{2, 1, 1, 3, 0}, {3, 3, 2, 1, 0}});
  const GradcheckReport report = gradcheck(small, [&] { return surprise(small(tokens), labels); });

  typename C::Library library(3, 5);
  library.to(float64);
  library.load({{"weight_ih_l0", small.cell.from_input.weight},
                {"weight_hh_l0", small.cell.from_state.weight},
                {"bias_ih_l0", small.cell.from_input.bias},
                {"bias_hh_l0", small.cell.from_state.bias}});
  const std::vector<Tensor> steps = small.embed(tokens);
  const Tensor theirs = small.head(permute(library(stack(steps)).output, {1, 0, 2}));
  const double distance = max(abs(theirs - small.predict(steps))).item();
  std::printf("   %-5s  its derivatives %s; nn::%s of the same weights says %s\n", C::name,
              report.ok() ? "agree with differences" : report.problem.c_str(), C::library,
              distance < 1e-12 ? "the same" : "something else");
  return report.ok() && distance < 1e-12;
}

/// What is left of a derivative after many steps: how much the last state depends on the input of so many
/// steps before, that of the last input being 1. Random inputs, first weights.
double fade(const char* what, const auto& cell) {
  manual_seed(3);
  const std::int64_t in = cell.from_input.weight.shape()[1];
  std::vector<Tensor> steps;
  for (int i = 0; i < 41; ++i) steps.push_back(parameter(randn({16, in})));
  State state{zeros({16, cell.hidden()}), zeros({16, cell.hidden()})};
  for (const Tensor& x : steps) state = cell(x, state);
  const std::vector<Tensor> slopes = grad(sum(state.h * randn(state.h.shape())), steps);
  const auto left = [&](std::size_t back) { return (norm(slopes[40 - back]) / norm(slopes[40])).item(); };
  std::printf("   %-22s", what);
  for (const std::size_t back : {1, 2, 5, 10, 20, 40}) std::printf("  %7.1e", left(back));
  std::printf("\n");
  return left(40);
}

bool memory() {
  std::printf("   %-22s  %7d  %7d  %7d  %7d  %7d  %7d\n", "steps back", 1, 2, 5, 10, 20, 40);
  manual_seed(4);
  const std::int64_t in = 16, hidden = 64;
  fade("plain", Plain(in, hidden));
  fade("GRU", Gru(in, hidden));
  fade("LSTM", Lstm(in, hidden));
  const Gru gru(in, hidden);
  const Lstm lstm(in, hidden);
  const Tensor none = zeros({hidden}), more = full({hidden}, 4.0);
  gru.from_input.bias.assign(concat({none, more, none}));
  lstm.from_input.bias.assign(concat({none, more, none, none}));
  const double left = fade("GRU, keep's bias 4", gru);
  return std::min(left, fade("LSTM, keep's bias 4", lstm)) > 0.01;
}

// 2. Names, and what is known of them without a network.

struct Names {
  data::Vocabulary letters;  // the letters, and first "\n", which begins and ends a name
  std::vector<std::string> all, training, held_out;
};

/// Batches of names: inputs "\nemma" and labels "emma\n", the shorter ones filled up with what does not
/// count.
data::Loader batches(const Names& names, const std::vector<std::string>& list, std::int64_t size,
                     bool shuffle) {
  const auto fetch = [&names, &list](const std::vector<std::int64_t>& indices) {
    std::vector<data::Batch> samples;
    for (const std::int64_t i : indices) {
      const std::string& name = list[static_cast<std::size_t>(i)];
      samples.push_back({names.letters.encode("\n" + name), names.letters.encode(name + "\n")});
    }
    return data::collate(samples, {.label_value = -100});  // cross_entropy's ignore_index
  };
  return data::Loader({static_cast<std::int64_t>(list.size()), fetch},
                      {.batch_size = size, .shuffle = shuffle, .seed = 1});
}

/// -log p of a held-out letter by how often it follows the one before it.
double by_pairs(const Names& names, const std::vector<std::string>& asked) {
  std::map<std::string, double> pairs, singles;
  for (const std::string& name : names.training)
    for (std::size_t i = 0; i <= name.size(); ++i)
      pairs[("\n" + name + "\n").substr(i, 2)] += 1, singles[("\n" + name).substr(i, 1)] += 1;
  training::Mean loss;
  const auto count = static_cast<double>(names.letters.size());
  for (const std::string& name : asked)
    for (std::size_t i = 0; i <= name.size(); ++i)
      loss.add(-std::log((pairs[("\n" + name + "\n").substr(i, 2)] + 1) /
                         (singles[("\n" + name).substr(i, 1)] + count)));
  return loss.value();
}

// 3. Learning, and what came of it.

struct Plan {
  std::int64_t in, hidden, batch, epochs;
  double lr;
};

struct Result {
  const char* name;
  double training = 0, held_out = 0, seconds = 0;
  std::int64_t weights = 0;
};

template <class C>
double evaluate(const Writer<C>& model, const Names& names, const std::vector<std::string>& list) {
  const NoGrad guard;
  training::Mean loss;
  for (const auto& [inputs, labels] : batches(names, list, 256, false))
    loss.add(surprise(model(inputs), labels).item(), sum(labels >= 0).item());
  return loss.value();
}

template <class C>
Result learn(Writer<C>& model, const Names& names, const Plan& plan) {
  optim::AdamW optimizer(model.parameters(), {.lr = plan.lr});
  data::Loader loader = batches(names, names.training, plan.batch, true);
  const std::int64_t steps = plan.epochs * loader.size();
  optim::Scheduler schedule(optimizer, optim::schedule::cosine({.t_max = steps}));
  training::Progress progress(steps, {.interval = (steps + 3) / 4});
  training::MovingMean recent(0.99);
  for (long epoch = 1, step = 1; epoch <= plan.epochs; ++epoch)
    for (const auto& [inputs, labels] : loader) {
      const Tensor loss = surprise(model(inputs), labels);
      optimizer.zero_grad();
      loss.backward();
      optim::clip_grad_norm(model.parameters(), 1.0);
      optimizer.step();
      schedule.step();
      recent.add(loss.item());
      char line[80];
      std::snprintf(line, sizeof line, "   %-5s  epoch %2ld, loss %.3f", C::name, epoch, recent.value());
      progress.show(step++, line);
    }
  Result result{.name = C::name,
                .training = evaluate(model, names, names.training),
                .held_out = evaluate(model, names, names.held_out),
                .seconds = progress.seconds()};
  for (const Tensor& p : model.parameters()) result.weights += p.size();
  return result;
}

/// How much what is said after letter 8 depends on each letter: the mean size of the derivative of the loss
/// there in the letter's vector, from the last letter back, that of the last one being 1.
template <class C>
void look_back(const Writer<C>& model, const Names& names) {
  std::string inputs, next;
  for (const std::string& name : names.all)
    if (name.size() >= 9 && next.size() < 500) inputs += name.substr(0, 8), next += name[8];
  const auto count = static_cast<std::int64_t>(next.size());
  std::vector<Tensor> steps = model.embed(reshape(names.letters.encode(inputs), {count, 8}));
  for (Tensor& x : steps) x = parameter(x.detach());
  const Tensor last = slice(model.predict(steps), 1, {-1});
  const Tensor loss = static_cast<double>(count) * surprise(last, names.letters.encode(next));
  const std::vector<Tensor> slopes = grad(loss, steps);
  const auto size = [&](std::size_t i) { return mean(norm(slopes[i], 2.0, {1})).item(); };
  std::printf("   %-5s ", C::name);
  for (std::size_t back = 0; back < 8; ++back) std::printf("  %5.3f", size(7 - back) / size(7));
  std::printf("\n");
}

/// Names that begin with `begin`, each letter drawn from what the network says.
template <class C>
std::vector<std::string> write(const Writer<C>& model, const Names& names, const std::string& begin,
                               std::int64_t count) {
  const NoGrad guard;
  State state = model.start(count);
  Tensor token;
  std::vector<std::string> written(static_cast<std::size_t>(count), begin);
  std::vector<bool> done(written.size());
  for (std::size_t i = 0; i < begin.size() + 20; ++i) {
    if (i <= begin.size()) token = broadcast_to(names.letters.encode(("\n" + begin).substr(i, 1)), {count});
    state = model.cell(model.letters(token), state);
    if (i < begin.size()) continue;
    token = categorical(model.head(state.h));
    const std::string next = names.letters.decode(token);
    for (std::size_t n = 0; n < written.size(); ++n) {
      done[n] = done[n] || next[n] == '\n';
      if (!done[n]) written[n] += next[n];
    }
  }
  return written;
}

template <class C>
void show(const Writer<C>& model, const Names& names) {
  const std::set<std::string> known(names.all.begin(), names.all.end());
  manual_seed(2);
  const std::vector<std::string> written = write(model, names, "", 1000);
  int real = 0, printed = 0;
  for (const std::string& name : written) real += static_cast<int>(known.count(name));
  std::printf("   %s: of 1000, %d are in the list; some that are not:", C::name, real);
  for (const std::string& name : written)
    if (!known.count(name) && printed < 24)
      std::printf("%s%-10s", printed++ % 8 == 0 ? "\n      " : " ", name.c_str());
  std::printf("\n      and with a beginning:\n      ");
  for (const std::string& name : write(model, names, "wen", 8)) std::printf(" %-10s", name.c_str());
  std::printf("\n");
}

Names make_names(bool quick, const std::string& folder) {
  std::string text = carried;
  std::replace(text.begin(), text.end(), ' ', '\n');
  if (!quick)
    text = data::read_text(
        data::locate("names/names.txt",
                     {.directory = folder,
                      .hint = "It is github.com/karpathy/makemore, names.txt. Without it: names --quick."}));
  Names names{data::Vocabulary("\n" + text), data::lines(text), {}, {}};
  manual_seed(1);
  const auto order = permutation(static_cast<std::int64_t>(names.all.size())).array<std::int64_t>();
  for (std::size_t i = 0; i < order.size(); ++i)
    (i < order.size() / 10 ? names.held_out : names.training)
        .push_back(names.all[static_cast<std::size_t>(order(i))]);
  return names;
}

int run(bool quick, const std::string& folder, std::int64_t epochs) {
  const Names names = make_names(quick, folder);
  const Plan plan = quick ? Plan{16, 32, 16, 20, 1e-2} : Plan{32, 128, 64, epochs, 3e-3};
  std::printf("%d names, %d of them held out, %d letters and the end\n", static_cast<int>(names.all.size()),
              static_cast<int>(names.held_out.size()), static_cast<int>(names.letters.size()) - 1);
  std::printf("\n1. Three cells\n");
  bool holds = check<Plain>();
  holds = check<Gru>() && holds;
  holds = check<Lstm>() && holds;
  std::printf("\n2. What is left of a derivative\n");
  holds = memory() && holds;

  std::printf("\n3. %d epochs, %d units\n", static_cast<int>(plan.epochs), static_cast<int>(plan.hidden));
  manual_seed(1);
  const long letters = names.letters.size();
  Writer<Plain> plain(letters, plan.in, plan.hidden);
  Writer<Gru> gru(letters, plan.in, plan.hidden);
  Writer<Lstm> lstm(letters, plan.in, plan.hidden);
  const Result results[] = {learn(plain, names, plan), learn(gru, names, plan), learn(lstm, names, plan)};
  const double pairs = by_pairs(names, names.held_out), pairs_training = by_pairs(names, names.training);
  std::printf("   nats a letter   weights  training  held out  seconds\n");
  std::printf("   by guessing     %7s  %8.3f  %8.3f\n", "", std::log(letters), std::log(letters));
  std::printf("   pairs           %7ld  %8.3f  %8.3f\n", letters * letters, pairs_training, pairs);
  for (const Result& r : results)
    std::printf("   %-15s %7d  %8.3f  %8.3f  %7.1f\n", r.name, static_cast<int>(r.weights), r.training,
                r.held_out, r.seconds);

  std::printf("\n4. How much the ninth letter depends on the eighth, the seventh, ... the first\n");
  look_back(plain, names);
  look_back(gru, names);
  look_back(lstm, names);
  std::printf("\n5. New names\n");
  show(gru, names);
  show(lstm, names);
  for (const Result& r : results) holds = holds && r.training < pairs_training;
  const double worse = std::max(results[1].held_out, results[2].held_out);
  if (!quick) holds = holds && worse < std::min(2.0, results[0].held_out);
  return holds ? 0 : 1;  // a test relies on it
}

int main(int argc, char** argv) {
  bool quick = false;
  std::string folder;
  std::int64_t epochs = 10;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--data") == 0 && i + 1 < argc) folder = argv[++i];
    if (std::strcmp(argv[i], "--epochs") == 0 && i + 1 < argc) epochs = std::max(1, std::atoi(argv[++i]));
  }
  try {
    return run(quick, folder, epochs);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
