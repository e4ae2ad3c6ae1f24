// Dates as people write them, translated to ISO 8601 by an encoder, a decoder and the attention between them.
// Usage: translation [--quick] [--steps N]     (--quick: fewer steps, smaller networks)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

#include "dates.hpp"

using namespace wengert;

// 1. The model: what is read becomes a row of vectors, one for each character; what is written is written a
// character at a time.

struct Size {
  std::int64_t letters, units;  // of a character's vector; of each network's state
};

/// What the encoder has made of a batch of texts of S characters or fewer.
struct Memory {
  Tensor notes;    // (batch, S, 2 units): what stands at each place, with what is before and after it
  Tensor keys;     // (batch, S, units): what the decoder's question is compared with
  Tensor real;     // boolean (batch, S): false where a shorter text has ended
  Tensor summary;  // (batch, 2 units): the last states of both directions
};

struct Decoder {
  Tensor state;    // (batch, units)
  Tensor logits;   // (batch, vocabulary) of the character that comes next
  Tensor weights;  // (batch, S): where it looked
};

struct Translator : nn::Module {
  Size size;
  bool attends;  // otherwise the decoder has the summary, and nothing else
  nn::Embedding source, target;
  nn::GRUCell onward, backward, writer;
  nn::Linear key, question, score, start, head;

  Translator(const Size& size, std::int64_t source_letters, std::int64_t target_letters, bool attends)
      : size(size),
        attends(attends),
        source(source_letters, size.letters),
        target(target_letters, size.letters),
        onward(size.letters, size.units),
        backward(size.letters, size.units),
        writer(size.letters + 2 * size.units, size.units),
        key(2 * size.units, size.units),
        question(size.units, size.units, {.bias = false}),
        score(size.units, 1, {.bias = false}),
        start(2 * size.units, size.units),
        head(3 * size.units, target_letters) {}

  /// Texts, int64 (batch, S), and where there is one, boolean (batch, S).
  Memory read(const Tensor& tokens, const Tensor& real) const {
    const std::vector<Tensor> columns = split(tokens, {1}, 1), there = split(real, {1}, 1);
    const std::size_t S = columns.size();
    std::vector<Tensor> before(S), after(S);
    const auto go = [&](const nn::GRUCell& cell, std::vector<Tensor>& states, bool from_end) {
      Tensor h = zeros({tokens.shape()[0], size.units}, {.dtype = source.weight.dtype()});
      for (std::size_t k = 0; k < S; ++k) {
        const std::size_t t = from_end ? S - 1 - k : k;
        const Tensor next = cell(source(squeeze(columns[t], {1})), h);
        h = where(there[t], next, h);  // nothing changes where nothing stands
        states[t] = h;
      }
      return h;
    };
    const Tensor summary = concat({go(onward, before, false), go(backward, after, true)}, 1);
    const Tensor notes = concat({stack(before, 1), stack(after, 1)}, 2);
    return {notes, key(notes), real, summary};
  }

  /// Where to look: softmax over the places of score . tanh(key + question) (Bahdanau, Cho and Bengio, 2015).
  Tensor look(const Memory& memory, const Tensor& state) const {
    const Tensor fit = squeeze(score(tanh(memory.keys + unsqueeze(question(state), 1))), {2});
    const Tensor seen = where(memory.real, fit, -INFINITY);
    return exp(seen - logsumexp(seen, {1}, true));
  }

  /// One character more, after `last`, int64 (batch).
  Decoder write(const Memory& memory, const Tensor& last, const Tensor& state) const {
    const Tensor weights = look(memory, state);
    const Tensor context =
        attends ? squeeze(matmul(unsqueeze(weights, 1), memory.notes), {1}) : memory.summary;
    const Tensor next = writer(concat({target(last), context}, 1), state);
    return {next, head(concat({next, context}, 1)), weights};
  }

  Tensor first_state(const Memory& memory) const { return tanh(start(memory.summary)); }

