// Ratings as products of hidden factors: what can be learned of them, against the truth and the noise.
// Usage: recommender [--quick]     (--quick: fewer people and films)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>
#include <xtensor/xadapt.hpp>

using namespace wengert;

const TensorOptions f64 = {.dtype = float64};

// The world: rating = 3.5 + generosity of the person + quality of the film + taste . character + noise.
constexpr std::int64_t rank = 5;
constexpr double middle = 3.5, noise = 0.5, bias_deviation = 0.4, factor_deviation = 0.6;

/// What people (m, k) think of films (n, k): one prediction for each pair of indices, (b).
struct Factors {
  Tensor generosity, quality;  // (m, 1), (n, 1)
  Tensor taste, character;     // (m, k), (n, k)
  Tensor operator()(const Tensor& person, const Tensor& film) const {
    return middle + squeeze(embedding(generosity, person) + embedding(quality, film), {1}) +
           sum(embedding(taste, person) * embedding(character, film), {1});
  }
  /// Of everybody for everything, (m, n).
  Tensor all() const {
    return middle + generosity + transpose(quality) + matmul(taste, transpose(character));
  }
};

struct Ratings {
  Tensor person, film;  // int64 (n)
  Tensor stars;         // (n)
};

struct World {
  std::int64_t people, films;
  Factors truth;
  Ratings known, held;  // to learn from, and ten more of each person
  Tensor count;         // how many known ratings each person has given, (people)
};

World make_world(std::int64_t people, std::int64_t films) {
  manual_seed(1);
  World w{people, films, {}, {}, {}, {}};
  w.truth = {bias_deviation * randn({people, 1}, f64), bias_deviation * randn({films, 1}, f64),
             factor_deviation * randn({people, rank}, f64), factor_deviation * randn({films, rank}, f64)};
  std::vector<std::int64_t> person[2], film[2];
  xt::xarray<double> count = xt::zeros<double>({people});
  const auto share = rand({people}, f64).array<double>();
  for (std::int64_t p = 0; p < people; ++p) {
    // From 8 to 128 ratings, as many people between 8 and 16 as between 64 and 128.
    const double known = std::floor(8 * std::exp2(4 * share(p)));
    const auto order = permutation(films).array<std::int64_t>();
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(known) + 10; ++i)
      person[i < 10].push_back(p), film[i < 10].push_back(order(i));
    count(p) = known;
  }
  const auto rate = [&](int part) {
    const Tensor p(xt::xarray<std::int64_t>(xt::adapt(person[part]))),
        f(xt::xarray<std::int64_t>(xt::adapt(film[part])));
    return Ratings{p, f, w.truth(p, f) + noise * randn(p.shape(), f64)};
  };
  w.known = rate(0), w.held = rate(1), w.count = Tensor(count);
  return w;
}

double rms(const Tensor& x) { return std::sqrt(mean(square(x)).item()); }

/// Factors that are learned: tables whose rows are looked up.
struct Model : nn::Module {
  Factors table;
  Model(std::int64_t people, std::int64_t films, std::int64_t k)
      : table{parameter(zeros({people, 1}, f64)), parameter(zeros({films, 1}, f64)),
              parameter(0.1 * randn({people, k}, f64)), parameter(0.1 * randn({films, k}, f64))} {}
  void visit(nn::Visitor& v) override {
    v("generosity", table.generosity), v("quality", table.quality);
    v("taste", table.taste), v("character", table.character);
  }
};

/// With `prior`, large factors cost what normal numbers of these deviations make them cost: the minimum is
/// the most probable world, given the ratings.
Model learn(const World& w, std::int64_t k, bool prior, int steps) {
  manual_seed(2);
  Model model(w.people, w.films, k);
  const Ratings& r = w.known;
  optim::Adam optimizer(model.parameters(), {.lr = 0.05});
  for (int step = 0; step < steps; ++step) {
    optimizer.set_lr(0.05 * 0.5 * (1 + std::cos(std::numbers::pi * step / steps)));
    const Factors& t = model.table;
    Tensor loss = sum(square(t(r.person, r.film) - r.stars)) / (noise * noise);
    if (prior)
      loss = loss + nn::l2({t.generosity, t.quality}) / (bias_deviation * bias_deviation) +
             nn::l2({t.taste, t.character}) / (factor_deviation * factor_deviation);
    optimizer.zero_grad();
    (loss / static_cast<double>(r.stars.size())).backward();
    optimizer.step();
  }
  return model;
}

