// A transformer, written out from primitives, learns to write like Shakespeare, a character at a time.
// Usage: shakespeare [--quick] [--data FOLDER] [--steps N] [--weights FILE]
//   --quick    a small one learns a sonnet that the program carries
//   --weights  no learning: what an earlier run has saved is measured, and writes
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

#include "sonnet.hpp"

using namespace wengert;

// 1. The model. Tokens are (batch, T), what runs between the layers is (batch, T, width).

/// x W + b along the last dimension.
struct Map : nn::Module {
  Tensor weight, bias;

  Map(std::int64_t in, std::int64_t out, double deviation = 0.02)
      : weight(parameter(deviation * randn({in, out}))), bias(parameter(zeros({out}))) {}
  Tensor operator()(const Tensor& x) const { return matmul(x, weight) + bias; }
  void visit(nn::Visitor& v) override {
    v("weight", weight);
    v("bias", bias);
  }
};

/// Mean 0 and variance 1 along the last dimension, then a scale and a shift that are learned (Ba, Kiros and
/// Hinton, 2016).
struct Norm : nn::Module {
  Tensor scale, shift;

  explicit Norm(std::int64_t width) : scale(parameter(ones({width}))), shift(parameter(zeros({width}))) {}
  Tensor operator()(const Tensor& x) const {
    const Tensor centered = x - mean(x, {-1}, true);
    return centered / sqrt(mean(square(centered), {-1}, true) + 1e-5) * scale + shift;
  }
  void visit(nn::Visitor& v) override {
    v("scale", scale);
    v("shift", shift);
  }
};

Tensor softmax(const Tensor& x) { return exp(x - logsumexp(x, {-1}, true)); }
/// x times the probability that a normal number is below x (Hendrycks and Gimpel, 2016).
Tensor smooth_relu(const Tensor& x) { return 0.5 * x * (1.0 + erf(x / std::numbers::sqrt2)); }

/// Every place asks (query), every place before it and itself answers (key), and the values of those whose
/// answer fits are taken in (Vaswani et al., "Attention is all you need", 2017).
struct Attention : nn::Module {
  std::int64_t heads;
  Map query, key, value, output;

  Attention(std::int64_t width, std::int64_t heads, double deviation)
      : heads(heads),
        query(width, width),
        key(width, width),
        value(width, width),
        output(width, width, deviation) {}

  Tensor operator()(const Tensor& x) const {
    const std::int64_t batch = x.shape()[0], T = x.shape()[1], width = x.shape()[2], each = width / heads;
    const auto split = [&](const Tensor& y) {  // (batch, heads, T, each)
      return permute(reshape(y, {batch, T, heads, each}), {0, 2, 1, 3});
    };
    const Tensor q = split(query(x)), k = split(key(x)), v = split(value(x));
    const Tensor place = arange(static_cast<double>(T));
    const Tensor seen = reshape(place, {T, 1}) >= reshape(place, {1, T});
    const Tensor scores = matmul(q, transpose(k)) / std::sqrt(static_cast<double>(each));
    const Tensor weights = softmax(where(seen, scores, -INFINITY));  // (batch, heads, T, T)
    return output(reshape(permute(matmul(weights, v), {0, 2, 1, 3}), {batch, T, width}));
  }
  void visit(nn::Visitor& v) override {
    v("query", query);
    v("key", key);
    v("value", value);
    v("output", output);
  }
};

/// Attention carries something from place to place, the perceptron thinks about it at each place. Both only
/// add to x, so that the gradient has a straight way down.
struct Block : nn::Module {
  Norm before_attention, before_perceptron;
  Attention attention;
  Map up, down;

  Block(std::int64_t width, std::int64_t heads, double deviation)
      : before_attention(width),
        before_perceptron(width),
        attention(width, heads, deviation),
        up(width, 4 * width),
        down(4 * width, width, deviation) {}

  Tensor operator()(const Tensor& x) const {
    const Tensor h = x + attention(before_attention(x));
    return h + down(smooth_relu(up(before_perceptron(h))));
  }
  void visit(nn::Visitor& v) override {
    v("before_attention", before_attention);
    v("attention", attention);
    v("before_perceptron", before_perceptron);
    v("up", up);
    v("down", down);
  }
};

struct Size {
  std::int64_t layers, heads, width, context;
};

struct Transformer : nn::Module {
  Size size;
  Tensor letters, places;  // a vector for every letter, and one for every place
  std::vector<Block> blocks;
  Norm last;
  Map head;