  /// The logits of each character of the translation after the right ones before it: (batch, T, vocabulary).
  Tensor operator()(const Tensor& tokens, const Tensor& real, const Tensor& right) const {
    const Memory memory = read(tokens, real);
    Tensor state = first_state(memory);
    std::vector<Tensor> logits;
    for (const Tensor& last : split(right, {1}, 1)) {
      const Decoder step = write(memory, squeeze(last, {1}), state);
      state = step.state;
      logits.push_back(step.logits);
    }
    return stack(logits, 1);
  }
  void visit(nn::Visitor& v) override {
    v("source", source);
    v("target", target);
    v("onward", onward);
    v("backward", backward);
    v("writer", writer);
    v("key", key);
    v("question", question);
    v("score", score);
    v("start", start);
    v("head", head);
  }
};

// 2. Dates, and what is asked of them.

const data::Vocabulary& target_letters() {
  static const data::Vocabulary letters("\n-0123456789");  // "\n" begins and ends
  return letters;
}

struct Days {
  data::Vocabulary letters;
  std::vector<Date> training, held_out;  // a day that is held out is held out in every way of writing it
};

Days make_days() {
  const std::vector<Date> all = all_days();
  std::string every;
  for (const auto& write : ways_to_write())
    for (std::size_t i = 0; i < 366; ++i) every += write(all[i]);
  every += "0123456789";
  Days days{data::Vocabulary(every), {}, {}};
  manual_seed(1);
  const auto order = permutation(static_cast<std::int64_t>(all.size())).array<std::int64_t>();
  for (std::size_t i = 0; i < order.size(); ++i)
    (i < order.size() / 10 ? days.held_out : days.training)
        .push_back(all[static_cast<std::size_t>(order(i))]);
  return days;
}

struct Task {
  Tensor tokens, real;   // what is read
  Tensor before, right;  // "\n1987-03-05" and "1987-03-05\n"
};
Task make_task(const data::Vocabulary& letters, const std::vector<std::string>& texts,
               const std::vector<Date>& days) {
  std::vector<Tensor> tokens, before, right;
  for (const std::string& text : texts) tokens.push_back(letters.encode(text));
  for (const Date& day : days) {
    before.push_back(target_letters().encode("\n" + iso(day)));
    right.push_back(target_letters().encode(iso(day) + "\n"));
  }
  const data::Padded padded = data::pad_sequences(tokens);
  return {padded.values, data::sequence_mask(padded.lengths, padded.values.shape()[1]), stack(before),
          stack(right)};
}

/// Some of the days, each in a way of writing it that is drawn.
Task draw(const Days& days, std::int64_t count) {
  const auto drawn = [](std::int64_t n, std::size_t below) {
    return floor(uniform({n}, 0.0, static_cast<double>(below), float64)).astype(int64);
  };
  const auto& ways = ways_to_write();
  const auto day = drawn(count, days.training.size()).array<std::int64_t>(),
             way = drawn(count, ways.size()).array<std::int64_t>();
  std::vector<std::string> texts;
  std::vector<Date> answers;
  for (std::size_t i = 0; i < day.size(); ++i) {
    answers.push_back(days.training[static_cast<std::size_t>(day(i))]);
    texts.push_back(ways[static_cast<std::size_t>(way(i))](answers.back()));
  }
  return make_task(days.letters, texts, answers);
}

Tensor surprise(const Tensor& logits, const Tensor& right) {
  return nn::cross_entropy(reshape(logits, {-1, logits.shape()[2]}), reshape(right, {-1}));
}

/// What it writes when nobody tells it the right beginning: always the likeliest character.
struct Translation {
  std::vector<std::string> texts;
  std::vector<Tensor> weights;  // at each step (batch, S)
};
Translation translate(const Translator& model, const Tensor& tokens, const Tensor& real) {
  const NoGrad guard;
  const Memory memory = model.read(tokens, real);
  Tensor state = model.first_state(memory);
  Tensor last = zeros({tokens.shape()[0]}, {.dtype = int64});  // "\n"
  Translation result{std::vector<std::string>(static_cast<std::size_t>(tokens.shape()[0])), {}};
  for (int i = 0; i < 11; ++i) {
    const Decoder step = model.write(memory, last, state);
    state = step.state;
    last = argmax(step.logits);
    result.weights.push_back(step.weights);
    const std::string next = target_letters().decode(last);
    for (std::size_t n = 0; n < next.size(); ++n) result.texts[n] += next[n];
  }
  for (std::string& text : result.texts) text = text.substr(0, text.find('\n'));
  return result;
}