/// The people who are the most probable, given the films: for each a small linear system, all solved at once.
Factors people_given_films(const World& w, const Tensor& quality, const Tensor& character) {
  const std::int64_t k = character.shape()[1] + 1;
  const Ratings& r = w.known;
  const Tensor rows = concat({ones({r.stars.size(), 1}, f64), embedding(character, r.film)}, 1);
  const Tensor rest = r.stars - middle - squeeze(embedding(quality, r.film), {1});
  const Tensor products = unsqueeze(rows, 2) * unsqueeze(rows, 1) / (noise * noise);
  const Tensor prior = diag(concat({full({1}, 1 / (bias_deviation * bias_deviation), f64),
                                    full({k - 1}, 1 / (factor_deviation * factor_deviation), f64)}));
  const Tensor A = index_put(broadcast_to(prior, {w.people, k, k}), {r.person}, products, true);
  const Tensor b =
      index_put(zeros({w.people, k}, f64), {r.person}, rows * unsqueeze(rest, 1) / (noise * noise), true);
  const Tensor x = squeeze(solve(A, unsqueeze(b, 2)), {2});
  return {slice(x, 1, 0, 1), quality, slice(x, 1, 1, k), character};
}

double error(const Factors& f, const Ratings& r) { return rms(f(r.person, r.film) - r.stars); }

// 1. A table's gradient is a sum over everybody who looked: against differences, with rows that occur twice.

bool derivative() {
  manual_seed(3);
  Model model(4, 3, 2);
  const Tensor person(xt::xarray<std::int64_t>{0, 1, 1, 3, 1, 0}),
      film(xt::xarray<std::int64_t>{2, 0, 2, 2, 0, 2});
  const Tensor stars = middle + randn({6}, f64);
  const GradcheckReport report =
      gradcheck(model, [&] { return nn::mse_loss(model.table(person, film), stars); }, {.order = 2});
  std::printf("1. Derivatives in tables that are looked up in: %s\n",
              report.ok() ? "agree with differences, twice" : report.problem.c_str());
  return report.ok();
}

// 2. How many factors, and what large ones cost.

struct Learned {
  Factors biases, best;
};

bool compare(const World& w, int steps, Learned& learned) {
  std::printf(
      "\n2. %lld people, %lld films, %lld known ratings, %lld held out: error of the stars (root mean "
      "square)\n",
      static_cast<long long>(w.people), static_cast<long long>(w.films),
      static_cast<long long>(w.known.stars.size()), static_cast<long long>(w.held.stars.size()));
  std::printf("   %-34s                without a price                      with\n", "");
  std::printf("   %-34s  known    held   without noise     known    held   without noise\n",
              "factors of each person and film");
  double least = INFINITY, unpriced = 0;
  for (const std::int64_t k : {0, 1, 3, 5, 8}) {
    std::printf("   %-34lld", static_cast<long long>(k));
    for (const bool prior : {false, true}) {
      const Model model = learn(w, k, prior, steps);
      const NoGrad guard;
      const double held = error(model.table, w.held);
      std::printf("  %5.3f   %5.3f   %5.3f        ", error(model.table, w.known), held,
                  rms(model.table.all() - w.truth.all()));
      std::fflush(stdout);
      if (k == rank && !prior) unpriced = held;
      if (k == rank && prior) learned.best = model.table, least = held;
      if (k == 0 && prior) learned.biases = model.table;
    }
    std::printf("\n");
  }
  const auto row = [&](const char* name, const Factors& f) {
    std::printf("   %-34s  %5.3f   %5.3f   %5.3f\n", name, error(f, w.known), error(f, w.held),
                rms(f.all() - w.truth.all()));
    return error(f, w.held);
  };
  const NoGrad guard;
  std::printf("   %-34s          %5.3f\n", "the mean of all ratings",
              rms(w.held.stars - mean(w.known.stars)));
  const Factors again = people_given_films(w, learned.best.quality, learned.best.character);
  row("5 factors, people solved for", again);
  const double bound =
      row("the films' true factors known", people_given_films(w, w.truth.quality, w.truth.character));
  const double floor = row("all true factors known: the noise", w.truth);
  // The minimum in the people, the films being as they are, is known in closed form: was it reached?
  const double apart = rms(again.taste - learned.best.taste) / rms(again.taste);
  std::printf("   at the minimum, as the closed form for people has it: %s\n",
              apart < 0.01 ? "within 1 %" : "no");
  return least < unpriced && least < 1.15 * bound && bound > floor && apart < 0.01;
}