  Transformer(const Size& size, std::int64_t vocabulary)
      : size(size),
        letters(parameter(0.02 * randn({vocabulary, size.width}))),
        places(parameter(0.02 * randn({size.context, size.width}))),
        last(size.width),
        head(size.width, vocabulary) {
    // 2 * layers things are added up along the way: each begins smaller (Radford et al., 2019).
    const double deviation = 0.02 / std::sqrt(2.0 * static_cast<double>(size.layers));
    for (std::int64_t i = 0; i < size.layers; ++i) blocks.emplace_back(size.width, size.heads, deviation);
  }

  /// int64 (batch, T) -> (batch, T, width), T at most `context`.
  Tensor embed(const Tensor& tokens) const {
    const std::int64_t batch = tokens.shape()[0], T = tokens.shape()[1];
    const Tensor rows = index_select(letters, 0, reshape(tokens, {-1}));
    return reshape(rows, {batch, T, size.width}) + slice(places, 0, 0, T);
  }
  /// (batch, T, width) -> the logits of the character that follows each: (batch, T, vocabulary).
  Tensor predict(Tensor x) const {
    for (const Block& block : blocks) x = block(x);
    return head(last(x));
  }
  Tensor operator()(const Tensor& tokens) const { return predict(embed(tokens)); }
  void visit(nn::Visitor& v) override {
    v("letters", letters);
    v("places", places);
    v("blocks", blocks);
    v("last", last);
    v("head", head);
  }
};

/// How little each character that came was expected, -log p: (batch, T, vocabulary) x (batch, T) -> (batch,
/// T).
Tensor surprise(const Tensor& logits, const Tensor& labels) {
  return logsumexp(logits, {-1}) - squeeze(gather(logits, 2, unsqueeze(labels, 2)), {2});
}

// 2. Is it right? What can be proved is proved before anything is learned.

/// gradcheck of every weight of a small one in float64, and who can see whom, by derivatives: the largest
/// slope of the prediction in the middle in any place after it, and the smallest in one before.
bool check() {
  manual_seed(1);
  Transformer small({2, 2, 8, 6}, 5);
  small.to(float64);
  const Tensor tokens(xt::xarray<std::int64_t>{{0, 3, 1, 1, 4, 2}, {2, 2, 0, 4, 3, 1}});
  const Tensor labels(xt::xarray<std::int64_t>{{3, 1, 1, 4, 2, 0}, {2, 0, 4, 3, 1, 2}});
  const GradcheckReport report = gradcheck(small, [&] { return mean(surprise(small(tokens), labels)); });
  std::printf("   derivatives in all %zu weights of a small one: %s\n", report.entries,
              report.ok() ? "agree with differences" : report.problem.c_str());

  const auto middle = [&](const Tensor& x) { return sum(square(slice(small.predict(x), 1, 2, 3))); };
  const Tensor slope = sum(abs(value_and_grad(middle, small.embed(tokens).detach()).second), {2});
  const double before = min(slice(slope, 1, 0, 3)).item(), after = max(slice(slope, 1, 3, 6)).item();
  std::printf("   place 3 of 6 depends on places 1 to 3: %s; on places 4 to 6: %s\n",
              before > 0 ? "on each" : "no", after == 0 ? "not at all" : "yes");
  return report.ok() && before > 0 && after == 0;
}

// 3. Learning.

struct Text {
  data::Vocabulary vocabulary;
  Tensor training, asked;  // what is learned from, and what is asked about
  const char* name;        // of what is asked about
};

/// What there is to know without a network: -log p of a character by how often it occurs, and by how
/// often it follows the one before, counted in the training part.
std::pair<double, double> tables(const Text& text) {
  const auto count = static_cast<std::size_t>(text.vocabulary.size());
  const auto seen = text.training.array<std::int64_t>(), asked = text.asked.array<std::int64_t>();
  std::vector<double> single(count, 1.0), pairs(count * count, 1.0), total(count, static_cast<double>(count));
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  for (std::size_t i = 1; i < seen.size(); ++i) {
    single[at(seen(i))] += 1;
    pairs[at(seen(i - 1)) * count + at(seen(i))] += 1, total[at(seen(i - 1))] += 1;
  }
  training::Mean by_letter, by_pair;
  const auto all = static_cast<double>(seen.size() - 1 + count);
  for (std::size_t i = 1; i < asked.size(); ++i) {
    by_letter.add(-std::log(single[at(asked(i))] / all));
    by_pair.add(-std::log(pairs[at(asked(i - 1)) * count + at(asked(i))] / total[at(asked(i - 1))]));
  }
  return {by_letter.value(), by_pair.value()};
}