// 3. What can be proved before anything is learned.

bool check() {
  manual_seed(1);
  Translator small({3, 4}, 5, 6, true);
  small.to(float64);
  const Tensor tokens(xt::xarray<std::int64_t>{{1, 4, 2, 3}, {2, 3, 0, 0}}),
      lengths(xt::xarray<std::int64_t>{4, 2});
  const Tensor real = data::sequence_mask(lengths, 4);
  const Tensor before(xt::xarray<std::int64_t>{{0, 2, 5}, {0, 1, 3}}),
      right(xt::xarray<std::int64_t>{{2, 5, 0}, {1, 3, 0}});
  const GradcheckReport report =
      gradcheck(small, [&] { return surprise(small(tokens, real, before), right); });
  std::printf("   derivatives in all %zu weights of a small one: %s\n", report.entries,
              report.ok() ? "agree with differences" : report.problem.c_str());
  const auto second = [](const Tensor& x) { return slice(x, 0, 1, 2); };
  const Tensor alone = small(slice(second(tokens), 1, 0, 2), slice(second(real), 1, 0, 2), second(before));
  const bool same = max(abs(alone - second(small(tokens, real, before)))).item() < 1e-12;
  std::printf("   a short text means %s beside a longer one as alone\n",
              same ? "the same" : "something else");
  return report.ok() && same;
}

// 4. Learning, and what came of it.

struct Plan {
  Size size;
  std::int64_t steps, batch;
  double lr;
};

/// The share of held-out days that are translated without a mistake, for each way of writing them.
struct Score {
  std::vector<double> exact;
  std::string mistake;  // the last one
  double mean() const {
    double total = 0;
    for (const double share : exact) total += share;
    return total / static_cast<double>(exact.size());
  }
};
Score evaluate(const Translator& model, const Days& days, const Ways& ways, std::size_t count) {
  Score score;
  const std::vector<Date> asked(days.held_out.begin(),
                                days.held_out.begin() + static_cast<std::ptrdiff_t>(count));
  for (const auto& write : ways) {
    std::vector<std::string> texts;
    for (const Date& day : asked) texts.push_back(write(day));
    const Task task = make_task(days.letters, texts, asked);
    const Translation result = translate(model, task.tokens, task.real);
    double right = 0;
    for (std::size_t i = 0; i < count; ++i)
      if (result.texts[i] == iso(asked[i]))
        right += 1;
      else
        score.mistake = texts[i] + " -> " + result.texts[i];
    score.exact.push_back(right / static_cast<double>(count));
  }
  return score;
}

/// Returns the share of held-out days without a mistake after each sixth of the steps.
std::vector<double> learn(const char* name, Translator& model, const Days& days, const Plan& plan) {
  optim::AdamW optimizer(model.parameters(), {.lr = plan.lr});
  optim::Scheduler schedule(optimizer,
                            optim::schedule::one_cycle({.total_steps = plan.steps, .pct_start = 0.1}));
  const std::int64_t sixth = plan.steps / 6;
  training::Progress progress(plan.steps, {.interval = sixth});
  training::MovingMean recent;
  std::vector<double> exact;
  for (std::int64_t step = 1; step <= plan.steps; ++step) {
    const Task task = draw(days, plan.batch);
    const Tensor loss = surprise(model(task.tokens, task.real, task.before), task.right);
    optimizer.zero_grad();
    loss.backward();
    optim::clip_grad_norm(model.parameters(), 1.0);
    optimizer.step();
    schedule.step();
    recent.add(loss.item());
    if (step % sixth == 0) exact.push_back(evaluate(model, days, ways_to_write(), 50).mean());
    char line[80];
    std::snprintf(line, sizeof line, "   %-18s step %4d   loss %.4f", name, static_cast<int>(step),
                  recent.value());
    progress.show(step, line);
  }
  return exact;
}