// 3. Are they the true ones?

bool against_truth(const World& w, const Factors& f) {
  const NoGrad guard;
  std::printf("\n3. Learned factors of films against the true ones\n");
  const auto cosines = svd(matmul(transpose(qr(w.truth.character).q), qr(f.character).q)).s.array<double>();
  std::printf("   cosines of the angles between the two spaces:");
  for (const double c : cosines) std::printf(" %.3f", c);
  const Tensor turned = matmul(f.character, lstsq(f.character, w.truth.character));
  const auto share = [&](const Tensor& guess) {
    return 1 - mean(square(guess - w.truth.character)).item() / mean(square(w.truth.character)).item();
  };
  std::printf("\n   share of the true factors that they explain: as they are %.2f, turned %.2f\n",
              share(f.character), share(turned));
  return share(turned) > 0.8 && share(f.character) < 0.5;
}

// 4. Who gets which error, and what it is good for.

void by_count(const World& w, const Learned& learned) {
  const NoGrad guard;
  std::printf("\n4. Held-out error by how many ratings a person has given\n   %-30s", "known ratings");
  const double from[] = {8, 16, 32, 64, 128};
  for (int i = 0; i < 4; ++i) std::printf("  %3.0f to %3.0f", from[i], from[i + 1] - 1);
  const Tensor count = embedding(w.count, w.held.person);
  for (const auto& [name, f] :
       {std::pair{"generosity and quality only", learned.biases},
        {"5 factors", learned.best},
        {"5 factors, the true of films", people_given_films(w, w.truth.quality, w.truth.character)}}) {
    const Tensor miss = f(w.held.person, w.held.film) - w.held.stars;
    std::printf("\n   %-30s", name);
    for (int i = 0; i < 4; ++i)
      std::printf("  %10.3f", rms(masked_select(miss, logical_and(count >= from[i], count < from[i + 1]))));
  }
  std::printf("\n");
}

bool ten_films(const World& w, const Learned& learned) {
  const NoGrad guard;
  std::printf(
      "\n5. Ten films for each person that it has not rated: their mean stars, and how many are of its true "
      "ten best\n");
  const Tensor seen = index_put(zeros({w.people, w.films}, f64), {w.known.person, w.known.film},
                                ones(w.known.person.shape(), f64)) > 0.0;
  const Tensor truth = w.truth.all();
  const auto choose = [&](const Tensor& score) {
    return one_hot(topk(masked_fill(score, seen, -1e9), 10).indices, w.films, float64);
  };
  const Tensor best = sum(choose(truth), {1});
  double hits = 0, plain = 0;
  for (const auto& [name, score] : {std::pair{"at random", rand({w.people, w.films}, f64)},
                                    {"generosity and quality only", learned.biases.all()},
                                    {"5 factors", learned.best.all()},
                                    {"the truth", truth}}) {
    const Tensor ten = sum(choose(score), {1});
    plain = hits, hits = sum(ten * best).item() / static_cast<double>(w.people);
    if (std::strcmp(name, "the truth") == 0) break;
    std::printf("   %-30s %.2f   %.2f\n", name, sum(ten * truth).item() / 10 / static_cast<double>(w.people),
                hits);
  }
  std::printf("   %-30s %.2f\n", "the true best",
              sum(best * truth).item() / 10 / static_cast<double>(w.people));
  return plain > 3;
}

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  bool holds = derivative();
  const World w = quick ? make_world(300, 200) : make_world(1500, 600);
  Learned learned;
  holds = compare(w, 300, learned) && holds;
  holds = against_truth(w, learned.best) && holds;
  by_count(w, learned);
  holds = ten_films(w, learned) && holds;
  return holds ? 0 : 1;  // a test relies on it
}