/// `batch` windows that begin anywhere, and what follows each of their characters.
data::Batch draw(const Tensor& text, std::int64_t batch, std::int64_t context) {
  const auto last = static_cast<double>(text.size() - context);
  const Tensor begin = floor(uniform({batch, 1}, 0.0, last, float64)).astype(int64);
  const Tensor at = begin + arange(static_cast<double>(context), {.dtype = int64});
  const auto read = [&](const Tensor& where) {
    return reshape(index_select(text, 0, reshape(where, {-1})), {batch, context});
  };
  return {read(at), read(at + 1)};
}

/// The mean surprise at each place of all windows of a text: (context).
Tensor losses_by_place(const Transformer& model, const Tensor& text) {
  const NoGrad guard;
  data::Loader windows(data::windows(text, model.size.context), {.batch_size = 32, .shuffle = false});
  Tensor total = zeros({model.size.context}, {.dtype = float64});
  double count = 0;
  for (const auto& [inputs, labels] : windows) {
    total = total + sum(surprise(model(inputs), labels).astype(float64), {0});
    count += static_cast<double>(inputs.shape()[0]);
  }
  return total / count;
}
double evaluate(const Transformer& model, const Tensor& text) {
  return mean(losses_by_place(model, text)).item();
}

struct Plan {
  std::int64_t steps, batch;
  double lr;
};

void learn(Transformer& model, const Text& text, const Plan& plan, training::Run& run) {
  std::vector<Tensor> matrices, vectors;  // only what multiplies is held small
  for (const Tensor& p : model.parameters()) (p.ndim() > 1 ? matrices : vectors).push_back(p);
  optim::AdamW optimizer(matrices, {.lr = plan.lr, .betas = {0.9, 0.99}, .weight_decay = 0.1});
  optimizer.add_group(vectors, {.lr = plan.lr, .betas = {0.9, 0.99}, .weight_decay = 0.0});
  const std::int64_t warmup = plan.steps / 20;
  optim::Scheduler schedule(
      optimizer, optim::schedule::sequential(
                     {optim::schedule::linear_warmup({.total_iters = warmup, .start_factor = 0.01}),
                      optim::schedule::cosine({.t_max = plan.steps - warmup, .eta_min = plan.lr / 20})},
                     {warmup}));
  training::Progress progress(plan.steps, {.interval = plan.steps / 10});
  training::MovingMean training;
  double asked = evaluate(model, text.asked);
  for (std::int64_t step = 1; step <= plan.steps; ++step) {
    const auto [inputs, labels] = draw(text.training, plan.batch, model.size.context);
    const Tensor loss = mean(surprise(model(inputs), labels));
    if (step == 1) run.tape(loss, model.named_parameters());
    optimizer.zero_grad();
    loss.backward();
    optim::clip_grad_norm(model.parameters(), 1.0);
    optimizer.step();
    schedule.step();
    training.add(loss.item());
    if (step % (plan.steps / 10) == 0) {
      asked = evaluate(model, text.asked);
      run.log(static_cast<double>(step),
              {{"loss/training", training.value()}, {"loss/held out", asked}, {"lr", optimizer.lr()}});
    }
    char line[120];
    std::snprintf(line, sizeof line, "   step %5d   loss %.3f   %s %.3f", static_cast<int>(step),
                  training.value(), text.name, asked);
    progress.show(step, line);
  }
  std::printf("   %s of training, with ten evaluations\n", training::duration(progress.seconds()).c_str());
}

/// Goes on with a text for `count` characters, each drawn from softmax(logits / temperature); at temperature
/// 0 the likeliest.
std::string write(const Transformer& model, const data::Vocabulary& vocabulary, const std::string& begin,
                  int count, double temperature) {
  const NoGrad guard;
  Tensor tokens = vocabulary.encode(begin);
  for (int i = 0; i < count; ++i) {
    const std::int64_t from = std::max<std::int64_t>(0, tokens.size() - model.size.context);
    const Tensor window = unsqueeze(slice(tokens, 0, {from}), 0);
    const Tensor logits = slice(model(window), 1, {-1});  // (1, 1, vocabulary)
    const Tensor next = temperature > 0 ? categorical(logits / temperature) : argmax(logits);
    tokens = concat({tokens, reshape(next, {1})});
  }
  return vocabulary.decode(tokens);
}