/// Where it looked for each character it wrote: a line a character, a column for each that was read.
void draw_attention(const Translator& model, const Days& days, const std::string& text) {
  const Tensor tokens = unsqueeze(days.letters.encode(text), 0);
  const Translation result = translate(model, tokens, tokens >= 0);
  std::printf("      %s\n", text.c_str());
  for (std::size_t i = 0; i < result.texts[0].size(); ++i) {
    const auto weights = result.weights[i].array<float>();
    std::string line;
    for (const float w : weights) line += " .:-=+*#%@"[std::clamp(static_cast<int>(w * 10), 0, 9)];
    std::printf("    %c %s\n", result.texts[0][i], line.c_str());
  }
}

/// Prints both networks' shares for each way; returns them, those with attention first.
std::pair<double, double> report(const Translator& model, const Translator& blind, const Days& days,
                                 const Ways& ways, std::size_t count) {
  const Score score = evaluate(model, days, ways, count), poor = evaluate(blind, days, ways, count);
  for (std::size_t i = 0; i < ways.size(); ++i)
    std::printf("   %-34s %14.1f   %7.1f\n", ways[i](days.held_out[i]).c_str(), 100 * score.exact[i],
                100 * poor.exact[i]);
  std::printf("   %-34s %14.2f   %7.2f\n", "all", 100 * score.mean(), 100 * poor.mean());
  if (!score.mistake.empty()) std::printf("   a mistake: %s\n", score.mistake.c_str());
  return {score.mean(), poor.mean()};
}

int main(int argc, char** argv) {
  bool quick = false;
  std::int64_t steps = 600;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--steps") == 0 && i + 1 < argc) steps = std::max(10, std::atoi(argv[++i]));
  }
  const Plan plan = quick ? Plan{{16, 48}, 240, 32, 1e-2} : Plan{{32, 96}, steps, 64, 5e-3};
  const std::size_t asked = quick ? 50 : 500;
  const Days days = make_days();
  std::printf("%d days to learn from, %d held out; %d ways to write them with %d characters\n",
              static_cast<int>(days.training.size()), static_cast<int>(days.held_out.size()),
              static_cast<int>(ways_to_write().size()), static_cast<int>(days.letters.size()));
  std::printf("\n1. Before it learns\n");
  const bool proved = check();

  std::printf("\n2. Learning\n");
  manual_seed(1);
  Translator model(plan.size, days.letters.size(), target_letters().size(), true);
  const std::vector<double> with = learn("with attention", model, days, plan);
  manual_seed(1);
  Translator blind(plan.size, days.letters.size(), target_letters().size(), false);
  const std::vector<double> without = learn("without", blind, days, plan);
  std::printf("   held-out days without a mistake, %%\n   after step       ");
  for (std::size_t i = 1; i <= with.size(); ++i)
    std::printf("  %5d", static_cast<int>(plan.steps / 6) * static_cast<int>(i));
  std::printf("\n   with attention   ");
  for (const double share : with) std::printf("  %5.1f", 100 * share);
  std::printf("\n   without          ");
  for (const double share : without) std::printf("  %5.1f", 100 * share);
  std::printf("\n");

  std::printf("\n3. The same at the end, for each way   with attention   without\n");
  const auto [exact, poor] = report(model, blind, days, ways_to_write(), asked);
  std::printf("\n   the same in ways of which it has seen no example\n");
  report(model, blind, days, ways_untaught(), asked);

  std::printf("\n4. Where it looks\n");
  draw_attention(model, days, "Thursday, 5 March 1987");
  draw_attention(model, days, "3/5/1987");
  const double enough = quick ? 0.8 : 0.999;
  return proved && exact > enough && exact > poor && with[1] > without[1] + 0.2 ? 0
                                                                                : 1;  // a test relies on it
}