/// The sonnet is learned by heart, to see that all is in order; nothing is held out.
Text make_text(bool quick, const std::string& folder) {
  const std::string all =
      quick ? sonnet
            : data::read_text(
                  data::locate("tinyshakespeare/input.txt",
                               {.directory = folder,
                                .hint = "It is github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt. "
                                        "Without it: shakespeare --quick."}));
  const data::Vocabulary vocabulary(all);
  const Tensor tokens = vocabulary.encode(all);
  if (quick) return {vocabulary, tokens, tokens, "all of it"};
  const std::int64_t border = tokens.size() * 9 / 10;
  return {vocabulary, slice(tokens, 0, 0, border), slice(tokens, 0, {border}), "held out"};
}

int run(bool quick, const std::string& folder, std::int64_t steps, const std::string& weights) {
  const Text text = make_text(quick, folder);
  const Size size = quick ? Size{2, 2, 32, 32} : Size{4, 4, 128, 64};
  const Plan plan = quick ? Plan{1200, 8, 5e-3} : Plan{steps, 16, 2e-3};
  std::printf("%s: %d characters to learn from, %d to be asked about, %d distinct ones\n",
              quick ? "Sonnet 18, which the program carries" : "tinyshakespeare",
              static_cast<int>(text.training.size()), static_cast<int>(text.asked.size()),
              static_cast<int>(text.vocabulary.size()));
  std::printf("\n1. Before it learns\n");
  bool holds = check();
  const auto [by_letter, by_pair] = tables(text);
  std::printf(
      "   nats a character: %.3f by guessing, %.3f by the letters' frequencies, %.3f by those of pairs\n",
      std::log(text.vocabulary.size()), by_letter, by_pair);

  manual_seed(1337);
  Transformer model(size, text.vocabulary.size());
  std::int64_t count = 0;
  for (const Tensor& p : model.parameters()) count += p.size();
  std::printf("\n2. %d layers, %d heads, width %d, context %d: %d weights\n", static_cast<int>(size.layers),
              static_cast<int>(size.heads), static_cast<int>(size.width), static_cast<int>(size.context),
              static_cast<int>(count));
  if (weights.empty()) {
    training::Run record("shakespeare_run",
                         {{"weights", count}, {"steps", plan.steps}, {"batch", plan.batch}, {"lr", plan.lr}},
                         {.title = "A transformer learns to write", .replace = true});
    learn(model, text, plan, record);
    record.save_weights(model.state());
    record.write_report();
    std::printf("   report and weights: %s\n", std::filesystem::absolute(record.path("")).c_str());
  } else {
    model.load(io::load_safetensors(weights));
  }

  const Tensor places = losses_by_place(model, text.asked);
  std::printf("\n3. Nats a character, by how many characters it has seen\n  ");
  for (std::int64_t seen = 1; seen <= size.context; seen *= 2)
    std::printf("  %3d%s", static_cast<int>(seen / 2 + 1), seen > 2 ? " on" : "   ");
  std::printf("\n  ");
  for (std::int64_t seen = 1; seen <= size.context; seen *= 2)
    std::printf("   %5.3f", mean(slice(places, 0, seen / 2, seen)).item());
  const double loss = mean(places).item();
  std::printf("\n   %s, over all places: %.4f\n", text.name, loss);

  if (quick) {
    const std::string written = write(model, text.vocabulary, "Shall I ", 592, 0.0);
    std::printf("\n4. The likeliest way on from \"Shall I \"\n%s\n", written.c_str());
    return holds && std::string(sonnet).starts_with(written) ? 0 : 1;  // a test relies on it
  }
  manual_seed(7);
  std::printf("\n4. What it writes, at temperature 0.8\n%s\n",
              write(model, text.vocabulary, "\n", 800, 0.8).c_str());
  return holds && loss < 1.8 ? 0 : 1;
}

int main(int argc, char** argv) {
  bool quick = false;
  std::string folder, weights;
  std::int64_t steps = 5000;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--data") == 0 && i + 1 < argc) folder = argv[++i];
    if (std::strcmp(argv[i], "--steps") == 0 && i + 1 < argc) steps = std::max(20, std::atoi(argv[++i]));
    if (std::strcmp(argv[i], "--weights") == 0 && i + 1 < argc) weights = argv[++i];
  }
  try {
    return run(quick, folder, steps, weights);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
